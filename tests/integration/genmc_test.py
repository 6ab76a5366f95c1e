# SPDX-License-Identifier: MIT
"""A protocol as a program of threads, by GenMC (https://github.com/MPI-SWS/genmc): as it is, and with each
change that must be found. Where there is no genmc this is skipped, and tests/model has the same in a
checker of its own."""
import shutil
import subprocess

import pytest

from recording import PROJECT

GENMC = shutil.which("genmc")
FOUND = ("Error: Non-atomic race!", "Error: Safety violation!")
# imm, the model of processors, knows no data races: what is one, and nothing else, is right there.
RACES = {1, 7, 10}
CHANGES = {"rc11": set(range(1, 12)), "imm": set(range(1, 12)) - RACES}

pytestmark = pytest.mark.skipif(not GENMC, reason="there is no genmc on this machine")


def is_right(model, change):
    done = subprocess.run(
        [GENMC, f"--{model}", "--disable-estimation", "--", f"-DCHANGE={change}",
         str(PROJECT / "tests/model/smr_threads.c")],
        capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    fine = "No errors were detected" in said
    assert fine or any(error in said for error in FOUND), said
    return fine


@pytest.mark.parametrize("model", CHANGES)
def test_as_it_is(model):
    assert is_right(model, 0)


@pytest.mark.parametrize("model, change",
                         [(model, change) for model in CHANGES for change in CHANGES[model]])
def test_changed(model, change):
    assert not is_right(model, change)
