# SPDX-License-Identifier: MIT
"""--format pprof as Debian's `go tool pprof` reads it."""
import gzip
import os
import pty
import re
import subprocess

import pytest

from exporting import export, record_all, refused
from recording import CCMEM, environment, run

GO = "/usr/bin/go"
VALUES = {"alloc_objects": "alloc_count", "alloc_space": "alloc_bytes",
          "inuse_objects": "live_count", "inuse_space": "live_bytes",
          "peak_space": "bytes_at_peak"}


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    return record_all(tmp_path_factory.mktemp("traces"))


@pytest.fixture
def pprof(tmp_path):
    """Runs it over a file; what it says on standard output."""
    env = environment(HOME=tmp_path, PPROF_TMPDIR=tmp_path, GOFLAGS=None)

    def read(file, *options):
        done = run(GO, "tool", "pprof", "-symbolize=none", *options, file, env=env)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return read


@pytest.fixture
def exported(traces, tmp_path):
    def make(mode, *options):
        path = tmp_path / f"{mode}.pb.gz"
        path.write_bytes(export(traces[mode][0], "pprof", *options))
        return path
    return make


def section(raw, name):
    """The lines of one part of pprof -raw."""
    after = raw[raw.index(f"\n{name}\n") + len(name) + 2:]
    return re.split(r"^\w+$", after, maxsplit=1, flags=re.MULTILINE)[0].splitlines()


def samples(raw):
    """[(values, location ids)] of pprof -raw."""
    head, *lines = section(raw, "Samples:") if "\nSamples:\n" in raw else ([],)
    found = []
    for line in lines:
        match = re.fullmatch(r"\s+((?:\d+\s+)+?)?(\d+): ([\d ]+)", line)
        if match:
            values = [int(v) for v in (match[1] or "").split()] + [int(match[2])]
            found.append((values, [int(i) for i in match[3].split()]))
    return head, found


# --- figures ---

@pytest.mark.parametrize("mode", ["full", "sample", "places"])
def test_totals_are_those_of_json(traces, exported, pprof, mode):
    head, found = samples(pprof(exported(mode), "-raw"))
    assert head == "alloc_objects/count alloc_space/bytes inuse_objects/count " \
                   "inuse_space/bytes[dflt] peak_space/bytes"
    sites = traces[mode][1].sites
    for i, field in enumerate(VALUES.values()):
        assert sum(values[i] for values, _ in found) == sum(getattr(s, field) for s in sites), field
    assert len(found) == len([s for s in sites if any(getattr(s, f) for f in VALUES.values())])


@pytest.mark.parametrize("index, field", VALUES.items())
def test_top_names_the_functions_of_json(traces, exported, pprof, index, field):
    """By function, flat and cumulated, as the report has it."""
    flat, total = {}, {}
    for site in traces["places"][1].sites:
        value = getattr(site, field)
        names = site.functions
        if names and names[0]:
            flat[names[0]] = flat.get(names[0], 0) + value
        for name in {n for n in names if n}:
            total[name] = total.get(name, 0) + value
    unit = "-unit=" + ("count" if index.endswith("objects") else "b")
    top = pprof(exported("places"), "-top", "-nodecount=100000", "-nodefraction=0",
                f"-sample_index={index}", unit, "-cum")
    assert f"Type: {index}" in top
    found = {}
    for row in re.findall(r"^\s*(\d+)B?\s+\S+\s+\S+\s+(\d+)B?\s+\S+\s{2}(.+?)(?: \(inline\))?$", top,
                          re.MULTILINE):
        found[row[2]] = (int(row[0]), int(row[1]))
    named = {n: (flat.get(n, 0), value) for n, value in total.items() if value}
    assert named
    for name, (own, all_of_it) in named.items():
        shown = re.sub(r"\(.*\)", "", name) # pprof leaves arguments out
        same = [n for n in named if re.sub(r"\(.*\)", "", n) == shown]
        if len(same) == 1 and name in found:
            assert found[name] == (own, all_of_it), name
    assert len(set(found) & set(named)) >= 3


def test_the_default_is_what_is_in_use(exported, pprof):
    assert "Type: inuse_space" in pprof(exported("full"), "-top")


# --- places ---

def test_inlined_frames_are_lines_of_one_location(exported, pprof):
    """build() calls malloc in a function inlined into one inlined into it: 10 blocks of 48."""
    raw = pprof(exported("places"), "-raw")
    file = r"\S*truth_places\.cpp:\d+ s=0"
    found = re.search(rf"^ +(\d+): 0x[0-9a-f]+ M=1 inner {file}\n +middle {file}\n"
                      rf" +\(anonymous namespace\)::build\(\) {file}$", raw, re.MULTILINE)
    assert found
    values = [v for v, stack in samples(raw)[1] if stack[0] == int(found[1])]
    assert values == [[10, 480, 10, 480, 480]]


