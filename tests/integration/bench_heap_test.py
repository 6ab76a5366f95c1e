# SPDX-License-Identifier: MIT
"""bench/groups/heap.py: its bars and metrics with stand-ins for the programs, and the programs
themselves. Nothing here asserts how fast anything is."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
BUILD = ROOT / "build"
sys.path.insert(0, str(ROOT / "bench"))

from groups import heap  # noqa: E402
from harness import micro, result  # noqa: E402
from harness.errors import BenchError  # noqa: E402

# Nothing of the peers is needed to build these.
TARGETS = ("bare", "none", "glibc", "cc")
CASES = [case for cases in heap.CASES.values() for case in cases]


def bench(*args):
    argv = ["/usr/bin/python3", ROOT / "bench/run.py", *map(str, args)]
    return subprocess.run(argv, capture_output=True, text=True, cwd=ROOT)


# --- bars


def test_bars_are_those_of_the_group():
    bars = {
        (workload, figure.name): figure.bars
        for workload, cases in heap.CASES.items() for case in cases for figure in case.figures
    }
    hot = {bounds["mimalloc"]: bounds["bare"] for (w, _), bounds in bars.items() if w == "hot"}
    assert hot == {0.25: 1.3}
    assert {name: b for (w, name), b in bars.items() if w == "batch"} == {
        "64-random": {"mimalloc": 0.60}, "64-lifo": {"mimalloc": 0.90},
        "512-random": {}, "512-lifo": {},
    }
    assert bars["handover", "64"] == {"mimalloc": 0.25, "jemalloc": 0.50}
    assert bars["mix", "1-thread"] == bars["mix", "2-threads"] == {"mimalloc": 0.80}
    for phase in ("free", "alloc", "walk"):
        assert bars["scatter", phase] == {"mimalloc": 1.2}
        assert bars["survivors", phase] == {"mimalloc": 1.0}
    assert bars["resident", "exited"] == {"mimalloc": 1.2}
    assert {tuple(b.items()) for (w, _), b in bars.items() if w == "kinds"} == {
        (("mimalloc", 1.0),)}
    assert (heap.STATISTICS_MAX, heap.INSTRUCTIONS_MAX) == (1.05, 18.01)


# --- the group with stand-ins, whose figures are known

NANOSECONDS = {"mimalloc": 10, "cc": 2, "jemalloc": 8, "bare": 1.6, "lines": 1}

STAND_IN = """#!/bin/sh
for case; do :; done
echo "${{0##*/}} $case $CCMEM_BACKEND $CCMEM_BENCH_STATISTICS" >>"${{0%/*}}/log"
ns={ns}
[ -z "$CCMEM_BENCH_STATISTICS" ] || ns=3
case $case in
scatter) echo '{{"case": "scatter", "figures": {{"free": {ns}, "alloc": {ns}, "walk": {ns}}}}}' ;;
*) echo '{{"case": "'$case'", "ns_per_op": '$ns'}}' ;;
esac
"""


def install(build, script=STAND_IN):
    folder = build / "bench" / "heap"
    folder.mkdir(parents=True)
    for name, ns in NANOSECONDS.items():
        for workload in ("hot", "handover", "mix", "scatter", "startup"):
            path = folder / f"{workload}-{name}"
            path.write_text(script.format(ns=ns))
            path.chmod(0o755)
    return build


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heap")
    done = bench(
        "heap", "--quick", "--workloads", "hot,handover,scatter,statistics,startup",
        "--contestants", "cc,jemalloc", "--build", install(folder), "--json", folder / "out.json",
    )
    assert done.returncode == 0, done.stderr
    doc = json.loads((folder / "out.json").read_text())
    assert result.fault_of(doc) is None
    return folder, {r["name"]: r for r in doc["results"]}


@pytest.mark.parametrize("name, ratio, bar, met", [
    ("hot/64/cc", 0.2, 0.25, True), ("hot/64/jemalloc", 0.8, None, None),
    ("hot/4096/cc/bare", 1.25, 1.3, True), ("handover/64/cc", 0.2, 0.25, True),
    ("handover/64/cc/jemalloc", 0.25, 0.50, True), ("scatter/walk/cc", 0.2, 1.2, True),
    ("scatter/free/jemalloc", 0.8, None, None), ("statistics/mix/cc-counting/cc", 1.5, 1.05, False),
])
def test_ratios_are_to_the_baseline_and_judged_by_the_bar(whole, name, ratio, bar, met):
    found = whole[1][name]
    assert found["ratio_median"] == pytest.approx(ratio)
    assert found["bar"] == (bar and {"max": bar}) and found["met"] is met
    assert (found["aa_lo"], found["aa_hi"]) == (1, 1)


def test_only_what_takes_part_is_compared(whole):
    hot = {name for name in whole[1] if name.startswith("hot/16/")}
    assert hot == {"hot/16/cc", "hot/16/jemalloc", "hot/16/bare", "hot/16/cc/bare"}
    assert {name for name in whole[1] if name.startswith("startup/")} == {
        f"startup/{figure}/{name}" for figure in ("wall", "memory") for name in ("cc", "jemalloc")}


def test_the_backend_and_the_statistics_are_asked_for(whole):
    log = (whole[0] / "bench/heap/log").read_text().splitlines()
    assert "hot-cc hot-16 mimalloc " in log and "hot-mimalloc hot-16  " in log
    assert "mix-cc mix-1 mimalloc 1" in log and "mix-cc mix-1 mimalloc " in log


def test_cc_over_another_backend_has_no_bar(tmp_path):
    done = bench("heap", "--quick", "--workloads", "handover", "--contestants", "cc-system",
                 "--build", install(tmp_path), "--json", tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out.json").read_text())["results"]
    assert [r["name"] for r in results] == ["handover/64/cc-system", "handover/64/lines"]
    assert [r["bar"] for r in results] == [None, None]
    assert "handover-cc handover-64 system " in (tmp_path / "bench/heap/log").read_text()


@pytest.mark.parametrize("script, words", [
    ("#!/bin/sh\necho its own words >&2\nexit 4\n", "its own words"),
    ("#!/bin/sh\necho nothing\n", "it gave no sample"),
    ("#!/bin/sh\necho '{{\"case\": \"other\", \"ns_per_op\": 1}}'\n", "it gave no sample"),
    ("#!/bin/sh\necho '{{\"case\": \"handover-64\", \"ns_per_op\": 0}}'\n", "it gave no sample"),
])
def test_a_broken_program_ends_the_group(tmp_path, script, words):
    done = bench("heap", "--quick", "--workloads", "handover", "--build",
                 install(tmp_path, script), "--contestants", "cc")
    assert done.returncode == 4
    assert done.stderr.startswith("ccmem: bench: handover-mimalloc") and words in done.stderr


# --- the programs


@pytest.fixture(scope="module")
def programs():
    micro.build(BUILD, [f"heap_{name}" for name in TARGETS])
    return BUILD / "bench" / "heap"


def test_what_does_not_build_says_what_to_install():
    with pytest.raises(BenchError) as error:
        micro.build(BUILD, ["heap_nothing"])
    assert error.value.code == 3 and "./dev setup --bench" in str(error.value)


@pytest.mark.parametrize("contestant", ["glibc", "cc"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.case)
def test_every_case_says_its_figures(programs, contestant, case):
    options = ["--ops", "64"] if case.timed else []
    binary = programs / f"{case.program}-{contestant}"
    figures = micro.figures(binary, case.case, *options)
    assert set(figures) == {figure.key for figure in case.figures}


@pytest.mark.parametrize("contestant", ["glibc", "cc"])
def test_every_case_of_every_program_is_measured(programs, contestant):
    for program in {case.program for case in CASES}:
        listed = set(micro.cases(programs / f"{program}-{contestant}"))
        assert listed == {case.case for case in CASES if case.program == program}


@pytest.mark.parametrize("args", [[], ["hot-64", "hot-64"], ["--ms", "0", "hot-64"], ["hot-65"],
                                  ["--ops", "63", "hot-64"], ["--ops", "-64", "hot-64"]])
def test_a_program_refuses_what_it_does_not_know(programs, args):
    done = subprocess.run([programs / "hot-bare", *args], capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == "" and "usage: " in done.stderr


def test_another_malloc_is_no_glibc(programs):
    env = os.environ | {"LD_PRELOAD": "libmimalloc.so.2"}
    done = subprocess.run([programs / "hot-glibc", "hot-64"], env=env, capture_output=True,
                          text=True)
    assert done.returncode == 4 and "another allocator than the contestant" in done.stderr


def test_another_backend_is_no_mimalloc(programs):
    with pytest.raises(BenchError) as error:
        micro.figures(programs / "hot-cc", "hot-64", env={"CCMEM_BACKEND": "nonesuch"})
    assert error.value.code == 4 and "ccmem: bench: cc: " in error.value.detail


def test_counted_instructions_are_exact(programs, tmp_path):
    def pair(program):
        once, twice = (
            micro.instructions(programs / program, "hot-64", n, tmp_path, {"CCMEM_MAGAZINES": "1"})
            for n in (1 << 14, 1 << 15)
        )
        return (twice - once) / (1 << 14)

    assert pair("hot-none") == pytest.approx(round(pair("hot-none")), abs=0.05)
    assert pair("hot-bare") > pair("hot-none")
    assert pair("hot-cc") == pytest.approx(pair("hot-cc"), abs=0.05)
