#!/usr/bin/env perl
# usage: recording.pl record RECORDING KERNEL QEMU OPTION...
#	recording.pl replay RECORDING OPTION...
# Run a machine and record it, or repeat such a run. A recording is RECORDING.log, what came from
# outside; .qcow2, a disk image with the state at the beginning; .command, QEMU's command for replays;
# .cksum, which kernel it was.
use strict;
use warnings;
use File::Copy 'copy';
use File::Temp 'tempfile';

my ($what, $recording, @words) = @ARGV;
defined $recording or die "usage: recording.pl record|replay RECORDING ...\n";

sub become {
	exec { $_[0] } @_ or die "$_[0]: $!\n";
}

if ($what eq 'record') {
	my $kernel = shift @words;
	unlink map { "$recording.$_" } qw(command log);
	system("cksum < '$kernel' > '$recording.cksum'") == 0
		&& system(qw(qemu-img create -q -f qcow2), "$recording.qcow2", '1M') == 0
		or exit 1;
	open my $out, '>', "$recording.command" or die "$recording.command: $!\n";
	print $out map { s/\brr=record\b/rr=replay/r . "\0" } @words;
	close $out or die "$recording.command: $!\n";
	become(@words);
}

# A replay writes to the image, so each has a copy of its own, which only its process can see.
open my $in, '<', "$recording.command" or die "$recording.command: $!\n";
my @command = split /\0/, do { local $/; <$in> };
my ($fh, $name) = tempfile("$recording.XXXXXX");
copy("$recording.qcow2", $fh) && close $fh or die "$name: $!\n";
$^F = 255;    # QEMU inherits the next one
open my $copy, '+<', $name or die "$name: $!\n";
unlink $name;
become((map { s{^file=\Q$recording\E\.qcow2,}{'file=/dev/fd/' . fileno($copy) . ','}er } @command),
	@words);
