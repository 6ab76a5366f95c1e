# SPDX-License-Identifier: MIT
"""`ccmem diff`: what changed between two runs of programs that differ by known amounts, which sites
are the same, and gates as a build would use them."""
import json
import os
import shutil
import subprocess

import pytest
import yaml

from recording import (CCMEM, MODES, PROGRAMS, PROJECT, SOURCES, compile_program, environment,
                       profile as record, run)

VARIANTS = {
    "plain": (),
    "more": ("-DNODES=1500", "-DNEW_WAY"),
    "moved": ("-DMOVED",),
    "renamed": ("-DRENAMED",),
    "inlined": ("-DINLINED",),
    "fixed": ("-no-pie",),
    "optimised": ("-O2",),
}


@pytest.fixture(scope="module")
def folder(built, tmp_path_factory):
    return tmp_path_factory.mktemp("diff")


@pytest.fixture(scope="module")
def build(folder):
    """A variant of truth_diff as a program of its own."""
    def make(name):
        place = folder / name
        if not place.exists():
            place.mkdir()
            compile_program(place, SOURCES / "truth_diff.c", "-O1", *VARIANTS[name])
        return place / "truth_diff"
    return make


@pytest.fixture(scope="module")
def trace(folder, build):
    """The trace of a variant, in a mode."""
    def make(name, mode="full", **changes):
        path = folder / f"{name}-{mode}-{'-'.join(map(str, changes.values()))}.ccm"
        if not path.exists():
            record(folder, build(name), name=path.stem, changes=changes,
                   options=["--mode", mode, *(("--interval", 2048) if mode == "sample" else ())])
        return path
    return make


def diff(old, new, *options, **more):
    return run(CCMEM, "diff", old, new, *options, **more)


class Difference:
    """A ccmem-diff/1."""

    def __init__(self, old, new, *options):
        done = diff(old, new, "--format", "json", *options)
        assert done.returncode == 0, done.stderr
        self.__dict__.update(json.loads(done.stdout))
        self.by_name = {site["names"][0]: site for site in self.sites}

    def changes(self):
        return {name: site["change"] for name, site in self.by_name.items()}

    def counts(self):
        return {change: n for change, n in self.site_changes.items() if n}


def values(change):
    return change["old"], change["new"]


# --- known amounts ---

def test_a_trace_against_itself_is_empty(trace):
    d = Difference(trace("plain"), trace("plain"))
    assert d.sites == [] and d.counts() == {"same": 4}
    assert not any(f["significant"] for f in d.fields.values())
    known = [name for name, f in d.fields.items() if f["old"] is not None]
    assert len(known) > 30
    for first in range(0, len(known), 8):
        gates = [g for name in known[first:first + 8]
                 for g in ("--fail-if", f"{name}!=+0", "--fail-if", f"{name}>+0%")]
        done = diff(trace("plain"), trace("plain"), *gates)
        assert (done.returncode, done.stderr) == (0, ""), gates


def test_sites_grew_appeared_and_vanished(trace):
    d = Difference(trace("plain"), trace("more"))
    assert d.changes() == {"make_node": "grew", "copy_name": "grew", "cache_entry": "appeared",
                           "old_way": "vanished"}
    assert d.counts() == {"grew": 2, "appeared": 1, "vanished": 1, "same": 1}
    node, name = d.by_name["make_node"], d.by_name["copy_name"]
    assert values(node["alloc_count"]) == (1000, 1500)
    assert values(node["alloc_bytes"]) == (48000, 72000)
    assert values(node["leaked_bytes"]) == (24000, 36000)
    assert node["leaked_bytes"]["change_pct"] == 50
    assert values(name["temporary_count"]) == (1000, 1500)
    assert not name["leaked_bytes"]["significant"]
    assert values(d.by_name["cache_entry"]["bytes_at_peak"]) == (0, 409600)
    assert values(d.by_name["old_way"]["alloc_bytes"]) == (5120, 0)
    assert values(d.fields["alloc_count"]) == (2011, 3101)
    assert values(d.fields["leaked_bytes"]) == (24000, 445600)
    assert d.fields["peak_allocated"]["change"] == sum(
        s["bytes_at_peak"]["change"] for s in d.sites)


