"""What the grader says to other programs, read."""

import json
from subprocess import DEVNULL
from xml.etree import ElementTree

from kit import require, require_equal, start

GRADE = "./grade-lab4"
PROGRAMS = "start_programs(); // the"      # where kern/init.c starts them


def graded(form, *arguments, status):
    """Run the grader with a format; return its standard output, which must be the result only."""
    process = start([GRADE, "--format", form, *arguments], stderr=DEVNULL)
    output = process.communicate()[0].decode("ascii")
    require_equal(process.returncode, status, "status")
    return output


def summary(form, text):
    """Return points, possible points and {test: whether it passed} from a result, and its build."""
    if form == "junit":
        suite, = ElementTree.fromstring(text)
        cases = suite.findall("testcase")
        failed = suite.findall("testcase/failure")
        errors = suite.findall("testcase/error")
        require_equal([suite.tag] + [suite.get(name) for name in ("tests", "failures", "errors")],
                      ["testsuite", *map(str, map(len, (cases, failed, errors)))], "counts")
        value = {each.get("name"): int(each.get("value")) for each in suite.find("properties")}
        return (value["score"], value["max_score"],
                {case.get("name"): case.find("failure") is None for case in cases
                 if case.get("name") != "build"}, "".join(error.text for error in errors))
    result = json.loads(text)
    tests = result["tests"]
    require_equal(sum(each["score"] for each in tests), result["score"], "sum of points")
    possible = sum(each["max_score"] for each in tests)
    if form == "json":
        require_equal(result["max_score"], possible, "points possible")
        return (result["score"], possible, {each["name"]: each["passed"] for each in tests},
                result["build"])
    for each in tests:
        require_equal(" ".join(sorted(each)), "max_score name output score status visibility",
                      "fields of a test")
        require(each["visibility"] == "visible" and isinstance(each["output"], str), "wrong fields")
        require_equal(each["status"], "passed" if each["score"] else "failed", "status of a test")
    require(isinstance(result["execution_time"], int), "no execution_time")
    return (result["score"], possible,
            {each["name"].split()[-1]: each["status"] == "passed" for each in tests},
            result["output"])
