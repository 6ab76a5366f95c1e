# SPDX-License-Identifier: MIT
"""bench/groups/region.py: its bars and metrics with stand-ins for the programs, and the programs
themselves. Nothing here asserts how fast anything is."""
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
BUILD = ROOT / "build"
sys.path.insert(0, str(ROOT / "bench"))

from groups import region  # noqa: E402
from harness import micro, result, versus  # noqa: E402

# Nothing but a C and a C++ compiler is needed to build these.
TARGETS = ("bare", "cc", "cc-interface", "cc-mirrored", "cc-record", "glibc", "obstack", "pmr",
           "pmr-pool", "pmr-sync")
CASES = [(workload, case) for workload, cases in region.CASES.items() for case in cases]
RUNS = [(workload, case, name) for workload, case in CASES for name in TARGETS
        if name in {*case.chosen(TARGETS), *([region.FLOOR] if case.floor else [])}]


def bench(*args, **options):
    argv = ["/usr/bin/python3", ROOT / "bench/run.py", *map(str, args)]
    return subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, **options)


# --- bars


def test_bars_are_those_of_the_group():
    bars = {case.case: case.bars for _, case in CASES}
    for n in (16, 48):
        assert bars[f"batch-{n}"] == {"cc": {"bare": 2.0, "bumpalo": 1.0, "glibc": 0.11},
                                      "cc-interface": {"cc": 2.3}}
    assert bars["fill-48"] == bars["fill-256"] == {"cc": {"best": 1.0}}
    assert bars["fill-4096"] == {"cc": {"best": 1.0, "bare": 1.1}}
    assert bars["copy-4096"] == {"cc": {"bare": 1.1}}
    assert bars["vector-64"] == bars["vector-1000"] == {"cc": {"bumpalo": 0.65}}
    assert bars["slab-random-64"] == {"cc": {"rust-slab": 0.95, "glibc": 0.33}}
    assert {case: bars[f"slab-{case}"]["cc"]["rust-slab"] for case in
            ("hot-64", "hot-1024", "from-64", "from-1024")} == {
                "hot-64": 0.80, "hot-1024": 0.85, "from-64": 0.60, "from-1024": 0.40}
    assert bars["pool-hot-64"] == bars["pool-random-64"] == {"cc": {"glibc": 0.65}}
    assert bars["blockpool-handover-64"] == bars["blockpool-handover-mixed"] == {
        "cc": {"glibc": 0.5}}
    assert bars["ring-1024"] == {"cc": {"bare": 1.05}}
    assert bars["handoff-64"] == bars["handoff-1024"] == {"cc": {"best": 1.1}}


def test_whom_a_case_names_takes_part_in_it():
    for _, case in CASES:
        able = {*case.chosen(region.CONTESTANTS), *([region.FLOOR] if case.floor else [])}
        assert {case.base, *case.peers, *case.variants, *case.bars} <= able
        for bounds in case.bars.values():
            assert {*bounds} - {region.BEST} <= able


# --- the group with stand-ins, whose figures are known

NANOSECONDS = {"glibc": 10, "bumpalo": 1.25, "bare": 0.8, "cc": 1, "cc-interface": 2,
               "boost": 8, "ck": 4, "wfcqueue": 16}

STAND_IN = """#!/bin/sh
for case; do :; done
echo "{{\\"case\\": \\"$case\\", \\"ns_per_op\\": {ns}}}"
"""


def install(build, script=STAND_IN):
    folder = build / "bench" / "region"
    folder.mkdir(parents=True)
    for name, ns in NANOSECONDS.items():
        for workload in region.WORKLOADS:
            path = folder / f"{workload}-{name}"
            path.write_text(script.format(ns=ns))
            path.chmod(0o755)
    return build


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("region")
    done = bench("region", "--quick", "--workloads", "batch,fill,handoff", "--contestants",
                 "cc,cc-interface,bumpalo,ck,wfcqueue", "--build", install(folder),
                 "--json", folder / "out.json")
    assert done.returncode == 0, done.stderr
    doc = json.loads((folder / "out.json").read_text())
    assert result.fault_of(doc) is None
    return doc


