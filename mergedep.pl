#!/usr/bin/env perl
# usage: mergedep.pl OUT FILE...
# Merge the compiler's dependency files into OUT, each rule once. They must be made with -MP, so that
# a header that no longer exists is no error. Here the same is done for the sources.
use strict;
use warnings;

my ($out, @files) = @ARGV;
defined $out or die "usage: mergedep.pl OUT FILE...\n";

my %seen;
my $rules = '';
for my $file (@files) {
	open my $in, '<', $file or next;    # gone since make looked
	my $text = do { local $/; <$in> } // '';
	$text =~ s/\\\n//g;
	$text .= "$1:\n" if $text =~ /^\S+:\s+(\S+)/;
	for my $rule (split /\n/, $text) {
		$rules .= "$rule\n" if $rule =~ /\S/ && !$seen{$rule}++;
	}
}
open my $fh, '>', $out or die "mergedep.pl: $out: $!\n";
print $fh $rules;
close $fh or die "mergedep.pl: $out: $!\n";