def test_the_other_way_round_is_the_opposite(trace):
    there, back = (Difference(trace(a), trace(b)) for a, b in (("plain", "more"),
                                                               ("more", "plain")))
    assert {n: f["change"] for n, f in there.fields.items()} == {
        n: f["change"] and -f["change"] for n, f in back.fields.items()}
    opposite = {"grew": "shrank", "appeared": "vanished", "vanished": "appeared"}
    assert back.changes() == {n: opposite[c] for n, c in there.changes().items()}


def sites_of(path):
    report = json.loads(run(CCMEM, "report", path, "--format", "json").stdout)
    return {site["id"]: site for site in report["sites"]}


@pytest.mark.parametrize("mode", ["full", "sample"])
def test_sites_are_those_of_the_reports(trace, mode):
    """By their numbers, with their figures: null where the report does not know them."""
    paths = trace("plain"), trace("more", mode, **({"CCMEM_SEED": 1} if mode == "sample" else {}))
    reports = [sites_of(path) for path in paths]
    d = Difference(*paths)
    assert d.sites
    for site in d.sites:
        for side, numbers, report in zip(("old", "new"), (site["old_sites"], site["new_sites"]),
                                         reports):
            for name, figure in site.items():
                if not isinstance(figure, dict) or not numbers:
                    continue
                parts = [report[n][name] for n in numbers]
                assert figure[side] == (None if None in parts else sum(parts)), (site, name)


# --- the same site ---

@pytest.mark.parametrize("variant", ["moved", "inlined", "fixed", "optimised"])
def test_lines_inlining_and_addresses_do_not_matter(trace, variant):
    d = Difference(trace("plain"), trace(variant))
    assert d.sites == [] and d.counts() == {"same": 4}


def test_a_renamed_function_vanishes_and_appears(trace):
    d = Difference(trace("plain"), trace("renamed"))
    assert d.changes() == {"make_node": "vanished", "build_node": "appeared"}
    old, new = d.by_name["make_node"], d.by_name["build_node"]
    assert old["alloc_bytes"]["old"] == new["alloc_bytes"]["new"] == 48000
    assert not d.fields["alloc_bytes"]["significant"]


def stripped(folder, program):
    copy = folder / f"{program.parent.name}.stripped"
    run("strip", "-o", copy, program)
    record(folder, copy, name=copy.name)
    return folder / f"{copy.name}.ccm"


def test_a_stripped_program_is_the_same(folder, trace, build):
    """It is the same build: the addresses say so, where names cannot."""
    d = Difference(trace("plain"), stripped(folder, build("plain")))
    assert d.sites == [] and d.counts() == {"same": 4} and d.modules_without_names == []


def test_other_builds_without_names_meet_as_a_whole(folder, build):
    old, new = stripped(folder, build("plain")), stripped(folder, build("more"))
    d = Difference(old, new)
    assert d.changes() == {"[program]": "grew"} and d.modules_without_names == ["program"]
    assert values(d.by_name["[program]"]["alloc_count"]) == (2011, 3101)
    text = diff(old, new).stdout
    assert "functions not told apart, names are missing: program" in text
    assert " [program]\n" in text and "cache_entry" not in text


def test_a_program_that_was_rebuilt_in_its_place(folder, build):
    """The old names are gone: nothing is guessed, and a gate on a site is not passed."""
    program = folder / "rebuilt"
    shutil.copy(build("plain"), program)
    record(folder, program, name="before")
    shutil.copy(build("more"), program)
    record(folder, program, name="after")
    done = diff(folder / "before.ccm", folder / "after.ccm", "--format", "json",
                "--fail-if", "site:cache_entry:alloc_count>0")
    assert done.returncode == 3
    assert "its functions stay unnamed" in done.stderr
    assert "cannot be decided: no function in OLD has a name" in done.stderr
    d = json.loads(done.stdout)
    assert [(s["names"], s["change"]) for s in d["sites"]] == [(["[program]"], "grew")]


def test_a_real_program_twice(folder):
    work = "create table t(a,b); insert into t select value, hex(value) " \
           "from generate_series(1,5000); create index i on t(b); select count(*) from t;"
    for name in ("first", "second"):
        record(folder, "sqlite3", ":memory:", work, name=name)
    d = Difference(folder / "first.ccm", folder / "second.ccm")
    assert d.sites == [] and d.counts().keys() == {"same"} and d.site_changes["same"] > 50