@pytest.mark.parametrize("name, baseline, ratio, bar, met", [
    ("batch/16/cc", "glibc", 0.1, 0.11, True), ("batch/48/bumpalo", "glibc", 0.125, None, None),
    ("batch/16/bare", "glibc", 0.08, None, None),
    ("batch/48/cc/bumpalo", "bumpalo", 0.8, 1.0, True),
    ("batch/48/cc/bare", "bare", 1.25, 2.0, True),
    ("batch/16/cc-interface/cc", "cc", 2, 2.3, True),
    ("fill/48/cc/best", "bumpalo", 0.8, 1.0, True), ("fill/4096/cc/bare", "bare", 1.25, 1.1, False),
    ("handoff/64/cc", "boost", 0.125, None, None), ("handoff/64/wfcqueue", "boost", 2, None, None),
    ("handoff/1024/cc/best", "ck", 0.25, 1.1, True),
])
def test_ratios_are_to_the_baseline_and_judged_by_the_bar(whole, name, baseline, ratio, bar, met):
    found, = (r for r in whole["results"] if r["name"] == name)
    assert found["baseline"] == baseline and found["ratio_median"] == pytest.approx(ratio)
    assert found["bar"] == (bar and {"max": bar}) and found["met"] is met
    assert (found["aa_lo"], found["aa_hi"]) == (1, 1)


def test_only_what_takes_part_is_compared(whole):
    names = [r["name"] for r in whole["results"]]
    assert len(names) == len(set(names))
    assert {name for name in names if name.startswith("fill/4096/")} == {
        f"fill/4096/{last}" for last in
        ("cc", "cc-interface", "bumpalo", "bare", "cc/best", "cc/bare")}


def test_the_versions_say_of_which_crates(whole):
    crate = (ROOT / "bench/region/rust/Cargo.toml").read_text()
    for name in ("bumpalo", "slab"):
        assert f'"={whole["versions"][name]}"' in crate
    assert "rustc" in whole["versions"] and "region_peers" not in whole["versions"]


def test_the_best_peer_is_chosen_by_runs_that_are_not_judged():
    def sample(judged, unjudged):
        return {"ck": {"ns_per_op": judged}, "ck" + versus.AGAIN: {"ns_per_op": unjudged},
                "boost": {"ns_per_op": 3}, "boost" + versus.AGAIN: {"ns_per_op": 3}}

    assert region.fastest(["boost", "ck"], [sample(1, 4)] * 3) == "boost"
    assert region.fastest(["boost", "ck"], [sample(4, 1)] * 3) == "ck"


