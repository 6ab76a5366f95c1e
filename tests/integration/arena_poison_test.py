# SPDX-License-Identifier: MIT
"""Valgrind sees wrong uses of memory of an arena, and no right ones."""
import re

import pytest

from recording import BUILD, run

PROGRAM = BUILD / "tests/unit/arena_poison_test"
WRONG = ("after-reset", "after-rewind", "after-rewind-of-chunks", "after-rewind-of-large",
         "after-free", "after-resize", "past-end", "past-end-after-shrink", "past-end-of-large",
         "after-scope")


def under_valgrind(use):
    return run("valgrind", "--error-exitcode=9", "--leak-check=no", PROGRAM, use)


@pytest.mark.parametrize("use", WRONG)
def test_a_wrong_use_is_seen(built, use):
    done = under_valgrind(use)
    assert done.returncode == 9, done.stderr
    assert "Invalid write of size 1" in done.stderr
    assert re.search(r"ERROR SUMMARY: 1 errors", done.stderr)


def test_a_right_use_is_none(built):
    done = under_valgrind("rightly")
    assert done.returncode == 0, done.stderr
    assert "ERROR SUMMARY: 0 errors" in done.stderr
