# SPDX-License-Identifier: MIT
"""bench/: the statistics, the measuring of one run, the group of the profiler with a stand-in for
the command line, and every option by its effect. Nothing here asserts how fast anything is."""
import copy
import json
import os
import pathlib
import random
import shutil
import stat
import subprocess
import sys
import time
import xml.etree.ElementTree
from html.parser import HTMLParser

import pytest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from groups import profiler  # noqa: E402
from harness import compare, contest, order, page, progress, result, stats, table  # noqa: E402
from harness.errors import BenchError  # noqa: E402
from harness.measure import Command, Meter, Sample  # noqa: E402
from workloads import csource, programs, sql  # noqa: E402

PYTHON = "/usr/bin/python3"
RESAMPLES = 300


# --- order


@pytest.mark.parametrize("k", range(1, 10))
def test_each_contestant_takes_each_position_equally_often(k):
    rows = order.latin_square(k)
    for position in zip(*rows):
        assert {position.count(i) for i in range(k)} == {len(rows) // k}


@pytest.mark.parametrize("k", range(2, 10))
def test_each_contestant_follows_each_other_one_equally_often(k):
    rows = order.latin_square(k)
    pairs = [pair for row in rows for pair in zip(row, row[1:])]
    counts = {pairs.count((a, b)) for a in range(k) for b in range(k) if a != b}
    assert counts == {len(rows) // k}


def test_every_round_has_everyone_and_a_warm_up_comes_first():
    ran = []
    played = contest.play("abc", lambda name: ran.append(name) or name, 7, progress.Progress(), "")
    assert ran[:3] == ["a", "b", "c"]
    assert len(ran) == 3 + 7 * 3
    assert all(sorted(r) == ["a", "b", "c"] for r in played)


# --- statistics


def test_the_interval_of_equal_values_is_a_point():
    assert stats.estimate([2.0] * 5, seed=1) == (2.0, 2.0, 2.0)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    rng = random.Random(3)
    values = [rng.random() for _ in range(30)]
    assert stats.estimate(values, seed=1) == stats.estimate(values, seed=1)
    assert stats.estimate(values, seed=1) != stats.estimate(values, seed=2)


def test_the_interval_holds_the_true_median_as_often_as_it_says():
    rng = random.Random(4)
    samples = [[rng.gauss(5, 1) for _ in range(14)] for _ in range(200)]
    hits = sum(stats.estimate(s, i, RESAMPLES).contains(5) for i, s in enumerate(samples))
    assert hits >= 0.88 * 200


def test_the_percentiles_leave_out_both_tails():
    assert stats.percentile_interval(range(1001)) == (25, 975)


def synthetic_result(slower, seed, noise=0.015):
    """A result of 14 rounds that drift together, of a contestant that is so much slower."""
    rng = random.Random(seed)

    def one_round(drift):
        times = {name: drift * rng.gauss(1, noise) for name in ("base", "again", "other")}
        return times | {"other": times["other"] * slower}

    metric = result.Metric(
        "x/other/wall", "other", "base", "s",
        lambda r: (r["other"], r["base"]), lambda r: (r["again"], r["base"]),
    )
    rounds = [one_round(1 + 0.3 * rng.random()) for _ in range(14)]
    return result.evaluate(metric, rounds, seed, RESAMPLES)


def claims(slower):
    results = [synthetic_result(slower, seed) for seed in range(60)]
    return sum(stats.differs(result.ratio_of(r), result.band_of(r)) for r in results)


def test_five_percent_are_found_and_nothing_is_not_claimed():
    assert claims(1.05) >= 57
    assert claims(1.00) <= 3


def test_a_baseline_of_nothing_is_refused():
    metric = result.Metric("x", "a", "b", "s", lambda r: (1.0, r))
    with pytest.raises(BenchError) as error:
        result.evaluate(metric, [1.0, 0.0], 1, RESAMPLES)
    assert error.value.code == 4


@pytest.mark.parametrize("value, bar, met", [
    (1.35, {"max": 1.35}, True), (1.36, {"max": 1.35}, False),
    (0.50, {"min": 0.50}, True), (0.49, {"min": 0.50}, False), (9, None, None),
])
def test_a_bar_is_met_or_not(value, bar, met):
    assert result.meets(value, bar) is met


# --- documents


def entry(name="x/full/wall", ratios=(1.29, 1.30, 1.31), band=(0.99, 1.01), **fields):
    """A result with these ratios, each measured twice."""
    ratios = [*ratios, *ratios]
    middle = sorted(ratios)[len(ratios) // 2]
    bar = fields.get("bar")
    return {
        "name": name, "contestant": "full", "baseline": "none", "unit": "s",
        "better": "lower", "equal": 1,
        "ratio_median": middle, "ratio_lo": min(ratios), "ratio_hi": max(ratios),
        "aa_lo": band and band[0], "aa_hi": band and band[1], "n": len(ratios), "bar": None,
        "met": result.meets(middle, bar), "samples": [[r, 1.0] for r in ratios],
    } | fields


def document(*results, quick=False, **machine):
    where = {"cpu": "c", "cpus": 2, "kernel": "k", "system": "s", "governor": None,
             "pinning": "none", "load_before": 0.0, "load_after": 0.0} | machine
    return result.document("profiler", where, {"peer": "1"}, list(results),
                           quick=quick, seed=1, resamples=RESAMPLES)


def test_a_document_is_what_the_schema_says():
    assert result.fault_of(document(entry(), entry(bar={"max": 1.2}, band=None))) is None


@pytest.mark.parametrize("field", result.RESULT_FIELDS)
def test_a_result_without_a_field_is_refused(field):
    doc = document(entry())
    del doc["results"][0][field]
    assert field in result.fault_of(doc)


@pytest.mark.parametrize("field, value", [
    ("n", 7), ("n", 0), ("samples", []), ("samples", [[1.0, 0.0]] * 3), ("samples", [[1.0]] * 3),
    ("aa_lo", None), ("better", "more"), ("equal", 2), ("bar", {"about": 1}),
    ("met", True), ("ratio_median", "1"),
])
def test_a_result_that_contradicts_itself_is_refused(field, value):
    doc = document(entry() | {field: value})
    assert result.fault_of(doc)


@pytest.mark.parametrize("value", [None, [], {}, {"schema": "ccmem-bench/2"}])
def test_other_json_is_refused(value):
    assert "not a ccmem-bench/1 document" in result.fault_of(value)


# --- compare


def change(old, new):
    return compare.compare_documents(document(old), document(new), 1, RESAMPLES)[0][-1]


def test_a_change_outside_the_noise_is_named():
    slow, fast = entry(ratios=(1.49, 1.50, 1.51)), entry()
    assert change(slow, fast) == "better"
    assert change(fast, slow) == "worse"
    assert change(slow | {"better": "higher"}, fast | {"better": "higher"}) == "worse"


def test_a_change_inside_a_band_is_not_claimed():
    slow, fast = entry(ratios=(1.49, 1.50, 1.51)), entry()
    noisy = {"aa_lo": 0.8, "aa_hi": 1.2}
    assert change(slow | noisy, fast) == compare.SAME
    assert change(slow, fast | noisy) == compare.SAME


def test_a_change_of_overlapping_intervals_is_not_claimed():
    assert change(entry(ratios=(1.2, 1.5, 1.8)), entry()) == compare.SAME


def test_what_makes_two_runs_less_comparable_is_said():
    old = document(entry(), entry("only/old"), kernel="6.1")
    text = compare.render(old, document(entry(), quick=True), 1, RESAMPLES)
    assert "note: kernel differs: 6.1 / k" in text
    assert "quick run" in text
    assert "only/old" in text
    assert "0 better, 0 worse, 1 no difference shown, 0 too few rounds" in text


def test_what_has_no_band_is_never_claimed():
    old, new = (entry(ratios=(r, r, r), band=None, equal=None) for r in (3e6, 5e6))
    assert change(old, new) == compare.BARE


def test_a_figure_that_stands_alone_has_its_noise_around_itself():
    alone = entry(ratios=(5.9, 6.0, 6.1), band=(0.9, 1.1), equal=None, bar={"max": 6.5})
    assert result.noise_of(alone) == (6.0, pytest.approx(5.4), pytest.approx(6.6))
    assert table.met_text(alone, False) == "yes?" and table.differs_text(alone) == "-"
    assert change(alone, entry(ratios=(4.9, 5.0, 5.1), band=(0.9, 1.1), equal=None)) == "better"


def test_nothing_is_claimed_from_few_rounds():
    few = {"n": 5}
    assert change(entry(ratios=(1.49, 1.50, 1.51)) | few, entry()) == compare.FEW
    assert table.differs_text(entry()) == "yes"
    assert table.differs_text(entry() | few) == "n<6"


def test_a_band_is_taken_both_ways():
    assert stats.band_around(1, stats.Estimate(0.95, 0.9, 0.98)) == (1, 0.9, 1 / 0.9)
    assert stats.band_around(0, stats.Estimate(0.1, -0.1, 0.3)) == (0, -0.3, 0.3)


def test_a_share_that_may_be_nothing_changes_by_a_difference():
    few = entry(ratios=(-0.01, 0.0, 0.01), band=(-0.02, 0.02), equal=0)
    more = entry(ratios=(0.29, 0.30, 0.31), band=(-0.02, 0.02), equal=0)
    assert change(few, more) == "worse" and change(more, few) == "better"
    assert change(few, few) == compare.SAME
    assert result.fault_of(document(few)) is None
    assert "samples" in result.fault_of(document(few | {"equal": 1}))


# --- what is shown


def test_a_quick_run_says_so_wherever_something_is_met():
    doc = document(entry(bar={"max": 1.35}), quick=True)
    assert "QUICK RUN" in table.render(doc) and "yes (quick)" in table.render(doc)
    assert "QUICK RUN" in page.render(doc) and "yes (quick)" in page.render(doc)
    assert doc["quick"] is True
    assert "quick" not in table.render(document(entry(bar={"max": 1.35}))).lower()


def test_a_bar_within_the_interval_is_marked_as_uncertain():
    assert table.met_text(entry(bar={"max": 1.305}), False) == "yes?"
    assert table.met_text(entry(bar={"max": 1.295}), False) == "NO?"
    assert table.met_text(entry(bar={"max": 1.35}), False) == "yes"
    assert table.met_text(entry(bar={"max": 1.35}, band=(0.7, 1.4)), False) == "yes?"


def test_a_bar_of_no_difference_is_certain_for_what_is_beyond_the_noise():
    noise = {"bar": {"max": 1.0}, "band": (0.9, 1.1)}
    assert table.met_text(entry(ratios=(0.4, 0.5, 0.6), **noise), False) == "yes"
    assert table.met_text(entry(ratios=(1.4, 1.5, 1.6), **noise), False) == "NO"
    assert table.met_text(entry(ratios=(1.01, 1.02, 1.03), **noise), False) == "NO?"


def test_a_row_says_what_was_measured():
    assert table.medians_text(entry()) == "1.300 / 1.000 s"


class Balance(HTMLParser):
    """Fails when an element is not closed."""

    VOID = {"meta", "br"}

    def __init__(self):
        super().__init__()
        self.open, self.addresses = [], []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else():
    text = page.render(document(entry("a<b&c/x"), entry(bar={"min": 1}), entry(band=None)))
    parser = Balance()
    parser.feed(text)
    assert parser.open == [] and parser.addresses == []
    assert "a<b" not in text and "a&lt;b&amp;c/x" in text
    assert "prefers-color-scheme: dark" in text and "url(" not in text and "@import" not in text


def test_a_strip_has_a_dot_for_each_sample_and_its_bar_and_band():
    drawn = xml.etree.ElementTree.fromstring(page.strip(entry(bar={"max": 1.35})))
    classes = [element.get("class") for element in drawn.iter()]
    assert classes.count("dot") == 6
    assert classes.count("band") == classes.count("bar") == classes.count("interval") == 1
    places = [float(e.get("cx")) for e in drawn.iter() if e.get("class") == "dot"]
    assert places[:3] == sorted(set(places)) == places[3:]
    assert all(0 < x < page.WIDTH for x in places)


class Terminal:
    def __init__(self, is_terminal):
        self.text, self.isatty = "", lambda: is_terminal

    def write(self, text):
        self.text += text

    def flush(self):
        pass


@pytest.mark.parametrize("is_terminal, quiet, shown", [
    (True, False, True), (True, True, False), (False, False, False),
])
def test_progress_is_for_terminals_that_want_it(monkeypatch, is_terminal, quiet, shown):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal(is_terminal)
    progress.Progress(quiet, stream).say("round 1")
    assert ("round 1" in stream.text) == shown


# --- one run


@pytest.fixture(scope="module")
def meter(tmp_path_factory):
    return Meter(tmp_path_factory.mktemp("meter"), limit_seconds=60)


def python(code):
    return [PYTHON, "-S", "-c", code]


BURN = "import time\nwhile time.process_time() < 0.2: pass"
GROW = "block = b'x' * (64 << 20)"


def run(meter, argv, memory=False, **options):
    return meter.run(Command(argv, meter.directory, **options), memory)


def test_the_processor_time_of_a_helper_left_behind_is_counted(meter):
    sample = run(meter, ["/bin/sh", "-c", f'{PYTHON} -S -c "{BURN}" & exit 0'])
    assert sample.status == 0
    assert sample.cpu >= 0.2


def test_the_peak_of_a_grandchild_is_its_own(meter):
    sample = run(meter, ["/bin/sh", "-c", f'{PYTHON} -S -c "{GROW}"; true'], memory=True)
    assert sample.peak_of("python3") >= 64 << 10
    assert sample.peak_of("sh") < 32 << 10
    with pytest.raises(BenchError):
        sample.peak_of("nothing")


def test_threads_signals_and_exec_go_on_under_memory_mode(meter):
    code = ("import os, signal, threading; signal.signal(signal.SIGUSR1, lambda *a: None);"
            "t = threading.Thread(target=bytearray, args=(1 << 20,)); t.start(); t.join();"
            "os.kill(os.getpid(), signal.SIGUSR1); os.execv('/bin/sh', ['sh', '-c', 'exit 9'])")
    sample = run(meter, python(code), memory=True)
    assert sample.status == 9
    assert sample.peak_of("sh") > 0


def test_a_large_parent_does_not_make_its_children_large(meter):
    block = bytearray(64 << 20)
    block[:: 4096] = b"x" * len(block[:: 4096])
    assert run(meter, ["/bin/true"]).max_rss_kb < 32 << 10
    assert run(meter, python(GROW)).max_rss_kb >= 64 << 10


@pytest.mark.parametrize("memory", [False, True])
@pytest.mark.parametrize("script, status", [("exit 7", 7), ("kill -9 $$", 137)])
def test_the_status_is_the_commands_own(meter, memory, script, status):
    assert run(meter, ["/bin/sh", "-c", script], memory).status == status


@pytest.mark.parametrize("memory", [False, True])
def test_a_command_that_is_not_there_is_no_run(meter, memory):
    with pytest.raises(BenchError) as error:
        run(meter, ["/nonexistent/program"], memory)
    assert error.value.code == 4
    assert "No such file" in error.value.detail


def test_a_run_that_does_not_end_is_ended(tmp_path):
    sample = run(Meter(tmp_path, limit_seconds=1), ["/bin/sleep", "60"])
    assert sample.timed_out and sample.status == 137


def test_environment_and_pinning_reach_the_command(meter):
    cpu = max(os.sched_getaffinity(0))
    code = (f"import os; ok = os.sched_getaffinity(0) == {{{cpu}}} and os.environ['CCX'] == '1';"
            "raise SystemExit(not ok)")
    assert run(meter, python(code), env={"CCX": "1"}, cpus=frozenset([cpu])).status == 0


# --- workloads


def test_inputs_are_the_same_each_time():
    assert csource.source(5) == csource.source(5)
    assert csource.source(140).count("\n") > 2500
    assert sql.script(9, 50) == sql.script(9, 50)
    assert sql.script(6000).count("\nSELECT") > 3000


@pytest.mark.parametrize("make", [programs.python, programs.threads])
def test_a_program_leaves_the_same_output_each_time(tmp_path, make):
    job = make(tmp_path, True, 1)
    outputs = set()
    for _ in range(2):
        subprocess.run(job.argv, env=os.environ | job.env, check=True)
        outputs.add(job.output.read_bytes())
    assert len(outputs) == 1 and b"" not in outputs


# --- the whole, with a stand-in for the command line of ccmem

STAND_IN = """#!/bin/sh
here=$(dirname "$0")
echo "$@" >>"$here/log"
grep Cpus_allowed_list /proc/self/status >>"$here/cpus"
case $1 in
--version) echo "ccmem 0.0.0" ;;
profile)
    until [ "$1" = -- ]; do
        [ "$1" = -o ] && echo trace >"$2"
        shift
    done
    shift
    exec "$@" ;;
report) echo '{"lost_events": 0, "trace":
    {"raw_bytes": 60000000, "stored_bytes": 30000000, "events": 10000000}}' >"$5" ;;
esac
"""


def install(folder, script):
    path = folder / "bin" / "ccmem"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


def bench(*args):
    argv = [PYTHON, ROOT / "bench/run.py", *map(str, args)]
    return subprocess.run(argv, capture_output=True, text=True, cwd=ROOT)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One quick run of one workload with every option that it can have."""
    folder = tmp_path_factory.mktemp("whole")
    build = install(folder / "build", STAND_IN)
    cpu = max(os.sched_getaffinity(0))
    done = bench(
        "profiler", "--quick", "--rounds", 2, "--workloads", "threads", "--contestants",
        "full,count", "--pin", cpu, "--seed", 5, "--resamples", 50, "--build", build,
        "--json", folder / "out.json", "--html", folder / "out.html", "--work", folder / "kept",
        "-q",
    )
    assert done.returncode == 0, done.stderr
    return folder, done, json.loads((folder / "out.json").read_text())


def test_the_run_gives_a_document_that_keeps_the_schema(whole):
    assert result.fault_of(whole[2]) is None
    assert result.load(whole[0] / "out.json") == whole[2]


def test_results_have_the_bars_of_the_group(whole):
    bars = {r["name"]: r["bar"] for r in whole[2]["results"]}
    assert bars == {
        "threads/full/wall": {"max": 3.2}, "threads/count/wall": {"max": 1.08},
        "threads/full/cpu": None, "threads/count/cpu": None,
        "threads/full/memory": {"max": 1.0}, "threads/count/memory": {"max": 1.0},
        "threads/trace/raw": {"max": 6.5}, "threads/trace/stored": {"max": 4.5},
        "threads/report/speed": {"min": 5e6}, "threads/report/peak": None,
        "threads/report/peak-4x": None, "threads/report/peak-growth": None,
    }


def test_figures_of_the_trace_come_from_its_report(whole):
    results = {r["name"]: r for r in whole[2]["results"]}
    assert results["threads/trace/raw"]["ratio_median"] == 6.0
    assert results["threads/trace/stored"]["met"] is True


def test_each_option_acts(whole):
    folder, done, doc = whole
    cpu = str(max(os.sched_getaffinity(0)))
    assert doc["quick"] is True
    assert {r["n"] for r in doc["results"] if r["name"].endswith("/wall")} == {2}
    assert {r["name"].split("/")[0] for r in doc["results"]} == {"threads"}
    assert "sample" not in {r["contestant"] for r in doc["results"]}
    assert doc["machine"]["pinning"] == cpu
    assert set((folder / "build/bin/cpus").read_text().split("\n")[:-2]) == {
        f"Cpus_allowed_list:\t{cpu}"}
    assert (doc["statistics"]["seed"], doc["statistics"]["resamples"]) == (5, 50)
    assert "--mode count" in (folder / "build/bin/log").read_text()
    assert (folder / "out.html").read_text().startswith("<!doctype html>")
    assert (folder / "kept/threads/full-4.ccm").exists()
    assert "\r" not in done.stderr
    assert doc["versions"]["ccmem"] == "ccmem 0.0.0"


def words_of(process):
    try:
        return (process / "cmdline").read_text().split("\0")
    except OSError:
        return []  # it has ended


def started_from(folder):
    """Programs of that folder that run."""
    words = (words_of(process) for process in pathlib.Path("/proc").glob("[0-9]*"))
    return [w[0] for w in words if w and w[0].startswith(str(folder))]


def test_a_run_that_is_stopped_leaves_nothing(tmp_path):
    argv = [PYTHON, ROOT / "bench/run.py", "profiler", "--workloads", "threads", "--contestants",
            "preload", "--build", install(tmp_path / "build", STAND_IN)]
    work = tmp_path / "tmp"
    work.mkdir()
    running = subprocess.Popen(argv, env=os.environ | {"TMPDIR": str(work)}, cwd=ROOT)
    deadline = time.monotonic() + 30
    while len(started_from(work)) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(started_from(work)) == 2  # measure and what it measures
    running.terminate()
    assert running.wait() == 143
    assert started_from(work) == [] and list(work.iterdir()) == []


def test_without_quick_inputs_are_larger(tmp_path):
    small, large = (programs.threads(tmp_path, quick, 1).argv[1] for quick in (True, False))
    assert int(small) < int(large)


def broken_run(tmp_path, script):
    build = install(tmp_path, script)
    return bench("profiler", "--quick", "--rounds", 1, "--workloads", "threads", "--contestants",
                 "full", "--build", build, "--json", tmp_path / "out.json")


@pytest.mark.parametrize("script, why", [
    ("#!/bin/sh\necho its own words >&2\nexit 9\n", "ended with status 9"),
    ("#!/bin/sh\necho its own words >&2\nexit 0\n", "it left no output"),
    ("#!/bin/sh\nfor a; do :; done\necho other >$a\n", "its output is not the base's"),
    ("#!/nonexistent/interpreter\n", "No such file or directory"),
    (STAND_IN.replace("echo trace", "true"), "it recorded nothing"),
    (STAND_IN.replace('"lost_events": 0', '"lost_events": 1'), "1 lost"),
    (STAND_IN.replace("10000000", "999"), "999 events and 0 lost"),
    (STAND_IN.replace('"events"', '"other"'), "no numbers of the trace"),
], ids=["status", "no output", "other output", "no start", "no trace", "lost", "few", "no figures"])
def test_a_broken_contestant_ends_the_group(tmp_path, script, why):
    done = broken_run(tmp_path, script)
    assert done.returncode == 4
    assert why in done.stderr
    assert not (tmp_path / "out.json").exists()
    if "exit 9" in script:
        assert "threads under full" in done.stderr and "its own words" in done.stderr


def test_the_added_cpu_is_a_share_of_what_the_peer_adds():
    costs = {"none": 1.0, "none-again": 1.5, "full": 1.75, "heaptrack": 3.0}
    played = {name: Sample(cpu=cpu) for name, cpu in costs.items()}
    metric, = profiler.added_cpu_metrics("x", ["heaptrack", "full"])
    assert metric.pair(played) == (0.75, 2.0)
    assert metric.again(played) == (0.5, 2.0)
    assert metric.bar == {"max": 0.40} and metric.equal == 0
    assert not list(profiler.added_cpu_metrics("x", ["full"]))


def test_every_workload_has_its_bars():
    assert profiler.WALL_MAX == {
        "full": {"sqlite": 1.35, "cc1": 1.35, "python": 2.2, "threads": 3.2},
        "sample": {"sqlite": 1.05, "cc1": 1.05, "python": 1.08, "threads": 1.12},
        "count": {"sqlite": 1.03, "cc1": 1.03, "python": 1.03, "threads": 1.08},
        "dormant": {"sqlite": 1.01, "cc1": 1.01, "python": 1.01},
    }
    assert profiler.THROUGHPUT_MIN == {"full": 0.50, "sample": 0.95, "dormant": 0.99}
    assert set(profiler.WALL_MAX["full"]) <= set(profiler.WORKLOADS)


# --- refusals


@pytest.mark.parametrize("args, code, words", [
    ([], 2, "no group"),
    (["replay"], 2, "group 'replay': has no benchmarks yet; available: profiler, heap, region"),
    (["profiler", "--soak"], 2, "group 'profiler' has none"),
    (["heap", "--soak", "5m"], 2, "invalid amount"),
    (["heap", "--soak", "0"], 2, "invalid amount"),
    (["heap", "--contestants", "jemaloc"], 2, "did you mean 'jemalloc'?"),
    (["heap", "--build", "/nonexistent", "--workloads", "hot"], 3, "'./dev build' makes it"),
    (["profilr"], 2, "unknown group 'profilr': did you mean 'profiler'?"),
    (["profiler", "--rouns", "3"], 2, "unknown option '--rouns': did you mean '--rounds'?"),
    (["profiler", "--quic"], 2, "did you mean '--quick'?"),
    (["profiler", "--rounds", "0"], 2, "--rounds"),
    (["profiler", "--rounds"], 2, "expected one argument"),
    (["profiler", "extra"], 2, "one argument too many"),
    (["profiler", "--workloads", "sqlit"], 2, "did you mean 'sqlite'?"),
    (["profiler", "--contestants", "fulll"], 2, "did you mean 'full'?"),
    (["profiler", "--pin", "9999"], 2, "usable CPUs are"),
    (["profiler", "--build", "/nonexistent", "--workloads", "threads", "--contestants", "full"], 3,
     "'./dev build' makes it"),
    (["profiler", "--json", "/nonexistent/out.json"], 4, "/nonexistent/out.json"),
    (["profiler", "--work", "/dev/null/x"], 4, "/dev/null/x"),
    (["list", "more"], 2, "takes no arguments"),
    (["compare", "one"], 2, "NEW"),
    (["compare", "/nonexistent/a", "/nonexistent/b"], 3, "No such file"),
])
def test_what_cannot_be_done_is_refused_in_one_line(args, code, words):
    done = bench(*args)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("ccmem: bench: ")
    assert words in done.stderr
    assert done.stdout == ""


def test_a_missing_peer_says_how_to_get_it(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("gcc", "as", "ld"):
        (tools / tool).symlink_to(shutil.which(tool))
    argv = [PYTHON, ROOT / "bench/run.py", "profiler", "--contestants", "heaptrack"]
    env = os.environ | {"PATH": str(tools)}
    done = subprocess.run(argv, capture_output=True, text=True, env=env)
    assert done.returncode == 3
    assert "heaptrack" in done.stderr and "./dev setup --bench" in done.stderr


def test_list_names_groups_workloads_and_contestants():
    done = bench("list")
    assert done.returncode == 0
    for word in ("profiler", "sqlite", "redis", "heaptrack", "heap", "scatter", "replay"):
        assert word in done.stdout


def test_compare_reads_what_a_run_wrote(whole):
    file = whole[0] / "out.json"
    done = bench("compare", file, file)
    assert done.returncode == 0
    count = len(whole[2]["results"])
    assert f"0 better, 0 worse, 0 no difference shown, {count} too few rounds" in done.stdout


@pytest.mark.parametrize("damage", [
    lambda text: text[: len(text) // 2], lambda text: "[]",
    lambda text: text.replace('"n"', '"m"', 1), lambda text: text.replace("bench/1", "bench/9"),
])
def test_compare_refuses_damaged_files(whole, tmp_path, damage):
    bad = tmp_path / "bad.json"
    bad.write_text(damage((whole[0] / "out.json").read_text()))
    done = bench("compare", whole[0] / "out.json", bad)
    assert done.returncode == 3
    assert str(bad) in done.stderr


def test_compare_refuses_different_groups(whole, tmp_path):
    other = copy.deepcopy(whole[2]) | {"group": "heap"}
    (tmp_path / "other.json").write_text(json.dumps(other))
    done = bench("compare", whole[0] / "out.json", tmp_path / "other.json")
    assert done.returncode == 2
