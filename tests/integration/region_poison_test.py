# SPDX-License-Identifier: MIT
"""Slabs, pools and block pools hide nothing from Valgrind, which finds out about them while the
program runs: a use after the end of an object, or past its bytes, is reported; right uses are
not."""
import shutil

import pytest

import recording

PROGRAM = recording.BUILD / "tests/unit/region_poison_test"
REPORTED = 9
BUGS = ("slab_past", "slab_after_remove", "slab_after_clear", "slab_before_insert",
        "pool_past", "pool_after_free", "pool_after_reset", "blockpool_past",
        "blockpool_past_class", "blockpool_past_aligned", "blockpool_after_free",
        "blockpool_after_idle", "blockpool_after_trim", "blockpool_past_reused",
        "blockpool_never_allocated", "blockpool_in_past")


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
