#!/bin/sh
# usage: setup.sh [check] [book]
# Install what this tree needs: make, perl, python3, a compiler and binutils that make code for
# 32-bit x86, QEMU, gdb; with `check' also what tests of the tree itself need, pytest and
# pytest-xdist; with `book' what `make book' needs, pandoc and chromium. Asks nothing; does nothing when
# all is there. Knows apt, dnf, pacman and brew.
if grep -q "$(printf '\r')" "$0" 2>/dev/null; then printf '%s\n' "setup.sh: the files here have the line ends of Windows (CRLF). That works; for those of Unix: git ls-files -z | xargs -0 sed -i 's/\r\$//'" >&2; exec sh -c "$(tr -d '\r' < "$0")" setup "$@"; fi # one line, as with CRLF no line ends well
set -u

check='' book=''
for what; do
	case $what in
	check) check=1 ;;
	book) book=1 ;;
	*)
		echo "usage: setup.sh [check] [book]" >&2
		exit 2
		;;
	esac
done

have() {
	command -v "$1" >/dev/null 2>&1
}

have_compiler() {
	for prefix in i386-jos-elf- i686-elf- x86_64-elf- i686-linux-gnu- \
		x86_64-linux-gnu- ''; do
		if have "${prefix}gcc" && have "${prefix}ld" && have "${prefix}objdump" &&
			echo 'int x;' | "${prefix}gcc" -m32 -x c -c -o /dev/null - 2>/dev/null; then
			return 0
		fi
	done
	return 1
}

# It need not be the first python3 on PATH.
have_pytest() {
	for python in python3 /usr/bin/python3; do
		$python -c 'import pytest, xdist' 2>/dev/null && return 0
	done
	return 1
}

have_chromium() {
	have chromium || have chromium-browser || have google-chrome ||
		[ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]
}

# Where there is a display, QEMU can open a window, or needs a package for that.
have_window() {
	[ -z "${DISPLAY-}${WAYLAND_DISPLAY-}" ] && return
	case $($(command -v qemu-system-i386 || echo qemu-system-x86_64) -display help 2>/dev/null) in
	*gtk* | *sdl* | *cocoa*) ;;
	*) return 1 ;;
	esac
}

missing() {
	for tool in make perl python3; do
		have $tool || echo $tool
	done
	have qemu-system-i386 || have qemu-system-x86_64 || echo QEMU
	have qemu-img || echo qemu-img
	have gdb || have gdb-multiarch || have x86_64-elf-gdb || echo gdb
	have_compiler || echo 'a compiler for 32-bit x86'
	[ -z "$check" ] || have_pytest || echo 'pytest with pytest-xdist'
	[ -z "$book" ] || have pandoc || echo pandoc
	[ -z "$book" ] || have_chromium || echo chromium
}

# Run a command as root.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif have sudo; then
		sudo -n "$@" || sudo "$@"
	else
		echo "setup.sh: not root and no sudo; ask somebody to run: $*" >&2
		return 1
	fi
}

install() {
	# A PC's own gcc can make 32-bit code; elsewhere it takes a cross compiler.
	case $(uname -m) in
	x86_64 | i?86) gcc=gcc ;;
	*) gcc=cross ;;
	esac
	# Ubuntu, for one, has no package chromium, but often another browser of the kind.
	browser=chromium
	! have_chromium || browser=

	if have apt-get; then
		[ $gcc = gcc ] || gcc=gcc-i686-linux-gnu
		as_root apt-get update -q ||
			echo "setup.sh: apt-get could not read all lists of packages; trying without" >&2
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
			make perl python3 $gcc binutils qemu-system-x86 qemu-utils gdb \
			${check:+python3-pytest python3-pytest-xdist} ${book:+pandoc $browser} || return
		have_window || as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
			--no-install-recommends qemu-system-gui
	elif have dnf; then
		[ $gcc = gcc ] || gcc='gcc-x86_64-linux-gnu binutils-x86_64-linux-gnu'
		as_root dnf install -q -y make perl python3 $gcc binutils qemu-system-x86 \
			qemu-img gdb ${check:+python3-pytest python3-pytest-xdist} ${book:+pandoc $browser}
	elif have pacman; then
		as_root pacman -S --noconfirm --needed \
			make perl python gcc binutils qemu-system-x86 qemu-img gdb \
			${check:+python-pytest python-pytest-xdist} ${book:+pandoc-cli $browser} || return
		have_window || as_root pacman -S --noconfirm --needed qemu-ui-gtk
	elif have brew; then
		brew install make python x86_64-elf-gcc x86_64-elf-binutils x86_64-elf-gdb qemu ${book:+pandoc} || return
		[ -z "$book" ] || have_chromium || brew install --cask google-chrome || return
		# Homebrew has no package of pytest-xdist, and keeps its Python to itself.
		[ -z "$check" ] || have_pytest ||
			python3 -m pip install -q --user --break-system-packages pytest pytest-xdist
	else
		echo "setup.sh: none of apt-get, dnf, pacman, brew is here; please install:" >&2
		missing >&2
		return 1
	fi
}

lacking=$(missing)
have_window || lacking="${lacking:+$lacking
}what opens QEMU's window"
if [ -z "$lacking" ]; then
	exit 0
fi
echo "Missing:" $(echo "$lacking" | tr '\n' ',' | sed 's/,$//; s/,/, /g')
install
status=$?
if [ -n "$(missing)" ]; then
	echo "setup.sh: still missing:" $(missing | tr '\n' ',' | sed 's/,$//; s/,/, /g') >&2
	exit 1
fi
if ! have_window; then
	echo "setup.sh: QEMU cannot open a window here. Use make qemu-nox and make run-X-nox" >&2
	exit $status
fi
echo "All is there now."
