# SPDX-License-Identifier: MIT
"""bench/groups/queue.py: its bars and metrics with stand-ins for the programs, and the programs
themselves. Nothing here asserts how fast anything is."""
import re

import pytest

import benching
from benching import BUILD, ROOT

from groups import queue  # noqa: E402
from harness import micro  # noqa: E402

# Nothing but a C and a C++ compiler is needed to build these.
TARGETS = ("lfqueue", "bounded", "ms", "deque")


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


def install(build):
    return benching.install(build, "queue", {
        f"queue-{name}": STAND_IN.format(speed=speed) for name, speed in SPEED.items()})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return benching.run_whole(install(tmp_path_factory.mktemp("queue")), "queue")


@pytest.mark.parametrize("name, baseline, ratio, bar, met", [
    ("1p1c/lfqueue", "ms", 1.2, {"min": 1.0}, True),
    ("2p2c/lfqueue/boost", "boost", 2, {"min": 1.0}, True),
    ("2p2c/lfqueue/tbb", "tbb", 0.5, {"min": 1.0}, False),
    ("2p2c/lfqueue/seg", "seg", 0.6, None, None),
    ("1p1c/bounded/array", "array", 0.5, None, None),
    ("alone/lfqueue", "ms", 1.2, None, None),
])
def test_rates_are_judged_by_the_bars(whole, name, baseline, ratio, bar, met):
    benching.check_rate(whole[0], name, baseline, ratio, bar, met)


def test_no_result_comes_twice_and_missing_peers_are_said(whole):
    benching.check_names(whole, ("rculfqueue", "java", "deque"))


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
