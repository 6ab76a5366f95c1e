# SPDX-License-Identifier: MIT
"""bench/groups/smr.py: its bars and metrics with stand-ins for the programs, and the programs
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

from groups import smr  # noqa: E402
from harness import micro, result  # noqa: E402

OURS = ("bare", "ibr", "ebr")
CASES = [(program, case) for program, cases in smr.CASES.items() for case in cases]


def bench(*args):
    argv = ["/usr/bin/python3", ROOT / "bench/run.py", *map(str, args)]
    return subprocess.run(argv, capture_output=True, text=True, cwd=ROOT)


# --- bars


def test_bars_are_those_of_the_group():
    bars = {case.case: case.bars for _, case in CASES}
    assert bars["enter"] == {"ibr": {"ck": 0.75}}
    assert bars["retire-shared"]["ibr"] == bars["retire-shared"]["ibr-fenced"] == {"ck": 1.1}
    added = {(case.case, a.who, a.against): (a.bound, a.parts)
             for _, case in CASES for a in case.added if a.bound}
    assert added == {
        ("read-20", "ibr", "ebr"): (0.3, 20), ("read-20", "ibr-fenced", "ebr-fenced"): (0.3, 20),
        ("retire-1", "ibr", "bare"): (14, 1), ("retire-1", "ibr-fenced", "bare"): (14, 1)}


def test_whom_a_case_names_takes_part_in_it():
    for _, case in CASES:
        assert {*case.bars, *(n for bounds in case.bars.values() for n in bounds),
                *(n for a in case.added for n in (a.who, a.against))} <= {*case.able}


# --- the group with stand-ins, whose figures are known

NANOSECONDS = {"bare": 10, "ibr": 26, "ebr": 20, "ck": 32, "memb": 8}

STAND_IN = """#!/bin/sh
for case; do :; done
case $case in
stalled*) echo "{{\\"case\\": \\"$case\\", \\"figures\\": {{\\"peak\\": {peak}, \\"live\\": 10}}}}" ;;
*) echo "{{\\"case\\": \\"$case\\", \\"ns_per_op\\": {ns}}}" ;;
esac
"""


def install(build, names=NANOSECONDS, script=STAND_IN):
    folder = build / "bench" / "smr"
    folder.mkdir(parents=True)
    for name in names:
        for program in ("read", "retire", "stalled"):
            path = folder / f"{program}-{name}"
            path.write_text(script.format(ns=NANOSECONDS[name], peak=19 if name == "ibr" else 300))
            path.chmod(0o755)
    return build


def run(folder, *args):
    done = bench("smr", "--quick", "--build", folder, "--json", folder / "out.json", *args)
    assert done.returncode == 0, done.stderr
    doc = json.loads((folder / "out.json").read_text())
    assert result.fault_of(doc) is None
    return doc["results"], done.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run(install(tmp_path_factory.mktemp("smr")), "--workloads", "read,retire,stalled")


@pytest.mark.parametrize("name, baseline, ratio, bar, met", [
    ("enter/ibr", "ck", 26 / 32, {"max": 0.75}, False),
    ("enter/memb", "ck", 0.25, None, None),
    ("read-20/ibr/a-read", "a nanosecond", 0.3, {"max": 0.3}, True),
    ("read-20/ibr/a-read-of-ck", "a nanosecond", -0.3, None, None),
    ("retire-1/ibr/added", "a nanosecond", 16, {"max": 14}, False),
    ("retire-shared/ibr", "ck", 26 / 32, {"max": 1.1}, True),
    ("retire-shared/bare", "ck", 10 / 32, None, None),
    ("stalled/ibr", "live items", 1.9, {"max": 2.0}, True),
    ("stalled/ebr", "live items", 30, None, None),
])
def test_figures_are_judged_by_the_bars(whole, name, baseline, ratio, bar, met):
    found, = (r for r in whole[0] if r["name"] == name)
    assert found["baseline"] == baseline and found["ratio_median"] == pytest.approx(ratio)
    assert found["bar"] == bar and found["met"] is met


def test_no_result_comes_twice(whole):
    names = [r["name"] for r in whole[0]]
    assert len(names) == len(set(names))


def test_missing_peers_are_said_and_left_out(whole):
    for name in ("crossbeam", "crossbeam-mimalloc", "memb-defer"):
        assert f"ccmem: bench: {name} is left out" in whole[1]
    assert not any("crossbeam" in r["name"] for r in whole[0])
    assert "ck is left out" not in whole[1]


def test_without_ck_another_is_the_base_and_the_bar_is_gone(tmp_path):
    names = [name for name in NANOSECONDS if name != "ck"]
    results, _ = run(install(tmp_path, names), "--workloads", "read,retire")
    bases = {r["baseline"] for r in results} - {"a nanosecond"}
    assert bases == {"memb"}
    assert {r["name"] for r in results if r["bar"]} == {
        "read-20/ibr/a-read", "read-20/ibr-fenced/a-read", "retire-1/ibr/added",
        "retire-1/ibr-fenced/added"}


def test_a_broken_program_ends_the_group(tmp_path):
    install(tmp_path, script="#!/bin/sh\necho its own words >&2\nexit 4\n")
    done = bench("smr", "--quick", "--workloads", "read", "--build", tmp_path)
    assert done.returncode == 4 and "its own words" in done.stderr


# --- the programs


@pytest.fixture(scope="module")
def programs():
    micro.build(BUILD, [f"smr_{name}" for name in OURS])
    return BUILD / "bench" / "smr"


@pytest.mark.parametrize("fences", ["0", "1"])
@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("program, case", CASES, ids=[case.case for _, case in CASES])
def test_every_case_says_its_figure(programs, program, case, name, fences):
    env = {"CCMEM_SMR_FENCES": fences}
    figures = micro.figures(programs / f"{program}-{name}", case.case, "--ops", "4096", env=env)
    assert set(figures) == {"ns_per_op"}


def test_every_case_of_every_program_is_measured(programs):
    for program, cases in smr.CASES.items():
        assert set(micro.cases(programs / f"{program}-ibr")) == {case.case for case in cases}


def test_one_scheme_bounds_what_a_stalled_reader_holds_and_the_other_does_not(programs):
    ibr, ebr = (micro.figures(programs / f"stalled-{name}", "stalled-quick")
                for name in ("ibr", "ebr"))
    assert ibr["live"] == ebr["live"] == 4096
    assert ibr["peak"] <= 2 * ibr["live"]
    assert ebr["peak"] == 1 << 16


def test_the_loops_in_rust_are_those_that_the_programs_call():
    source = (ROOT / "bench/crossbeam/src/epoch.rs").read_text()
    exported = set(re.findall(r'extern "C" fn (\w+)', source))
    called = {name for file in ("read", "retire", "stalled")
              for name in re.findall(r"\b(crossbeam_\w+)\(", (ROOT / f"bench/smr/{file}.c").read_text())}
    assert exported == called
