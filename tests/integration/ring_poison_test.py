# SPDX-License-Identifier: MIT
"""A ring hides nothing from Valgrind: a use of bytes that are neither reserved nor written is
reported; right uses are not, also where a ring that should be mirrored is not under Valgrind."""
import shutil

import pytest

import recording

PROGRAM = recording.BUILD / "tests/unit/ring_poison_test"
REPORTED = 9
BUGS = ("record_past", "record_after_consume", "view_after_consume", "bytes_after_read",
        "bytes_before_write", "second_mapping", "wrapped_after_read")


def under_valgrind(task):
    if not shutil.which("valgrind"):
        pytest.skip("valgrind is not installed")
    return recording.run("valgrind", "--quiet", f"--error-exitcode={REPORTED}", PROGRAM, task)


@pytest.mark.parametrize("bug", BUGS)
def test_wrong_uses_are_reported(built, bug):
    done = under_valgrind(bug)
    assert done.returncode == REPORTED
    assert "Invalid write of size 1" in done.stderr


def test_right_uses_are_not(built):
    done = under_valgrind("right")
    assert (done.returncode, done.stderr) == (0, "")
