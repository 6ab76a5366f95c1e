# SPDX-License-Identifier: MIT
"""Recording that is switched on and off: ccmem profile --dormant, attach, detach."""
import contextlib
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

import recording
from recording import CCMEM, MODES, PRELOAD, environment, report_of

PYTHON = "/usr/bin/python3"
BOUND = 60  # seconds that anything may take
IMPATIENT = 10  # seconds in which a call that should be refused is


ASLEEP = (1).to_bytes(4, "little")  # what a door says while nothing is recorded


def wait_until(condition, what):
    """Asks again and again; there is nothing else to wait on."""
    end = time.monotonic() + BOUND
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not within {BOUND} s"
        time.sleep(0.002)
    return found


def read(path):
    """Of a process that may just have ended."""
    try:
        return pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def maps(pid):
    return read(f"/proc/{pid}/maps")


def pools_of(pid):
    """A deleted one's recording has ended."""
    return set(re.findall(r"(/\S+/\d+\.\d+\.pool)$", maps(pid), re.M))


def is_recorded(pid):
    return bool(pools_of(pid))


def mapped(pid):
    """Bytes of address space, but for the program's own heap."""
    return sum(int(end, 16) - int(start, 16) for start, end, name in re.findall(
        r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)$", maps(pid), re.M) if name != "[heap]")


def door_of(pid):
    found = re.search(r" (/.*\.door)$", maps(pid), re.M)
    return found and pathlib.Path(found[1])


class Told:
    """truth_attach, dormant, which does what it is told."""

    def __init__(self, folder, program, changes=None, prefix=None):
        self.folder = folder
        prefix = [CCMEM, "profile", "--dormant", "--"] if prefix is None else prefix
        self.process = subprocess.Popen(
            [str(c) for c in (*prefix, program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=open(folder / "stderr", "ab"), text=True, cwd=folder,
            env=environment(XDG_RUNTIME_DIR=folder / "run", **(changes or {})))
        self.pid = self.process.pid

    def say(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()

    def tell(self, words, answer="done"):
        self.say(words)
        line = self.process.stdout.readline().strip()
        assert line.startswith(answer), (words, line, self.process.poll())
        return line

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(BOUND) == 0, self.stderr()

    def stderr(self):
        return read(self.folder / "stderr")


@pytest.fixture
def told(built, program, tmp_path):
    """Starts truth_attach; all of them end with the test."""
    (tmp_path / "run").mkdir(mode=0o700)
    started = []

    def start(**options):
        started.append(Told(tmp_path, program("truth_attach"), **options))
        started[-1].tell("once")
        return started[-1]
    yield start
    for p in started:
        p.process.kill()
        p.process.wait()
        p.process.stdin.close()
        p.process.stdout.close()


class Attached:
    """ccmem attach, beside the test."""

    def __init__(self, folder, pid, *options, name="trace", quiet=True):
        self.pid, self.trace = pid, folder / f"{name}.ccm"
        self.process = subprocess.Popen(
            [str(c) for c in (CCMEM, "attach", pid, "-o", self.trace, "-f",
                              *(["-q"] if quiet else []), *options)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())

    def finish(self, status=0):
        """Its report, and what it said."""
        out, err = self.process.communicate(timeout=BOUND)
        assert self.process.returncode == status, (self.process.returncode, err)
        assert out == ""
        return report_of(self.trace) if self.trace.exists() else None, err


@contextlib.contextmanager
def attached(told, *options, pid=None, **more):
    """Recording is on inside, and the process has noticed."""
    before = pools_of(pid or told.pid)  # a dead collector removes nothing
    a = Attached(told.folder, pid or told.pid, *options, **more)
    try:
        def noticed():
            assert a.process.poll() is None, a.process.communicate()
            told.tell("once")
            return pools_of(a.pid) - before
        wait_until(noticed, "recording")
        yield a
    finally:
        if a.process.poll() is None and not hasattr(a, "left"):
            a.process.kill()
            a.process.communicate()


def run(*arguments, timeout=BOUND):
    return recording.run(CCMEM, *arguments, timeout=timeout)


def detach(pid):
    done = run("detach", pid)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done


def refused(done, status, *words):
    assert done.returncode == status, done
    assert done.stdout == "" and done.stderr.count("\n") == 1, done
    for word in words:
        assert word in done.stderr, done.stderr


# ---- what is recorded ----

@pytest.mark.parametrize("mode", MODES)
def test_exactly_what_is_between_attach_and_detach(told, mode):
    p = told()
    p.tell("burst 300")
    interval = ("--interval", "777") if mode == "sample" else ()
    with attached(p, "--mode", mode, *interval) as a:
        p.tell("burst 2000")
        detach(p.pid)
        p.tell("burst 500")  # asleep
        r, _ = a.finish()
    p.tell("burst 100")
    p.end()
    onces = r.alloc_count - 2000
    assert 1 <= onces < 1000  # "once", told until it was noticed
    assert r.alloc_bytes == 2000 * 777 + onces
    assert r.free_count == 2000 - 5 + onces
    assert r.mode == mode and r.lost_events == 0
    if mode == "full":
        site = r.site("burst_one")
        assert (site.alloc_count, site.live_bytes) == (2000, 5 * 777)
    assert p.stderr() == ""


def test_blocks_of_before(told):
    p = told()
    p.tell("keep 1000")
    with attached(p) as a:
        p.tell("drop")
        p.tell("keep 10")
        detach(p.pid)
        r, _ = a.finish()
    assert r.program["attached"] is True
    assert r.unmatched_free_count == 1000
    assert r.site("keep_one").live_bytes == 10 * 88
    assert r.current_allocated == 10 * 88
    text = run("report", a.trace).stdout
    assert f"pid {p.pid}, attached to at 2" in text, text
    assert "1,000 blocks allocated before the recording" in text, text


def test_samples_of_before(told):
    """A free of what an earlier recording sampled is no sample's."""
    p = told()
    every = ("--mode", "sample", "--interval", "1")
    with attached(p, *every) as a:
        p.tell("keep 500")
        detach(p.pid)
        r, _ = a.finish()
    assert r.site("keep_one").alloc_count == 500
    with attached(p, *every, name="second") as a:
        p.tell("drop")
        p.tell("keep 20")
        detach(p.pid)
        r, _ = a.finish()
    assert r.unmatched_free_count == 0
    assert r.free_count >= 500 and r.site("keep_one").alloc_count == 20


def test_again_and_again(told):
    """Fifty recordings of one process, by turns in each mode; nothing of it grows."""
    p = told()
    sizes, doors = [], set()
    for i in range(50):
        mode = MODES[i % 3]
        with attached(p, "--mode", mode, name=f"{i}") as a:
            p.tell(f"burst {10 + i}")
            detach(p.pid)
            r, err = a.finish()
        p.tell("once")
        assert r.alloc_bytes - r.alloc_count == (10 + i) * 776, (i, mode)
        assert err == "" and r.lost_events == 0
        sizes.append(mapped(p.pid))
        doors.add(door_of(p.pid))
    assert len(doors) == 1
    assert sizes[-1] == sizes[4], sizes  # of the same mode
    assert not is_recorded(p.pid)
    assert "pool" not in maps(p.pid)
    p.end()


def test_memory_is_given_back(told):
    """A recorder's tables and chunks are not kept by a program that is not recorded."""
    p = told()
    with attached(p):
        p.tell("burst 20000")
        p.tell("threads 8")
        p.tell("rest")
        resident = int(re.search(r"RssShmem:\s*(\d+)", read(f"/proc/{p.pid}/status"))[1])
        detach(p.pid)
    p.tell("once")
    after = int(re.search(r"RssShmem:\s*(\d+)", read(f"/proc/{p.pid}/status"))[1])
    assert resident >= 128 and after <= 8, (resident, after)  # KiB: a chunk; the door


def test_sixteen_threads(told):
    """They begin, end, write and check while recordings come and go."""
    p = told()
    p.tell("threads 16")
    threads = []
    for i in range(12):
        with attached(p, "--mode", MODES[i % 3], name=f"{i}") as a:
            p.tell("burst 500")
            detach(p.pid)
            r, _ = a.finish()
        assert r.alloc_count > 500
        threads.append(len(r.thread_stats))
        assert not [w for w in r.trace["warnings"] if "damaged" in w], r.trace
        if MODES[i % 3] == "full":
            assert r.site("burst_one").alloc_count == 500
    assert max(threads) > 4  # not each has its turn in so short a time
    p.tell("rest")
    p.end()


# ---- ways to end ----

def test_for_a_time(told):
    p = told()
    a = Attached(p.folder, p.pid, "--for", "0.3")
    wait_until(lambda: p.tell("once") and a.process.poll() is not None, "the end")
    r, _ = a.finish()
    assert r.duration_seconds >= 0.1
    refused(run("detach", p.pid), 4, "is not being recorded")
    p.end()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_a_signal_ends_the_recording(told, name):
    p = told()
    with attached(p, quiet=False) as a:
        p.tell("burst 50")
        a.process.send_signal(getattr(signal, name))
        r, err = a.finish()
    assert r.site("burst_one").alloc_count == 50
    assert str(a.trace) in err  # the summary
    p.tell("burst 10")
    p.end()


def test_the_program_ends(told):
    p = told()
    with attached(p) as a:
        p.tell("burst 50")
        p.end()
        r, err = a.finish()
    assert r.site("burst_one").alloc_count == 50
    assert err == ""


def test_the_program_is_killed(told):
    p = told()
    with attached(p) as a:
        p.tell("burst 50")
        p.process.kill()
        p.process.wait()
        r, err = a.finish()
    assert r.site("burst_one").alloc_count == 50 and err == ""
    assert not is_recorded(p.pid)


def test_the_program_becomes_another(built, tmp_path):
    """By exec, and that one is not recorded."""
    (tmp_path / "run").mkdir(mode=0o700)
    script = "import os,sys; sys.stdin.readline(); os.execv('/bin/cat', ['cat'])"
    p = Told(tmp_path, PYTHON, prefix=[CCMEM, "profile", "--dormant", "--", PYTHON, "-c", script,
                                       "--"])
    wait_until(lambda: door_of(p.pid), "a door")
    door = door_of(p.pid)
    a = Attached(tmp_path, p.pid)
    wait_until(lambda: door.read_bytes()[:4] != ASLEEP, "the order to record")
    p.say("go on")
    r, err = a.finish()
    assert "no allocation was seen" in err or r.alloc_count > 0
    p.say("still here")
    assert p.process.stdout.readline() == "still here\n"
    p.end()


@pytest.mark.parametrize("stage", ["before", "during", "burst"])
def test_the_collector_is_killed(told, stage):
    """Then the program goes on, and can be attached to anew."""
    p = told()
    if stage == "before":  # it may or may not have switched on
        a = Attached(p.folder, p.pid)
        a.process.kill()
        a.process.communicate()
    else:
        with attached(p) as a:
            a.process.kill()
            a.process.communicate()
            if stage == "burst":  # more than there are chunks for
                p.tell("burst 200000")
    p.tell("burst 10")
    assert p.stderr() == ""
    left = {pathlib.Path(pool).parent for pool in pools_of(p.pid)}
    with attached(p, name="second") as a:
        assert not [spool for spool in left if spool.exists()]
        p.tell("burst 60")
        detach(p.pid)
        r, _ = a.finish()
    assert r.site("burst_one").alloc_count == 60
    p.end()


def test_detaching_from_a_dead_collector(told):
    p = told()
    with attached(p) as a:
        a.process.kill()
        a.process.communicate()
        detach(p.pid)
    refused(run("detach", p.pid), 4, "is not being recorded")
    p.end()


@pytest.mark.parametrize("threads", [0, 8])
def test_collectors_killed_at_any_moment(told, threads):
    p = told()
    p.tell(f"threads {threads}")
    for i in range(30):
        a = Attached(p.folder, p.pid, "--mode", MODES[i % 3])
        timer = threading.Timer(0.0007 * i, a.process.kill)
        timer.start()
        while a.process.poll() is None:
            p.tell("burst 100")
        timer.join()
        a.process.communicate()
    with attached(p) as a:
        p.tell("burst 60")
        detach(p.pid)
        r, _ = a.finish()
    assert r.site("burst_one").alloc_count == 60
    p.tell("rest")
    p.end()
    assert p.stderr() == ""


def test_a_full_disk(told, tmp_path):
    """The trace cannot be written on: the recording ends, the program does not notice."""
    p = told()
    small = tmp_path / "small"
    small.mkdir()
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)]).returncode != 0:
        pytest.skip("cannot mount a small file system here")
    try:
        a = Attached(small, p.pid, quiet=False)
        wait_until(lambda: p.tell("burst 5000") and a.process.poll() is not None, "the end")
        out, err = a.process.communicate()
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert "No space left" in err, err
    p.tell("burst 10")
    p.end()


def test_a_process_that_may_not_write(told):
    """Who attached is told why; the program is not."""
    p = told(prefix=["bash", "-c", 'ulimit -f 64; exec "$0" "$@"', CCMEM, "profile", "--dormant",
                     "--"])
    a = Attached(p.folder, p.pid)
    wait_until(lambda: p.tell("once") and a.process.poll() is not None, "the end")
    _, err = a.finish(status=4)
    assert err == f"ccmem: attach: {p.pid}: could not begin to record: File too large\n"
    assert not a.trace.exists()
    p.end()
    assert p.stderr() == ""


# ---- forks ----

def test_a_fork_is_recorded_with_its_parent(told):
    p = told()
    with attached(p) as a:
        p.tell("burst 20")
        child = int(p.tell("fork", "pid").split()[1])
        p.tell("burst 30")  # the child reads now
        detach(p.pid)
        r, _ = a.finish()
        assert r.site("burst_one").alloc_count == 20
        of_child = report_of(p.folder / f"trace.{child}.ccm")
    assert of_child.site("burst_one").alloc_count == 30
    p.tell("burst 10")
    p.tell("exit", "status 0")
    p.end()


def test_a_fork_can_be_attached_to(told):
    """Though it has no door of its own yet; its parent, which is called by that, goes on."""
    p = told()
    p.tell("threads 2")
    child = int(p.tell("fork", "pid").split()[1])
    shared = door_of(child)
    assert shared == door_of(p.pid)
    with attached(p, pid=child) as a:
        p.tell("burst 70")
        assert not is_recorded(p.pid) and door_of(child) != shared
        detach(child)
        r, _ = a.finish()
    assert r.site("burst_one").alloc_count == 70
    with attached(p, pid=child, name="second") as a:  # now by its own
        p.tell("burst 80")
        detach(child)
        r, _ = a.finish()
    assert r.site("burst_one").alloc_count == 80
    p.tell("exit", "status 0")
    assert {f.name for f in p.folder.glob("*.ccm")} == {"trace.ccm", "second.ccm"}
    with attached(p, name="third") as a:
        p.tell("burst 90")
        detach(p.pid)
        r, _ = a.finish()
    assert r.site("burst_one").alloc_count == 90
    p.tell("rest")
    p.end()


def test_a_fork_of_the_dead(told):
    """As daemons are: the parent is gone, its door serves on."""
    p = told()
    child = int(p.tell("fork", "pid").split()[1])
    p.process.kill()
    p.process.wait()
    assert door_of(child).exists()
    with attached(p, pid=child) as a:
        p.tell("burst 70")
        detach(child)
        r, _ = a.finish()
    assert r.site("burst_one").alloc_count == 70
    p.tell("exit", "")


DAEMON = """
import os, sys
if os.fork():
    sys.exit()
print("pid", os.getpid(), flush=True)
for line in sys.stdin:
    kept = [bytearray(5000) for i in range(100)]
    print("done", flush=True)
"""


def test_a_daemon(built, tmp_path):
    """Its parent ends as programs do, and leaves the door to it."""
    (tmp_path / "run").mkdir(mode=0o700)
    p = Told(tmp_path, DAEMON, prefix=[CCMEM, "profile", "--dormant", "--", PYTHON, "-c"])
    child = int(p.process.stdout.readline().split()[1])
    assert p.process.wait(BOUND) == 0
    with attached(p, pid=child) as a:
        p.tell("work")
        detach(child)
        r, _ = a.finish()
    assert r.program["forked"] and sum(s.alloc_bytes for s in r.sites) >= 100 * 5000
    p.process.stdin.close()
    wait_until(lambda: not maps(child), "its end")
    assert not list((tmp_path / "run" / "ccmem").iterdir())


def test_a_fork_that_does_nothing(told):
    p = told()
    child = int(p.tell("fork", "pid").split()[1])
    refused(run("attach", child, "-o", p.folder / "x.ccm"), 4, str(child), "has not allocated")
    assert not (p.folder / "x.ccm").exists()
    refused(run("detach", p.pid), 4, "is not being recorded")
    p.tell("exit", "status 0")
    p.end()


def test_detaching_a_fork_that_is_recorded_with_its_parent(told):
    p = told()
    with attached(p) as a:
        child = int(p.tell("fork", "pid").split()[1])
        p.tell("once")
        refused(run("detach", child), 4, f"with process {p.pid}")
        refused(run("attach", child), 4, "another ccmem")
        p.tell("exit", "status 0")
        detach(p.pid)
        a.finish()
    p.end()


# ---- who may not ----

def test_two_at_once(told):
    p = told()
    with attached(p) as a:
        refused(run("attach", p.pid, timeout=IMPATIENT), 4, str(p.pid), "another ccmem")
        p.tell("burst 20")
        detach(p.pid)
        r, _ = a.finish()
    assert r.site("burst_one").alloc_count == 20


def test_many_at_once(told):
    """Of those that try at the same time one wins, again and again."""
    p = told()
    for _ in range(5):
        tries = [Attached(p.folder, p.pid, "--for", "0.2", name=f"{i}") for i in range(6)]
        wait_until(lambda: p.tell("once") and all(a.process.poll() is not None for a in tries),
                   "all of them")
        statuses = sorted(a.process.returncode for a in tries)
        for a in tries:
            a.process.communicate()
        assert statuses.count(0) >= 1 and set(statuses) <= {0, 4}, statuses
    p.end()


def test_no_such_process(built):
    child = subprocess.Popen(["true"])
    child.wait()
    for command in ("attach", "detach"):
        refused(run(command, child.pid), 3, str(child.pid), "no such process")


def test_not_a_process(built):
    for word in ("0", "-3", "12x", "99999999999999999999", "cat"):
        for command in ("attach", "detach"):
            done = run(command, "--", word)
            refused(done, 2, "is not the number of a process")


def test_one_that_has_ended(built):
    child = subprocess.Popen(["true"])
    wait_until(lambda: "State:\tZ" in read(f"/proc/{child.pid}/status"), "its end")
    refused(run("attach", child.pid), 4, "has ended")
    child.wait()


def test_without_the_recorder(built):
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    refused(run("attach", child.pid), 4, "does not have ccmem's recorder", "--dormant")
    child.communicate()


def test_with_the_recorder_but_awake(built, tmp_path):
    child = subprocess.Popen([CCMEM, "profile", "-q", "-o", tmp_path / "x.ccm", "--", "cat"],
                             stdin=subprocess.PIPE, env=environment())
    def cat():
        pids = read(f"/proc/{child.pid}/task/{child.pid}/children").split()
        return pids and is_recorded(pids[0]) and pids[0]
    pid = wait_until(cat, "cat")
    refused(run("attach", pid), 4, "was not started dormant", "--dormant")
    child.communicate()


def test_one_of_its_threads(told):
    p = told()
    p.tell("threads 1")
    tid = sorted(int(t) for t in os.listdir(f"/proc/{p.pid}/task"))[1]  # that stays
    refused(run("attach", tid), 4, f"is a thread of process {p.pid}")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_another_user(told):
    p = told()
    done = recording.run("setpriv", "--reuid=65534", "--clear-groups", CCMEM, "attach", p.pid)
    refused(done, 4, "belongs to another user (0)")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to make namespaces")
@pytest.mark.parametrize("kind", ["--pid", "--mount"])
def test_another_namespace(told, kind):
    command = ["unshare", "--fork", kind] if kind == "--pid" else ["unshare", kind]
    p = told(prefix=[*command, CCMEM, "profile", "--dormant", "--"])
    pid = read(f"/proc/{p.pid}/task/{p.pid}/children").split()[0] if kind == "--pid" else p.pid
    refused(run("attach", pid), 4, "is in a container")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs chroot")
def test_another_root(told, tmp_path):
    p = told()
    script = ("import os,sys; os.chroot(sys.argv[1]); os.chdir('/'); print(1, flush=True);"
              "sys.stdin.read()")
    child = subprocess.Popen([CCMEM, "profile", "--dormant", "--", PYTHON, "-c", script, tmp_path],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                             env=environment(XDG_RUNTIME_DIR=tmp_path / "run"))
    child.stdout.readline()
    refused(run("attach", child.pid), 4, "another root directory")
    child.communicate()
    p.end()


def test_existing_file(told):
    p = told()
    out = p.folder / "there.ccm"
    out.write_text("precious")
    refused(run("attach", p.pid, "-o", out), 4, "exists already", "-f")
    assert out.read_text() == "precious"
    refused(run("attach", p.pid, "-o", p.folder / "no" / "x.ccm"), 4, "No such file")
    p.tell("burst 10")
    p.end()


def test_default_names(told, tmp_path):
    """One process can be recorded twice without a thought for names."""
    p = told()
    for _ in range(3):
        a = subprocess.Popen([CCMEM, "attach", str(p.pid), "-q", "--for", "0.1"], cwd=tmp_path,
                             env=environment(), stderr=subprocess.PIPE)
        wait_until(lambda: p.tell("once") and a.poll() is not None, "the end")
        assert a.communicate()[1] == b"" and a.returncode == 0
    names = sorted(f.name for f in tmp_path.glob("ccmem.*.ccm"))
    assert names == [f"ccmem.truth_attach.{p.pid}{n}.ccm" for n in (".1", ".2", "")]


def test_usage(built):
    refused(run("attach"), 2, "PID: missing")
    refused(run("attach", "1", "2"), 2, "one PID too many")
    refused(run("attach", "1", "--mode", "some"), 2, "--mode")
    refused(run("attach", "1", "--interval", "1k"), 2, "--interval")
    refused(run("attach", "1", "--for", "long"), 2, "--for")
    refused(run("detach"), 2, "PID: missing")
    refused(run("profile", "--dormant", "-o", "x.ccm", "--", "true"), 2, "--dormant")
    refused(run("profile", "--dormant", "--", "no-such-program"), 3, "no-such-program")


# ---- starting dormant ----

def test_dormant_is_the_program_itself(built, tmp_path):
    done = recording.run(CCMEM, "profile", "--dormant", "--", "sh", "-c", "echo $$; exit 7",
                         cwd=tmp_path)
    assert done.returncode == 7 and done.stderr == "" and done.stdout.strip().isdigit()
    assert list(tmp_path.iterdir()) == []


def test_environment_of_its_children(built, tmp_path):
    for options, wanted in (((), ""), (("--follow",), "dormant")):
        done = recording.run(CCMEM, "profile", "--dormant", *options, "--", "sh", "-c",
                             "sh -c 'echo $CCMEM_START:${LD_PRELOAD##*/}'")
        name = PRELOAD.name if wanted else ""
        assert done.stdout == f"{wanted}:{name}\n" and done.stderr == ""


def test_by_the_environment(told):
    p = told(prefix=[], changes={"LD_PRELOAD": PRELOAD, "CCMEM_START": "dormant"})
    with attached(p) as a:
        p.tell("burst 20")
        detach(p.pid)
        r, _ = a.finish()
    assert r.site("burst_one").alloc_count == 20


def test_a_senseless_start(built):
    done = recording.run("true", env=environment(LD_PRELOAD=PRELOAD, CCMEM_START="soon"))
    assert done.returncode == 0
    assert done.stderr == ("ccmem: record: CCMEM_START=soon: must be now or dormant; "
                           "nothing is recorded\n")


def test_profile_records_at_once_all_the_same(profile):
    _, r = profile("true", changes={"CCMEM_START": "dormant"})
    assert r is None or r.mode == "full"


def make_no_place(kind, path):
    """Something by the name of the folder for doors that is not for us alone."""
    path.mkdir(mode=0o700)
    if kind == "open":
        path.chmod(0o755)
    elif kind == "another user's":
        os.chown(path, 65534, -1)
    elif kind == "a link":
        path.rename(path.with_name("elsewhere"))
        path.symlink_to("elsewhere")


@pytest.mark.parametrize("kind", ["open", "a link", pytest.param("another user's", marks=(
    pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")))])
def test_no_place_for_a_door(told, tmp_path, kind):
    """There are other places."""
    make_no_place(kind, tmp_path / "run" / "ccmem")
    p = told()
    assert not door_of(p.pid).is_relative_to(tmp_path)
    p.end()


def test_a_place_that_has_no_root(told, tmp_path):
    """A relative path means nothing to who looks for the door."""
    p = told(prefix=["env", "XDG_RUNTIME_DIR=run", CCMEM, "profile", "--dormant", "--"])
    assert not door_of(p.pid).is_relative_to(tmp_path)
    p.end()


def test_a_door_that_cannot_be_written(told, tmp_path):
    """Half a page is none."""
    p = told(prefix=["bash", "-c", 'ulimit -f 2; exec "$0" "$@"', CCMEM, "profile", "--dormant",
                     "--"])
    assert door_of(p.pid) is None
    assert p.stderr().endswith(": No space left on device; nobody can attach, the program goes on\n")
    assert list((tmp_path / "run" / "ccmem").iterdir()) == []
    p.end()


def test_a_name_that_is_taken(told, tmp_path):
    """By a process that was killed, whose number was given out again."""
    (tmp_path / "run" / "ccmem").mkdir(mode=0o700)
    p = told(prefix=["bash", "-c", 'echo mine >$XDG_RUNTIME_DIR/ccmem/$$.0.door; exec "$0" "$@"',
                     CCMEM, "profile", "--dormant", "--"])
    assert door_of(p.pid).name == f"{p.pid}.1.door"
    assert (tmp_path / "run" / "ccmem" / f"{p.pid}.0.door").read_text() == "mine\n"
    p.end()


def test_doors_are_private_and_go(told):
    p = told()
    door = door_of(p.pid)
    assert door.stat().st_mode & 0o777 == 0o600
    assert door.parent.stat().st_mode & 0o777 == 0o700
    p.end()
    assert not door.exists()


def test_doors_of_the_killed_go_with_the_next_attach(told):
    first, second = told(), told()
    door = door_of(first.pid)
    first.process.kill()
    first.process.wait()
    assert door.exists()
    refused(run("detach", second.pid), 4, "is not being recorded")
    assert not door.exists() and door_of(second.pid).exists()


def test_a_deleted_door(told):
    p = told()
    door_of(p.pid).unlink()
    refused(run("attach", p.pid), 4, "was deleted")
    p.tell("burst 10")
    p.end()


@pytest.mark.parametrize("damage", ["magic", "version"])
def test_a_strange_door(told, damage):
    p = told()
    with open(door_of(p.pid), "r+b") as door:
        door.seek(4 if damage == "magic" else 8)
        door.write(b"\xff\xff\xff\xff")
    refused(run("attach", p.pid), 4, "another version")
    p.tell("burst 10")
    p.end()


@pytest.mark.parametrize("kind", ["short", "open", pytest.param("another user's", marks=(
    pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")))])
def test_a_door_that_cannot_be_trusted(told, kind):
    p = told()
    door = door_of(p.pid)
    if kind == "short":
        os.truncate(door, door.stat().st_size - 1)
    elif kind == "open":
        door.chmod(0o606)
    else:
        os.chown(door, 65534, -1)
    refused(run("attach", p.pid), 4, str(door), "is not a file of ccmem's")
    p.tell("burst 10")
    p.end()


def test_descriptors_and_threads_are_the_programs_own(told):
    """A dormant program has what it would have without us."""
    p = told()
    bare = subprocess.Popen([p.process.args[-1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    bare.stdin.write(b"once\n")
    bare.stdin.flush()
    assert bare.stdout.readline() == b"done\n"
    assert len(os.listdir(f"/proc/{p.pid}/task")) == 1
    assert sorted(os.listdir(f"/proc/{p.pid}/fd")) == ["0", "1", "2"]
    for line in ("SigCgt", "SigBlk", "SigIgn", "Threads"):
        of = lambda pid: re.search(rf"{line}:\s*(\S+)", read(f"/proc/{pid}/status"))[1]
        assert of(p.pid) == of(bare.pid), line
    bare.communicate()


PAIRS = """
#include <stdlib.h>
int main(int argc, char **argv)
{
    for (int i = 0, n = atoi(argv[argc - 1]); i < n; i++) {
        void *volatile p = malloc(64);
        free(p);
    }
}
"""


def instructions(folder, program, pairs, **changes):
    """By callgrind, which is exact."""
    done = recording.run("valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
                         program, pairs, env=environment(XDG_RUNTIME_DIR=folder, **changes))
    assert done.returncode == 0, done.stderr
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the number is that of x86-64")
def test_instructions_of_a_dormant_pair(built, tmp_path):
    """Eight in front of each call: of the pair, not of the start. The recorder comes to the program
    by way of valgrind, hence CCMEM_FOLLOW."""
    (tmp_path / "pairs.c").write_text(PAIRS)
    program = recording.compile_program(tmp_path, tmp_path / "pairs.c", "-O1")
    dormant = {"LD_PRELOAD": PRELOAD, "CCMEM_START": "dormant", "CCMEM_FOLLOW": "1"}
    costs = [instructions(tmp_path, program, 20000, **c) - instructions(tmp_path, program, 10000, **c)
             for c in ({}, dormant)]
    assert 0 < costs[1] - costs[0] <= 16.1 * 10000, costs


# ---- programs of others ----

LOOP = """
import json, sys
print("ready", flush=True)
for line in sys.stdin:
    text = json.dumps({str(i): [i] * 5 for i in range(300)})
    assert json.loads(text)["7"] == [7] * 5
    print("done", flush=True)
"""


def test_python(built, tmp_path):
    (tmp_path / "run").mkdir(mode=0o700)
    p = Told(tmp_path, LOOP, prefix=[CCMEM, "profile", "--dormant", "--", PYTHON, "-c"])
    assert p.process.stdout.readline() == "ready\n"
    for i in range(10):
        with attached(p, name=f"{i}") as a:
            p.tell("work")
            detach(p.pid)
            r, _ = a.finish()
        assert r.alloc_count > 10 and r.lost_events == 0
    p.end()
    assert p.stderr() == ""


@pytest.mark.skipif(not shutil.which("redis-server"), reason="redis is a part of ./dev setup")
def test_redis(built, tmp_path):
    """Serves right through, with its own allocator behind us."""
    (tmp_path / "run").mkdir(mode=0o700)
    socket = tmp_path / "redis.sock"
    server = subprocess.Popen(
        [CCMEM, "profile", "--dormant", "--", "redis-server", "--port", "0", "--unixsocket",
         str(socket), "--save", "", "--dir", str(tmp_path), "--logfile", str(tmp_path / "log")],
        env=environment(XDG_RUNTIME_DIR=tmp_path / "run"))
    def client(*words):
        return recording.run("redis-cli", "-s", socket, *words)
    try:
        wait_until(lambda: client("ping").stdout == "PONG\n", "redis")
        for i in range(10):
            a = Attached(tmp_path, server.pid, "--mode", MODES[i % 3], name=f"{i}")
            wait_until(lambda: client("set", f"k{i}", "x" * 500).stdout == "OK\n"
                       and is_recorded(server.pid), "recording")
            assert client("set", f"l{i}", "y" * 500).stdout == "OK\n"
            detach(server.pid)
            r, err = a.finish()
            assert err == "" and r.lost_events == 0
            assert client("get", f"k{i}").stdout == "x" * 500 + "\n"
    finally:
        client("shutdown", "nosave")
        server.wait(BOUND)
