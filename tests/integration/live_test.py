# SPDX-License-Identifier: MIT
"""ccmem profile --live: what is served agrees with the program and with its report, and no client,
however slow, large, wrong or numerous, is more than a client."""
import concurrent.futures
import contextlib
import http.client
import json
import re
import signal
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from recording import CCMEM, MODES, environment, report_of, run

BOUND = 30  # seconds that anything here may take
OPENMETRICS = "application/openmetrics-text"


class Live:
    """A program of tests/programs that is recorded and served, and does what it is told."""

    def __init__(self, process, trace):
        self.process, self.trace = process, trace
        line = process.stderr.readline()
        found = re.fullmatch(r"ccmem: profile: live at http://(127\.0\.0\.1):(\d+)/\n", line)
        assert found, line
        self.address = found[1], int(found[2])

    def do(self, *steps):
        for step in steps:
            self.process.stdin.write(step + "\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline() == "done\n", self.process.stderr.read()

    def get(self, path="/metrics", **headers):
        request = urllib.request.Request(f"http://localhost:{self.address[1]}{path}",
                                         headers=headers)
        with urllib.request.urlopen(request, timeout=BOUND) as answer:
            return answer.headers, answer.read().decode()

    def metrics(self, **headers):
        """{name with labels: value}"""
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in self.get(**headers)[1].splitlines() if not line.startswith("#")}

    def until(self, condition):
        """The metrics, once the condition holds for them: they may be a moment behind."""
        end = time.monotonic() + BOUND
        while not condition(now := self.metrics()):
            assert time.monotonic() < end, now
        return now

    def connect(self):
        return socket.create_connection(self.address, timeout=BOUND)

    def talk(self, request):
        """All that comes until the server closes."""
        with self.connect() as s:
            s.sendall(request)
            return everything(s)

    def end(self, status=0):
        _, said = self.process.communicate("end\n", timeout=BOUND)
        assert self.process.returncode == status, said
        return report_of(self.trace)


def everything(s):
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := s.recv(65536):
            parts.append(part)
    return b"".join(parts)


def status_of(answer):
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer.split(b" ", 2)[1])


@pytest.fixture
def live(built, program, tmp_path):
    """Starts one; what is left at the end is killed."""
    started = []

    def start(*options, command=None, name="t.ccm"):
        trace = tmp_path / name
        process = subprocess.Popen(
            [str(w) for w in (CCMEM, "profile", "-q", "-o", trace, "--live", "127.0.0.1:0", *options,
                              "--", *(command or [program("live_steps")]))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=environment())
        started.append(process)
        return Live(process, trace)
    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=BOUND)


# ---- the figures


def test_every_step_is_seen(live):
    at = live()
    at.do("alloc 0 0")
    before = at.until(lambda m: m["cc_memory_live_lag_seconds"] < 1)
    at.do("alloc 1000 100", "free 300", "cross 200")
    now = at.until(lambda m: m["cc_memory_cross_thread_free_total"] == 200)
    for name, change in (("free_total", 500), ("free_bytes_total", 50000)):
        assert now[f"cc_memory_{name}"] - before[f"cc_memory_{name}"] == change, name
    # The thread that frees is made of an allocation, too.
    assert now["cc_memory_current_bytes"] - before["cc_memory_current_bytes"] >= 50000
    assert 100000 <= now["cc_memory_peak_bytes"] < 110000
    assert now["cc_memory_resident_bytes"] > 0
    assert now["cc_memory_cross_thread_free_ratio"] == pytest.approx(
        200 / now["cc_memory_free_total"])
    at.do("free 500")
    last = at.until(lambda m: m["cc_memory_free_total"] == now["cc_memory_free_total"] + 500)
    assert last["cc_memory_alloc_total"] == now["cc_memory_alloc_total"]
    assert last["cc_memory_current_bytes"] == now["cc_memory_current_bytes"] - 50000
    assert last["cc_memory_peak_bytes"] == now["cc_memory_peak_bytes"]


