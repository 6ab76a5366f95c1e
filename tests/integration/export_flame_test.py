# SPDX-License-Identifier: MIT
"""--format collapsed and speedscope, read by speedscope's own importer and by its schema."""
import json
import pathlib

import jsonschema
import pytest

from exporting import export, record_all, refused
from recording import CCMEM, run

NPM = pathlib.Path(__file__).parents[1] / "npm"
SCHEMA = NPM / "node_modules/speedscope/dist/release/file-format-schema.json"
PROFILES = {"allocated": "alloc_bytes", "held at the peak": "bytes_at_peak",
            "not freed": "leaked_bytes"}


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    return record_all(tmp_path_factory.mktemp("traces"))


@pytest.fixture
def imported(tmp_path):
    """What speedscope makes of these bytes."""
    def read(data, name):
        assert SCHEMA.exists(), "npm packages are missing: ./dev setup"
        (tmp_path / name).write_bytes(data)
        done = run("node", NPM / "read-speedscope.mjs", tmp_path / name)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return read


def by_name(frames):
    """{name: (self, total)}; frames of a name are added up."""
    found = {}
    for frame in frames:
        own, total = found.get(frame["name"], (0, 0))
        found[frame["name"]] = (own + frame["self"], total + frame["total"])
    return found


def innermost(report, field):
    """{function: its own} of the stacks that begin with a named function."""
    own = {}
    for site in report.sites:
        if site.functions and site.functions[0]:
            own[site.functions[0]] = own.get(site.functions[0], 0) + getattr(site, field)
    return {name: value for name, value in own.items() if value}


def stacks(text):
    return [(line.rsplit(" ", 1)[0].split(";"), int(line.rsplit(" ", 1)[1]))
            for line in text.splitlines()]


def name(frame):
    module = pathlib.Path(frame["module"]).name if frame["module"] else None
    shown = frame["function"] or (f"{module}+{frame['offset']}" if module else frame["offset"])
    return shown.replace(";", ":")


# --- collapsed ---

@pytest.mark.parametrize("mode", ["full", "sample", "places"])
def test_a_line_is_a_site_from_its_root(traces, mode):
    trace, report = traces[mode]
    expected = [([name(f) for f in reversed(s.frames)], s.bytes_at_peak)
                for s in report.sites if s.bytes_at_peak]
    found = stacks(export(trace, "collapsed").decode())
    assert [(len(a), v) for a, v in found] == [(len(a), v) for a, v in expected]
    assert [[f.replace("_", " ") for f in a] for a, _ in found] == \
        [[f.replace("_", " ") for f in a] for a, _ in expected]
    assert sum(v for _, v in found) == (report.peak_allocated if mode != "sample" else
                                        sum(s.bytes_at_peak for s in report.sites))


@pytest.mark.parametrize("leaf, value, expected", [
    ("build();middle;inner", "leaked_bytes", 480), ("build();middle;inner", "alloc_count", 10),
    ("Node,_3>()", "alloc_bytes", 2880), ("Node,_3>()", "temporary_count", 20),
    ("Node,_3>()", "leaked_bytes", 0), ("lambda(int)#1}::operator()(int) const", "alloc_bytes", 500),
    ("two_lines(std::vector<void*, std::allocator<void*> >&)", "bytes_at_peak", 15000)])
def test_known_places_have_their_known_values(traces, leaf, value, expected):
    text = export(traces["places"][0], "collapsed", "--value", value).decode()
    found = [int(n) for stack, n in (line.rsplit(" ", 1) for line in text.splitlines())
             if stack.endswith(leaf)]
    assert sum(found) == expected
    assert all(";main;(anonymous namespace)::run();" in line for line in text.splitlines()
               if leaf in line)


@pytest.mark.parametrize("value", ["alloc_bytes", "alloc_count", "live_bytes", "leaked_bytes",
                                   "temporary_count", "realloc_count"])
def test_a_value_is_a_figure_of_the_site(traces, value):
    trace, report = traces["places"]
    found = stacks(export(trace, "collapsed", "--value", value).decode())
    assert [v for _, v in found] == [getattr(s, value) for s in report.sites
                                     if getattr(s, value)]


def test_speedscope_reads_collapsed_stacks(traces, imported):
    trace, report = traces["places"]
    read = imported(export(trace, "collapsed"), "stacks.txt")["profiles"]
    assert len(read) == 1 and read[0]["weight"] == report.peak_allocated
    found = by_name(read[0]["frames"])
    own = innermost(report, "bytes_at_peak")
    assert own
    for function, value in own.items():
        if " " not in function:
            assert found[function.replace(";", ":")][0] == value


