# SPDX-License-Identifier: MIT
"""The same figures as others find: valgrind's to the last byte, heaptrack's but for what it is
known to leave out.

Everything in which they differ has a name here, and is counted:

    valgrind    frees what libc and libstdc++ keep to the end, on their behalf: switched off.
                Threads' tables of thread-local storage are an entry of 16 bytes shorter, because
                our library has such storage and is loaded.
    cc1         has a table of 32768 bytes for each 4 GiB of addresses in which it has memory, and
                the addresses are others under each tool.
    heaptrack   loads libstdc++, which allocates its reserve for exceptions.
"""
import functools
import re
import shutil

import pytest

from recording import CCMEM, MODES, PROGRAMS, environment, report_of, run, total

SQL = """
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i+1 from n where i < 2000)
  insert into t select i, hex(i * 7919) || '-' || i, i / 3.0 from n;
create index tb on t(b);
select count(*), sum(length(b)), round(avg(c), 3) from t where b like '3%';
"""
C_SOURCE = "int f(int *a) { int s = 0; for (int j = 0; j < 10; j++) s += a[j] * j; return s; }\n"
AWK = "{s[$1 % 100] = s[$1 % 100] $1} END {for (i = 0; i < 100; i++) n += length(s[i]); print n}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the programs work on."""
    folder = tmp_path_factory.mktemp("against")
    (folder / "source.c").write_text(C_SOURCE)
    (folder / "files").mkdir()
    for i in range(60):
        (folder / f"files/f{i:02}").write_text("".join(f"{n}\n" for n in range(20 * i)))
    return folder


def command_of(name):
    """The command, and its standard input. All are single-threaded and do the same every time."""
    return {
        "sqlite3": (["sqlite3", ":memory:"], SQL),
        "cc1": ([run("cc", "-print-prog-name=cc1").stdout.strip(), "-quiet", "-O1", "source.c",
                 "-o", "/dev/null"], ""),
        "tar": (["tar", "cf", "/dev/null", "files"], ""),
        "awk": (["awk", AWK, "files/f50", "files/f59"], ""),
        "exceptions": ([PROGRAMS / "truth_cpp", "exceptions"], ""),
        "threads": ([PROGRAMS / "truth_threads", "exchange", "4", "500"], ""),
        "libraries": ([PROGRAMS / "truth_plugins", PROGRAMS], ""),
        "lives": ([PROGRAMS / "truth_life"], ""),
    }[name]


SYSTEM = ["sqlite3", "cc1", "tar", "awk"]
OWN = ["exceptions", "threads", "libraries", "lives"]


def need(tool):
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")


def run_in(folder, name, *before):
    command, stdin = command_of(name)
    need(str(command[0]))
    done = run(*before, *command, cwd=folder, input=stdin, env=environment(PWD=folder))
    assert done.returncode == 0, done.stderr
    return done


def recorded(folder, name, *options):
    trace = folder / "t.ccm"
    run_in(folder, name, CCMEM, "profile", "-q", "-f", "-o", trace, *options, "--")
    return report_of(trace, "--all-leaks")


# ---- valgrind


def numbers(pattern, text):
    found = re.search(pattern.replace("#", r"([\d,]+)"), text)
    assert found, text
    return tuple(int(n.replace(",", "")) for n in found.groups())


@functools.lru_cache(maxsize=None)
def valgrinds(folder, name):
    """(allocations, frees, bytes), and (blocks, bytes) in use at the end."""
    need("valgrind")
    said = run_in(folder, name, "valgrind", "--tool=memcheck", "--undef-value-errors=no",
                  "--leak-check=no", "--run-libc-freeres=no", "--run-cxx-freeres=no").stderr
    in_bytes, in_blocks = numbers("in use at exit: # bytes in # blocks", said)
    return numbers("total heap usage: # allocs, # frees, # bytes", said), (in_blocks, in_bytes)


TLS_ENTRY, CC1_TABLE = 16, 32768


@functools.lru_cache(maxsize=None)
def threads_made(folder, name):
    return total(recorded(folder, name).through("dl_allocate_tls"), "alloc_count")


def tables_of_cc1(name, more):
    """How many of its tables cc1 has more than under the other tool. Their bytes must agree."""
    return more if name == "cc1" and abs(more) <= 2 else 0


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SYSTEM + OWN)
def test_as_valgrind_counts(built, folder, name, mode):
    (allocs, frees, size), _ = valgrinds(folder, name)
    report = recorded(folder, name, "--mode", mode)
    tables = tables_of_cc1(name, report.alloc_count - allocs)
    more = TLS_ENTRY * threads_made(folder, name) + CC1_TABLE * tables
    assert (report.alloc_count - tables, report.free_count) == (allocs, frees)
    assert report.alloc_bytes - more == size
    assert report.lost_events == 0


@pytest.mark.parametrize("name", SYSTEM + OWN)
def test_as_valgrind_finds_what_is_not_freed(built, folder, name):
    _, (blocks, size) = valgrinds(folder, name)
    report = recorded(folder, name)
    tables = tables_of_cc1(name, report.leaked_count - blocks)
    kept = total(report.through("dl_allocate_tls"), "live_count")
    assert report.leaked_count - tables == blocks
    assert report.leaked_bytes - TLS_ENTRY * kept - CC1_TABLE * tables == size
    assert report.current_allocated == report.leaked_bytes
    assert report.unmatched_free_count == report.implied_free_count == 0


# ---- heaptrack


def heaptracks(folder, name):
    """Calls to allocation functions."""
    need("heaptrack")
    for old in folder.glob("heaptrack.out*"):
        old.unlink()
    run_in(folder, name, "heaptrack", "-o", folder / "heaptrack.out")
    (made,) = folder.glob("heaptrack.out*")
    (calls,) = numbers("calls to allocation functions: #", run("heaptrack_print", made).stdout)
    return calls


@pytest.mark.parametrize("name", SYSTEM)
def test_as_heaptrack_counts(built, folder, name):
    reserve = 1
    theirs = heaptracks(folder, name) - reserve
    ours = recorded(folder, name).alloc_count
    assert abs(ours - theirs) <= ours / 1000