@pytest.mark.parametrize("mode", MODES)
def test_the_last_figures_are_those_of_the_report(live, mode):
    at = live("--mode", mode)
    at.do("alloc 5000 1000", "spin 100000", "free 2000")
    last = at.until(lambda m: m["cc_memory_free_total"] >= 102000)
    over = at.end()
    # What libc frees at the exit is all that can come.
    assert last["cc_memory_alloc_total"] == over.alloc_count
    assert last["cc_memory_alloc_bytes_total"] == over.alloc_bytes
    assert 0 <= over.free_count - last["cc_memory_free_total"] < 10
    assert last["cc_memory_lost_events_total"] == over.lost_events == 0
    if mode == "full":
        assert last["cc_memory_peak_bytes"] == over.peak_allocated
        assert last["cc_memory_current_bytes"] >= over.current_allocated
    else:
        assert "cc_memory_current_bytes" not in last
    if mode == "sample":
        assert last["cc_memory_current_estimated_bytes"] == over.current_allocated
        assert (last["cc_memory_current_estimated_bytes_lower"]
                <= last["cc_memory_current_estimated_bytes"]
                <= last["cc_memory_current_estimated_bytes_upper"])


def test_latencies_go_on_rising(live):
    at = live()
    at.do("spin 100000")
    first = at.until(lambda m: m.get("cc_memory_alloc_latency_count", 0) > 1000)
    at.do("spin 300000")
    now = at.until(lambda m: m["cc_memory_alloc_latency_count"] > 3 * first[
        "cc_memory_alloc_latency_count"])
    assert now['cc_memory_alloc_latency_bucket{le="+Inf"}'] == now["cc_memory_alloc_latency_count"]
    over = at.end()
    assert over.alloc_latency_samples >= now["cc_memory_alloc_latency_count"]


def test_the_report_so_far(live, program):
    at = live()
    at.do("alloc 700 64")
    at.until(lambda m: m["cc_memory_alloc_total"] >= 700)
    headers, text = at.get("/report.json")
    assert headers["Content-Type"] == "application/json"
    report = json.loads(text)
    assert report["schema"] == "ccmem-report/1"
    assert report["program"]["argv"] == [str(program("live_steps"))]
    assert report["program"]["exit_status"] is None
    site = max(report["sites"], key=lambda s: s["alloc_count"])
    assert (site["alloc_count"], site["live_bytes"]) == (700, 44800)
    assert [f["function"] for f in site["frames"]][:3] == ["allocate", "obey", "main"]
    at.do("free 700")
    end = time.monotonic() + BOUND
    while json.loads(at.get("/report.json")[1])["current_allocated"] >= 44800:
        assert time.monotonic() < end


def test_a_child_has_figures_of_its_own(live):
    at = live()
    at.do("alloc 10 10", "fork 5000", "alloc 10 10")
    now = at.until(lambda m: m["cc_memory_current_bytes"] >= 200)
    assert now["cc_memory_alloc_total"] < 100
    at.end()


def test_a_program_that_is_followed_through_exec(live, program):
    at = live("--follow", command=["sh", "-c", f"exec '{program('live_steps')}'"])
    at.do("alloc 3000 10")
    at.until(lambda m: m["cc_memory_alloc_total"] >= 3000)
    assert "live_steps" in json.loads(at.get("/report.json")[1])["program"]["exe"]


# ---- what is served


def test_the_page_of_links(live):
    at = live()
    headers, text = at.get("/links")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "live_steps" in text
    links = re.findall(r'href="([^"]+)"', text)
    assert links[-2:] == ["/metrics", "/report.json"]
    assert links[:-2] == (["/"] if "ccmem-live" in at.get("/")[1] else [])


def test_the_dashboard_asks_where_it_comes_from(live):
    headers, text = live().get("/")
    if "ccmem-live" not in text:
        pytest.skip("this build has no dashboard: ./dev setup, ./dev build")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert text.count('<meta name="ccmem-live" content="/dashboard.json">') == 1
    assert "<!--ccmem-data-->" not in text
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)"', text)[1]
    assert "connect-src 'self'" in policy and "connect-src 'none'" not in policy


