# SPDX-License-Identifier: MIT
"""Stacks: names, order, lines and inlined frames, through everything that stands on a stack."""
import json
import shutil

import pytest

from recording import PROGRAMS, SOURCES, Report, compile_program, plain_name, total

SOURCE = SOURCES / "truth_stacks.c"
KEPT = 256  # frames of a stack; what is deeper loses its outer end


def line_of(mark):
    found = [n for n, line in enumerate(SOURCE.read_text().splitlines(), 1)
             if f"/* @{mark} */" in line]
    assert len(found) == 1, mark
    return found[0]


def marked(*functions):
    return [(f, line_of(f)) for f in functions]


@pytest.fixture
def stacks(profile, program):
    """The report of a scenario of truth_stacks."""
    return lambda scenario, **more: profile(program("truth_stacks"), scenario, **more)[1]


SHAPES = ["leaf", "inlined_twice", "inlined_once", "calls_inlined", "has_array", "has_alloca",
          "is_realigned", "realigned_with_array", "shapes"]


def check_shapes(report: Report):
    site = report.site("leaf")
    assert site.alloc_count == 10
    assert site.lines()[:len(SHAPES)] == marked(*SHAPES)
    inlined = [f["function"] for f in site.frames[:len(SHAPES)] if f["inlined"]]
    assert inlined == ["inlined_twice", "inlined_once"]
    return site


def test_shapes_to_the_end(stacks):
    site = check_shapes(stacks("shapes"))
    rest = [plain_name(f) for f in site.functions[len(SHAPES):]]
    assert rest == ["truth_main", "main", "libc_start_call_main", "libc_start_main_impl", "start"]


COMPILERS = [
    "cc -O0", "cc -O0 -fomit-frame-pointer", "cc -O1 -fno-omit-frame-pointer",
    "cc -O2 -fno-omit-frame-pointer", "cc -O2 -fomit-frame-pointer",
    "cc -O2 -mstackrealign", "cc -O2 -mstackrealign -fno-omit-frame-pointer",
    "cc -O3 -fno-pie -no-pie", "cc -O2 -fcf-protection=none -fno-plt",
    "clang -O0", "clang -O2", "clang -O2 -fno-omit-frame-pointer",
]


@pytest.mark.parametrize("command", COMPILERS)
def test_shapes_as_compilers_make_them(built, profile, tmp_path, command):
    compiler, *flags = command.split()
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    binary = compile_program(tmp_path, SOURCE, *flags, compiler=compiler)
    check_shapes(profile(binary, "shapes")[1])


def test_through_a_function_of_libc(stacks):
    site = stacks("through_qsort").site("leaf")
    own = [f for f in site.lines() if plain_name(f[0]) in ("leaf", "compare", "through_qsort")]
    assert own == marked("leaf", "compare", "through_qsort")
    assert {f["module"].split("/")[-1] for f in site.frames[2:4]} == {"libc.so.6"}


def test_ten_thousand_frames(stacks):
    report = stacks("deep")
    deep, shallow = sorted(report.sites, key=lambda s: -len(s.frames))
    assert deep.alloc_count == 2
    assert deep.lines() == marked("leaf") + (KEPT - 1) * marked("recurse")
    assert shallow.functions[:2] == ["leaf", "deep"] and shallow.passes("main")


def test_every_depth_around_the_most_that_is_kept(stacks):
    report = stacks("depths")
    outer = len([f for f in report.sites[0].functions if f not in ("leaf", "recurse")])
    recursions = [s.functions.count("recurse") for s in report.sites]
    most = KEPT - 1  # beside leaf
    whole = [n for n in range(2, 302) if n + outer <= most]
    cut = [min(n, most) for n in range(2, 302) if n + outer > most]
    assert sorted(recursions) == sorted(whole + list(dict.fromkeys(cut)))
    assert total(report.sites, "alloc_count") == 300
    assert all(s.functions[0] == "leaf" for s in report.sites)


def test_after_longjmp(stacks):
    report = stacks("jumps")
    jump, after = sorted(report.sites, key=lambda s: -len(s.frames))
    assert (jump.alloc_count, after.alloc_count) == (100, 100)
    assert jump.functions[:23] == ["leaf"] + 21 * ["jump"] + ["jumps"]
    assert after.lines()[:3] == marked("leaf", "after_jump", "jumps")


@pytest.mark.parametrize("scenario", ("handler", "handler_on_own_stack"))
def test_in_a_signal_handler(stacks, scenario):
    site = stacks(scenario).site("leaf")
    assert site.alloc_count == 10
    assert site.lines()[:2] == marked("leaf", "in_handler")
    names = [plain_name(f) for f in site.functions]
    assert [n for n in names if n in ("in_handler", "raise", "raises", scenario, "main")] == [
        "in_handler", "raise", "raises", scenario, "main"]


