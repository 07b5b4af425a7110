#!/usr/bin/env perl
# usage: symtab.pl NM OBJDUMP ELF OUT DIR...
# Write the symbol table that kern/kdebug.c searches: which function and which line of source
# each instruction of the program ELF comes from. Source files are named by the first DIR that
# has one of that name: objdump shows no more than their last part.
#
# All numbers are 32 bits, little-endian, unless said otherwise:
#	header		number of functions, lines, files
#	functions	address, offset of the name in the strings
#	lines		address, line (16 bits, 0 for none), index of the file (16 bits)
#	files		offset of the name in the strings
#	strings		each terminated by a zero byte
use strict;
use warnings;

my ($nm, $objdump, $elf, $out, @dirs) = @ARGV;
defined $out or die "usage: symtab.pl NM OBJDUMP ELF OUT DIR...\n";

my $strings = "\0";
my %offset = ('' => 0);

sub string_offset {
	my ($s) = @_;
	if (!exists $offset{$s}) {
		$offset{$s} = length $strings;
		$strings .= "$s\0";
	}
	return $offset{$s};
}

# The functions: text symbols, one per address, and where the text ends.
my (%function, $text_end);
for (`$nm -n $elf`) {
	my ($addr, $type, $name) = /^([0-9a-f]+) (\w) (\S+)$/ or next;
	$name =~ s/\.(constprop|isra|part|cold)(\.\d+)?//g;    # what gcc calls its variants
	$function{hex $addr} //= $name if $type =~ /[tT]/ && $name !~ /^(\.|\$)/;
}
die "symtab.pl: $nm finds no functions in $elf\n" if !%function;

sub path_of {
	my ($name) = @_;
	my ($dir) = grep { -e "$_/$name" } @dirs;
	return defined $dir ? "$dir/$name" : $name;
}

# The lines: objdump prints "file name  line  0xaddress", with END or "-" for the line where a
# stretch of code ends. Line 0 is code that the compiler attributes to no line.
my (%line, %file_index, @files);
for (`$objdump --dwarf=decodedline $elf 2>/dev/null`) {
	my ($name, $line, $addr) = /^(\S+)\s+(\d+|-|END)\s+(?:0x)?([0-9a-f]+)/ or next;
	if ($line !~ /^\d+$/) {
		$line{hex $addr} //= [0, 0];
		next;
	}
	if (!exists $file_index{$name}) {
		$file_index{$name} = @files;
		push @files, path_of($name);
	}
	# A later entry for the same address is the one that holds.
	$line{hex $addr} = [$line, $file_index{$name}] if $line > 0 && $line < 65536;
}

my @functions = map { [$_, string_offset($function{$_})] } sort { $a <=> $b } keys %function;
my @lines;
for (sort { $a <=> $b } keys %line) {
	my ($line, $file) = @{ $line{$_} };
	# What goes on with the same line needs no entry.
	push @lines, [$_, $line, $file] if !@lines || $lines[-1][1] != $line || $lines[-1][2] != $file;
}

my $table = pack 'V3', scalar @functions, scalar @lines, scalar @files;
$table .= pack 'VV', @$_ for @functions;
$table .= pack 'Vvv', @$_ for @lines;
$table .= pack 'V', string_offset($_) for @files;

open my $fh, '>:raw', $out or die "symtab.pl: $out: $!\n";
print $fh $table, $strings;
close $fh or die "symtab.pl: $out: $!\n";
