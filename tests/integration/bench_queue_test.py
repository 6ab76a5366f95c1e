# SPDX-License-Identifier: MIT
"""bench/groups/queue.py: its bars and metrics with stand-ins for the programs, and the programs
themselves. Nothing here asserts how fast anything is."""
import json
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
BUILD = ROOT / "build"
sys.path.insert(0, str(ROOT / "bench"))

from groups import queue  # noqa: E402
from harness import micro, result  # noqa: E402

# Nothing but a C and a C++ compiler is needed to build these.
TARGETS = ("lfqueue", "bounded", "ms", "deque")


def bench(*args):
    argv = ["/usr/bin/python3", ROOT / "bench/run.py", *map(str, args)]
    return subprocess.run(argv, capture_output=True, text=True, cwd=ROOT)


def test_bars_are_those_of_the_group():
    for case in ("1p1c", "2p2c"):
        assert queue.WORKLOADS[case].bars["lfqueue"] == {
            "ms": 1.0, "rculfqueue": 1.0, "boost": 1.0, "tbb": 1.0, "seg": None}
    assert not queue.WORKLOADS["alone"].bars


# --- the group with stand-ins, whose figures are known

SPEED = {"lfqueue": 6, "bounded": 8, "ms": 5, "boost": 3, "tbb": 12, "seg": 10, "array": 16}

STAND_IN = """#!/bin/sh
for case; do :; done
echo '{{"case": "'$case'", "figures": {{"speed": {speed}}}}}'
"""


def install(build, names=SPEED, script=STAND_IN):
    folder = build / "bench" / "queue"
    folder.mkdir(parents=True)
    for name in names:
        path = folder / f"queue-{name}"
        path.write_text(script.format(speed=SPEED[name]))
        path.chmod(0o755)
    return build


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = install(tmp_path_factory.mktemp("queue"))
    done = bench("queue", "--quick", "--build", folder, "--json", folder / "out.json")
    assert done.returncode == 0, done.stderr
    doc = json.loads((folder / "out.json").read_text())
    assert result.fault_of(doc) is None
    return doc["results"], done.stderr


@pytest.mark.parametrize("name, baseline, ratio, bar, met", [
    ("1p1c/lfqueue", "ms", 1.2, {"min": 1.0}, True),
    ("2p2c/lfqueue/boost", "boost", 2, {"min": 1.0}, True),
    ("2p2c/lfqueue/tbb", "tbb", 0.5, {"min": 1.0}, False),
    ("2p2c/lfqueue/seg", "seg", 0.6, None, None),
    ("1p1c/bounded/array", "array", 0.5, None, None),
    ("alone/lfqueue", "ms", 1.2, None, None),
])
def test_rates_are_judged_by_the_bars(whole, name, baseline, ratio, bar, met):
    found, = (r for r in whole[0] if r["name"] == name)
    assert found["baseline"] == baseline and found["ratio_median"] == pytest.approx(ratio)
    assert found["better"] == "higher" and found["bar"] == bar and found["met"] is met


def test_no_result_comes_twice_and_missing_peers_are_said(whole):
    names = [r["name"] for r in whole[0]]
    assert len(names) == len(set(names))
    for name in ("rculfqueue", "java", "deque"):
        assert f"ccmem: bench: {name} is left out" in whole[1]
        assert not any(name in n for n in names)


# --- the programs


@pytest.fixture(scope="module")
def programs():
    micro.build(BUILD, [f"queue_{name}" for name in TARGETS])
    return BUILD / "bench" / "queue"


@pytest.mark.parametrize("case", queue.WORKLOADS)
@pytest.mark.parametrize("name", TARGETS)
def test_every_case_says_its_figure(programs, name, case):
    assert set(micro.figures(programs / f"queue-{name}", f"{case}-quick")) == {"speed"}


def test_every_case_of_the_programs_is_measured(programs):
    assert {*micro.cases(programs / "queue-lfqueue")} == {
        case + quick for case in queue.WORKLOADS for quick in ("", "-quick")}


def test_what_rust_exports_is_what_the_programs_call():
    source = (ROOT / "bench/crossbeam/src/queue.rs").read_text()
    exported = set(re.findall(r'extern "C" fn (\w+)', source))
    header = (ROOT / "bench/queue/queues.h").read_text()
    assert exported == set(re.findall(r"\b(crossbeam_\w+)\((?:void|size_t)", header))
