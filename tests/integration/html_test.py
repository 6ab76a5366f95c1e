# SPDX-License-Identifier: MIT
"""The data of a dashboard against the JSON report of the same trace, figure by figure: its tables, its
slices and its ranges. What the page makes of the data is dashboard_test.py's."""
import base64
import gzip
import json
import re

import pytest

from exporting import record_all
from recording import BUILD, CCMEM, PROGRAMS, profile, report_of, run

WITHOUT_PAGE = BUILD / "tests/ccmem_without_page"
TABLES = ("sites", "timeline")
CONTENTS = re.compile(rb'<script id="ccmem-data"[^>]*>([A-Za-z0-9+/]+=*)</script>')
ABSENT = "this build has no dashboard: it was made without Node.js"

pytestmark = pytest.mark.usefixtures("built")


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    if ABSENT in run(CCMEM, "report", "none.ccm", "--format", "html").stderr:
        pytest.fail("this build has no dashboard: ./dev setup, ./dev build", pytrace=False)
    return record_all(tmp_path_factory.mktemp("traces"))


def unpack(page):
    contents = CONTENTS.findall(page)
    assert len(contents) == 1 and b"<!--ccmem-data-->" not in page
    return json.loads(gzip.decompress(base64.b64decode(contents[0], validate=True)))


def page_of(*arguments):
    done = run(CCMEM, *arguments, "--format", "html", "-q", text=False)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    return done.stdout


def data_of(trace, *options):
    return unpack(page_of("report", trace, *options))


def json_of(trace, *options):
    return json.loads(run(CCMEM, "report", trace, "--format", "json", "-q", *options).stdout)


def rows(table):
    """Columns to a list of objects."""
    names = list(table)
    assert len({len(table[name]) for name in names}) <= 1
    return [dict(zip(names, values)) for values in zip(*table.values())]


def without_stacks(report):
    """What the page has of a report besides its tables."""
    report = {k: v for k, v in report.items() if k not in TABLES}
    for leak in report["leaked_allocations"] or []:
        leak.pop("stack_trace")
    return report


def figures(site):
    """Of a site as the report has it, what the page has, by the page's names."""
    sizes = site["sizes"]
    known = {k: site[k] for k in (
        "id", "alloc_count", "alloc_bytes", "free_count", "live_count", "live_bytes", "leaked_count",
        "leaked_bytes", "suppressed_bytes", "peak_bytes", "bytes_at_peak", "temporary_count",
        "realloc_count", "cross_thread_free_count", "mean_lifetime_ns")}
    known.update(min_size=sizes["min"], max_size=sizes["max"], distinct_sizes=sizes["distinct"])
    for name in ("alloc_bytes", "live_bytes"):
        if f"{name}_ci" in site:
            known[f"{name}_lo"], known[f"{name}_hi"] = site[f"{name}_ci"]
    return known


def frames_of(data, stack):
    """Innermost first, as the report writes them; None where a name is not known."""
    frames = rows(data["frames"])
    strings, parent, frame = data["strings"], data["stacks"]["parent"], data["stacks"]["frame"]
    found = []
    while stack:
        f = frames[frame[stack]]
        found.append({"function": strings[f["function"]] or None, "file": strings[f["file"]] or None,
                      "line": f["line"] or None, "module": strings[f["module"]] or None,
                      "inlined": bool(f["inlined"]),
                      "offset": hex(f["offset"]) if not f["function"] else None})
        assert parent[stack] < stack
        stack = parent[stack]
    return found


def shown(frames):
    """The report's frames; of those with a name the page has no address."""
    return [{**f, "offset": None if f["function"] else f["offset"]} for f in frames]


def check_all(data, report):
    assert data["schema"] == "ccmem-dashboard/1"
    assert data["report"] == without_stacks(report)
    assert rows(data["timeline"]) == report["timeline"]
    sites = rows(data["sites"])
    stacks = [site.pop("stack") for site in sites]
    assert sites == [figures(site) for site in report["sites"]]
    for stack, site in zip(stacks, report["sites"]):
        assert frames_of(data, stack) == shown(site["frames"])


@pytest.mark.parametrize("name", ["full", "sample", "count", "places"])
def test_every_figure_is_that_of_the_report(traces, name):
    trace, _ = traces[name]
    check_all(data_of(trace), json_of(trace))


def test_no_more_sites_than_were_asked_for(traces):
    trace, _ = traces["places"]
    data = data_of(trace, "--top", "1")
    check_all(data, json_of(trace, "--top", "1"))
    assert len(data["sites"]["id"]) < data["report"]["site_count"]
    assert set(data["slices"]["blocks"]["site"]) <= set(range(len(data["sites"]["id"])))