# --- samples ---

def test_samples_of_one_program_hardly_ever_differ(trace):
    """Twenty pairs, each with its own seeds: nearly every site looks different, none is called so."""
    seen, called, failed = 0, 0, 0
    for seed in range(1, 41, 2):
        old, new = (trace("plain", "sample", CCMEM_SEED=s) for s in (seed, seed + 1))
        d = Difference(old, new)
        seen += d.site_changes["not_significant"]
        called += len(d.sites)
        failed += diff(old, new, "--fail-if", "peak_allocated>+0").returncode == 1
    assert seen > 20 and called <= 2 and failed <= 2


def test_samples_show_what_changed_much(trace):
    for seed in (1, 2, 3):
        old, new = (trace(v, "sample", CCMEM_SEED=seed) for v in ("plain", "more"))
        d = Difference(old, new)
        assert d.changes()["cache_entry"] == "appeared"
        peak = d.fields["peak_allocated"]
        assert peak["significant"]
        assert peak["change_ci"][0] <= 449696 - 28608 <= peak["change_ci"][1]
        done = diff(old, new, "--fail-if", "peak_allocated>+5%", "--fail-if", "peak_allocated<+5%")
        assert done.returncode == 1 and done.stderr.count("\n") == 1


def test_a_sample_against_all(trace):
    d = Difference(trace("plain"), trace("more", "sample", CCMEM_SEED=1))
    assert d.changes()["cache_entry"] == "appeared"
    assert values(d.fields["alloc_count"]) == (2011, 3101)
    assert "change_ci" not in d.fields["alloc_count"] and d.fields["temporary_count"]["new"] is None


# --- gates ---

def gate(trace, *gates, old="plain", new="more", mode="full"):
    options = [option for g in gates for option in ("--fail-if", g)]
    done = diff(trace(old), trace(new, mode), *options)
    return done.returncode, done.stderr


def test_a_failed_gate_says_the_values(trace):
    assert gate(trace, "peak_allocated>+5%", "leaked_bytes>1MiB", "alloc_count > +1000") == (
        1, "ccmem: diff: peak_allocated>+5%: 439 KiB (449696 B), was 27.9 KiB (28608 B), "
           "+1471.9 %\n"
           "ccmem: diff: alloc_count > +1000: 3,101, was 2,011, +54.2 %\n")
    assert gate(trace, "alloc_count>+1090", "alloc_count>3101", "leaked_bytes>445600") == (0, "")
    assert gate(trace, "alloc_count>=+1090")[0] == 1
    assert gate(trace, "peak_allocated<=439.15625KiB")[0] == 1
    assert gate(trace, "peak_allocated>439.15625KiB") == (0, "")


def test_gates_on_sites(trace):
    assert gate(trace, "site:make_node:alloc_count>+499")[0] == 1
    assert gate(trace, "site:make_node:alloc_count>+500") == (0, "")
    assert gate(trace, "site:add_node:alloc_count>+1000") == (0, "")  # what it calls, too
    assert gate(trace, "site:*_node:alloc_count>+999")[0] == 1
    assert gate(trace, "site:cache_*:bytes_at_peak>400KiB") == (0, "")
    assert gate(trace, "site:cache_*:bytes_at_peak>399KiB") == (
        1, "ccmem: diff: site:cache_*:bytes_at_peak>399KiB: 400 KiB (409600 B), was 0 B\n")
    assert gate(trace, "site:nobody:alloc_count>0") == (
        0, "ccmem: diff: site:nobody:alloc_count>0: 0, was 0; no site is like it\n")
    assert gate(trace, "site_changes.appeared>0") == (
        1, "ccmem: diff: site_changes.appeared>0: 1\n")
    assert gate(trace, "site_changes.appeared>1", "site_changes.shrank>0") == (0, "")


def test_a_gate_that_cannot_be_decided_is_not_passed(trace):
    assert gate(trace, "peak_allocated>+5%", mode="count") == (
        3, "ccmem: diff: peak_allocated>+5%: cannot be decided: not known in NEW\n")
    assert gate(trace, "alloc_count>+5000", mode="count") == (0, "")
    assert gate(trace, "program.signal!=0")[0] == 3
    status, messages = gate(trace, "site_changes.grew>0", "alloc_count>+0", mode="count")
    assert status == 1 and messages.count("\n") == 2  # one failed for sure


