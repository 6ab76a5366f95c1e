#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Add up what the suites of `./dev test` reported.

    tally.py STAGES

STAGES has a line "name TAB exit status TAB report" for each thing that was run, in order; the
report is a JUnit file, or - for a build. A stage that failed without naming a failed test, whose
report is missing or damaged, or which has no tests, counts as one failure: silence never
passes. The last line is "N passed, N failed"; exit status 1 when anything failed.
"""
import collections
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

Count = collections.namedtuple("Count", "passed failed skipped names")


def outcome(case):
    """ctest says it in an attribute, pytest by a child element. ctest's "notrun" is a program
    that is missing (failed), unless the test itself asked to be skipped."""
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.get("status") == "fail":
        return "failed"
    skipped = case.find("skipped")
    if case.get("status") == "notrun" and "SKIP_" not in skipped.get("message", ""):
        return "failed"
    if case.get("status") == "disabled" or skipped is not None:
        return "skipped"
    return "passed"


def read_report(path):
    cases = ElementTree.parse(path).getroot().iter("testcase")
    outcomes = [(outcome(case), case.get("name")) for case in cases]
    numbers = collections.Counter(kind for kind, _ in outcomes)
    names = [name for kind, name in outcomes if kind == "failed"]
    return Count(numbers["passed"], numbers["failed"], numbers["skipped"], names)


def count_stage(status, report):
    if report == "-":
        return Count(0, int(status != 0), 0, [] if status == 0 else ["did not succeed"])
    try:
        count = read_report(report)
    except (OSError, ElementTree.ParseError, AttributeError) as error:
        return Count(0, 1, 0, [f"no report: {error}"])
    if status != 0 and count.failed == 0:
        return count._replace(failed=1, names=[f"ended with status {status}"])
    if count.passed + count.failed + count.skipped == 0:
        return count._replace(failed=1, names=["has no tests"])
    return count


def main(stages):
    passed = failed = 0
    for line in pathlib.Path(stages).read_text(encoding="utf-8").splitlines():
        name, status, report = line.split("\t")
        count = count_stage(int(status), report)
        if report != "-" or count.failed:
            print(f"{name}: {count.passed} passed, {count.failed} failed"
                  + (f", {count.skipped} skipped" if count.skipped else ""))
        for test in count.names:
            print(f"    {test:.90}")
        passed += count.passed
        failed += count.failed
    if passed == 0 and failed == 0:
        failed = 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: tally.py STAGES")
    sys.exit(main(sys.argv[1]))
