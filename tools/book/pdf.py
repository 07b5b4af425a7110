"""The book on paper: chromium prints the page."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome",
         "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
LIMIT = 300         # seconds, however busy the host is


class PdfError(Exception):
    """Why there is no PDF, in one line."""


def chromium() -> str:
    """Return the command that starts chromium."""
    name = next(filter(shutil.which, NAMES), "")
    if not name:
        raise PdfError("chromium is missing, which makes the PDF. Run: sh tools/setup.sh book")
    return name


def make_pdf(page: Path, pdf: Path) -> None:
    """Print a page to a PDF with numbers on its pages and an outline."""
    unfinished = pdf.with_suffix(f".{os.getpid()}")
    with tempfile.TemporaryDirectory(prefix="jos-book-") as profile:
        command = [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                   f"--user-data-dir={profile}", "--no-pdf-header-footer",
                   "--generate-pdf-document-outline", f"--print-to-pdf={unfinished.resolve()}",
                   page.resolve().as_uri()]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, start_new_session=True) as process:
            try:
                said = process.communicate(timeout=LIMIT)[1].decode(errors="replace")
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise PdfError(f"chromium has not made {pdf.name} within {LIMIT} s") from None
    if process.returncode or not unfinished.exists():
        raise PdfError("chromium has made no PDF: " + (said.strip().splitlines() or ["it failed"])[-1])
    unfinished.replace(pdf)
