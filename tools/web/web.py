#!/usr/bin/env python3
"""Write the folder with which the kernel boots in a browser: this page, an emulator, a terminal.

The emulator and the terminal are packages of npm. They are fetched once, into a folder beside the
page, and are those that PACKAGES names, or nothing.
"""

import argparse
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path
from typing import Dict, List, NamedTuple

sys.dont_write_bytecode = True

ROOT = Path(__file__).resolve().parents[2]
sys.path[1:1] = [str(ROOT / "tools/common")]

import headers

REGISTRY = "https://registry.npmjs.org"
PAGE = Path(__file__).with_name("page")
TRACE = ROOT / "tools/trace/page"
FROM_TRACE = {"data.js": "data.js", "draw.js": "draw.js", "use.js": "use.js",
              "style.css": "trace.css"}
# Programs that the page offers at once; the others when asked for more.
FIRST = "tour hello yield dumbfork forktree pingpong sendpage primes stresssched spin faultread".split()


class Package(NamedTuple):
    """A package of npm: its version, its file's SHA-256, and what is taken out of it."""
    name: str
    version: str
    sha256: str
    files: Dict[str, str]       # the path in the package, and in the page's folder


PACKAGES = [
    Package("v86", "0.5.462", "1384ad8bbe80aa4f6cd43f43bd16ddbd7495931df833f038a27fcdc8b9a31351",
            {"build/libv86.js": "libv86.js", "build/v86.wasm": "v86.wasm",
             "LICENSE": "licences/v86.txt"}),
    Package("@xterm/xterm", "6.0.0",
            "908e66e04af6c8dc6b00dd3b54de088e2e81e5ed866284fd6c2fb3c2d1c7a3f6",
            {"lib/xterm.js": "xterm.js", "css/xterm.css": "xterm.css",
             "LICENSE": "licences/xterm.js.txt"}),
]

# What is in QEMU's folder of firmware, or in Debian's package seabios.
FIRMWARE = {"bios.bin": "bios.bin", "vgabios-stdvga.bin": "vgabios.bin"}
FIRMWARE_LICENCE = Path("/usr/share/doc/seabios/copyright")
ABOUT_FIRMWARE = """bios.bin and vgabios.bin are SeaBIOS, https://www.seabios.org, as it comes with QEMU.
It is free software under the GNU Lesser General Public License, version 3:
https://www.gnu.org/licenses/lgpl-3.0.html. The sources: https://git.seabios.org/cgit/seabios.git
"""


class WebError(Exception):
    """Why there is no page, in a line or two."""


# ---- Packages ----

