# SPDX-License-Identifier: MIT
"""The dashboard in a browser: tests/web drives one through pages of programs recorded here and of
made-up data, and says a line of JSON for each check; what a check is stands in tests/web/checks."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

from recording import BUILD, CCMEM, PROGRAMS, SOURCES, compile_program, environment, run

WEB = pathlib.Path(__file__).parents[1] / "web"
TEMPLATE = BUILD / "web/dashboard.html"
SECONDS = 600  # for all pages; a minute or two is usual
pytestmark = pytest.mark.timeout(SECONDS + 60)  # the first test waits for all pages
PACKAGES = ("playwright-core", "axe-core")

REAL = ("sqlite", "threads", "redis", "python-sample", "sqlite-count", "diff-of-runs")
MADE = ("usual", "empty", "one-event", "one-thread", "count", "sample", "hostile", "diff", "huge",
        "threads-64", "large")
OTHERS = ("live", "damaged")

SQL = """CREATE TABLE part(id INTEGER PRIMARY KEY, name TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO part SELECT i, 'part ' || (i * 7919 % 10007) FROM n;
CREATE INDEX part_name ON part(name);
SELECT count(*) FROM part WHERE name LIKE '%77%';
SELECT length(group_concat(upper(name), '; ')) FROM part WHERE id % 3 = 0;
"""


def record(trace, *command, options=(), **more):
    done = run(CCMEM, "profile", "-q", "-f", "-o", trace, *options, "--", *command, **more)
    assert done.returncode == 0, done.stderr
    return trace


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_redis(port):
    end = time.monotonic() + 20
    while run("redis-cli", "-p", port, "PING").stdout != "PONG\n":
        assert time.monotonic() < end, "redis-server did not start"
        time.sleep(0.05)


def record_redis(trace):
    """A server from start to shutdown, with a short load in between."""
    port = free_port()
    server = subprocess.Popen(
        [str(w) for w in (CCMEM, "profile", "-q", "-f", "-o", trace, "--", "redis-server", "--port",
                          port, "--bind", "127.0.0.1", "--save", "", "--loglevel", "warning")],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(), cwd=trace.parent)
    try:
        wait_for_redis(port)
        load = run("redis-benchmark", "-p", port, "-t", "set,lpush,hset", "-n", "3000", "-P", "16",
                   "-q")
        assert load.returncode == 0, load.stderr
        run("redis-cli", "-p", port, "SHUTDOWN", "NOSAVE")
        server.communicate(timeout=30)
    finally:
        if server.poll() is None:
            server.kill()
            server.communicate()
    return trace


def page_of(trace):
    """The page of a trace and the JSON report that it must agree with."""
    page, report = trace.with_suffix(".html"), trace.with_suffix(".json")
    for form, out in (("html", page), ("json", report)):
        done = run(CCMEM, "report", "-q", "-f", trace, "--format", form, "-o", out)
        assert done.returncode == 0, done.stderr
    return {"page": str(page), "report": str(report)}


def record_variant(folder, name, *flags):
    place = folder / name
    place.mkdir()
    binary = compile_program(place, SOURCES / "truth_diff.c", "-O1", *flags)
    return record(folder / f"{name}.ccm", binary)


def page_of_diff(folder):
    old = record_variant(folder, "old", "-DNODES=1500")
    new = record_variant(folder, "new", "-DNEW_WAY")
    page = folder / "diff.html"
    done = run(CCMEM, "diff", "-q", "-f", old, new, "--format", "html", "-o", page)
    assert done.returncode == 0, done.stderr
    return {"page": str(page), "report": page_of(new)["report"]}


def real_pages(folder):
    sqlite = ["sqlite3", ":memory:"]
    return {
        "sqlite": page_of(record(folder / "sqlite.ccm", *sqlite, input=SQL)),
        "threads": page_of(record(folder / "threads.ccm", PROGRAMS / "truth_flow")),
        "redis": page_of(record_redis(folder / "redis.ccm")),
        "python-sample": page_of(record(
            folder / "python.ccm", "/usr/bin/python3", "-c", "import json, decimal",
            options=["--mode", "sample", "--interval", "4096"])),
        "sqlite-count": page_of(record(folder / "count.ccm", *sqlite, input=SQL,
                                       options=["--mode", "count"])),
        "diff-of-runs": page_of_diff(folder),
    }


def live_command(folder):
    return [str(w) for w in (CCMEM, "profile", "-q", "-f", "-o", folder / "live.ccm", "--live",
                             "127.0.0.1:0", "--", PROGRAMS / "live_steps")]


def check_installed():
    missing = [name for name in PACKAGES if not (WEB / "node_modules" / name).is_dir()]
    missing += [name for name in ("chromium", "node") if not shutil.which(name)]
    assert not missing, f"missing: {', '.join(missing)}: ./dev setup"
    assert TEMPLATE.exists(), f"{TEMPLATE} does not exist: ./dev setup, ./dev build"


@pytest.fixture(scope="session")
def said(built, tmp_path_factory):
    """{page: {check: what is wrong, or None}}"""
    check_installed()
    folder = tmp_path_factory.mktemp("dashboard")
    plan = {"template": str(TEMPLATE), "work": str(folder), "made": MADE,
            "real": real_pages(folder), "live": live_command(folder)}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    done = run("node", WEB / "run.mjs", folder / "plan.json", timeout=SECONDS, env=os.environ)
    pages = {}
    for line in done.stdout.splitlines():
        one = json.loads(line)
        pages.setdefault(one["page"], {})[one["check"]] = one["problem"]
    assert done.returncode == 0, done.stderr
    return pages


@pytest.mark.parametrize("page", [*MADE, *REAL, *OTHERS])
def test_the_page_of(said, page):
    checks = said.get(page)
    assert checks, "nothing was checked"
    wrong = [f"{name}: {problem}" for name, problem in checks.items() if problem]
    assert not wrong, "\n".join(wrong)


def test_that_no_page_is_left_out(said):
    assert set(said) == {*MADE, *REAL, *OTHERS}