def test_addresses_are_those_of_the_calls(exported, pprof):
    """Inside of their mapping, and not where the call returns to."""
    raw = pprof(exported("places"), "-raw")
    mappings = {int(n): (int(a, 16), int(b, 16)) for n, a, b in re.findall(
        r"^(\d+): (0x[0-9a-f]+)/(0x[0-9a-f]+)/0x0 ", "\n".join(section(raw, "Mappings")),
        re.MULTILINE)}
    places = re.findall(r"^ +\d+: (0x[0-9a-f]+) M=(\d+)", raw, re.MULTILINE)
    assert len(places) > 5
    for address, mapping in places:
        start, end = mappings[int(mapping)]
        assert start <= int(address, 16) < end


def test_the_program_comes_first_with_its_build_id(traces, exported, pprof):
    first = section(pprof(exported("places"), "-raw"), "Mappings")[0]
    exe = traces["places"][1].program["exe"]
    notes = run("readelf", "-n", exe).stdout
    build_id = re.search(r"Build ID: ([0-9a-f]+)", notes)[1]
    assert f" {exe} {build_id} [FN]" in first
    assert re.search(r"\[FN\]\[FL\]\[LN\]", first)


def test_peek_follows_calls(exported, pprof):
    """Who calls a function, and how much of it is theirs: every block is taken for an exchange."""
    text = pprof(exported("full"), "-peek=^take$", "-sample_index=alloc_objects", "-unit=count")
    assert re.search(r"^ +8000 +100% \| +exchange$", text, re.MULTILINE), text


# --- about the run ---

def test_times_and_comments(traces, exported, pprof):
    report = traces["full"][1]
    raw = pprof(exported("full"), "-raw")
    assert "Comment: recorded with --mode full\n" in raw
    assert f"Comment: {' '.join(report.program['argv'])}\n" in raw
    assert "\nPeriod: 0\n" in raw
    assert f"\nTime: {report.start_time[:10]} {report.start_time[11:19]}" in raw
    assert "\nPeriodType:  \n" in raw
    shown = re.search(r"^Duration: ([\d.]+)(us|ms|s)\b", pprof(exported("full"), "-top"), re.MULTILINE)
    seconds = float(shown[1]) * {"us": 1e-6, "ms": 1e-3, "s": 1}[shown[2]]
    assert seconds == pytest.approx(report.duration_seconds, rel=0.01)


def test_a_sample_has_its_period(exported, pprof):
    raw = pprof(exported("sample"), "-raw")
    assert "PeriodType: space bytes\nPeriod: 1024\n" in raw
    assert "Comment: all values are estimates\n" in raw


def test_the_size_of_blocks_is_a_label(traces, exported, pprof):
    raw = pprof(exported("places"), "-raw")
    labels = sorted(int(n) for n in re.findall(r"^\s+bytes:\[(\d+) bytes\]$", raw, re.MULTILINE))
    assert labels == sorted(s.alloc_bytes // s.alloc_count for s in traces["places"][1].sites
                            if s.alloc_count)


# --- the file ---

def test_pprof_writes_the_same_again(exported, pprof, tmp_path):
    """Its own file of this one says the same: nothing was read otherwise than it was meant."""
    again = tmp_path / "again.pb.gz"
    pprof(exported("places"), "-proto", f"-output={again}")
    totals = [[sum(column) for column in zip(*(values for values, _ in
                                              samples(pprof(file, "-raw"))[1]))]
              for file in (exported("places"), again)]
    assert totals[0] == totals[1] and any(totals[0])


def test_the_same_trace_gives_the_same_file(traces):
    first, second = (export(traces["full"][0], "pprof") for _ in range(2))
    assert first == second
    assert first[4:8] == bytes(4) and gzip.decompress(first) # no time in the header


def test_a_terminal_is_spared(traces):
    leader, follower = pty.openpty()
    done = subprocess.run([CCMEM, "report", traces["full"][0], "--format", "pprof"],
                          stdout=follower, stderr=subprocess.PIPE, text=True)
    os.close(follower)
    os.close(leader)
    assert (done.returncode, done.stderr) == \
        (2, "ccmem: report: --format pprof: is not for a terminal; -o FILE\n")


def test_counts_have_no_stacks(traces):
    refused(run(CCMEM, "report", traces["count"][0], "--format", "pprof"), 2,
            "--format pprof: is of stacks, and --mode count records none; "
            "text, json, csv and prometheus have what was counted")