def test_a_run_that_is_not_whole_proves_nothing(folder, trace):
    whole = folder / "whole.ccm"
    record(folder, PROGRAMS / "truth_threads", "exchange", 4, 10000, name="whole")
    part = folder / "part.ccm"
    part.write_bytes(whole.read_bytes()[:whole.stat().st_size // 2])
    done = diff(whole, part, "--fail-if", "alloc_count>+1000000")
    assert done.returncode == 3
    assert done.stderr == ("ccmem: diff: alloc_count>+1000000: cannot be decided: "
                           "events are missing in NEW\n")
    assert ", others are missing" in done.stdout
    assert diff(whole, part).returncode == 0


def test_options(trace, golden):
    old, new = trace("plain"), trace("more")
    text = []
    for line in (("--help",), (), (old,), (old, new, new), (old, new, "--format", "xml"),
                 (old, new, "--fail-iff", "x"), (old, new, "--fail-if"),
                 *((old, new, "--fail-if", g) for g in (
                     "", "peak_alocated>5", "peak>5", "zzz>5", "peak_allocated", "peak_allocated>",
                     "peak_allocated>5%", "peak_allocated>+5 %x", "alloc_count>1MiB",
                     "site:f>5", "site:f:alloc_conut>5", "site:f:size>5",
                     "site_changes.apeared>0", "site_changes.zzz>0", "site_changes.grew>+1"))):
        done = run(CCMEM, "diff", *line)
        words = " ".join(f"'{w}'" if " " in str(w) or not str(w) else str(w) for w in line)
        text.append(f"$ ccmem diff {words}\n{done.stdout}{done.stderr}[{done.returncode}]\n")
    golden("diff_options", "\n".join(text).replace(str(old), "OLD").replace(str(new), "NEW"))


def numbers_of(report, prefix=""):
    """The paths of a report's single numbers, and of its nulls."""
    for name, value in report.items():
        if isinstance(value, dict) and name != "buckets":
            yield from numbers_of(value, f"{prefix}{name}.")
        elif value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
            yield prefix + name, value is not None


def test_every_number_of_a_report_is_a_field(trace):
    """And every field is a number of a report, and has its value."""
    paths, numbers = set(), set()
    for mode in MODES:
        report = json.loads(run(CCMEM, "report", trace("more", mode), "--format", "json").stdout)
        found = dict(numbers_of(report))
        paths |= found.keys()
        numbers |= {name for name, is_number in found.items() if is_number}
        fields = Difference(trace("more", mode), trace("more", mode)).fields
        for name, field in fields.items():
            value = report
            for part in name.split("."):
                value = value[part]
            assert field["new"] == pytest.approx(value, rel=1e-9), (mode, name)
    assert numbers - fields.keys() == {"program.pid", "program.ppid"}
    assert fields.keys() <= paths


def test_leaks_that_are_suppressed(folder, trace):
    """As in a report, in both runs."""
    patterns = folder / "patterns"
    patterns.write_text("leak:make_node\n")
    d = Difference(trace("plain"), trace("more"), "--suppress", patterns)
    assert values(d.fields["leaked_bytes"]) == (0, 409600)
    assert values(d.fields["suppressed_bytes"]) == (24000, 36000)
    assert values(d.by_name["make_node"]["leaked_bytes"]) == (0, 0)
    patterns.write_text("nonsense\n")
    done = diff(trace("plain"), trace("more"), "--suppress", patterns)
    assert done.returncode == 3 and done.stderr.startswith(f"ccmem: diff: {patterns}: line 1 ")


# --- inputs and outputs ---

def test_traces_that_are_none(folder, trace):
    (folder / "text.ccm").write_text("not a trace\n" * 1000)
    for old, new, why in ((trace("plain"), folder / "missing.ccm", "No such file or directory"),
                          (folder / "text.ccm", trace("plain"), "not a ccmem trace")):
        done = diff(old, new)
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.startswith("ccmem: diff: ") and why in done.stderr
        assert done.stderr.count("\n") == 1


def test_any_byte_may_be_wrong(folder, trace):
    data = bytearray(trace("more").read_bytes())
    damaged = folder / "damaged.ccm"
    for at in list(range(0, 112, 8)) + list(range(4096, len(data), len(data) // 20)):
        damaged.write_bytes(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1:])
        done = diff(trace("plain"), damaged, "-q", "--fail-if", "site:cache_*:alloc_count>0")
        assert done.returncode in (0, 1, 3), (at, done.returncode, done.stderr)


def test_half_a_result_is_no_success(trace):
    with open("/dev/full", "w") as full:
        done = subprocess.run([CCMEM, "diff", trace("plain"), trace("more"),
                               "--fail-if", "alloc_count>0"], stdout=full,
                              stderr=subprocess.PIPE, text=True, env=environment())
    assert (done.returncode, done.stderr) == (
        4, "ccmem: diff: standard output: No space left on device\n")


def test_text_fits_into_80_columns(folder, trace):
    record(folder, PROGRAMS / "truth_cpp", "operators", name="cpp")
    for done in (diff(trace("plain"), folder / "cpp.ccm"),
                 diff(trace("plain"), trace("more"), "--fail-if", "peak_allocated>+5%"),
                 diff(trace("plain"), trace("more", "sample", CCMEM_SEED=1),
                      env=environment(LC_ALL="C"))):
        lines = done.stdout.splitlines()
        assert max(map(len, lines)) <= 80
        assert all(line == line.rstrip() for line in lines)
        assert "\033" not in done.stdout
    assert done.stdout.isascii()


def test_top_limits_each_order(trace):
    text = diff(trace("plain"), trace("more"), "--top", 1).stdout
    assert text.count("cache_entry") == 3 and "old_way" not in text
    assert "  and at 2 other sites\n" in text
    assert {s["names"][0] for s in Difference(trace("plain"), trace("more"), "--top", 1).sites} == {
        "cache_entry", "make_node", "copy_name"}


# --- the examples ---

@pytest.fixture
def checkout(tmp_path, build):
    """What a job has: the sources of two versions, each with a Makefile and the script."""
    def make(new):
        for side, variant in (("old", "plain"), ("new", new)):
            place = tmp_path / side
            (place / "ci").mkdir(parents=True)
            shutil.copy(PROJECT / "examples/ci/memory-gate.sh", place / "ci")
            flags = " ".join(("-g", "-O1", "-fno-builtin", *VARIANTS[variant]))
            source = SOURCES / "truth_diff.c"
            (place / "Makefile").write_text(f"app:\n\t$(CC) {flags} -o $@ {source}\n")
        return tmp_path
    return make


def in_job(folder, script):
    env = environment(PATH=f"{CCMEM.parent}:{os.environ['PATH']}")
    return run("bash", "-e", "-o", "pipefail", "-c", script, cwd=folder, env=env)


def steps():
    """The commands of the example workflow, but for those that install something."""
    job = yaml.safe_load((PROJECT / "examples/ci/github-actions.yml").read_text())["jobs"]["memory"]
    return [s["run"] for s in job["steps"] if "run" in s and not s["name"].startswith("Install")]


@pytest.mark.parametrize("new, status", [("plain", 0), ("moved", 0), ("more", 1)])
def test_the_example_workflow(checkout, new, status):
    folder = checkout(new)
    *before, last = steps()
    for script in before:
        assert in_job(folder, script).returncode == 0
    done = in_job(folder, last)
    assert done.returncode == status, done.stdout + done.stderr
    assert sorted(os.listdir(folder / "memory-gate")) == ["new.ccm", "new.out", "old.ccm", "old.out"]
    if status:
        assert "cache_entry" in done.stdout
        assert "ccmem: diff: leaked_bytes > +0: " in done.stderr


def test_the_example_script(checkout):
    folder = checkout("plain")
    script = "new/ci/memory-gate.sh"
    done = in_job(folder, f"{script} /bin/true /bin/false")
    assert done.returncode == 1 and done.stderr == ""  # the program's own status
    done = in_job(folder, f"{script} /bin/true")
    assert done.returncode == 2 and done.stderr.startswith("usage: ")
    done = in_job(folder, f"{script} sqlite3 sqlite3 :memory: 'select 1'")
    assert done.returncode == 0 and (folder / "memory-gate/new.out").read_text() == "1\n"
