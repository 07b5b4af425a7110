#!/usr/bin/env perl
# usage: gdbport.pl wait OBJDIR PORT CHOSEN QEMU OPTION...	start a machine that waits for gdb
#	gdbport.pl attach OBJDIR PORT CHOSEN GDB	start gdb, and let it attach to one
#	gdbport.pl write OBJDIR PORT			write .gdbinit
# Several machines may wait at the same time, each at a TCP port of its own. The first one is at
# PORT, the next ones at those after it. If the user has chosen PORT (CHOSEN is not empty), there is
# no other. gdb attaches to the youngest machine that has none.
#
# OBJDIR/gdb/N is the script for the gdb of the machine at port N. That gdb has a lock on it, and the
# machine has one on OBJDIR/gdb/N.machine. Locks end with who has them.
use strict;
use warnings;
use Fcntl ':flock';
use IO::Socket::INET;
use Time::HiRes qw(sleep stat);

my ($what, $objdir, $port, $chosen, @command) = @ARGV;
defined $port or die "usage: gdbport.pl wait|attach|write OBJDIR PORT [CHOSEN COMMAND...]\n";
my $dir = "$objdir/gdb";
my $more = 100;    # ports after the first one that a machine may wait at

sub fail {
	print STDERR "@_\n";
	exit 1;
}

# Lock a file, as long as we and what we become live. Returns whether nobody else had it.
sub lock_file {
	my ($file) = @_;
	local $^F = 255;
	open my $fh, '+>>', $file or fail("Cannot write $file: $!. Set OBJDIR");
	return flock($fh, LOCK_EX | LOCK_NB) ? $fh : undef;
}

sub write_script {
	my ($file, $at) = @_;
	open my $in, '<', '.gdbinit.tmpl' or die ".gdbinit.tmpl: $!\n";
	my $text = do { local $/; <$in> };
	$text =~ s/\@PORT\@/$at/g;
	$text =~ s/\@OBJDIR\@/$objdir/g;
	open my $out, '>', "$file~" or return 0;
	print $out $text;
	return close $out && rename "$file~", $file;
}

# Whether nobody listens there. We do not listen either: a program that waits for QEMU there must not
# take this for it.
sub is_free {
	return IO::Socket::INET->new(LocalPort => $_[0], Proto => 'tcp', ReuseAddr => 1);
}

# Choose a port, and lock it.
sub choose {
	for my $at ($port .. ($chosen ne '' ? $port : $port + $more)) {
		my $lock = lock_file("$dir/$at.machine");
		# `attach' has it for a moment when it looks.
		for (my $n = 0; !$lock && $chosen ne '' && $n < 20; $n++) {
			sleep 0.05;
			$lock = lock_file("$dir/$at.machine");
		}
		return ($at, $lock) if $lock && is_free($at);
	}
	fail("Port $port is in use, perhaps by another QEMU. End that, or set GDBPORT");
}

# The ports at which machines wait, the youngest first.
sub waiting {
	opendir my $handle, $dir or return;
	my %since = map { /^(\d+)$/ ? ($1 => (stat "$dir/$1")[9]) : () } readdir $handle;
	return grep { !lock_file("$dir/$_.machine") } sort { $since{$b} <=> $since{$a} } keys %since;
}

sub become {
	exec { $_[0] } @_ or die "$_[0]: $!\n";
}

mkdir $dir;
$| = 1;
if ($what eq 'wait') {
	my ($at, $lock) = choose();
	write_script("$dir/$at", $at) or fail("Cannot write $dir/$at: $!. Set OBJDIR");
	write_script('.gdbinit', $at);    # for a gdb that make does not start
	print "*** Port $port is in use, so this machine waits at port $at\n" if $at != $port;
	print "*** Now run 'make gdb' in another terminal\n";
	become(map { $_ eq "tcp::$port" ? "tcp::$at" : $_ } @command);
}
if ($what eq 'attach') {
	my @waiting = $chosen ne '' ? () : waiting();
	for my $at (@waiting) {
		my $lock = lock_file("$dir/$at") or next;
		become(@command, '-q', '-nx', '-x', "$dir/$at");
	}
	fail("Each machine that waits has a gdb already. Start another: make qemu-gdb") if @waiting;
	print "*** No machine waits yet: gdb tries port $port\n" if $chosen eq '';
	write_script("$dir/$port", $port) or fail("Cannot write $dir/$port: $!. Set OBJDIR");
	my $lock = lock_file("$dir/$port");
	become(@command, '-q', '-nx', '-x', "$dir/$port");
}
write_script('.gdbinit', $port) or fail("Cannot write .gdbinit: $!");
