# SPDX-License-Identifier: MIT
"""bench/heap/soak.c: it finds nothing where nothing is, and something where something is."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
BUILD = ROOT / "build"
SOAK = BUILD / "bench/heap/soak"


def soak(*args, **env):
    return subprocess.run([SOAK, *map(str, args)], capture_output=True, text=True,
                          env=os.environ | env)


@pytest.mark.parametrize("backend", ["mimalloc", "tcmalloc", "system"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_short_soak_finds_no_difference(backend, seed):
    done = soak(2_000_000, seed, CCMEM_BACKEND=backend)
    assert done.returncode == 0, done.stderr
    assert f"over {backend}, seed {seed}: no difference" in done.stdout
    assert int(done.stdout.split()[0]) >= 2_000_000


def test_the_bench_runs_it():
    argv = ["/usr/bin/python3", ROOT / "bench/run.py", "heap", "--soak", "20000"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "no difference" in done.stdout


# What a broken heap would do, put before the real one: a statistic that is one too high, and others.
BROKEN = {
    field: (words, f"""
        cc_alloc_snapshot_t cc_alloc_stats_snapshot(void)
        {{
            cc_alloc_snapshot_t s = ((snapshot *)dlsym(RTLD_NEXT, "cc_alloc_stats_snapshot"))();
            s.{field}++;
            return s;
        }}
        """)
    for field, words in {
        "current_allocated": "current_allocated is",
        "alloc_bytes": "alloc_bytes - free_bytes is",
        "free_count": "alloc_count - free_count is",
        "unsized_free_count": "unsized_free_count is",
        "cached_bytes": "cached_bytes after cc_trim is 1, not 0",
        "backend_free_count": "backend_free_count at the end is",
    }.items()
} | {
    "a wrong size": ("current_allocated is", """
        size_t cc_good_size(size_t size) { return (size + 15) / 16 * 16 + 16; }
        """),
    "a small block": ("has only 0", """
        size_t cc_usable_size(const void *p) { (void)p; return 0; }
        """),
    "no zeros": ("is not all zero", """
        void *cc_calloc(size_t count, size_t size)
        {
            void *p = cc_alloc(count * size);
            return p ? memset(p, 1, count * size) : p;
        }
        """),
    "lost bytes": ("cc_realloc from", """
        void *cc_realloc(void *p, size_t old, size_t size)
        {
            cc_free(p, old);
            p = cc_alloc(size);
            return p ? memset(p, 0, size) : p;
        }
        """),
    "a lost free": ("current_allocated is", """
        void cc_free_unsized(void *p) { (void)p; }
        """),
}
BEFORE = """
#include <ccmem/alloc.h>
#include <dlfcn.h>
#include <string.h>
typedef cc_alloc_snapshot_t snapshot(void);
"""


@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_broken_is_found(tmp_path, fault):
    words, code = BROKEN[fault]
    source, library = tmp_path / "broken.c", tmp_path / "broken.so"
    source.write_text(BEFORE + code)
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-O2", "-shared", "-fPIC", f"-I{ROOT / 'include'}",
                    "-o", library, source], check=True)
    done = soak(100_000, LD_PRELOAD=str(library), CCMEM_BACKEND="system")
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("ccmem: soak: seed 1, round ") and words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("args", [[], ["0"], ["x"], ["-1"], ["5m"], ["1", "0"], ["1", "1", "1"]])
def test_what_is_no_amount_is_refused(args):
    done = soak(*args)
    assert done.returncode == 2 and "usage: " in done.stderr
