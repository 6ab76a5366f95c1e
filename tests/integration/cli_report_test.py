# SPDX-License-Identifier: MIT
"""ccmem report at the command line: damaged and foreign files, options, formats, ranges."""
import json
import struct

import pytest

from recording import CCMEM, PROGRAMS, profile as record, run

HEADER = 4096
VERSION_AT, ENDIAN_AT, LAYOUT_AT = 8, 12, 20  # of cci_trace_header_t


@pytest.fixture(scope="module")
def trace(built, tmp_path_factory):
    """A trace of many chunks, which every test copies."""
    folder = tmp_path_factory.mktemp("trace")
    record(folder, PROGRAMS / "truth_threads", "exchange", 4, 10000)
    return (folder / "trace.ccm").read_bytes()


@pytest.fixture
def folder(tmp_path, trace):
    (tmp_path / "t.ccm").write_bytes(trace)
    return tmp_path


@pytest.fixture
def shell(built, folder):
    def transcript(*lines):
        text = []
        for line in lines:
            done = run(CCMEM, *line, cwd=folder)
            text.append(f"$ ccmem {' '.join(line)}\n{done.stdout}{done.stderr}"
                        f"[{done.returncode}]\n")
        return "\n".join(text).replace(str(folder), "FOLDER")
    return transcript


def with_word(trace, at, value):
    return trace[:at] + struct.pack("<I", value) + trace[at + 4:]


def read(folder, data, *options):
    (folder / "damaged.ccm").write_bytes(data)
    return run(CCMEM, "report", "damaged.ccm", "--format", "json", *options, cwd=folder)


def test_options_of_report(shell, golden):
    golden("report_options", shell(
        ("report",), ("report", "t.ccm", "more"), ("report", "--formta", "json", "t.ccm"),
        ("report", "--format", "jsno", "t.ccm"),
        ("report", "--format", "words", "t.ccm"), ("report", "--format"),
        ("report", "--top", "0", "t.ccm"), ("report", "--top", "few", "t.ccm"),
        ("report", "--from", "soon", "t.ccm"), ("report", "--from", "-1", "t.ccm"),
        ("report", "--from", "2", "--to", "1", "t.ccm"),
        ("report", "--from", "1", "--to", "1", "t.ccm"), ("report", "--from", "1e9", "t.ccm"),
        ("report", "-o", "none/out", "t.ccm"), ("report", "-o", "t.ccm", "t.ccm")))


def test_files_that_are_no_trace(shell, golden, folder, trace):
    (folder / "empty.ccm").write_bytes(b"")
    (folder / "text.ccm").write_text("not a trace\n" * 1000)
    (folder / "short.ccm").write_bytes(trace[:100])
    (folder / "newer.ccm").write_bytes(with_word(trace, VERSION_AT, 99))
    (folder / "swapped.ccm").write_bytes(with_word(trace, ENDIAN_AT, 0x04030201))
    (folder / "layout.ccm").write_bytes(with_word(trace, LAYOUT_AT, 7))
    (folder / "folder.ccm").mkdir()
    golden("report_files", shell(*[("report", f"{name}.ccm") for name in (
        "missing", "empty", "text", "short", "newer", "swapped", "layout", "folder")]))


@pytest.mark.parametrize("part", (0.0, 0.1, 0.5, 0.9, 0.999))
def test_a_trace_that_was_cut_off(folder, trace, part):
    """What is whole is shown, and that it is not all is said."""
    whole = json.loads(read(folder, trace).stdout)
    done = read(folder, trace[:HEADER + int((len(trace) - HEADER) * part)])
    assert done.returncode == 0
    rest = json.loads(done.stdout)
    assert rest["alloc_count"] <= whole["alloc_count"]
    assert rest["trace"]["warnings"] or part == 0.0
    assert rest["program"]["exit_status"] is None


def test_any_byte_may_be_wrong(folder, trace):
    """Never a crash, never an endless loop: an answer or a refusal."""
    statuses = set()
    for at in list(range(0, 112, 4)) + list(range(HEADER, len(trace), len(trace) // 30)):
        data = bytearray(trace)
        data[at] ^= 0xFF
        done = read(folder, bytes(data), "-q")
        statuses.add(done.returncode)
        assert done.returncode in (0, 3), (at, done.returncode, done.stderr)
        assert done.returncode == 0 or done.stderr.count("\n") == 1
    assert statuses == {0, 3}


def test_to_a_file(folder):
    done = run(CCMEM, "report", "t.ccm", "--format", "json", "-o", "out.json", cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((folder / "out.json").read_text())["schema"] == "ccmem-report/1"


def test_an_existing_file_stays_unless_forced(folder):
    (folder / "out").write_text("old")
    command = [CCMEM, "report", "t.ccm", "-o", "out"]
    done = run(*command, cwd=folder)
    assert done.returncode == 4 and (folder / "out").read_text() == "old"
    assert run(*command, "-f", cwd=folder).returncode == 0
    assert "Allocated" in (folder / "out").read_text()


def test_half_a_report_is_no_success(folder):
    done = run("sh", "-c", f"{CCMEM} report t.ccm --format json >/dev/full", cwd=folder)
    assert done.returncode == 4
    assert done.stderr == "ccmem: report: standard output: No space left on device\n"


def between_allocations(report):
    """A time before which there are some allocations, and after it others: when a program that waits
    for a processor does what it does is not known."""
    early, late = 0, report()["duration_seconds"]
    count = report()["alloc_count"]
    while True:
        time = (early + late) / 2
        done = report("--to", f"{time:.9f}")["alloc_count"]
        if 0 < done < count:
            return f"{time:.9f}"
        early, late = (time, late) if done == 0 else (early, time)


def test_ranges_add_up(tmp_path, built):
    """Two parts of the run hold all of its events. One thread: clocks of several disagree."""
    record(tmp_path, PROGRAMS / "truth_places")

    def report(*options):
        done = run(CCMEM, "report", "trace.ccm", "--format", "json", "-q", *options, cwd=tmp_path)
        return json.loads(done.stdout)

    whole, time = report(), between_allocations(report)
    first, second = report("--to", time), report("--from", time)
    for figure in ("alloc_count", "alloc_bytes", "free_count"):
        assert first[figure] + second[figure] == whole[figure]
    assert second["current_allocated"] == whole["current_allocated"]


def test_top_shortens_the_text(folder):
    lines = [len(run(CCMEM, "report", "t.ccm", "--top", n, cwd=folder).stdout.splitlines())
             for n in (1, 3)]
    assert lines[0] < lines[1]
