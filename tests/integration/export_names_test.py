# SPDX-License-Identifier: MIT
"""Names from outside that are made to break formats, through every reader."""
import csv
import io
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess

import pytest

from exporting import export, record
from recording import PROGRAMS, environment, run

FOLDER = os.fsdecode(b"a;b, \"c\"\n 7\t\\8\xff'd")
SHOWN = os.fsencode(FOLDER).decode("utf-8", "replace")
TABLES = ("sites", "stacks", "frames", "summary")
READER = pathlib.Path(__file__).parents[1] / "npm/read-speedscope.mjs"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A program that loads libraries from that folder; the folder is an argument, too."""
    folder = tmp_path_factory.mktemp("hostile") / FOLDER
    folder.mkdir()
    for name in ("libtruth_one.so", "libtruth_two.so"):
        shutil.copy(PROGRAMS / name, folder)
        assert run("strip", folder / name).returncode == 0
    return record(tmp_path_factory.mktemp("trace"), PROGRAMS / "truth_plugins", folder)


def modules(report):
    """{module: bytes} of code that calls malloc in the folder."""
    found = {}
    for site in report.sites:
        module = site.frames[0]["module"] if site.frames else None
        if module and f"/{SHOWN}/" in module:
            found[module] = found.get(module, 0) + site.alloc_bytes
    return found


def test_there_is_something_hostile(hostile):
    assert sorted(modules(hostile[1]).values()) == [50 * 111, 50 * 222]


def test_csv(hostile, tmp_path):
    trace, report = hostile
    for table in TABLES:
        (tmp_path / f"{table}.csv").write_bytes(export(trace, "csv", "--table", table))
    script = "".join(f'.import --csv "{tmp_path}/{t}.csv" {t}\n' for t in TABLES)
    done = subprocess.run(["sqlite3", tmp_path / "db"], input=script, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    with sqlite3.connect(tmp_path / "db") as db:
        found = dict(db.execute("select module, sum(cast(alloc_bytes as integer)) from frames "
                                "join stacks using (frame) join sites using (stack) group by module"))
        command = db.execute("select value from summary where figure = 'program.command'").fetchone()
    db.close()
    assert {k: v for k, v in found.items() if SHOWN in k} == modules(report)
    assert command[0] == " ".join(report.program["argv"])
    rows = csv.reader(io.StringIO((tmp_path / "frames.csv").read_bytes().decode(), newline=""))
    assert len({len(row) for row in rows}) == 1


def test_pprof(hostile, tmp_path):
    trace, report = hostile
    file = tmp_path / "names.pb.gz"
    file.write_bytes(export(trace, "pprof"))
    env = environment(HOME=tmp_path, PPROF_TMPDIR=tmp_path)
    raw = run("/usr/bin/go", "tool", "pprof", "-symbolize=none", "-raw", file, env=env)
    assert raw.returncode == 0, raw.stderr
    for module in modules(report):
        assert f" {module} " in raw.stdout
    assert f"Comment: {' '.join(report.program['argv'])}\n" in raw.stdout


@pytest.mark.parametrize("form", ["collapsed", "speedscope"])
def test_flame_graphs(hostile, tmp_path, form):
    """Every frame is read as one, and weighs what it weighs."""
    trace, report = hostile
    options = ["--value", "alloc_bytes"] if form == "collapsed" else []
    (tmp_path / "names").write_bytes(export(trace, form, *options))
    done = run("node", READER, tmp_path / "names")
    assert done.returncode == 0, done.stderr
    profile = json.loads(done.stdout)["profiles"][0]
    assert profile["weight"] == report.alloc_bytes
    assert max(f["total"] for f in profile["frames"]) <= report.alloc_bytes
    own = sum(f["self"] for f in profile["frames"] if f["name"].startswith("libtruth_") or
              f["name"] == "plugin_allocate")
    assert own == sum(modules(report).values())
