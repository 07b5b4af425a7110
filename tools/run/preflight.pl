#!/usr/bin/env perl
# usage: preflight.pl NAME=VALUE...
# Before QEMU is started: check what a user may have got wrong, and say in plain words what it is
# and what to do. The names:
#	qemu programs			the command; the programs there are, separated by spaces
#	cpus run port seed order bound hosts stop trace_ms	what the user has set; may be empty, except cpus
#	explore				not empty if runs with seeds or orders are to be tried
#	port_chosen			not empty if the user has set port: then it must be free
#	window				not empty if QEMU is to open one
#	no_disk				the machine, if it has no disk that the kernel can be read from
#	record replay			the recording that is made or used, without .log
#	kernel				what QEMU boots
use strict;
use warnings;
use IO::Socket::INET;
use List::Util 'min';

my %value = map { /^(\w+)=(.*)$/s } @ARGV;
my ($qemu, $cpus, $run, $port, $seed, $order, $bound, $hosts, $explore, $stop, $trace_ms, $record, $replay, $kernel) =
	map { $value{$_} // '' } qw(qemu cpus run port seed order bound hosts explore stop trace_ms record replay kernel);
my @oldest = (5, 2); # QEMU that goes backwards under gdb
my @unsteady = (11, 0); # QEMU that does not repeat every run of several CPUs

# How many letters must be added, removed, changed or swapped with the next to make $s from $t.
sub distance {
	my @s = split //, shift;
	my @t = split //, shift;
	my @d = ([0 .. @t]);
	for my $i (1 .. @s) {
		$d[$i][0] = $i;
		for my $j (1 .. @t) {
			my $same = $s[$i - 1] eq $t[$j - 1];
			my @ways = ($d[$i - 1][$j] + 1, $d[$i][$j - 1] + 1, $d[$i - 1][$j - 1] + !$same);
			push @ways, $d[$i - 2][$j - 2] + 1
				if $i > 1 && $j > 1 && $s[$i - 1] eq $t[$j - 2] && $s[$i - 2] eq $t[$j - 1];
			$d[$i][$j] = min @ways;
		}
	}
	return $d[@s][@t];
}

sub check_programs {
	my @known = split ' ', $value{programs} // '';
	for my $command (split ' ', $run) {
		my ($name) = split /:/, $command;
		next if grep { $_ eq $name } @known;
		my @near = grep { distance($name, $_) <= 2 || index($_, $name) == 0 } @known;
		print STDERR "No program is called '$name'",
			$name =~ /^ex(\d+)$/ ? "; EX=$1 builds it" :
			@near ? '; did you mean ' . join(' or ', @near) . '?' : '.', "\n",
			"There are: @known\n";
		exit 1;
	}
}

sub has {
	my $command = shift;
	return $command ne '' && system("command -v '$command' >/dev/null") == 0;
}

# Whether $qemu is of that version, or later.
sub is_since {
	my @since = @_;
	my @is = `'$qemu' --version` =~ /version (\d+)\.(\d+)/ or return 1;
	return $is[0] > $since[0] || $is[0] == $since[0] && $is[1] >= $since[1];
}

sub check_window {
	my $displays = `'$qemu' -display help 2>/dev/null`;
	$displays !~ /^none$/m || $displays =~ /^(gtk|sdl|cocoa)$/m
		or die "$qemu cannot open a window. Run tools/setup.sh, or use the targets with -nox\n";
}

sub check_order {
	$bound eq '' || $explore ne ''
		or die "BOUND is for make explore-X. ORDER=17 makes one run\n";
	$order eq '' || $explore eq ''
		or die "ORDER=$order is for one run. Leave it away, or use make run-X\n";
	$hosts eq ''
		or die "HOSTS is for seeds, not for orders. Leave BOUND or HOSTS away\n";
	$seed eq ''
		or die "SEED does not go with ORDER and BOUND. Leave one of them away\n";
	$cpus =~ /^2\b/
		or die "ORDER and BOUND need two CPUs. Leave CPUS=$cpus away\n";
	my @moments = $order =~ /(\d+)/g;
	$order =~ /^(0?|[1-9]\d{0,8}t?(\.[1-9]\d{0,8}t?)*)$/
			&& !grep { $moments[$_] <= $moments[$_ - 1] } 1 .. $#moments
		or die "ORDER=$order is no list of moments, one after another. Try ORDER=17.40t\n";
}

sub check_recording {
	my ($recording, $target) = ($record || $replay, $record ? 'record' : 'replay');
	my ($name) = $recording =~ m{([^/]*)$};
	$cpus eq '1'
		or die "$target-$name works with one CPU. Leave CPUS=$cpus away; SEED repeats runs of more\n";
	is_since(@oldest)
		or die "$target-$name needs QEMU $oldest[0].$oldest[1] or later. Set QEMU (conf/env.mk)\n";
	if ($record) {
		has('qemu-img') or die "qemu-img is missing. Run tools/setup.sh\n";
		return;
	}
	-e "$replay.log" or die "There is no recording of $name. Make one: make record-$name\n";
	system("cksum < '$kernel' | cmp -s - '$replay.cksum'") == 0
		or die "The kernel has changed since the recording. Make a new one: make record-$name\n";
}

check_programs();
has($qemu)
	or die 'QEMU is missing', $qemu ne '' ? " ($qemu)" : '',
		". Run tools/setup.sh, or set QEMU (conf/env.mk)\n";
# What may follow the number is QEMU's topology: 4,sockets=2 and the like.
$cpus =~ /^[1-9]\d*(,[\w=,]+)?$/
	or die "CPUS=$cpus is no number of CPUs. Try CPUS=4\n";
$seed eq '' || $seed =~ /^\d{1,9}$/
	or die "SEED=$seed is no seed. Try a number, SEED=7\n";
$stop eq '' || $seed ne '' && $stop =~ /^[1-9]\d{0,8}$/
	or die "STOP=$stop is no tick of a run with a seed. Try SEED=7 STOP=1000\n";
($value{no_disk} // '') eq ''
	or die "The machine $value{no_disk} has no IDE disk, and no BIOS that says so. Set DISKLESS=1\n";
check_order() if $order ne '' || $bound ne '';
check_window() if $value{window};
$seed . $order . $explore eq '' || $cpus =~ /^1\b/ || !is_since(@unsteady)
	or die "QEMU 11 does not repeat every run of several CPUs with a seed; 7.2 and 10.0 do. " .
		"Set QEMU (conf/env.mk), or CPUS=1\n";
check_recording() if $record || $replay;
$trace_ms eq '' || $trace_ms =~ /^[1-9]\d{0,8}$/
	or die "TRACE_MS=$trace_ms is no number of milliseconds. Try TRACE_MS=100\n";
if ($port ne '') {
	$qemu !~ /x86_64$/
		or die "gdb cannot follow 32-bit code in $qemu. Set QEMU=qemu-system-i386\n";
	$port =~ /^\d+$/ && $port > 0 && $port < 65536
		or die "GDBPORT=$port is no port. Try GDBPORT=26000\n";
	# Without listening: a program that waits for QEMU there must not take this for it.
	($value{port_chosen} // '') eq '' ||
		IO::Socket::INET->new(LocalPort => $port, Proto => 'tcp', ReuseAddr => 1)
		or die "Port $port is in use, perhaps by another QEMU. End that, or set GDBPORT\n";
}