def test_the_data_of_the_dashboard_grow(live):
    at = live()
    at.do("alloc 3000 10")
    at.until(lambda m: m["cc_memory_alloc_total"] >= 3000)
    headers, text = at.get("/dashboard.json")
    assert headers["Content-Type"] == "application/json"
    data = json.loads(text)
    assert data["schema"] == "ccmem-dashboard/1"
    assert sum(data["sites"]["alloc_count"]) == data["report"]["alloc_count"] >= 3000
    if data["slices"]:
        blocks = data["slices"]["blocks"]
        assert sum(blocks["count"]) == data["report"]["alloc_count"]
        assert max(blocks["died"]) == len(data["slices"]["edges"]) - 1  # they live
    at.do("alloc 5000 10")
    at.until(lambda m: m["cc_memory_alloc_total"] >= 8000)
    end = time.monotonic() + BOUND
    while json.loads(at.get("/dashboard.json")[1])["report"]["alloc_count"] < 8000:
        assert time.monotonic() < end
    at.end()


def test_a_name_is_no_markup(live, program, tmp_path):
    odd = tmp_path / "<b>&\"x"
    odd.symlink_to(program("live_steps"))
    text = live(command=[odd]).get("/links")[1]
    assert "<b>" not in text and "&#60;b&#62;&#38;&#34;x" in text


def test_prometheus_likes_both_formats(live):
    at = live()
    at.do("spin 10000")
    at.until(lambda m: m["cc_memory_alloc_total"] >= 10000)
    headers, text = at.get()
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    checked = run("promtool", "check", "metrics", input=text)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")

    headers, text = at.get(Accept=f"{OPENMETRICS};version=1.0.0,text/plain;q=0.5")
    assert headers["Content-Type"].startswith(f"{OPENMETRICS}; version=1.0.0")
    lines = text.splitlines()
    assert lines[-1] == "# EOF" and text.endswith("\n")
    families = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE")}
    assert families["cc_memory_alloc"] == "counter" and "cc_memory_alloc_total" not in families
    for line in lines[:-1]:
        if not line.startswith("#"):
            name = re.match(r"\w+", line)[0]
            family = re.sub(r"_(total|bucket|sum|count)$", "", name)
            assert families.get(family, families.get(name)), line
    assert all("." in bound for bound in re.findall(r'le="([^"+]+)"', text))


def test_head_has_no_body(live):
    at = live()
    for path in ("/", "/links", "/metrics", "/report.json", "/dashboard.json"):
        client = http.client.HTTPConnection(*at.address, timeout=BOUND)
        client.request("HEAD", path)
        answer = client.getresponse()
        assert answer.status == 200 and int(answer.headers["Content-Length"]) > 0
        assert answer.read() == b""
        client.request("GET", "/")  # the connection is as good as new
        assert b"<html" in client.getresponse().read()
        client.close()


def test_what_is_not_there(live):
    at = live()
    for path in ("/x", "/metrics/", "/metricsx", "/report", "/../etc/passwd", "//"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            at.get(path)
        assert refused.value.code == 404, path
    at.get("/metrics?a=b")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_given(live, method):
    at = live()
    client = http.client.HTTPConnection(*at.address, timeout=BOUND)
    client.request(method, "/metrics")
    answer = client.getresponse()
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD") or answer.status == 400
    client.close()
    assert status_of(at.talk(f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())) == 405


def test_a_page_of_the_web_cannot_read_it(live):
    at = live()
    for host, status in (("localhost", 200), ("127.0.0.1:80", 200), ("evil.example", 421),
                         ("127.0.0.1.evil.example", 421)):
        said = at.talk(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert status_of(said) == status, host


# ---- clients


WRONG = {
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400),
    "no_host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "body": (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 400),
    "long_line": (b"GET /" + b"a" * 3000, 414),
    "long_field": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100000, 431),
    "many_fields": (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 100000, 431),
    "version": (b"GET / HTTP/2.0\r\n\r\n", 505)}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_and_huge_requests(live, kind):
    at = live()
    request, status = WRONG[kind]
    with at.connect() as s:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            s.sendall(request)
        said = everything(s)
    assert status_of(said) == status
    assert at.metrics()


def test_requests_in_a_row(live):
    at = live()
    one = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    said = at.talk(one * 20 + last)
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"200"] * 20 + [b"404"]
    said = at.talk(b"GET / HTTP/1.0\r\n\r\n" + one)
    assert re.findall(rb"HTTP/1.1 (\d+)", said) == [b"200"]


def test_a_request_byte_by_byte(live):
    at = live()
    with at.connect() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n":
            s.sendall(bytes([byte]))
        assert status_of(everything(s)) == 200


