# SPDX-License-Identifier: MIT
"""ccmem/profiler.h and ccmem/alloc.h in a program with and without the preload library: what is seen, by
whom, and that all ways to look at it say the same."""
import contextlib
import csv
import io
import json
import subprocess
import time
import urllib.request

import pytest

from recording import BUILD, CCMEM, PROJECT, compile_program, environment, profile, report_of, run

BOUND = 60  # seconds

# Commands: heap N, libc N (pairs of 40 and 56 bytes), keep N, start, stop, reset, restart, fork, wait (for
# a line of input), serve, which waits, too, and what is to be printed.
PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <ccmem/alloc.h>
#include <ccmem/profiler.h>

static cc_profiler_t *p;

static __attribute__((noinline)) void heap(long n)
{
    for (long i = 0; i < n; i++)
        cc_free(cc_alloc(40), 40);
}

static __attribute__((noinline)) void libc(long n)
{
    for (long i = 0; i < n; i++) {
        void *volatile block = malloc(56);
        free(block);
    }
}

static __attribute__((noinline)) void keep(long n)
{
    static void *volatile last;
    for (long i = 0; i < n; i++)
        last = cc_alloc(1000);
    (void)last;
}

static void start(void)
{
    cc_profiler_options_t o = CC_PROFILER_OPTIONS_DEFAULT;
    o.capture_stacks = o.detect_leaks = o.track_per_thread = true;
    if (cc_profiler_create(&p, &o) != CC_RESULT_OK || cc_profiler_start(p) != CC_RESULT_OK)
        exit(5);
}

static void show(void)
{
    const cc_profiler_report_t *r;
    if (cc_profiler_snapshot(p, &r) != CC_RESULT_OK)
        exit(6);
    printf("%s %llu %llu %llu\n", r->scope == CC_PROFILER_SCOPE_ALL ? "all" : "heap",
           (unsigned long long)r->alloc_count, (unsigned long long)r->free_count,
           (unsigned long long)r->leaked_bytes);
    cc_profiler_report_destroy(r);
}

static void again(cc_result_t r)
{
    if (r != CC_RESULT_OK)
        exit(8);
}

static void restart(void)
{
    cc_profiler_stop(p);
    again(cc_profiler_start(p));
}

static void in_child(long n)
{
    if (fork() == 0) {
        heap(n);
        exit(0);
    }
    wait(NULL);
}

static void serve(void)
{
    uint16_t port;
    if (cc_profiler_serve(p, "0", &port) != CC_RESULT_OK)
        exit(7);
    printf("%u\n", port);
    fflush(stdout);
    getchar();
}

int main(int argc, char **argv)
{
    setvbuf(stdin, NULL, _IONBF, 0); /* a buffer would be seen */
    setvbuf(stdout, NULL, _IONBF, 0);
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *what = argv[i], *more = argv[i + 1];
        long        n    = atol(more);
        if (!strcmp(what, "heap")) heap(n);
        else if (!strcmp(what, "libc")) libc(n);
        else if (!strcmp(what, "keep")) keep(n);
        else if (!strcmp(what, "fork")) in_child(n);
        else if (!strcmp(what, "start")) start();
        else if (!strcmp(what, "stop")) cc_profiler_stop(p);
        else if (!strcmp(what, "reset")) again(cc_profiler_reset(p));
        else if (!strcmp(what, "restart")) restart();
        else if (!strcmp(what, "wait")) getchar();
        else if (!strcmp(what, "show")) show();
        else if (!strcmp(what, "serve")) serve();
        else if (!strcmp(what, "write")) {
            cc_result_t r = cc_profiler_write(p, more, stdout);
            if (r != CC_RESULT_OK) printf("%s\n", cc_result_name(r));
        }
    }
    cc_profiler_destroy(p);
    return 0;
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    source = folder / "profiled.c"
    source.write_text(PROGRAM)
    flags = ("-O1", f"-I{PROJECT / 'include'}")
    library = (f"-L{BUILD / 'lib'}", "-lccmem", f"-Wl,-rpath,{BUILD / 'lib'}")
    done = run("cc", "-g", "-fno-builtin", *flags, source, "-o", folder / "profiled", *library)
    assert done.returncode == 0, done.stderr
    return folder / "profiled"


def lines(*command, **more):
    done = run(*command, **more)
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout.splitlines()


# ---- from outside


@pytest.mark.parametrize("mode", ("full", "count"))
def test_a_recording_sees_blocks_of_the_heap_as_the_program_does(program, tmp_path, mode):
    """Not the batches in which the heap fetches them."""
    _, none = profile(tmp_path, program, "heap", "0", options=("--mode", mode))
    _, some = profile(tmp_path, program, "heap", "5000", "keep", "3", options=("--mode", mode))
    assert some.alloc_count == none.alloc_count + 5003
    assert some.alloc_bytes == none.alloc_bytes + 5000 * 40 + 3 * 1000
    assert some.free_count == none.free_count + 5000
    if mode == "full":
        assert some.through("heap")[0].alloc_count == 5000
        assert some.through("keep")[0].live_bytes == 3000


