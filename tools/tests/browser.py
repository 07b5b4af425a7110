"""A browser without a window: for one look at a page, or told what to do by its DevTools protocol."""

import base64
import fcntl
import functools
import http.server
import json
import os
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import List, Tuple

from kit import PATIENCE, call, fail, need, require, scratch, start
from pdf import NAMES


def browser_command() -> List[str]:
    """Return the words that start the browser, with a profile of its own."""
    browser = next(filter(shutil.which, NAMES), NAMES[0])
    need(browser)
    return [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            f"--user-data-dir={scratch()}"]


def browse(address: str, *options: str) -> str:
    """Look at a page once, as the options say; return what the browser prints."""
    need("timeout")
    return call("timeout", "-s", "KILL", str(PATIENCE), *browser_command(), *options, address)


@contextmanager
def served(folder: Path):
    """Serve a folder, as any web host does; yield its address."""
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder.resolve())))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def start_with_pipes(command: List[str]) -> Tuple[int, int]:
    """Start a command that has two pipes as its files 3, which it reads, and 4; return our ends."""
    (its_input, ours), (our_input, its) = os.pipe(), os.pipe()
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (its_input, its)]
    start(["bash", "-c", f'exec "$@" 3<&{high[0]} 4>&{high[1]}', "bash", *command], pass_fds=high)
    for fd in (its_input, its, *high):
        os.close(fd)
    return ours, our_input


class Page:
    """A page in a browser of its own."""

    def __init__(self, width: int, height: int):
        self._to, self._from = start_with_pipes(
            [*browser_command(), "--no-first-run", "--remote-debugging-pipe"])
        self._unread, self._number, self._session = b"", 0, None
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.tell("Target.attachToTarget", targetId=target,
                                  flatten=True)["sessionId"]
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)

    def close(self) -> None:
        """End the browser."""
        self._session = None
        self.tell("Browser.close")
        os.close(self._to)
        os.close(self._from)

    def tell(self, method: str, **parameters) -> dict:
        """Give a command; return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                require("error" not in answer, f"{method}: {answer.get('error')}")
                return answer["result"]

    def _receive(self) -> dict:
        while b"\0" not in self._unread:
            data = os.read(self._from, 1 << 16)
            require(data, "the browser has ended")
            self._unread += data
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)

    def run(self, script: str):
        """Return the value of an expression of JavaScript, or what it promises."""
        result = self.tell("Runtime.evaluate", expression=script, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in result:
            fail(f"the page's program fails: {script}", json.dumps(result["exceptionDetails"]))
        return result["result"].get("value")

    def open(self, address: str) -> None:
        """Go to a page."""
        self.tell("Page.navigate", url=address)
        self.wait("document.readyState == 'complete'", "the page")

    def wait(self, script: str, what: str, patience: float = PATIENCE):
        """Wait until an expression is true, and return its value."""
        deadline = time.monotonic() + patience
        while True:
            found = self.run(script)
            if found:
                return found
            require(time.monotonic() < deadline, f"not within {patience} s: {what}")
            time.sleep(0.1)

    def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        x, y = self.run(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); "
                        "e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect(); "
                        "return [b.x + b.width / 2, b.y + b.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        for letter in text:
            key = {"\n": {"key": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}}.get(
                letter, {"key": letter, "text": letter})
            self.tell("Input.dispatchKeyEvent", type="keyDown", **key)
            self.tell("Input.dispatchKeyEvent", type="keyUp", key=key["key"])

    def picture(self) -> bytes:
        """Return a screenshot, as PNG."""
        return base64.b64decode(self.tell("Page.captureScreenshot")["data"])
