# SPDX-License-Identifier: MIT
"""--format csv: loads into SQLite, says what JSON says, and whole or not at all."""
import csv
import io
import json
import os
import re
import sqlite3
import subprocess

import pytest

from exporting import export, record_all, refused
from recording import CCMEM, PROJECT, run

TABLES = ["summary", "sites", "stacks", "frames", "threads", "sizes", "hot_sizes", "timeline",
          "latency", "lifetimes", "flow", "leaks", "findings", "warnings"]


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    return record_all(tmp_path_factory.mktemp("traces"))


@pytest.fixture(scope="module", params=["full", "sample", "count", "places"])
def mode(request):
    return request.param


@pytest.fixture(scope="module")
def folder(traces, mode, tmp_path_factory):
    out = tmp_path_factory.mktemp(mode) / "csv"
    done = run(CCMEM, "report", traces[mode][0], "--format", "csv", "-o", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return out


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def table(folder, name):
    return rows((folder / f"{name}.csv").read_bytes().decode("utf-8"))


def number(cell):
    return None if cell == "" else float(cell)


def flattened(fields, prefix=""):
    """The fields of a JSON report as the summary names them, objects within by a dot."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


# --- the tables ---

def test_a_folder_holds_every_table_and_nothing_else(folder):
    assert sorted(os.listdir(folder)) == sorted(f"{name}.csv" for name in TABLES)
    for name in TABLES:
        text = (folder / f"{name}.csv").read_bytes().decode("utf-8")
        assert text.endswith("\r\n") and text.count("\n") == text.count("\r\n")
        assert len({len(row) for row in csv.reader(io.StringIO(text, newline=""))}) == 1


def test_one_table_is_the_file_of_the_folder(traces, mode, folder):
    for name in TABLES:
        assert export(traces[mode][0], "csv", "--table", name) == \
            (folder / f"{name}.csv").read_bytes()


def test_the_summary_is_that_of_json(traces, mode, folder):
    """Every number of the JSON report's top, and none that is not there."""
    report = vars(traces[mode][1])
    known = dict(flattened({k: v for k, v in report.items() if k != "size_histogram"}))
    known |= {f"size_histogram.{k}": report["size_histogram"][k]
              for k in ("total_count", "total_bytes")}
    summary = {row["figure"]: row for row in table(folder, "summary")}
    for name, row in summary.items():
        if name in ("program.command", "estimated"):
            continue
        if isinstance(known[name], str):
            assert row["value"] == known[name]
        else:
            assert number(row["value"]) == pytest.approx(known[name], rel=1e-9)
        if f"{name}_ci" in known:
            assert [float(row["value_lo"]), float(row["value_hi"])] == known[f"{name}_ci"]
    numbers = {name for name, value in known.items()
               if isinstance(value, (int, float)) and not isinstance(value, bool)}
    assert numbers <= set(summary)


def test_sites_are_those_of_json(traces, mode, folder):
    found = {int(row["site"]): row for row in table(folder, "sites")}
    sites = traces[mode][1].sites
    assert sorted(found) == [s.id for s in sites]
    for site in sites:
        row = found[site.id]
        for name, value in vars(site).items():
            if name.endswith("_ci"):
                assert [float(row[f"{name[:-3]}_{end}"]) for end in ("lo", "hi")] == value
            elif isinstance(value, (int, float)) and name not in ("id", "estimated"):
                assert float(row[name]) == value, name
            elif value is None:
                assert row[name] == "", name
        assert (number(row["size_min"]), number(row["size_max"])) == \
            (site.sizes["min"], site.sizes["max"])
        assert row["suppressed_by"] == (site.suppressed_by or "")
        assert (int(row["short_count"]), int(row["long_count"])) == \
            (site.lifetimes["short"], site.lifetimes["long"])


def frame_of(row):
    """A row of frames, as the JSON report has it."""
    return {"function": row["function"] or None, "file": row["file"] or None,
            "line": int(row["line"]) if row["line"] else None, "module": row["module"] or None,
            "inlined": row["inlined"] == "1", "offset": row["offset"]}


def test_stacks_are_those_of_json(traces, mode, folder):
    """Callers stand before what they call."""
    frames = {row["frame"]: frame_of(row) for row in table(folder, "frames")}
    stacks = {"": []}
    for row in table(folder, "stacks"):
        assert row["stack"] not in stacks
        stacks[row["stack"]] = [frames[row["frame"]], *stacks[row["parent"]]]
    found = {int(row["site"]): stacks[row["stack"]] for row in table(folder, "sites")}
    assert found == {s.id: s.frames for s in traces[mode][1].sites}
    if mode == "places":
        assert any(f["inlined"] for frames in found.values() for f in frames)


def test_each_frame_and_each_call_is_there_once(folder):
    frames, stacks = table(folder, "frames"), table(folder, "stacks")
    assert len({tuple(frame_of(row).values()) for row in frames}) == len(frames)
    assert [int(row["frame"]) for row in frames] == list(range(len(frames)))
    assert len({(row["parent"], row["frame"]) for row in stacks}) == len(stacks)
    assert {row["frame"] for row in stacks} == {row["frame"] for row in frames}
    ends = {row["stack"] for row in stacks} - {row["parent"] for row in stacks}
    assert ends <= {row["stack"] for row in table(folder, "sites")}  # nothing that no site needs


@pytest.mark.parametrize("name, field", [("threads", "thread_stats"), ("timeline", "timeline"),
                                         ("leaks", "leaked_allocations")])
def test_lists_are_those_of_json(traces, mode, folder, name, field):
    listed = getattr(traces[mode][1], field) or []
    found = table(folder, name)
    assert len(found) == len(listed)
    for i, (row, fields) in enumerate(zip(found, listed)):
        for column, cell in row.items():
            value = fields[column] if column != "thread" else i
            assert cell == (value or "") if isinstance(value, str) else \
                number(cell) == pytest.approx(value, rel=1e-9)


def test_sizes_add_up(traces, mode, folder):
    report = traces[mode][1]
    sizes = table(folder, "sizes")
    assert sum(int(row["alloc_count"]) for row in sizes) == report.alloc_count
    names = {f"{row['size_min']}-{row['size_max']}": int(row["alloc_count"]) for row in sizes}
    assert names == {k: v for k, v in report.size_histogram["buckets"].items() if v}
    hot = [(row["size_min"] if row["size_min"] == row["size_max"] else
            f"{row['size_min']}-{row['size_max']}", int(row["alloc_count"]))
           for row in table(folder, "hot_sizes")]
    assert hot == [(h["size"], h["count"]) for h in report.size_histogram["hot_sizes"]]


def test_distributions_are_those_of_json(traces, mode, folder):
    report = traces[mode][1]
    measured = {"alloc": [], "free": []}
    for row in table(folder, "latency"):
        measured[row["call"]].append([number(row["up_to_ns"]), int(row["count"])])
    assert measured == {call: [[pytest.approx(end), n] for end, n in report.latency[call]]
                        for call in measured}
    lived = {}
    for row in table(folder, "lifetimes"):
        lived.setdefault(int(row["site"]), []).append([number(row["up_to_ns"]), int(row["count"])])
    assert lived == {s.id: s.lifetimes["histogram"] for s in report.sites
                     if s.lifetimes["histogram"]}
    assert bool(lived) == (mode != "count")
    assert bool(measured["alloc"]) == (mode in ("full", "sample")) or mode == "places"


def test_the_flow_is_that_of_json(traces, mode, folder):
    found = [tuple(map(int, row.values())) for row in table(folder, "flow")]
    assert found == [(f["from_index"], f["to_index"], f["count"], f["bytes"])
                     for f in traces[mode][1].cross_thread_flow or []]
    assert bool(found) == (mode in ("full", "sample"))


def test_findings_are_those_of_json(traces, mode, folder):
    listed = traces[mode][1].recommendations
    found = table(folder, "findings")
    assert [(r["kind"], number(r["site"]), int(r["events"]), number(r["part_pct"])) for r in found] \
        == [(r["kind"], r["site"], r["evidence"]["events"],
             pytest.approx(r["evidence"]["part_pct"])) for r in listed]
    for row, fields in zip(found, listed):
        assert number(row["part_pct_threshold"]) == fields["threshold"]["part_pct"]
        assert number(row["time_pct_threshold"]) == fields["threshold"]["time_pct"]


# --- SQLite ---

FRAME = ("function", "file", "line", "module", "inlined", "offset")


def documented(begin):
    """The block of docs/exports.md that begins with these words, up to a line without indentation
    or an empty one before another statement."""
    text = (PROJECT / "docs/exports.md").read_text(encoding="utf-8")
    start = text.index(f"    {begin}")
    return re.split(r"\n\n|\n(?! {4})", text[start:], maxsplit=1)[0]


def test_sqlite_reads_it(traces, folder, mode, tmp_path):
    """By the .import of its own shell; sums are those of the JSON report."""
    base = tmp_path / "report.db"
    script = "".join(f'.import --csv "{folder}/{name}.csv" {name}\n' for name in TABLES)
    done = subprocess.run(["sqlite3", str(base)], input=script, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    report = traces[mode][1]
    with sqlite3.connect(base) as db:
        def one(query):
            return db.execute(query).fetchone()[0]
        for measure in ("alloc_bytes", "bytes_at_peak", "leaked_bytes", "alloc_count"):
            assert (one(f"select sum(cast({measure} as integer)) from sites") or 0) == \
                sum(getattr(s, measure) for s in report.sites)
        assert one("select sum(cast(alloc_count as integer)) from threads") == report.alloc_count
        assert one("select cast(value as integer) from summary where figure = 'alloc_bytes'") == \
            report.alloc_bytes
        db.executescript(documented("create unique index"))
        stacks = {}
        for site, depth, *frame in db.execute("select * from site_frames order by site, depth"):
            frames = stacks.setdefault(int(site), [])
            assert depth == len(frames)
            frames.append(frame_of(dict(zip(FRAME, frame))))
        assert stacks == {s.id: s.frames for s in report.sites if s.frames}
        peaks = {}
        for s in report.sites:
            name = s.functions[0] or "" if s.functions else None
            peaks[name] = peaks.get(name, 0) + s.bytes_at_peak
        peaks.pop(None, None)
        found = db.execute(documented("select sum(bytes_at_peak), function")).fetchall()
        assert all(peaks[name] == held for held, name in found)
        assert [held for held, _ in found] == sorted(peaks.values(), reverse=True)[:10]
        own = [s for s in report.sites if "exchange" in s.functions]
        query = documented("select sum(bytes_at_peak) from sites").replace("parse", "exchange")
        assert (one(query) or 0) == sum(s.bytes_at_peak for s in own)
        assert own or mode != "full"
    db.close()


# --- the folder ---

def report_csv(trace, *options, **more):
    return run(CCMEM, "report", trace, "--format", "csv", *options, **more)


def test_what_csv_needs(traces):
    trace = traces["full"][0]
    refused(report_csv(trace), 2,
            "--format csv: needs a folder, -o DIR, or one table, --table NAME")
    refused(report_csv(trace, "--table", "site"), 2, "--table: 'site': no such one; sites is one")
    refused(report_csv(trace, "--table", "xyzzyx"), 2,
            f"--table: 'xyzzyx': expected one of {', '.join(TABLES)}")
    refused(run(CCMEM, "report", trace, "--format", "json", "--table", "sites"), 2,
            "--table: goes with --format csv")


def test_an_existing_table_is_replaced_only_with_f(traces, tmp_path):
    trace, out = traces["full"][0], tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    assert report_csv(trace, "-o", out).returncode == 0
    whole = (out / "sites.csv").read_bytes()
    (out / "sites.csv").write_text("old")
    refused(report_csv(trace, "-o", out), 4, f"{out}/summary.csv: exists already; -f replaces it")
    assert (out / "sites.csv").read_text() == "old"
    (tmp_path / "bad.ccm").write_bytes(b"no trace") # is not even looked at
    refused(report_csv(tmp_path / "bad.ccm", "-o", out), 4,
            f"{out}/summary.csv: exists already; -f replaces it")
    assert report_csv(trace, "-f", "-o", out).returncode == 0
    assert (out / "sites.csv").read_bytes() == whole
    assert (out / "notes.txt").read_text() == "mine"


def test_a_file_is_no_folder(traces, tmp_path):
    (tmp_path / "out").write_text("mine")
    refused(report_csv(traces["full"][0], "-o", tmp_path / "out"), 4,
            f"{tmp_path}/out: Not a directory")
    refused(report_csv(traces["full"][0], "-o", tmp_path / "none/out"), 4,
            f"{tmp_path}/none/out: No such file or directory")


@pytest.mark.parametrize("exists", [False, True])
def test_a_full_disk_leaves_nothing(traces, tmp_path, exists):
    """Not even the tables that would have fitted, nor the folder if it was not there."""
    out = tmp_path / "out"
    if exists:
        out.mkdir()
    shell = 'ulimit -f 4; trap "" XFSZ; exec "$0" report "$1" --format csv -o "$2"'
    done = run("bash", "-c", shell, CCMEM, traces["places"][0], out)
    refused(done, 4, f"{out}/timeline.csv: File too large")
    assert os.listdir(tmp_path) == (["out"] if exists else [])
    assert not exists or os.listdir(out) == []


def test_top_is_that_of_json(traces):
    trace = traces["places"][0]
    chosen = json.loads(export(trace, "json", "--top", 2))["sites"]
    found = rows(export(trace, "csv", "--table", "sites", "--top", 2).decode())
    assert [int(row["site"]) for row in found] == [s["id"] for s in chosen]
    stacks = rows(export(trace, "csv", "--table", "stacks", "--top", 2).decode())
    ends = {row["stack"] for row in stacks} - {row["parent"] for row in stacks}
    assert ends <= {row["stack"] for row in found} <= {row["stack"] for row in stacks}
    every = rows(export(trace, "csv", "--table", "stacks").decode())
    assert len(stacks) < len(every)  # or nothing was chosen