def fetch(package: Package, place: Path) -> None:
    """Put a package's file into a folder."""
    base = package.name.split("/")[-1]
    if shutil.which("npm"):
        done = subprocess.run(["npm", "pack", "--silent", "--pack-destination", str(place.parent),
                               f"{package.name}@{package.version}"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        if done.returncode == 0:
            name = done.stdout.decode().split()[-1]
            (place.parent / name).replace(place)
            return
    url = f"{REGISTRY}/{package.name}/-/{base}-{package.version}.tgz"
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            place.write_bytes(answer.read())
    except OSError as error:
        raise WebError(f"{package.name} {package.version} cannot be fetched ({error}).\nThis takes "
                       f"a network, once. Or put {url}\nhere: {place}") from error


def unpack(package: Package, packages: Path, out: Path) -> None:
    """Put the files of a package into the page's folder."""
    packages.mkdir(parents=True, exist_ok=True)
    place = packages / f"{package.name.replace('/', '-').lstrip('@')}-{package.version}.tgz"
    if not place.exists():
        fetch(package, place)
    data = place.read_bytes()
    if hashlib.sha256(data).hexdigest() != package.sha256:
        raise WebError(f"{place} is not what it should be. Remove it, and try again")
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for path, name in package.files.items():
            (out / name).write_bytes(tar.extractfile(f"package/{path}").read())


# ---- Firmware ----

def firmware_folders(qemu: str) -> List[Path]:
    """Return where QEMU's firmware may be."""
    folders = [Path("/usr/share/seabios")]
    if qemu:
        said = subprocess.run([qemu, "-L", "help"], stdout=subprocess.PIPE, check=False,
                              stderr=subprocess.DEVNULL, text=True).stdout
        folders += map(Path, said.split("\n")[:-1])
    return folders


def copy_firmware(qemu: str, out: Path) -> None:
    """Put the BIOS and the VGA BIOS into the page's folder."""
    folders = firmware_folders(qemu)
    for name, new in FIRMWARE.items():
        found = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if not found:
            raise WebError(f"QEMU's file {name} is not here: on Debian it is in the package seabios")
        shutil.copyfile(found, out / new)
    (out / "licences/seabios.txt").write_text(
        ABOUT_FIRMWARE + ("\n" + FIRMWARE_LICENCE.read_text() if FIRMWARE_LICENCE.exists() else ""))


# ---- What the page knows of this tree ----

def about(text: str) -> str:
    """Return the first comment of a source as one line."""
    lines = re.match(r"(?://.*\n)*", text)[0].splitlines()
    return " ".join(line[2:].strip() for line in lines)


def programs(names: List[str]) -> dict:
    """Return for each program its source, and what that says it does."""
    files = {file.stem: file for file in sorted((ROOT / "user").rglob("*.c"))}
    found = {}
    for name in sorted(names, key=lambda name: (FIRST + [name]).index(name)):
        file = files[name].relative_to(ROOT)
        text = (ROOT / file).read_text(errors="replace")
        found[name] = {"file": str(file), "text": text, "about": about(text),
                       "first": name in FIRST}
    return found


def facts(names: List[str]) -> dict:
    """Return the programs, and what the numbers in the kernel's record mean."""
    return {"programs": programs(names),
            "names": {"events": {number: name for name, number in
                                 headers.enum("kern/trace.h", "TRACE_").items()},
                      "calls": headers.system_calls(),
                      "traps": {number: trap.name for number, trap in headers.traps().items()}}}


# ---- The folder ----

def list_licences(out: Path) -> None:
    """Write a page with links to the licences: not every web host lists a folder."""
    names = sorted(file.name for file in (out / "licences").glob("*.txt"))
    (out / "licences/index.html").write_text(
        "<!DOCTYPE html>\n<meta charset=utf-8><title>Licences</title>\n" + "".join(
            f'<p><a href="{name}">{name[:-4]}</a></p>\n' for name in names))


def list_files(out: Path) -> None:
    """Tell the page's service worker what to keep: all files, and the folder itself."""
    names = sorted(str(file.relative_to(out)) for file in out.rglob("*")
                   if file.is_file() and file.name != "offline.js")
    worker = out / "offline.js"
    worker.write_text(worker.read_text().replace("@FILES@", json.dumps(["./", *names])))


def write(objdir: Path, qemu: str, objcopy: str, names: List[str]) -> Path:
    """Write the page's folder, and return it."""
    out, unfinished = objdir / "web", objdir / "web~"
    shutil.rmtree(unfinished, ignore_errors=True)
    (unfinished / "licences").mkdir(parents=True)
    for package in PACKAGES:
        unpack(package, objdir / "packages", unfinished)
    copy_firmware(qemu, unfinished)
    shutil.copyfile(ROOT / "LICENSE", unfinished / "licences/jos.txt")
    list_licences(unfinished)
    for file in PAGE.iterdir():
        shutil.copyfile(file, unfinished / file.name)
    for name, new in FROM_TRACE.items():
        shutil.copyfile(TRACE / name, unfinished / new)
    index = unfinished / "index.html"
    buttons = (TRACE / "buttons.html").read_text(encoding="utf-8").rstrip()
    index.write_text(index.read_text(encoding="utf-8").replace("@BUTTONS@", buttons), encoding="utf-8")
    (unfinished / "facts.json").write_text(json.dumps(facts(names)))
    subprocess.run([objcopy, "-g", str(objdir / "kern/kernel"), str(unfinished / "kernel")],
                   check=True)
    list_files(unfinished)
    shutil.rmtree(out, ignore_errors=True)
    unfinished.rename(out)
    return out


def main() -> int:
    """Do what the command line says and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("objdir", type=Path)
    parser.add_argument("--qemu", default="")
    parser.add_argument("--objcopy", default="objcopy")
    parser.add_argument("programs", nargs="+")
    options = parser.parse_args()
    try:
        out = write(options.objdir, options.qemu, options.objcopy, options.programs)
    except (WebError, OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"web.py: {error}\n")
        return 1
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"{out}: {size / 1e6:.1f} MB, for any web host. To see it here:")
    print(f"    python3 -m http.server -b 127.0.0.1 -d {out} 8000")
    print("and open http://localhost:8000")
    return 0


if __name__ == "__main__":
    sys.exit(main())
