# SPDX-License-Identifier: MIT
"""Tools that watch memory still find what they are for: the heap steps aside for them. And what a
program without them is told is one line."""
import re
import shutil

import pytest

from recording import BUILD, PROJECT, environment, run

SHARED = (f"-L{BUILD}/lib", "-lccmem", f"-Wl,-rpath,{BUILD}/lib")
BUGS = r"""
#include <ccmem/alloc.h>
#include <string.h>

static volatile char seen;

static void use_after_free(void)
{
    volatile char *p = cc_alloc(100);
    p[0] = 1;
    cc_free((void *)p, 100);
    seen = p[0];
}

static void write_beyond(void)
{
    volatile char *p = cc_alloc(112); /* all of a size class */
    p[112] = 1;
    cc_free((void *)p, 112);
}

static void free_twice(void)
{
    void *p = cc_alloc_node(64);
    cc_free_node(p, 64);
    cc_free_node(p, 64);
}

static void lose(void)
{
    void *volatile p = cc_calloc(10, 10);
    p = NULL;
    (void)p;
}

static void nothing(void)
{
    char *p = cc_alloc(100);
    memset(p, 1, 100);
    p = cc_realloc(p, 100, 5000);
    p[4999] = 1;
    cc_free_unsized(p);
    cc_free_aligned(cc_alloc_aligned(10, 4096), 10, 4096);
    cc_trim();
}

int main(int argc, char **argv)
{
    void (*const bug[])(void) = { use_after_free, write_beyond, free_twice, lose, nothing };
    bug[argv[argc - 1][0] - '0']();
    return 0;
}
"""
NAMES = ("use_after_free", "write_beyond", "free_twice", "lose", "nothing")


def compiled(folder, *flags):
    source = folder / "bugs.c"
    source.write_text(BUGS)
    done = run("cc", "-g", "-O1", "-Wall", "-Werror", f"-I{PROJECT / 'include'}", source, *flags,
               *SHARED, "-pthread", "-o", folder / "bugs")
    assert done.returncode == 0, done.stderr
    return folder / "bugs"


@pytest.fixture(scope="module")
def plain(built, tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def instrumented(built, tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("asan"), "-fsanitize=address")


def bug(program, name, *before, **settings):
    return run(*before, program, NAMES.index(name), env=environment(**settings))


@pytest.mark.parametrize("name, said", [
    ("use_after_free", "heap-use-after-free"), ("write_beyond", "heap-buffer-overflow"),
    ("free_twice", "0 bytes inside of 64-byte region"), ("lose", "LeakSanitizer: detected memory leaks")])
def test_address_sanitizer_finds(instrumented, name, said):
    done = bug(instrumented, name)
    assert done.returncode != 0 and said in done.stderr, done.stderr


def test_address_sanitizer_finds_nothing(instrumented):
    done = bug(instrumented, "nothing")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name, said", [
    ("use_after_free", "Invalid read of size 1"), ("write_beyond", "Invalid write of size 1"),
    ("free_twice", "Invalid free()"), ("lose", "definitely lost: 112 bytes in 1 blocks"),
    ("nothing", "ERROR SUMMARY: 0 errors")])
def test_valgrind_finds(plain, name, said):
    assert shutil.which("valgrind"), "valgrind is not installed: ./dev setup"
    done = bug(plain, name, "valgrind", "--leak-check=full", "--error-exitcode=9")
    assert said in done.stderr, done.stderr
    assert done.returncode == (0 if name == "nothing" else 9)


def test_with_arrays_a_tool_sees_less(instrumented):
    """What stepping aside is for: with the arrays forced on, the freed block is still the heap's."""
    done = bug(instrumented, "use_after_free", CCMEM_MAGAZINES=1)
    assert "heap-use-after-free" not in done.stderr


@pytest.mark.parametrize("backend", ("mimalloc", "tcmalloc", "system"))
def test_the_check_speaks_one_line(plain, backend):
    done = bug(plain, "free_twice", CCMEM_HEAP_CHECK=1, CCMEM_BACKEND=backend)
    assert done.returncode == -6
    assert re.fullmatch(r"ccmem: heap: block 0x[0-9a-f]+ was freed twice\n", done.stderr)
    done = bug(plain, "nothing", CCMEM_HEAP_CHECK=1, CCMEM_BACKEND=backend)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("settings, freed_at_once", [
    ({"CCMEM_MAGAZINES": "0"}, True), ({"CCMEM_MAGAZINES": ""}, False), ({}, False),
    ({"CCMEM_MAGAZINES": "1"}, False), ({"CCMEM_HEAP_CHECK": "1"}, True),
    ({"CCMEM_HEAP_CHECK": "0", "CCMEM_MAGAZINES": "0"}, True)])
def test_settings(built, tmp_path, settings, freed_at_once):
    """Whether the backend has a block back as soon as it is freed."""
    source = tmp_path / "settings.c"
    source.write_text("""
        #include <ccmem/alloc.h>
        int main(void)
        {
            cc_alloc_stats_enable(true);
            cc_free(cc_alloc(100), 100);
            return (int)cc_alloc_stats_snapshot().backend_free_count;
        }""")
    done = run("cc", f"-I{PROJECT / 'include'}", source, *SHARED, "-o", tmp_path / "settings")
    assert done.returncode == 0, done.stderr
    done = run(tmp_path / "settings", env=environment(**settings))
    assert (done.returncode, done.stderr) == (int(freed_at_once), "")
