#!/bin/sh
# usage: iso.sh KERNEL ISO
# Write a CD image from which GRUB boots the kernel; it starts from a disk, too.
set -u
missing=''
for tool in grub-mkrescue xorriso mformat; do
	command -v $tool >/dev/null 2>&1 || missing="$missing $tool"
done
[ -d /usr/lib/grub/i386-pc ] || missing="$missing GRUB-for-a-BIOS"
if [ -n "$missing" ]; then
	echo "make iso: missing:$missing. On Debian: apt-get install grub-pc-bin xorriso mtools" >&2
	exit 1
fi
cd=$2.files
rm -rf "$cd"
mkdir -p "$cd/boot/grub" && cp "$1" "$cd/boot/kernel" &&
	printf 'set timeout=0\nmenuentry JOS {\n\tmultiboot /boot/kernel\n}\n' >"$cd/boot/grub/grub.cfg" &&
	grub-mkrescue -o "$2~" "$cd" >"$2.log" 2>&1 && mv "$2~" "$2"
status=$?
rm -rf "$cd"
[ $status = 0 ] || { cat "$2.log" >&2; exit 1; }
echo "$2 boots from a CD, and from a disk or a stick: doc/machines.md"
