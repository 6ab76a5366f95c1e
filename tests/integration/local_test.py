# SPDX-License-Identifier: MIT
"""A program that records itself by the preload library: malloc, and what it tells of."""
import re
import signal

import attach_test
from attach_test import BOUND, attached, door_of, read, refused, run
from recording import CCMEM, PRELOAD, report_of

told = attach_test.told


def resident(pid):
    """KiB of private memory."""
    return int(re.search(r"RssAnon:\s*(\d+)", read(f"/proc/{pid}/status"))[1])


def write(p, name="own"):
    """What p has recorded of itself. While threads are at it there is no moment without a record."""
    trace = p.folder / f"{name}.ccm"
    p.tell(f"write {trace}")
    return report_of(trace)


def test_exactly_what_is_between_start_and_stop(told):
    p = told()
    p.tell("burst 300")
    for i in range(1, 20):
        p.tell("start")
        p.tell(f"burst {1000 * i}")
        r = write(p)
        p.tell("stop")
        p.tell("burst 50")
        assert r.alloc_count == 1000 * i, i
        assert r.alloc_bytes == 777 * 1000 * i
        assert r.free_count == 1000 * i - 5
        assert r.site("burst_one").live_bytes == 5 * 777
        assert r.lost_events == 0
    assert r.program["attached"] is True
    p.end()
    assert p.stderr() == ""


def test_what_it_tells_of_is_recorded_once(told):
    p = told()
    p.tell("start")
    p.tell("tell 500")
    r = write(p)
    p.tell("stop")
    assert (r.alloc_count, r.free_count, r.alloc_bytes) == (500, 500, 500 * 99)
    assert r.site("obey_local").alloc_count == 500
    p.end()


def test_not_while_somebody_is_attached(told):
    p = told()
    with attached(p) as a:
        p.tell("start", "busy")
        p.tell("burst 100")
        attach_test.detach(p.pid)
        r, _ = a.finish()
    assert r.site("burst_one").alloc_count == 100
    p.tell("start")
    p.tell("burst 10")
    assert write(p).alloc_count == 10
    p.tell("stop")
    p.end()


def test_nobody_can_attach_or_detach_meanwhile(told):
    p = told()
    p.tell("start")
    p.tell("burst 100")
    trace = p.folder / "foreign.ccm"
    refused(run("attach", p.pid, "-o", trace, "-q"), 4, f"{p.pid}: is profiling itself")
    assert not trace.exists()
    refused(run("detach", p.pid), 4, f"{p.pid}: is profiling itself")
    p.tell("burst 100")
    assert write(p).site("burst_one").alloc_count == 200
    p.tell("stop")
    with attached(p) as a:
        p.tell("burst 30")
        attach_test.detach(p.pid)
        r, _ = a.finish()
    assert r.site("burst_one").alloc_count == 30
    p.end()


def test_not_while_ccmem_profile_records(told):
    p = told(prefix=[CCMEM, "profile", "-q", "-f", "-o", "all.ccm", "--"])
    p.tell("start", "busy")
    p.tell("burst 40")
    p.end()
    assert report_of(p.folder / "all.ccm").site("burst_one").alloc_count == 40


def test_where_nobody_asked_for_a_recording(told):
    p = told(prefix=[], changes={"LD_PRELOAD": PRELOAD})
    p.tell("burst 5")
    p.tell("start")
    p.tell("burst 60")
    assert write(p).alloc_count == 60
    p.tell("stop")
    p.end()
    assert p.stderr() == ""


def fork(p):
    return int(p.tell("fork", "pid").split()[1])


def end_fork(p):
    p.say("exit")
    assert p.process.stdout.readline().strip() == "status 0"


def test_a_fork_is_not_recorded_and_has_a_door_of_its_own(told):
    p = told()
    p.tell("start")
    p.tell("burst 10")
    child = fork(p)
    p.tell("burst 1000")
    assert door_of(child) not in (None, door_of(p.pid))
    with attached(p, pid=child) as a:  # it, and not its parent
        p.tell("burst 20")
        attach_test.detach(child)
        r, _ = a.finish()
    assert r.site("burst_one").alloc_count == 20
    p.tell("stop")  # there is nothing of its own, and its parent's is not touched
    p.tell("start")
    p.tell("burst 33")
    assert write(p, "child").alloc_count == 33
    end_fork(p)
    p.tell("burst 7")
    assert write(p, "parent").site("burst_one").alloc_count == 17
    p.tell("stop")
    p.end()


def test_a_fork_that_shares_the_door(told):
    """It makes one of its own before it records itself."""
    p = told()
    child = fork(p)
    assert door_of(child) == door_of(p.pid)
    p.tell("start")
    assert door_of(child) != door_of(p.pid)
    p.tell("burst 44")
    assert write(p, "child").alloc_count == 44
    refused(run("attach", child, "-o", p.folder / "x.ccm", "-q"), 4, "is profiling itself")
    p.tell("stop")
    end_fork(p)
    assert door_of(p.pid).exists()
    p.tell("start")
    p.tell("burst 3")
    assert write(p).alloc_count == 3
    p.end()


def test_the_door_goes_with_the_process(told):
    for end in ("exit", "kill"):
        p = told()
        p.tell("start")
        door = door_of(p.pid)
        assert door.exists()
        if end == "exit":
            p.end()
            assert not door.exists()
        else:
            p.process.send_signal(signal.SIGKILL)
            p.process.wait(BOUND)
    again = told()
    with attached(again):
        assert not door.exists()  # swept by who attached


def test_memory_is_given_back(told):
    p = told()
    p.tell("burst 1000")
    before = resident(p.pid)
    p.tell("start")
    p.tell("burst 80000")
    recording = resident(p.pid)
    p.tell("stop")
    p.tell("once")
    after = resident(p.pid)
    assert recording > before + 400  # what nobody has read
    assert after < before + 200, (before, recording, after)  # KiB
    p.end()


def test_threads_that_allocate_meanwhile(told):
    """Starts and stops do them no harm, and what is written is whole: nobody reads before the end, so
    the threads may have filled all there is, and what does not fit is counted."""
    p = told()
    p.tell("threads 4")
    for i in range(20):
        p.tell("start")
        p.tell("burst 500")
        trace = p.folder / f"{i}.ccm"
        p.say(f"write {trace}")
        assert p.process.stdout.readline().strip() in ("done", "inexact")
        p.tell("stop")
        r = report_of(trace)
        assert r.lost_events > 0 or r.site("burst_one").alloc_count == 500, i
    p.tell("rest")
    p.end()