def test_without_a_peer_its_bars_are_left_out(tmp_path):
    done = bench("region", "--quick", "--workloads", "batch,fill,vector", "--contestants", "cc",
                 "--build", install(tmp_path), "--json", tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out.json").read_text())["results"]
    bars = {r["name"]: (r["baseline"], r["bar"]["max"]) for r in results if r["bar"]}
    assert bars == {
        "batch/16/cc": ("glibc", 0.11), "batch/16/cc/bare": ("bare", 2.0),
        "batch/48/cc": ("glibc", 0.11), "batch/48/cc/bare": ("bare", 2.0),
        "fill/48/cc/best": ("glibc", 1.0), "fill/256/cc/best": ("glibc", 1.0),
        "fill/4096/cc/best": ("glibc", 1.0), "fill/4096/cc/bare": ("bare", 1.1),
    }
    assert {r["name"] for r in results} - {*bars} == {
        "batch/16/bare", "batch/48/bare", "batch/256/cc", "batch/256/bare", "fill/48/cc",
        "fill/48/bare", "fill/256/cc", "fill/256/bare", "fill/4096/cc", "fill/4096/bare",
        "vector/64/cc", "vector/1000/cc",
    }


def test_without_cc_there_are_no_bars(tmp_path):
    done = bench("region", "--quick", "--workloads", "fill,slab", "--contestants", "bumpalo",
                 "--build", install(tmp_path), "--json", tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out.json").read_text())["results"]
    assert {r["name"] for r in results} == {
        f"fill/{n}/{name}" for n in (48, 256, 4096) for name in ("bumpalo", "bare")}
    assert not any(r["bar"] for r in results)


FLAT = """#!/bin/sh
echo '{{"case": "'$1'", "figures": {{"before": 100, "after": 125}}}}'
"""


def test_what_is_held_is_compared_with_what_was(tmp_path):
    done = bench("region", "--quick", "--workloads", "flat", "--build", install(tmp_path, FLAT),
                 "--json", tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    results = json.loads((tmp_path / "out.json").read_text())["results"]
    assert {(r["name"], r["ratio_median"], r["bar"] and r["bar"]["max"], r["met"])
            for r in results} == {("flat/64/cc", 1.25, 1.0, False),
                                  ("flat/64/glibc", 1.25, None, None)}


@pytest.mark.parametrize("script, words", [
    ("#!/bin/sh\necho its own words >&2\nexit 4\n", "its own words"),
    ("#!/bin/sh\necho nothing\n", "it gave no sample"),
])
def test_a_broken_program_ends_the_group(tmp_path, script, words):
    done = bench("region", "--quick", "--workloads", "copy", "--contestants", "cc", "--build",
                 install(tmp_path, script))
    assert done.returncode == 4
    assert done.stderr.startswith("ccmem: bench: copy-glibc") and words in done.stderr


# --- the programs


@pytest.fixture(scope="module")
def programs():
    micro.build(BUILD, [f"region_{name}" for name in TARGETS])
    return BUILD / "bench" / "region"


@pytest.mark.parametrize("workload, case, name", RUNS,
                         ids=[f"{case.case}-{name}" for _, case, name in RUNS])
def test_every_case_says_its_figure(programs, workload, case, name):
    figures = micro.figures(programs / f"{workload}-{name}", case.case, "--ops", "128")
    assert set(figures) == {"ns_per_op"}


def test_every_case_of_every_program_is_measured_or_said_not_to_be(programs):
    for workload, cases in region.CASES.items():
        listed = set(micro.cases(programs / f"{workload}-cc"))
        assert listed == {case.case for case in cases}


def test_held_memory_is_said_before_and_after(programs):
    for name in ("cc", "glibc"):
        assert set(micro.cases(programs / f"flat-{name}")) == {"flat-64", "flat-64-quick"}
        figures = micro.figures(programs / f"flat-{name}", "flat-64-quick")
        assert set(figures) == {"before", "after"}


def test_the_loops_in_rust_are_those_that_the_programs_call():
    """Each that a workload asks of a peer is exported, and no other."""
    source = (ROOT / "bench/region/rust/src/lib.rs").read_text()
    exported = set(re.findall(r"^    (\w+) = ", source, re.MULTILINE))
    wanted = set()
    for workload, case in CASES:
        loop = case.case.removeprefix("slab-").replace("-", "_")
        wanted |= {f"{peer.replace('-', '_')}_{loop}"
                   for peer in case.peers if peer in ("bumpalo", "rust-vec", "rust-slab")}
    assert exported == wanted


def test_without_cargo_it_says_what_to_install(tmp_path):
    cargo = tmp_path / "cargo"
    cargo.write_text("#!/bin/sh\necho no cargo here >&2\nexit 127\n")
    cargo.chmod(0o755)
    done = bench("region", "--quick", "--workloads", "slab", "--contestants", "rust-slab",
                 "--build", BUILD, env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 3 and "no cargo here" in done.stderr
    assert "./dev setup --bench" in done.stderr