@pytest.mark.parametrize("mode", ("full", "sample", "count"))
def test_signals_at_any_moment(profile, program, mode):
    """Also in the middle of recording: then the event is lost, and counted as such. In the other
    modes that can only happen to a sample, and the event is counted all the same."""
    env = dict(LD_PRELOAD=program("libtruth_bump.so"))
    done, report = profile(program("truth_stacks"), "timer", options=["--mode", mode],
                           changes=env)
    outside, inside = json.loads(done.stdout)
    lost = report.lost_events if mode == "full" else 0
    assert report.alloc_count + report.free_count + lost == 2 * (outside + inside)
    if mode == "full":
        assert report.allocator["path"] == str(program("libtruth_bump.so"))
        assert report.lost_events <= 2 * inside
        handled = [s for s in report.sites if "on_tick" in s.functions]
        assert {tuple(s.functions[:2]) for s in handled} == {("leaf", "on_tick")}
        assert total(handled, "alloc_count") <= inside


def test_on_a_stack_that_the_program_made(stacks):
    report = stacks("coroutines")
    inside, outside = sorted(report.sites, key=lambda s: len(s.frames))
    assert (inside.alloc_count, outside.alloc_count) == (100, 100)
    assert inside.lines()[:2] == marked("leaf", "coroutine")
    assert not inside.passes("main")
    assert outside.lines()[:2] == marked("leaf", "coroutines") and outside.passes("main")


def test_in_a_thread_with_the_least_stack(stacks):
    report = stacks("small_stack")
    site = report.site("leaf")
    assert site.alloc_count == 20
    assert site.lines()[:2] == marked("leaf", "small_thread")
    assert len(report.thread_stats) == 21


# ---- libraries that come and go


def test_libraries_at_one_address_are_told_apart(profile, program):
    done, report = profile(program("truth_plugins"), PROGRAMS)
    addresses = done.stdout.split()
    assert len(addresses) == 100
    for number, name in ((111, "one"), (222, "two")):
        found = [s for s in report.sites if s.sizes["min"] == s.sizes["max"] == number]
        assert total(found, "alloc_count") == 50
        for site in found:
            assert site.functions[:4] == [f"allocates_in_{name}", "plugin_allocate", "use", "main"]
            assert [f["module"] for f in site.frames[:2]] == 2 * [
                str(PROGRAMS / f"libtruth_{name}.so")]
    if len(set(addresses)) > 1:
        pytest.skip("this loader never gave both libraries one address")


# ---- before main, after it, and at the ends of threads


LIFE = [  # size, functions from malloc's caller, allocations
    (1000, ["in_constructor", "(anonymous namespace)::construct()"], 1),
    (1001, ["in_destructor", "(anonymous namespace)::destruct()"], 1),
    (1002, ["at_exit"], 1),
    (1003, ["in_key_destructor"], 10),
    (1004, ["in_static_object"], 1),
    (1006, ["in_thread_local_destructor", "(anonymous namespace)::Local::~Local()"], 10),
    (1007, ["(anonymous namespace)::live_in_thread()"], 10),
]


def test_before_main_and_after_it_and_at_the_ends_of_threads(profile, program):
    _, report = profile(program("truth_life"))
    for size, functions, count in LIFE:
        (site,) = [s for s in report.sites if s.sizes["max"] == size]
        assert site.functions[:len(functions)] == functions
        assert (site.alloc_count, site.free_count) == (count, count)
    local = [s for s in report.sites if s.sizes["max"] == 1005]
    assert [(s.alloc_count, s.free_count) for s in local] == [(10, 10)]
    assert len(report.thread_stats) == 11
    assert all(t["alloc_count"] == t["free_count"] + 0 for t in report.thread_stats[1:]
               if t["cross_thread_frees_received"] == 0)


def test_the_rest_of_a_life_is_named_too(profile, program):
    _, report = profile(program("truth_life"))
    sizes = {size for size, _, _ in LIFE} | {1005}
    rest = [s for s in report.sites if s.sizes["max"] not in sizes]
    reserve = [s for s in rest if s.alloc_bytes == 72704]  # libstdc++'s, for exceptions
    tls = report.through("dl_allocate_tls")  # one, of a stack that is used ten times
    atexit = report.through("cxa_thread_atexit_impl")
    states = [s for s in rest if s.functions[0] == "operator new(unsigned long)"]  # std::thread's
    assert len(reserve) == 1 and total(tls, "alloc_count") == 1
    assert (total(atexit, "alloc_count"), total(atexit, "free_count")) == (10, 10)
    assert (total(states, "alloc_count"), total(states, "cross_thread_free_count")) == (10, 10)
    assert sorted(s.id for s in rest) == sorted(s.id for s in reserve + tls + atexit + states)
    assert (report.leaked_count, report.suppressed_count) == (0, 2)  # reserve, tls


# ---- programs that bring their own


def test_a_malloc_of_the_programs_own_is_left_alone(profile, program):
    done, report = profile(program("truth_own_malloc"))
    assert int(done.stdout) >= 201  # two calls a hundred times, and strdup's
    assert report is None or report.alloc_count == report.free_count == 0


def test_an_operator_new_of_the_programs_own(profile, program):
    _, report = profile(program("truth_own_new"))
    own = [s for s in report.sites if s.passes("main")]
    assert sorted((s.sizes["max"], s.alloc_count, s.free_count) for s in own) == [
        (100, 100, 100), (200, 100, 100)]
    assert {tuple(s.functions[:2]) for s in own} == {("operator new(unsigned long)", "main")}
