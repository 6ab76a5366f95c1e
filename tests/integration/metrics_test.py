# SPDX-License-Identifier: MIT
"""Fragmentation, flows between threads, lifetimes, rates, and what is recommended: of programs whose
figures are known."""
import pathlib
import platform

import pytest

from recording import CCMEM, PROGRAMS, SOURCES, profile as record, report_of, run

LIBRARIES = {"glibc": None, "jemalloc": "libjemalloc.so.2", "tcmalloc": "libtcmalloc_minimal.so.4",
             "mimalloc": "libmimalloc.so.2.0"}
METHODS = {"glibc": "glibc mallinfo2", "jemalloc": "jemalloc mallctl",
           "tcmalloc": "tcmalloc properties", "mimalloc": "mimalloc mi_process_info"}


def library(name):
    """The path that LD_PRELOAD takes for an allocator; tests need all of them."""
    if LIBRARIES[name] is None:
        return None
    for folder in pathlib.Path("/usr/lib").glob(f"{platform.machine()}-linux-gnu*"):
        if (folder / LIBRARIES[name]).exists():
            return folder / LIBRARIES[name]
    return pytest.fail(f"{LIBRARIES[name]} is not installed: ./dev setup")


def waste(profile, allocator, count, size, *options):
    _, report = profile(PROGRAMS / "truth_waste", count, size, options=options,
                        changes=dict(LD_PRELOAD=library(allocator)))
    return report.fragmentation


# ---- fragmentation ----

@pytest.mark.parametrize("allocator", LIBRARIES)
@pytest.mark.parametrize("mode", ["full", "sample"])
def test_half_of_the_heap_lies_between_blocks(profile, allocator, mode):
    """Every second block is freed. mimalloc commits more than blocks need; and in a sample what is
    live is an estimate, which its figure is made of."""
    found = waste(profile, allocator, 40000, 2000, "--mode", mode)
    most = 0.75 if allocator == "mimalloc" else 0.55
    assert found["method_external"] == METHODS[allocator]
    if not (allocator == "mimalloc" and mode == "sample"):
        assert 0.45 <= found["external_fragmentation"] <= most
        assert 0.25 <= found["utilization"] <= 0.55
    assert found["readings"] >= 1


def test_glibc_knows_its_free_blocks(profile):
    """Each hole is one block of 2000 bytes and its header; some are kept in a cache."""
    found = waste(profile, "glibc", 40000, 2000)
    assert 19900 <= found["free_block_count"] <= 20010
    assert found["largest_free_block"] >= 2000
    few = waste(profile, "glibc", 2, 300)
    assert few["largest_free_block"] >= 100000  # the end of the heap, which is one free block


@pytest.mark.parametrize("allocator, size, usable", [
    ("glibc", 17, 24), ("glibc", 25, 40), ("glibc", 1000, 1000),
    ("jemalloc", 129, 160), ("jemalloc", 4097, 5120),
    ("tcmalloc", 8193, 9216), ("mimalloc", 129, 160)])
def test_waste_inside_blocks(profile, allocator, size, usable):
    """Size classes of the allocators' documentation. Each block has 8 bytes in a list of them, which
    is a large block without waste."""
    found = waste(profile, allocator, 100000, size)
    assert found["method_internal"] == "malloc_usable_size"
    assert found["internal_fragmentation"] == \
        pytest.approx((usable - size) / (usable + 8), abs=0.01)


def test_count_mode_knows_no_fragmentation(profile):
    found = waste(profile, "glibc", 1000, 100, "--mode", "count")
    assert {v for k, v in found.items() if k != "readings"} == {None}


# ---- flows ----

def expected_flows():
    return {(i, j): 1 + (3 * i + 5 * j) % 17 for i in range(16) for j in range(16)}


def test_who_frees_whose_blocks(profile):
    _, report = profile(PROGRAMS / "truth_flow")
    name = {i: t["thread_name"] for i, t in enumerate(report.thread_stats)}
    # The C library's own blocks of a thread are freed by whoever joins it: main.
    found = {(int(name[f["from_index"]]), int(name[f["to_index"]])): (f["count"], f["bytes"])
             for f in report.cross_thread_flow
             if name[f["from_index"]].isdigit() and name[f["to_index"]].isdigit()}
    assert found == {(i, j): (n, n * (32 + i)) for (i, j), n in expected_flows().items() if i != j}
    assert sum(f["count"] for f in report.cross_thread_flow) == report.cross_thread_free_count
    assert report.cross_thread_flow_count == len(report.cross_thread_flow)
    tids = {t["thread_id"] for t in report.thread_stats}
    assert {f["from"] for f in report.cross_thread_flow} <= tids


