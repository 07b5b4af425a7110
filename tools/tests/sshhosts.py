"""Other machines for tests: servers for ssh on this one."""

import os
import socket
from pathlib import Path

import pytest

from debugger import free_port
from kit import call, need, scratch, start, wait_for


def answers_at(port):
    """Whether something listens there."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


class Hosts:
    """Servers for ssh on this machine, each with a home of its own."""

    def __init__(self, count):
        need("parallel", "rsync", "ssh-keygen")
        server = next(filter(os.path.exists, ["/usr/sbin/sshd", "/usr/bin/sshd"]), "")
        if not server:
            pytest.skip("sshd is not installed")
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)      # where it wants to be
        self.top = scratch()
        for key in ("host", "user"):
            call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.top / key))
        self.servers, self.lines = [], []
        for at in range(count):
            self.servers.append(self._start(server, at))

    def home(self, at):
        """Return a host's home."""
        return self.top / str(at)

    def _start(self, server, at):
        home, port = self.home(at), free_port()
        home.mkdir()
        (self.top / f"login{at}").write_text(
            f"#!/bin/sh\nexport HOME={home}\ncd\n"
            f"echo \"$SSH_ORIGINAL_COMMAND\" >> {self.top}/log{at}\n"
            'exec bash -c "$SSH_ORIGINAL_COMMAND"\n')
        (self.top / f"login{at}").chmod(0o755)
        # With this SHLVL bash does not read this machine's own settings, which may print something.
        (self.top / f"config{at}").write_text(
            "SetEnv SHLVL=2\n"
            f"ListenAddress 127.0.0.1:{port}\nHostKey {self.top}/host\nPidFile none\nUsePAM no\n"
            f"AuthorizedKeysFile {self.top}/user.pub\nStrictModes no\nPasswordAuthentication no\n"
            f"PermitRootLogin yes\nMaxStartups 100\nForceCommand {self.top}/login{at}\n"
            "KexAlgorithms curve25519-sha256\n")       # the newest ones take ten times as long
        process = start([server, "-D", "-e", "-f", str(self.top / f"config{at}")])
        self.lines.append(f"1/ssh -F none -p {port} -i {self.top}/user -o StrictHostKeyChecking=no "
                          "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR 127.0.0.1")
        wait_for(lambda: answers_at(port), "sshd answers")
        return process

    def lose(self, at, word):
        """Let a host lose the jobs that have a word in their commands: GNU parallel sends these in
        hexadecimal."""
        work = word.encode().hex()
        login = self.top / f"login{at}"
        login.write_text(login.read_text().replace(
            "exec bash", f"case $SSH_ORIGINAL_COMMAND in *{work}*) exit 255 ;; esac\nexec bash"))

    def used(self):
        """Return the numbers of the hosts that have had work."""
        return [at for at in range(len(self.servers)) if (self.top / f"log{at}").exists()
                and ".jos-" in (self.top / f"log{at}").read_text()]

    def write(self, file):
        """Write the file for HOSTS."""
        Path(file).write_text("".join(f"{line}\n" for line in self.lines))
