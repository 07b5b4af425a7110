#!/usr/bin/env perl
# usage: twice.pl NM OBJDIR OBJECT...
# Fail, and say so in one line, if two of these objects define the same function or variable. Most
# often one of them is a copy of the other that somebody has kept. ld would fail with a line for
# each name, or, if they are in a library, silently take one of them.
use strict;
use warnings;

my ($nm, $objdir, @objects) = @ARGV;
@objects or die "usage: twice.pl NM OBJDIR OBJECT...\n";

sub source_of {
	my ($object) = @_;
	$object =~ s{^\Q$objdir\E/(kern/(?=lib/))?}{};
	my ($source) = grep { -e } map { $object =~ s/\.o$/.$_/r } qw(c S);
	return $source // $object;
}

my (%where, %both);
for (`$nm -A -g @objects`) {
	my ($object, $name) = /^(.*?):\s*[0-9a-fA-F]+ [TDBRA] (\S+)$/ or next;
	push @{ $both{"$where{$name} $object"} }, $name if $where{$name};
	$where{$name} //= $object;
}
my ($pair) = sort keys %both or exit;
my ($one, $other) = map { source_of($_) } split / /, $pair;
my ($name, @more) = @{ $both{$pair} };
print STDERR "$one and $other both define $name", @more ? ', and ' . @more . ' more' : '',
	". If one is a copy, move it away or end its name in another way than .c\n";
exit 1;
