# SPDX-License-Identifier: MIT
"""Real programs do under every mode what they do alone: the same output, the same status."""
import contextlib
import shutil
import socket
import subprocess

import pytest

from recording import CCMEM, MODES, SOURCES, environment, report_of, run

SQL = """
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i+1 from n where i < 5000)
  insert into t select i, hex(i * 7919) || '-' || i, i / 3.0 from n;
create index tb on t(b);
select count(*), sum(length(b)), round(avg(c), 3) from t where b like '3%';
select b, c from t order by b desc limit 20;
"""

PYTHON = """
import collections, json, subprocess, sys, threading
results = {}
def work(n):
    data = [{"id": i, "name": "x" * (i % 50), "list": list(range(i % 20))} for i in range(2000)]
    results[n] = len(json.dumps(json.loads(json.dumps(data))))
threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
child = subprocess.run([sys.executable, "-c", "print(sum(range(1000)))"], capture_output=True)
print(sorted(results.items()), child.stdout.decode().strip())
sys.exit(3)
"""

PERL = r"""
my %h; for my $i (1..20000) { push @{$h{"k" . ($i % 997)}}, "v$i" x ($i % 5); }
my $s = 0; for my $k (sort keys %h) { $s += length join ",", @{$h{$k}}; }
my $out = `echo from a child`; print "$s $out"; exit 4;
"""

C_FUNCTION = """
int f%d(struct s *x)
{
    for (int j = 0; j < 10; j++)
        x->a[j] += %d * j;
    return printf("%%d", x->a[%d]) + (int)strlen(x->p);
}
"""
C_SOURCE = """
#include <stdio.h>
#include <string.h>
struct s { int a[10]; char *p; };
""" + "".join(C_FUNCTION % (i, i, i % 10) for i in range(200))

GIT = """
set -e
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_DATE=@0 GIT_COMMITTER_DATE=@0
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
rm -rf one two && git init -q -b main one
for i in 1 2 3 4 5; do seq $i 500 >one/f$i; git -C one add .; git -C one commit -qm "c$i"; done
git clone -q one two 2>&1
git -C two log --stat --format='%H %s'
git -C two fsck
"""

PIPELINE = "seq 1 20000 | sort -rn | awk '{s += $1} END {print s, NR}'; (exit 6)"


def needs(*programs):
    for name in programs:
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")


@pytest.fixture
def same(built, tmp_path):
    """Runs a command alone and under ccmem, in the same folder, and compares; gives the report."""
    def compare(*command, options=(), stdin=None, changes=None):
        where = tmp_path / "work"
        where.mkdir(exist_ok=True)
        env = environment(**(changes or {}))
        more = dict(env=env, cwd=where, input=stdin)
        alone = run(*command, **more)
        trace = tmp_path / "t.ccm"
        recorded = run(CCMEM, "profile", "-q", "-f", "-o", trace, *options, "--", *command, **more)
        assert recorded.stdout == alone.stdout
        assert recorded.stderr == alone.stderr
        assert recorded.returncode == alone.returncode
        report = report_of(trace)
        assert report.lost_events == 0
        assert report.program["exit_status"] == alone.returncode
        return report
    return compare


def modes(test):
    return pytest.mark.parametrize("options", [["--mode", m] for m in MODES], ids=MODES)(test)


@modes
def test_sqlite(same, options):
    needs("sqlite3")
    report = same("sqlite3", ":memory:", stdin=SQL, options=options)
    assert report.alloc_count > 10000


@modes
def test_cc1(same, tmp_path, options):
    (tmp_path / "source.c").write_text(C_SOURCE)
    cc1 = run("cc", "-print-prog-name=cc1").stdout.strip()
    report = same(cc1, "-quiet", "-O2", tmp_path / "source.c", "-o", "-", options=options)
    assert report.alloc_count > 3000


@modes
def test_the_compiler_driver_and_all_it_starts(same, tmp_path, options):
    (tmp_path / "source.c").write_text(C_SOURCE)
    same("cc", "-c", "-O1", tmp_path / "source.c", "-o", "x.o", options=options + ["--follow"])
    names = {report_of(p).program["exe"].split("/")[-1] for p in tmp_path.glob("t*.ccm")}
    assert any("gcc" in n for n in names) and "cc1" in names and any(
        n == "as" or n.endswith("-as") for n in names)


@modes
@pytest.mark.parametrize("allocator", ("malloc", None))
def test_python(same, options, allocator):
    report = same("/usr/bin/python3", "-c", PYTHON, options=options,
                  changes=dict(PYTHONMALLOC=allocator, PYTHONHASHSEED=0))
    assert len(report.thread_stats) == 5
    assert report.alloc_count > (100000 if allocator else 500)


@modes
def test_perl(same, options):
    needs("perl")
    assert same("perl", "-e", PERL, options=options,
                changes=dict(PERL_HASH_SEED=0)).alloc_count > 10000


@modes
def test_git(same, options):
    needs("git")
    same("sh", "-c", GIT, options=options + ["--follow"])


@modes
def test_a_shell_and_its_pipelines(same, tmp_path, options):
    needs("bash")
    same("bash", "-c", PIPELINE, options=options + ["--follow"])
    names = [report_of(p).program["argv"][0] for p in tmp_path.glob("t*.ccm")]
    assert {"bash", "seq", "sort", "awk"} <= set(names)


