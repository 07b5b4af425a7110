#!/usr/bin/env perl
# usage: lock.pl FILE WAY TEXT COMMAND...
# Run a command that holds the lock FILE. The ways to get it, if others have it:
#	wait		say TEXT, and wait
#	refuse		say TEXT, and fail
#	share		the same; but others that share it too are no hindrance
# The lock belongs to an open file that the command and all it starts have. So it is free when the
# last of them has ended, however they end.
use strict;
use warnings;
use Fcntl ':flock';
use File::Basename 'dirname';
use File::Path 'make_path';
use Time::HiRes 'sleep';

my ($file, $way, $text, @command) = @ARGV;
@command or die "usage: lock.pl FILE WAY TEXT COMMAND...\n";

sub run {
	exec { $command[0] } @command or die "lock.pl: $command[0]: $!\n";
}

$^F = 255;    # commands inherit files with numbers up to this
my $mode = $way eq 'share' ? LOCK_SH : LOCK_EX;
while (1) {
	my $dir = dirname($file);
	make_path($dir, { error => \my $errors });
	if (!-d $dir) {
		my ($why) = map { values %$_ } @$errors;
		print STDERR "Cannot make the directory $dir: $why. Choose another one: OBJDIR=/tmp/obj\n";
		exit 1;
	}
	# Where nothing can be written, or locked, nobody else is at work.
	open my $lock, '>>', $file or run();
	my $free = flock $lock, $mode | LOCK_NB;
	for (my $n = 0; !$free && $n < 10; $n++) {
		$!{EWOULDBLOCK} or run();
		sleep 0.1;    # many have it for a moment only
		$free = flock $lock, $mode | LOCK_NB;
	}
	if (!$free) {
		print STDERR "$text\n" if $text ne '';
		exit 1 if $way ne 'wait';
		flock $lock, $mode;
		$text = '';
	}
	# Whoever had it may have removed it, and all that is beside it.
	my ($mine, $now) = map { my @stat = stat $_; @stat ? "$stat[0] $stat[1]" : '' } $lock, $file;
	run() if $mine eq $now;
}
