"""How a run of the tests goes on: how many there are and how long they take, the longest first;
a line for each that is done; the count at the very end."""

import json
from pathlib import Path
from typing import Dict

import pytest

RECORD = Path(__file__).with_name("costs.json")
CACHE = "jos/costs"         # where pytest's cache has what this machine has taken
SHORT = 0.5                 # seconds that a test takes of which nothing is recorded


class Progress:
    """A plugin of pytest."""

    def __init__(self, config):
        self._config = config
        self._recorded: Dict[str, float] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
        self._here: Dict[str, float] = {}
        if hasattr(config, "cache"):        # not with -p no:cacheprovider
            self._here = config.cache.get(CACHE, {})
        self._measured: Dict[str, float] = {}
        self._total = self._done = 0

    @property
    def _worker(self) -> bool:
        return hasattr(self._config, "workerinput")

    def _cost(self, nodeid: str) -> float:
        """Return about how many seconds a test takes."""
        name = short(nodeid)
        return self._here.get(name, self._recorded.get(name, SHORT))

    def _say(self, text: str, **markup) -> None:
        self._config.pluginmanager.get_plugin("terminalreporter").write_line(text, **markup)

    # ---- Before ----

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        """Put the longest tests first, so that no processor idles at the end."""
        items.sort(key=lambda item: -self._cost(item.nodeid))

    def pytest_collection_finish(self, session):
        """Say how many tests there are, where there is one process for all."""
        if not self._worker and session.items and not self._config.option.collectonly:
            self._announce([item.nodeid for item in session.items], 1)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        """Say it, where there are several: all have collected the same."""
        if not self._total:
            self._announce(ids, len(self._config.getoption("tx", ())))

    def _announce(self, names, workers: int) -> None:
        costs = [self._cost(name) for name in names]
        seconds = max([sum(costs) / max(workers, 1), *costs])
        self._total = len(names)
        minutes = f"{seconds // 60:.0f} min " if seconds >= 60 else ""
        self._say(f"{len(names)} tests, {workers} at a time: about {minutes}{seconds % 60:.0f} s")

    # ---- While they run ----

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report, config):
        """Keep pytest from printing dots: there is a line for each test."""
        if config.option.verbose == 0 and report.when == "call" and report.outcome != "skipped":
            if not hasattr(report, "wasxfail"):
                return report.outcome, "", "" if report.passed else "FAILED"
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        """Print the line, once a test is over."""
        name = short(report.nodeid)
        self._measured[name] = self._measured.get(name, 0) + report.duration
        if self._worker or self._config.option.verbose or report.passed and report.when != "call":
            return
        if report.when != "teardown":
            self._done += 1
        why = "" if report.passed else ": " + reason(report)
        self._say(f"[{self._done}/{self._total}] {report.outcome} {name} "
                  f"({self._measured[name]:.1f} s){why}", red=report.failed, yellow=report.skipped)

    # ---- At the end ----

    def pytest_sessionfinish(self, session):
        """Remember what the tests have taken."""
        if self._worker or not self._measured:
            return
        if self._config.getoption("record_costs", False):
            costs = {name: round(seconds, 1) for name, seconds in sorted(self._measured.items())
                     if seconds >= 2 * SHORT}
            RECORD.write_text(json.dumps(costs, indent=0) + "\n")
        if hasattr(self._config, "cache"):
            self._config.cache.set(CACHE, {**self._here, **self._measured})

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config):
        """Print the last line."""
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if self._worker or not reporter or config.option.collectonly:
            return
        count = {what: len(reporter.stats.get(what, ()))
                 for what in ("passed", "failed", "error", "skipped")}
        skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
        print(f"{count['passed']} passed, {count['failed'] + count['error']} failed{skipped}",
              flush=True)


def short(nodeid: str) -> str:
    """Return the name of a test without the directories of its file."""
    file, separator, test = nodeid.partition("::")
    return file.rpartition("/")[2] + separator + test


def reason(report) -> str:
    """Return the first line of why a test has failed, or has been skipped."""
    if report.skipped and isinstance(report.longrepr, tuple):
        return report.longrepr[2].partition("Skipped: ")[2]
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr)
    return text.removeprefix("Failed: ").splitlines()[0] if text else ""