# ---- lifetimes, rates ----

def test_lifetimes_of_known_habits(profile):
    _, report = profile(PROGRAMS / "truth_habits", "temporary")
    (site,) = [s for s in report.own() if s.alloc_count == 100000]
    assert site.lifetimes["temporary"] == 100000
    assert (site.lifetimes["short"], site.lifetimes["long"], site.lifetimes["immortal"]) == (0, 0, 0)
    assert sum(n for _, n in site.lifetimes["histogram"]) == 100000
    _, report = profile(PROGRAMS / "truth_habits", "uniform")
    (site,) = [s for s in report.own() if s.alloc_count == 100000]
    assert (site.lifetimes["temporary"], site.lifetimes["immortal"]) == (0, 64)
    assert site.lifetimes["short"] + site.lifetimes["long"] == 100000 - 64


def test_the_peak_of_the_rates_is_in_the_run(profile):
    _, report = profile(PROGRAMS / "truth_habits", "uniform")
    assert report.alloc_rate_peak >= report.alloc_rate
    assert 0 < report.alloc_rate_peak_time <= report.duration_seconds
    assert 0 < report.rate_window_seconds <= report.duration_seconds
    assert report.bytes_rate_peak >= report.bytes_rate
    _, report = profile(PROGRAMS / "truth_habits", "uniform", options=["--mode", "sample"])
    assert report.alloc_rate_peak is None


def test_ranges_that_meet_add_up(profile, tmp_path):
    _, whole = profile(PROGRAMS / "truth_flow")
    trace, middle = tmp_path / "trace.ccm", whole.duration_seconds / 2
    parts = report_of(trace, "--to", middle), report_of(trace, "--from", middle)

    def sum_of(figure):
        return sum(figure(p) for p in parts)
    assert sum_of(lambda p: sum(f["count"] for f in p.cross_thread_flow)) == \
        whole.cross_thread_free_count
    assert sum_of(lambda p: sum(n for _, n in p.lifetimes["histogram"])) == \
        sum(n for _, n in whole.lifetimes["histogram"])
    assert sum_of(lambda p: p.alloc_latency_samples or 0) == whole.alloc_latency_samples


# ---- recommendations ----

@pytest.mark.parametrize("habit, kind, events", [
    ("temporary", "temporary-allocations", 100000), ("uniform", "uniform-blocks", 99936),
    ("growth", "realloc-growth", 99999), ("alignment", "over-alignment", 2000),
    ("handover", "cross-thread-frees", 100000)])
def test_a_habit_is_found(profile, habit, kind, events):
    """With an allocator that is slow enough for its time to be felt on any machine."""
    _, report = profile(PROGRAMS / "truth_habits", habit,
                        changes=dict(LD_PRELOAD=PROGRAMS / "libslow_alloc.so", SLOW_MALLOC_NS=300,
                                     SLOW_FREE_NS=300))
    (found,) = report.recommendations
    assert (found["kind"], found["measured"]) == (kind, False)
    assert found["evidence"]["events"] == events
    for bound in ("events", "part_pct", "time_pct"):
        if found["threshold"][bound] is not None:
            assert found["evidence"][bound] >= found["threshold"][bound]
    assert any(s.id == found["site"] for s in report.own())


def test_a_heap_full_of_holes_is_found(profile):
    _, report = profile(PROGRAMS / "truth_waste", 40000, 2000)
    (found,) = report.recommendations
    assert (found["kind"], found["site"]) == ("external-fragmentation", None)
    assert found["evidence"]["events"] == pytest.approx(40e6, rel=0.1)


def test_blocks_just_above_a_size_class_are_found(profile):
    """9 bytes take 24, which is none of the program's doing but for the 9."""
    _, report = profile(PROGRAMS / "truth_waste", 3000000, 9)
    assert "internal-fragmentation" in [r["kind"] for r in report.recommendations]