def test_a_request_that_does_not_end(live):
    at = live()
    with at.connect() as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: local")
        assert status_of(everything(s)) == 408


def test_many_slow_clients_do_not_keep_others_out(live):
    """More than there are places; each sends one byte and no more."""
    at = live()
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(at.connect()).sendall(b"G")
        for _ in range(5):
            at.metrics()


def test_clients_that_never_read_do_not_keep_others_out(live):
    at = live()
    request = b"GET /report.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 150
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            s = stack.enter_context(socket.socket())
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.settimeout(BOUND)
            s.connect(at.address)
            s.sendall(request)
        at.metrics()
        at.do("spin 1000")


def test_many_at_once(live):
    at = live()

    def scrape(_):
        return len(at.metrics()) > 5
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        assert all(pool.map(scrape, range(400)))


def test_clients_that_go_away(live):
    at = live()
    for path in (b"/metrics", b"/report.json"):
        for _ in range(50):
            s = at.connect()
            s.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
    assert at.metrics()


# ---- the program


def test_a_program_that_is_killed(live):
    at = live()
    at.do("alloc 10 10")
    pid = json.loads(at.get("/report.json")[1])["program"]["pid"]
    subprocess.run(["kill", "-KILL", str(pid)], check=True)
    assert at.process.wait(timeout=BOUND) == 128 + signal.SIGKILL
    with pytest.raises(ConnectionRefusedError):
        at.connect()


def test_it_ends_with_the_program_whoever_asks(live):
    """Requests that wait, are half sent or half read hold nothing up."""
    at = live()
    with at.connect() as half, at.connect() as waiting:
        half.sendall(b"GET /metr")
        waiting.sendall(b"GET /report.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert at.end().program["exit_status"] == 0
    with pytest.raises(ConnectionRefusedError):
        at.connect()


def test_a_program_that_never_allocates_ends(live):
    assert live(command=["sleep", "0.1"]).process.wait(timeout=BOUND) == 0


# ---- the command line


def refused(*options):
    return run(CCMEM, "profile", "-q", *options, "--", "sh", "-c", "touch ran")


def test_addresses_that_cannot_be(built, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for where in ("", "x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:80",
                  "127.0.0.1:-1"):
        done = refused("--live", where)
        assert (done.returncode, done.stderr) == (2, (
            f"ccmem: profile: --live: '{where}': expected an address and a port, such as "
            "127.0.0.1:9464\n"))
    done = refused("--live", "no.such.host.invalid:80")
    assert done.returncode == 4 and "no.such.host.invalid:80" in done.stderr
    done = refused("--live", "192.0.2.1:80")
    assert (done.returncode, done.stderr) == (4, (
        "ccmem: profile: --live: '192.0.2.1:80': Cannot assign requested address\n"))
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken(built, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        done = refused("--live", where)
    assert (done.returncode, done.stderr) == (
        4, f"ccmem: profile: --live: '{where}': Address already in use\n")
    assert list(tmp_path.iterdir()) == []


def test_a_trace_that_cannot_be_read(built):
    done = refused("-f", "-o", "/dev/null", "--live", "127.0.0.1:0")
    assert (done.returncode, done.stderr) == (2, (
        "ccmem: profile: /dev/null: no regular file: --live reads the trace while it is written\n"))


def test_other_machines_are_let_in_when_asked_for(built, tmp_path):
    done = run(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--live", "0.0.0.0:0", "--", "true")
    assert done.returncode == 0
    first, second = done.stderr.splitlines()
    assert re.fullmatch(r"ccmem: profile: --live: other machines can reach 0\.0\.0\.0:\d+ and read "
                        r"all of it", first)
    assert re.fullmatch(r"ccmem: profile: live at http://0\.0\.0\.0:\d+/", second)


@pytest.mark.parametrize("where", ["0", ":0", "localhost:0", "127.0.0.1:0"])
def test_the_loopback_is_what_is_meant(built, tmp_path, where):
    done = run(CCMEM, "profile", "-q", "-o", tmp_path / "t.ccm", "--live", where, "--", "true")
    assert done.returncode == 0
    assert re.fullmatch(r"ccmem: profile: live at http://(127\.0\.0\.1|\[::1\]):\d+/\n", done.stderr)
