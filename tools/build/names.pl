#!/usr/bin/env perl
# usage: names.pl DIR...
# Print what is wrong with the first file of these directories whose name make cannot work with, in
# one line; print nothing if all is well. Files that are no sources may have any name.
use strict;
use warnings;

# Say what is wrong, and end.
sub wrong {
	my ($file, $why) = @_;
	$file =~ s/[^ -~\x80-\xff]/?/g;
	print "$file: $why\n";
	exit;
}

# Look at one entry of a directory; $others has the names of all.
sub look_at {
	my ($dir, $name, $others) = @_;
	my $file = "$dir/$name";
	wrong($file, "a source in C ends in .c, one in assembly language in .S. Rename it")
		if $name =~ /\.(C|s)$/;
	return if $name !~ /^[^.].*\.([cS])$/s;
	wrong($file, 'make cannot work with such a name. Use letters, digits, _ - . only, or move it away')
		if $name =~ /[^\w.+\@\x80-\xff-]/a;
	wrong($file, 'this is a link to nothing. Remove it') if -l $file && !-e $file;
	wrong($file, 'this is a directory. Rename it') if -d $file;
	wrong($file, 'another source differs only in .c and .S. Rename one of them')
		if $name =~ /^(.*)\.c$/ && $others->{"$1.S"};
}

for my $dir (@ARGV) {
	opendir my $handle, $dir or next;
	my %names = map { $_ => 1 } readdir $handle;
	look_at($dir, $_, \%names) for sort keys %names;
	next if $dir ne 'user';
	for my $name (sort keys %names) {
		next if $name =~ /^\./ || !-d "$dir/$name";
		wrong("$dir/$name", 'make cannot work with such a folder. Use letters, digits, _ - . only')
			if $name =~ /[^\w.+\@\x80-\xff-]/a;
		push @ARGV, "$dir/$name";
	}
}