C_FILE = SOURCES / "symbols_c.c"
HEALTHY = {
    "sqlite3": ["sqlite3", ":memory:", "create table t(a integer primary key, b text);"
                "with recursive n(i) as (select 1 union all select i+1 from n where i<20000) "
                "insert into t select i, 'text '||i from n; create index x on t(b);"
                "select count(*) from t where b like '%7%';"
                "select substr(b,6,2), count(*) from t group by 1 order by 2 desc limit 5;"],
    "python3": ["/usr/bin/python3", "-c", "import json\nx = [{'a': i, 'b': [str(i)] * 3} for i in "
                "range(30000)]\nassert json.loads(json.dumps(x)) == x"],
    "perl": ["perl", "-e", "my %h; for (1..50000) { $h{$_ % 5000} .= qq(x$_); } print scalar keys %h"],
    "awk": ["awk", "{a[$1 % 100] += $1; b[NR] = $0} END {for (i in a) s += a[i]; print s}"],
    "sort": ["sort", "-n"],
    "grep": ["grep", "-E", "(1|2)+[3-5]*7$"],
    "sed": ["sed", "-E", "s/([0-9])([0-9])/\\2\\1/g"],
    "xz": ["xz", "-k", "NUMBERS"],
    "tar": ["tar", "cf", "-", SOURCES],
    "git": ["git", "diff", "--no-index", "--stat", SOURCES, SOURCES.parent / "unit"],
    "bash": ["bash", "-c", "for i in $(seq 2000); do a[$i]=$i; done; echo ${#a[@]}"],
    "find": ["find", "/usr/share/doc", "-name", "*.gz"],
    "cmake": ["cmake", "-P", "SCRIPT"],
    "node": ["node", "-e", "const a = [...Array(50000).keys()].map(i => ({i, s: 'x' + i}));"
             "if (JSON.parse(JSON.stringify(a)).length != 50000) process.exit(2)"],
    "objdump": ["objdump", "-d", CCMEM],
    "readelf": ["readelf", "-a", CCMEM],
}
SCRIPT = """foreach(i RANGE 5000)
    set(v${i} "x${i}")
    list(APPEND all v${i})
    string(REPLACE "x" "yy" v${i} "${v${i}}")
endforeach()
"""


@pytest.mark.parametrize("name", [*HEALTHY, "cc1"])
def test_nothing_is_recommended_to_healthy_programs(profile, tmp_path, name):
    command = HEALTHY.get(name) or [run("gcc", "-print-prog-name=cc1").stdout.strip(), "-quiet",
                                    "-O2", C_FILE, "-o", "/dev/null"]
    numbers = "".join(f"{n * 7919 % 100003}\n" for n in range(50000))
    (tmp_path / "numbers").write_text(numbers)
    (tmp_path / "script").write_text(SCRIPT)
    files = {"NUMBERS": tmp_path / "numbers", "SCRIPT": tmp_path / "script"}
    command = [files.get(word, word) for word in command]
    _, report = profile(*command, input=numbers, status=1 if name == "git" else 0)
    assert report.alloc_count > 100
    assert [(r["kind"], r["evidence"]) for r in report.recommendations] == []


# ---- leaks that nobody wants to hear of ----

def leaks(trace, *options):
    report = report_of(trace, *options)
    return report.leaked_bytes, report.suppressed_bytes


def test_suppressions(profile, tmp_path):
    profile(PROGRAMS / "truth_waste", 10, 1000)
    trace, rules = tmp_path / "trace.ccm", tmp_path / "rules"
    assert leaks(trace) == (5080, 0)
    rules.write_text("# nothing here\n")
    assert leaks(trace, "--suppress", rules) == (5080, 0)
    rules.write_text("leak:^main$\n")
    assert leaks(trace, "--suppress", rules) == (0, 5080)
    more = tmp_path / "more"
    more.write_text("caller:no_such_function\n")
    assert leaks(trace, "--suppress", more, "--suppress", rules) == (0, 5080)
    (site, *_) = [s for s in report_of(trace, "--suppress", rules).sites if s.suppressed_bytes]
    assert site.suppressed_by == "^main$" and site.leaked_bytes == 0


def test_the_c_librarys_own_leaks_are_apart(profile, tmp_path):
    profile(PROGRAMS / "truth_flow")
    trace = tmp_path / "trace.ccm"
    kept = leaks(trace, "--all-leaks")
    apart = leaks(trace)
    assert kept[1] == 0 and sum(apart) == kept[0] and apart[1] > 0


@pytest.mark.parametrize("text, why", [
    ("leak:a\nrace:b\n", "line 2 is neither leak:PATTERN nor caller:PATTERN"),
    ("leak:" + 2000 * "x", "line 1 is too long")])
def test_a_file_that_holds_something_else(profile, tmp_path, text, why):
    profile("true")
    (tmp_path / "rules").write_text(text)
    done = run(CCMEM, "report", tmp_path / "trace.ccm", "--suppress", tmp_path / "rules")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"ccmem: report: {tmp_path}/rules: {why}\n"


def test_a_file_that_is_not_there(profile, tmp_path):
    profile("true")
    done = run(CCMEM, "report", tmp_path / "trace.ccm", "--suppress", "/nowhere")
    assert (done.returncode, done.stderr) == \
        (3, "ccmem: report: /nowhere: No such file or directory\n")