def test_all_leaks_are_all(traces):
    trace, _ = traces["full"]
    check_all(data_of(trace, "--all-leaks"), json_of(trace, "--all-leaks"))


# --- slices ---

def sum_up(blocks, first, last):
    """(count, bytes, live, left) of the slices first to last."""
    inside = [b for b in blocks if first <= b["born"] <= last]
    live = [b for b in blocks if b["born"] <= last < b["died"]]
    return (sum(b["count"] for b in inside), sum(b["bytes"] for b in inside),
            sum(b["bytes"] for b in live), sum(b["bytes"] for b in inside if b in live))


def sums(data, first, last):
    """{row: sum_up}, of each site."""
    of_site = {}
    for b in rows(data["slices"]["blocks"]):
        of_site.setdefault(b["site"], []).append(b)
    return {site: sum_up(blocks, first, last) for site, blocks in of_site.items()}


def total(figures):
    return [sum(column) for column in zip(*figures)]


def of_sites(report):
    return {site["id"]: tuple(site[k] for k in
                              ("alloc_count", "alloc_bytes", "live_bytes", "leaked_bytes"))
            for site in report["sites"]}


def named(data, by_row):
    return {data["sites"]["id"][row]: values for row, values in by_row.items() if any(values)}


def some(values):
    return {site: v for site, v in values.items() if any(v)}


@pytest.mark.parametrize("name", ["full", "places"])
def test_slices_add_up_to_the_run(traces, name):
    trace, _ = traces[name]
    data, report = data_of(trace), json_of(trace, "--all-leaks")
    last = len(data["slices"]["edges"]) - 2
    assert last < 64
    assert named(data, sums(data, 0, last)) == some(of_sites(report))
    sizes = data["slices"]["sizes"]
    width = len(sizes["names"])
    assert dict(zip(sizes["names"], (sum(sizes["count"][b::width]) for b in range(width)))) == \
        report["size_histogram"]["buckets"]
    threads = data["slices"]["threads"]
    for i, thread in enumerate(report["thread_stats"]):
        for figure in threads:
            assert sum(threads[figure][i::len(report["thread_stats"])]) == thread[figure]


@pytest.mark.parametrize("part", [(0, 0.3), (0.2, 0.7), (0.5, 1)])
def test_a_range_of_slices_is_that_range_of_the_run(traces, part):
    trace, _ = traces["places"]
    data = data_of(trace)
    edges = data["slices"]["edges"]
    count = len(edges) - 1
    first, last = int(part[0] * (count - 1)), int(part[1] * (count - 1))
    options = ["--all-leaks", *(["--from", f"{edges[first]:.9f}"] if first else []),
               *(["--to", f"{edges[last + 1]:.9f}"] if last + 1 < count else [])]
    assert named(data, sums(data, first, last)) == some(of_sites(json_of(trace, *options)))


def test_a_part_of_the_run_has_slices_of_its_own(traces):
    trace, report = traces["places"]
    middle = report.duration_seconds / 2
    options = ("--from", f"{middle:.9f}")
    data = data_of(trace, *options)
    check_all(data, json_of(trace, *options))
    assert data["slices"]["edges"][0] == pytest.approx(middle, abs=1e-9)
    before = [b for b in rows(data["slices"]["blocks"]) if b["born"] == -1]
    live = json_of(trace, "--to", f"{middle:.9f}")["current_allocated"]
    assert sum(b["bytes"] for b in before) == live


def test_estimates_add_up_but_for_rounding(traces):
    trace, _ = traces["sample"]
    data = data_of(trace)
    last = len(data["slices"]["edges"]) - 2
    for site, (count, size, live, _) in named(data, sums(data, 0, last)).items():
        row = rows(data["sites"])[data["sites"]["id"].index(site)]
        assert count == pytest.approx(row["alloc_count"], abs=0.51)
        assert (size, live) == (row["alloc_bytes"], row["live_bytes"])


def test_what_is_not_shown_is_of_other_sites(traces):
    """Every range of one site and the others is that of all sites."""
    trace, _ = traces["places"]
    whole, one = data_of(trace), data_of(trace, "--top", "1")
    assert len(one["sites"]["id"]) < len(whole["sites"]["id"])
    others = rows({k: v for k, v in one["slices"]["others"].items() if k != "sites"})
    assert others and one["slices"]["others"]["sites"] == []
    last = len(whole["slices"]["edges"]) - 2
    for first in range(last + 1):
        some_sites = [*sums(one, first, last).values(), sum_up(others, first, last)]
        assert total(some_sites) == total(sums(whole, first, last).values())


def test_all_that_is_shown_leaves_no_others(traces):
    others = data_of(traces["full"][0])["slices"]["others"]
    assert others == {"sites": [], "born": [], "died": [], "count": [], "bytes": []}