def test_what_collapsed_does_not_take(traces):
    def collapsed(mode, *options):
        return run(CCMEM, "report", traces[mode][0], "--format", "collapsed", *options)
    refused(collapsed("full", "--value", "alloc_byte"), 2,
            "--value: 'alloc_byte': no such one; alloc_bytes is one")
    refused(collapsed("sample", "--value", "temporary_count"), 2, "--value: not known of a sample")
    refused(run(CCMEM, "report", traces["full"][0], "--value", "alloc_bytes"), 2,
            "--value: goes with --format collapsed")
    refused(collapsed("count"), 2,
            "--format collapsed: is of stacks, and --mode count records none; "
            "text, json, csv and prometheus have what was counted")


# --- speedscope ---

@pytest.mark.parametrize("mode", ["full", "sample", "places"])
def test_the_file_is_what_the_schema_wants(traces, mode):
    schema = json.loads(SCHEMA.read_text())
    data = json.loads(export(traces[mode][0], "speedscope"))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(data, schema)
    assert data["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    del data["profiles"][0]["weights"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema)


@pytest.mark.parametrize("mode", ["full", "sample", "places"])
def test_speedscope_reads_the_three_profiles(traces, imported, mode):
    trace, report = traces[mode]
    read = imported(export(trace, "speedscope"), "profile.json")
    assert read["name"] == " ".join(report.program["argv"])
    assert [p["name"] for p in read["profiles"]] == list(PROFILES)
    assert read["profiles"][read["shown"]]["name"] == "held at the peak"
    for profile in read["profiles"]:
        field = PROFILES[profile["name"]]
        assert profile["unit"] == "bytes"
        assert profile["weight"] == sum(getattr(s, field) for s in report.sites)
        found = by_name(profile["frames"])
        for function, value in innermost(report, field).items():
            assert found[function][0] == value


def test_a_function_is_one_frame_wherever_it_calls(traces):
    data = json.loads(export(traces["places"][0], "speedscope"))
    frames = [(f["name"], f.get("file")) for f in data["shared"]["frames"]]
    assert len(frames) == len(set(frames))
    lines = {(f["function"], f["line"]) for s in traces["places"][1].sites for f in s.frames}
    assert len(lines) > len({function for function, _ in lines})


# --- all of them ---

@pytest.mark.parametrize("form", ["csv", "prometheus", "pprof", "collapsed", "speedscope"])
def test_damaged_and_foreign_traces(traces, tmp_path, form):
    bad, options = tmp_path / "bad.ccm", ["--table", "sites"] if form == "csv" else []
    bad.write_bytes(b"no trace" * 1000)
    done = run(CCMEM, "report", bad, "--format", form, *options, "-o", tmp_path / "out")
    assert done.returncode == 3 and done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"ccmem: report: {bad}: ")
    assert not (tmp_path / "out").exists()
    whole = traces["full"][0].read_bytes()
    bad.write_bytes(whole[:len(whole) // 2]) # what is whole of it
    done = run(CCMEM, "report", bad, "--format", form, *options, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out").stat().st_size > 0


@pytest.mark.parametrize("form", ["prometheus", "pprof", "collapsed", "speedscope"])
def test_a_full_disk_is_a_failure(traces, form):
    refused(run(CCMEM, "report", traces["full"][0], "--format", form, "-o", "/dev/full"), 4,
            "/dev/full: No space left on device")


@pytest.mark.parametrize("form", ["prometheus", "collapsed", "speedscope"])
def test_the_same_trace_gives_the_same_text(traces, form):
    assert export(traces["places"][0], form) == export(traces["places"][0], form)


def test_a_range_is_in_every_format(traces):
    trace, report = traces["full"]
    half = ["--from", f"{report.duration_seconds / 2:.9f}"]
    of_half = json.loads(export(trace, "json", *half))
    found = stacks(export(trace, "collapsed", "--value", "alloc_bytes", *half).decode())
    assert sum(v for _, v in found) == of_half["alloc_bytes"] < report.alloc_bytes
    profiles = json.loads(export(trace, "speedscope", *half))["profiles"]
    assert sum(profiles[0]["weights"]) == of_half["alloc_bytes"]
