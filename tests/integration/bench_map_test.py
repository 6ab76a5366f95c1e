# SPDX-License-Identifier: MIT
"""bench/groups/map.py: its bars and metrics with stand-ins for the programs, the programs
themselves, and the soak. Nothing here asserts how fast anything is."""
import re
import subprocess

import pytest

import benching
from benching import BUILD, ROOT, bench

from groups import map as group  # noqa: E402
from harness import micro  # noqa: E402

# Nothing but a C and a C++ compiler is needed to build these.
TARGETS = ("skipmap", "skipmap-keys", "bst", "bst-keys", "std", "std-keys")


# --- bars


def test_bars_are_those_of_the_group():
    bars = {size: {mix: {who: bound for who, bound in bounds.items() if bound}
                   for mix, bounds in mixes.items()} for size, mixes in group.BARS.items()}
    assert bars == {
        "10k": {"mixed-1": {"crossbeam": 1.0, "java": 1.5, "std": 0.75},
                "mixed-2": {"crossbeam": 1.3, "java": 1.5}},
        "1m": {"mixed-1": {"crossbeam": 1.0, "java": 2.0, "std": 0.75},
               "mixed-2": {"crossbeam": 1.1, "java": 2.0, "std": 2.4}}}


def test_keys_of_any_kind_are_judged_by_the_same_bars():
    for size in group.BARS:
        for mix in group.MIXES:
            numbers, keys = (group.WORKLOADS[f"{size}-{field}"].bars(mix)
                             for field in group.FIELDS)
            assert keys == {who + "-keys": group.with_suffix(bounds, "-keys")
                            for who, bounds in numbers.items()}


def test_whom_a_bar_names_takes_part():
    for size, mixes in group.BARS.items():
        for bounds in mixes.values():
            assert {*bounds} <= {*group.NUMBERS}
            assert {*group.with_suffix(bounds, group.KEYS)} <= {*group.OTHERS}


# --- the group with stand-ins, whose figures are known

SPEED = {"skipmap": 6, "crossbeam": 5, "std": 8, "java": 2, "bst": 7, "skipmap-keys": 4,
         "bst-keys": 5, "crossbeam-keys": 4}

# The second thread doubles everything.
STAND_IN = """#!/bin/sh
for case; do :; done
echo '{{"case": "'$case'", "figures": {{"mixed-1": {one}, "mixed-2": {two}, "reads-1": {one}, \
"reads-2": {two}, "replacing-1": {one}, "replacing-2": {two}}}}}'
"""


def install(build, names=SPEED, script=STAND_IN):
    return benching.install(build, "map", {
        f"map-{name}": script.format(one=SPEED[name], two=2 * SPEED[name]) for name in names})


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return benching.run_whole(install(tmp_path_factory.mktemp("map")), "map")


@pytest.mark.parametrize("name, baseline, ratio, bar, met", [
    ("10k/mixed-1/skipmap", "crossbeam", 1.2, {"min": 1.0}, True),
    ("10k/mixed-2/skipmap", "crossbeam", 1.2, {"min": 1.3}, False),
    ("1m/mixed-2/skipmap", "crossbeam", 1.2, {"min": 1.1}, True),
    ("10k/mixed-1/skipmap/java", "java", 3, {"min": 1.5}, True),
    ("1m/mixed-1/skipmap/std", "std", 0.75, {"min": 0.75}, True),
    ("1m/mixed-2/skipmap/std", "std", 0.75, {"min": 2.4}, False),
    ("10k/reads-2/bst", "crossbeam", 1.4, None, None),
    ("10k/mixed-1/skipmap-keys", "crossbeam-keys", 1.0, {"min": 1.0}, True),
    # Java's program is the same; it is told which keys to take.
    ("10k/mixed-1/skipmap-keys/java-keys", "java-keys", 2.0, {"min": 1.5}, True),
])
def test_rates_are_judged_by_the_bars(whole, name, baseline, ratio, bar, met):
    benching.check_rate(whole[0], name, baseline, ratio, bar, met)


def test_no_result_comes_twice_and_missing_peers_are_said(whole):
    benching.check_names(whole, ("tbb", "std-keys", "crossbeam-mimalloc"))


def test_java_is_told_which_keys_to_take(tmp_path):
    script = ("#!/bin/sh\n[ $# = 2 ] && [ $1 != keys ] && exit 3\n"
              + STAND_IN.removeprefix("#!/bin/sh\n"))
    install(tmp_path, ("crossbeam-keys", "java"), script)
    done = bench("map", "--quick", "--workloads", "10k-keys", "--contestants",
                 "crossbeam-keys,java-keys", "--build", tmp_path)
    assert done.returncode == 0 and "10k/mixed-1/java-keys" in done.stdout


# --- the programs


@pytest.fixture(scope="module")
def programs():
    micro.build(BUILD, [f"map_{name}" for name in TARGETS])
    return BUILD / "bench" / "map"


@pytest.mark.parametrize("case", ["10k-quick", "1m-quick"])
@pytest.mark.parametrize("name", TARGETS)
def test_every_mix_says_its_figure(programs, name, case):
    assert tuple(micro.figures(programs / f"map-{name}", case)) == group.MIXES


def test_every_size_has_its_cases(programs):
    assert {*micro.cases(programs / "map-skipmap")} == {
        size + quick for size in group.BARS for quick in ("", "-quick")}


def test_java_measures_the_same_mixes():
    java, c = ((ROOT / "bench/map" / file).read_text() for file in ("Maps.java", "map.c"))
    mix = r'"([a-z]+-\d)", (\d), (\d+), (true|false)'
    assert re.findall(mix, java) == re.findall(mix, c)


def test_what_rust_exports_is_what_the_programs_call():
    source = (ROOT / "bench/crossbeam/src/map.rs").read_text()
    exported = set(re.findall(r'extern "C" fn (\w+)', source))
    header = (ROOT / "bench/map/maps.h").read_text()
    operations = set(re.findall(r"CROSSBEAM\((\w+)\)\((?:const )?void", header))
    assert exported == {f"crossbeam_{kind}_{operation}"
                        for kind in ("numbers", "keys") for operation in operations}


# --- the soak


@pytest.mark.parametrize("name", ["skipmap", "bst"])
def test_a_soak_ends_well(name):
    micro.build(BUILD, [f"map_soak-{name}"])
    done = subprocess.run([BUILD / "bench/map" / f"soak-{name}", "300000", "7"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\d+ operations in \d+ rounds, seed 7: no difference\n", done.stdout)


def test_the_group_runs_both_soaks(tmp_path):
    benching.install(tmp_path, "map", {
        f"soak-{name}": f"#!/bin/sh\necho {name} $1\nexit {status}\n"
        for name, status in (("skipmap", 0), ("bst", 1))})
    done = bench("map", "--soak", "5s", "--build", tmp_path)
    assert done.returncode == 1 and done.stdout == "skipmap 5s\nbst 5s\n"