def test_what_only_counted_has_no_slices(traces):
    data = data_of(traces["count"][0])
    assert data["slices"] is None and data["sites"]["id"] == []


# --- two runs ---

@pytest.fixture(scope="module")
def two_runs(traces, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name in ("old", "new"):
        profile(folder, PROGRAMS / "truth_diff", name, name=name)
    return folder / "old.ccm", folder / "new.ccm"


def test_a_diff_is_the_new_run_beside_the_old_one(two_runs):
    old, new = two_runs
    data = unpack(page_of("diff", old, new))
    known = json.loads(run(CCMEM, "diff", old, new, "--format", "json", "-q").stdout)
    assert data["report"] == without_stacks(json_of(new))
    assert data["diff"]["old"]["report"] == without_stacks(json_of(old))
    assert rows(data["diff"]["old"]["timeline"]) == json_of(old)["timeline"]
    assert {f.pop("name"): f for f in data["diff"]["fields"]} == known["fields"]
    check_places(data, known, json_of(old), json_of(new))


def check_places(data, known, old, new):
    sites, beside = rows(data["sites"]), rows(data["diff"]["sites"])
    assert len(sites) == len(beside)
    ids = [site["id"] for site in sites]
    assert sorted(set(ids)) == ids
    for figure in ("alloc_count", "alloc_bytes", "bytes_at_peak", "leaked_bytes"):
        assert sum(site[figure] for site in sites) == sum(site[figure] for site in new["sites"])
        assert sum(b[f"old_{figure}"] for b in beside) == sum(site[figure] for site in old["sites"])
    for place in known["sites"]:
        id = place["new_sites"][0] if place["new_sites"] else None
        if id is None:
            continue
        row = beside[ids.index(id)]
        assert row["old_alloc_bytes"] == (place["alloc_bytes"]["old"] or 0)
        assert row["significant"] == 1
    gone = [i for i, id in enumerate(ids) if id >= new["site_count"]]
    assert len(gone) == known["site_changes"]["vanished"]
    for i in gone:
        assert sites[i]["alloc_bytes"] == 0 and beside[i]["old_alloc_count"] > 0
        assert frames_of(data, sites[i]["stack"])


# --- the command line ---

def test_a_page_is_written_after_the_run(traces, tmp_path):
    page = tmp_path / "page.html"
    profile(tmp_path, PROGRAMS / "truth_places", options=("--html", page))
    check_all(unpack(page.read_bytes()), json_of(tmp_path / "trace.ccm"))


def test_pages_are_the_same_each_time(traces, tmp_path):
    trace, _ = traces["places"]
    page = tmp_path / "page.html"
    assert run(CCMEM, "report", trace, "--format", "html", "-q", "-o", page).returncode == 0
    assert page.read_bytes() == page_of("report", trace)
    again = run(CCMEM, "report", trace, "--format", "html", "-o", page)
    assert (again.returncode, again.stderr) == (
        4, f"ccmem: report: {page}: exists already; -f replaces it\n")


@pytest.mark.parametrize("command", [("report", "{0}"), ("diff", "{0}", "{0}")])
def test_a_full_disk(traces, command):
    arguments = [word.format(traces["places"][0]) for word in command]
    done = run(CCMEM, *arguments, "--format", "html", "-q", "-o", "/dev/full")
    assert (done.returncode, done.stderr) == (
        4, f"ccmem: {command[0]}: /dev/full: No space left on device\n")


@pytest.mark.parametrize("command", [("report", "{0}"), ("diff", "{0}", "{0}")])
def test_not_to_a_terminal(traces, command):
    words = " ".join(word.format(traces["places"][0]) for word in command)
    done = run("script", "-qec", f"{CCMEM} {words} --format html", "/dev/null")
    assert done.returncode == 2
    assert "--format html: is not for a terminal; -o FILE" in done.stdout


@pytest.mark.parametrize("command", [
    ("report", "t.ccm", "--format", "html"), ("diff", "a", "b", "--format", "html"),
    ("profile", "--html", "x.html", "--", "touch", "started")])
def test_a_build_without_the_page_says_so(tmp_path, command):
    done = run(WITHOUT_PAGE, *command, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith(f"ccmem: {command[0]}: ") and done.stderr.count("\n") == 1
    assert ABSENT in done.stderr and "-DCCMEM_DASHBOARD=FILE" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_build_without_the_page_does_all_else(traces):
    report = run(WITHOUT_PAGE, "report", traces["places"][0], "--format", "json", "-q")
    assert report.returncode == 0
    assert json.loads(report.stdout) == json_of(traces["places"][0])
