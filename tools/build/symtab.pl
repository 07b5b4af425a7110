#!/usr/bin/env perl
# usage: symtab.pl NM OBJDUMP ELF OUT DIR...
# Write the symbol table that kern/kdebug.c searches: which function and which line of source
# each instruction of the program ELF comes from. Source files are named by the first DIR that
# has one of that name: objdump shows no more than their last part.
#
# kern/kdebug.c says what is in it. The three numbers of the header have 32 bits, little-endian.
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

# A number, 7 bits in each byte, the lowest first; all bytes but the last have bit 7 set.
sub number {
	my ($n) = @_;
	my $bytes = '';
	for (; $n > 127; $n >>= 7) {
		$bytes .= chr($n & 127 | 128);
	}
	return $bytes . chr $n;
}

# 0, -1, 1, -2, 2 ... as 0, 1, 2, 3, 4 ...
sub unsigned {
	my ($n) = @_;
	return $n < 0 ? -2 * $n - 1 : 2 * $n;
}

my $table = pack 'V3', scalar @functions, scalar @lines, scalar @files;
my $last = 0;
for (@functions) {
	my ($addr, $name) = @$_;
	$table .= number($addr - $last) . number($name);
	$last = $addr;
}
my ($last_line, $last_file) = (0, 0);
$last = 0;
for (@lines) {
	my ($addr, $line, $file) = @$_;
	my $moved = $file != $last_file;
	$table .= number($addr - $last) . number(2 * unsigned($line - $last_line) + ($moved ? 1 : 0));
	$table .= number($file) if $moved;
	($last, $last_line, $last_file) = ($addr, $line, $file);
}
$table .= number(string_offset($_)) for @files;

open my $fh, '>:raw', $out or die "symtab.pl: $out: $!\n";
print $fh $table, $strings;
close $fh or die "symtab.pl: $out: $!\n";
