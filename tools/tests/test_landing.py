"""What a public repository does with the tree: its workflows are valid, and make has what they ask for."""

import re
from pathlib import Path

import pytest

from kit import ROOT, call, make, need, require, require_equal, scratch

pytestmark = pytest.mark.thorough

VALIDATOR = ["@action-validator/core@0.6.0", "@action-validator/cli@0.6.0"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def test_valid():
    """They keep to the schema of GitHub's workflows; what does not is refused."""
    need("npm", "node")
    place = scratch()
    call("npm", "install", "--silent", "--prefix", str(place), *VALIDATOR)
    validator = str(place / "node_modules/.bin/action-validator")
    for file in WORKFLOWS:
        call(validator, str(file))
    wrong = Path(place, "wrong.yml")
    wrong.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "run-on:"))
    require("run-on" in call(validator, str(wrong), fails=True), "a wrong workflow is valid")


def test_targets():
    """make has the targets that they make, and the files that they publish are those of the targets."""
    steps = "\n".join(file.read_text() for file in WORKFLOWS)
    targets = {target for line in re.findall(r"run: make (.*)", steps) for target in line.split()}
    require_equal(targets, {"all", "book", "web", "iso"}, "targets")
    for target in targets:
        make("-n", target)
    require((ROOT / ".github/index.html").exists(), "no page above those that are published")
