#!/usr/bin/env perl
# usage: sign.pl FILE
# Make a boot sector of FILE, a flat binary: pad it to 510 bytes and append the signature 55 AA, for
# which the BIOS looks.
use strict;
use warnings;

my $room = 510;
my ($file) = @ARGV;
defined $file or die "usage: sign.pl FILE\n";

open my $in, '<:raw', $file or die "sign.pl: $file: $!\n";
my $code = do { local $/; <$in> };
close $in;

my $size = length $code;
if ($size > $room) {
	unlink $file;
	die "boot sector too large: $size bytes, $room fit (see boot/; -Os and a current compiler help)\n";
}
print "boot sector: $size of $room bytes\n";

open my $out, '>:raw', $file or die "sign.pl: $file: $!\n";
print $out pack "a${room}v", $code, 0xAA55;
close $out or die "sign.pl: $file: $!\n";