def test_so_does_one_of_a_child(program, tmp_path):
    profile(tmp_path, program, "heap", "10", "fork", "700", name="of-%p")
    counts = sorted(sum(s.alloc_count for s in report_of(t).through("heap"))
                    for t in tmp_path.glob("of-*.ccm"))
    assert counts == [10, 700]


def test_a_profiler_in_a_recorded_program_sees_the_heap(program, tmp_path):
    """What it sees the recording does not, and afterwards it does again."""
    done, report = profile(tmp_path, program, "heap", "10", "start", "1", "heap", "200", "libc", "30",
                           "stop", "1", "heap", "4000", "show", "1")
    assert done.stdout == "heap 200 200 0\n"
    assert sum(s.alloc_count for s in report.through("heap")) == 4010
    assert sum(s.alloc_count for s in report.through("libc")) == 30


# ---- from inside


def test_without_the_preload_library(program):
    assert lines(program, "start", "1", "heap", "300", "libc", "50", "keep", "2", "show", "1") == [
        "heap 302 300 2000"]


def test_with_it_each_block_is_seen_once(program):
    found = lines(CCMEM, "profile", "--dormant", "--", program, "heap", "5", "start", "1",
                  "heap", "300", "libc", "50", "keep", "2", "stop", "1", "heap", "9", "show", "1",
                  "start", "1", "libc", "7", "show", "1")
    assert found == ["all 352 350 2000", "all 7 7 0"]


def document(program, format, *before):
    done = run(program, "start", "1", *before, "stop", "1", "write", format)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_documents_say_what_the_report_says(program):
    did = ("heap", "300", "keep", "2")
    report = json.loads(document(program, "json", *did))
    assert report["schema"] == "ccmem-report/1"
    assert (report["alloc_count"], report["free_count"]) == (302, 300)
    assert report["leaked_bytes"] == 2000
    kept = [s for s in report["sites"] if any(f["function"] == "keep" for f in s["frames"])]
    assert kept[0]["live_bytes"] == 2000
    assert "main" in [f["function"] for f in kept[0]["frames"]]
    prometheus = document(program, "prometheus", *did)
    assert "\ncc_memory_alloc_total 302\n" in prometheus
    summary = list(csv.DictReader(io.StringIO(document(program, "csv", *did))))
    assert "302" in str(summary)
    assert "keep" in document(program, "collapsed", *did)
    assert "302 blocks" in document(program, "text", *did)
    assert document(program, "nonsense") == "CC_RESULT_INVALID\n"


def fetch(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return answer.read().decode()


@contextlib.contextmanager
def serving(*command):
    """A program that has come to `serve`, as a process and a port; it goes on with a line of input."""
    with subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True, env=environment()) as p:
        yield p, int(p.stdout.readline())


def served_data(port, allocated):
    """The data of the dashboard as soon as they have so many blocks: a page is that of a moment ago."""
    end = time.monotonic() + BOUND
    while True:
        data = json.loads(fetch(port, "/dashboard.json"))
        if data["report"]["alloc_count"] == allocated:
            return data
        assert time.monotonic() < end, data["report"]["alloc_count"]


def check_slices(data, allocated, kept):
    blocks, last = data["slices"]["blocks"], len(data["slices"]["edges"]) - 1
    assert sum(blocks["count"]) == sum(data["slices"]["sizes"]["count"]) == allocated
    assert sum(n for n, died in zip(blocks["count"], blocks["died"]) if died == last) == kept
    assert sum(data["slices"]["threads"]["alloc_count"]) == allocated
    assert sum(data["slices"]["threads"]["free_count"]) == allocated - kept


@pytest.mark.parametrize("again", ("reset", "restart"))
def test_what_is_served_has_slices(program, again):
    """What was before is in them, and they go on when the profiler begins again."""
    command = (program, "start", "1", "heap", "300", "keep", "2", "serve", "1", "heap", "50", "wait", "1",
               again, "1", "heap", "20", "wait", "1")
    with serving(*command) as (p, port):
        for allocated, kept in ((302, 2), (352, 2), (20, 0)):
            data = served_data(port, allocated)
            if "ccmem-live" in fetch(port, "/"):
                check_slices(data, allocated, kept)
            else:
                assert data["slices"] is None  # nothing is there to show them
            p.stdin.write("\n")
            p.stdin.flush()
    assert p.returncode == 0


@pytest.mark.parametrize("prefix", ((), (CCMEM, "profile", "--dormant", "--")))
def test_serving_is_not_seen(program, prefix):
    """Neither the server's threads nor what they allocate are in the figures that they serve."""

    command = (*prefix, program, "start", "1", "heap", "300", "serve", "1", "show", "1")
    with serving(*command) as (p, port):
        for _ in range(3):
            metrics = fetch(port, "/metrics")
            assert "\ncc_memory_alloc_total 300\n" in metrics
            report = json.loads(fetch(port, "/report.json"))
            assert report["alloc_count"] == 300 and len(report["thread_stats"]) == 1
        rest, _ = p.communicate("\n", timeout=60)
    assert rest.split()[1:3] == ["300", "300"]
    assert p.returncode == 0
