# SPDX-License-Identifier: MIT
"""scripts/tally.py: silence, damage and missing tests never count as success."""
import pathlib
import subprocess
import sys

import pytest

TALLY = pathlib.Path(__file__).parents[2] / "scripts/tally.py"

CTEST_PASS = '<testcase name="a" status="run"/>'
CTEST_FAIL = '<testcase name="b" status="fail"><failure message=""/></testcase>'
CTEST_GONE = ('<testcase name="c" status="notrun">'
              '<skipped message="Unable to find executable: c"/></testcase>')
CTEST_SKIP = ('<testcase name="d" status="notrun">'
              '<skipped message="SKIP_RETURN_CODE=77"/></testcase>')
PYTEST_ERROR = '<testcase name="e"><error message="fixture"/></testcase>'
PYTEST_SKIP = '<testcase name="f"><skipped type="pytest.skip"/></testcase>'


def suite(*cases):
    return "<testsuites><testsuite>" + "".join(cases) + "</testsuite></testsuites>"


def tally(folder, *stages):
    """Stages are (status, text of the report, "-" for a build, None for no report)."""
    lines = []
    for number, (status, text) in enumerate(stages):
        report = folder / f"{number}.xml"
        if text not in ("-", None):
            report.write_text(text, encoding="utf-8")
        lines.append(f"stage {number}\t{status}\t{'-' if text == '-' else report}\n")
    listing = folder / "stages"
    listing.write_text("".join(lines), encoding="utf-8")
    run = subprocess.run([sys.executable, TALLY, listing], capture_output=True, text=True)
    return run.returncode, run.stdout.splitlines()[-1]


@pytest.mark.parametrize("stages, status, line", [
    ([(0, "-"), (0, suite(CTEST_PASS))], 0, "1 passed, 0 failed"),
    ([(0, suite(CTEST_PASS)), (0, suite(CTEST_PASS, CTEST_PASS))], 0, "3 passed, 0 failed"),
    ([(8, suite(CTEST_PASS, CTEST_FAIL))], 1, "1 passed, 1 failed"),
    ([(8, suite(CTEST_PASS, CTEST_GONE))], 1, "1 passed, 1 failed"),
    ([(0, suite(CTEST_PASS, CTEST_SKIP))], 0, "1 passed, 0 failed"),
    ([(1, suite(PYTEST_ERROR))], 1, "0 passed, 1 failed"),
    ([(0, suite(CTEST_PASS, PYTEST_SKIP))], 0, "1 passed, 0 failed"),
    ([(1, "-")], 1, "0 passed, 1 failed"),
    ([(0, "-")], 1, "0 passed, 1 failed"),
    ([(0, suite())], 1, "0 passed, 1 failed"),
    ([(0, None)], 1, "0 passed, 1 failed"),
    ([(0, "<testsuites><tests")], 1, "0 passed, 1 failed"),
    ([(139, suite(CTEST_PASS))], 1, "1 passed, 1 failed"),
    ([(0, suite(CTEST_PASS)), (1, "-")], 1, "1 passed, 1 failed"),
    ([], 1, "0 passed, 1 failed"),
])
def test_tally(tmp_path, stages, status, line):
    assert tally(tmp_path, *stages) == (status, line)