@modes
def test_exceptions_across_threads(same, program, options):
    report = same(program("truth_cpp"), "exceptions", options=options)
    assert report.alloc_count > 4 * 100 * 6


@modes
def test_rust(same, tmp_path, options):
    needs("rustc")
    binary = tmp_path / "program"
    made = run("rustc", "-g", "-O", SOURCES / "truth_rust.rs", "-o", binary)
    assert made.returncode == 0, made.stderr
    report = same(binary, options=options)
    if "full" in options:
        sites = [s for s in report.sites if any("keep_boxes" in (f or "") for f in s.functions)]
        assert sum(s.alloc_count for s in sites if s.sizes["max"] == 4096) == 100


# ---- a server


def free_port():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(port, *words):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
        s.sendall(b"".join([b"*%d\r\n" % len(words)] +
                           [b"$%d\r\n%s\r\n" % (len(w), w) for w in words]))
        return s.makefile("rb").readline()


@pytest.fixture
def redis_server(tmp_path):
    """One file is all of redis' programs, by the name that it is called by: Debian has it in
    redis-tools, which starts no service."""
    found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
    if not found:
        pytest.skip("redis-tools is not installed")
    (tmp_path / "redis-server").symlink_to(found)
    return tmp_path / "redis-server"


@modes
def test_redis_with_its_own_allocator(built, tmp_path, options, redis_server):
    port, trace = free_port(), tmp_path / "t.ccm"
    command = [CCMEM, "profile", "-q", *options, "-o", trace, "--", redis_server, "--port", port,
               "--bind", "127.0.0.1", "--save", "", "--dir", tmp_path]
    with subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True,
                          env=environment()) as server:
        try:
            for line in server.stdout:
                if "Ready to accept connections" in line:
                    break
            assert ask(port, b"PING") == b"+PONG\r\n"
            for i in range(200):
                assert ask(port, b"SET", b"key%d" % i, b"x" * i * 10) == b"+OK\r\n"
            assert ask(port, b"GET", b"key7") == b"$70\r\n"
            with contextlib.suppress(ConnectionError):
                ask(port, b"SHUTDOWN", b"NOSAVE")
            assert server.wait(60) == 0
        finally:
            server.kill()
    report = report_of(trace)
    assert report.alloc_count > 1000 and report.lost_events == 0
    assert report.allocator["claimed"] in ("jemalloc", "system")


# ---- other allocators under the program


ALLOCATORS = {"jemalloc": "libjemalloc.so.2", "mimalloc": "libmimalloc.so.2",
              "tcmalloc": "libtcmalloc_minimal.so.4"}


def allocator(name):
    """The path of an allocator of that name, as the loader would find it; skips without."""
    for line in run("/sbin/ldconfig", "-p").stdout.splitlines():
        if line.split(" ")[0].strip() == ALLOCATORS[name]:
            return line.split("=> ")[1]
    return pytest.skip(f"{ALLOCATORS[name]} is not installed")


def own_sites(report, *functions):
    """What passes one of the functions: count and bytes of each, and what lives on."""
    return sorted((s.alloc_count, s.sizes["max"], s.free_count, s.live_count)
                  for s in report.sites
                  if any(f.endswith(functions) for f in s.functions if f))


@pytest.mark.parametrize("name", ALLOCATORS)
@pytest.mark.parametrize("scenario", ("sizes", "peak", "leaks", "temporary", "family"))
def test_other_allocators_are_counted_alike(profile, program, name, scenario):
    library = allocator(name)
    _, plain = profile(program("truth_calls"), scenario)
    _, other = profile(program("truth_calls"), scenario, changes=dict(LD_PRELOAD=library))
    assert other.allocator["claimed"] == name
    assert own_sites(other, scenario) == own_sites(plain, scenario)
    assert len(own_sites(plain, scenario)) >= 1
    assert other.unmatched_free_count == 0


@pytest.mark.parametrize("name", ALLOCATORS)
@pytest.mark.parametrize("mode", MODES)
def test_operators_of_other_allocators_are_counted_once(profile, program, name, mode):
    """They do not pass malloc. Sizes are those asked for, which libstdc++ rounds up itself."""
    library = allocator(name)
    options = ["--mode", mode]
    _, plain = profile(program("truth_cpp"), "operators", options=options)
    _, other = profile(program("truth_cpp"), "operators", options=options,
                       changes=dict(LD_PRELOAD=library))
    if mode == "full":
        sites = own_sites(other, "::operators()")
        assert [s[0] for s in sites] == 12 * [100] and {s[3] for s in sites} == {0}
        assert sorted(s[1] for s in sites) == list(range(101, 113))
        assert own_sites(other, "::expressions()") == own_sites(plain, "::expressions()")
    # What an allocator allocates when it is loaded stays to the end.
    own = {"tcmalloc": 2}.get(name, 0)
    assert (other.alloc_count - own, other.free_count) == (plain.alloc_count, plain.free_count)


@pytest.mark.parametrize("name", ALLOCATORS)
def test_threads_with_other_allocators(profile, program, name):
    library = allocator(name)
    _, report = profile(program("truth_threads"), "exchange", 8, 5000,
                        changes=dict(LD_PRELOAD=library))
    own = [s for s in report.own() if s.functions[0] == "take"]
    assert sum(s.alloc_count for s in own) == sum(s.free_count for s in own) == 40000
    assert report.unmatched_free_count == report.lost_events == 0
