# SPDX-License-Identifier: MIT
"""A redis server under redis-benchmark: the server runs under the contestant, the client does not.

Server and client have a CPU each where there are two, so that they do not take turns.
"""

import csv
import io
import os
import socket
import subprocess
import time

from harness.errors import REFUSED, BenchError
from harness.measure import Command, check

TESTS = ("SET", "LPUSH", "HSET")
THREADS = 5  # the main thread, three for background work, one of its allocator
PIPELINE, CONNECTIONS = 16, 50
START_SECONDS = 30
PROGRAM = "redis-server"


def cpu_split():
    """A CPU for the server and one for the client, or None for each when there is only one."""
    cpus = sorted(os.sched_getaffinity(0))
    return (frozenset(cpus[:1]), frozenset(cpus[1:2])) if len(cpus) > 1 else (None, None)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def server_argv(port):
    return [PROGRAM, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--loglevel", "warning"]


def ask(port, *words):
    """The first line of the server's answer to one command."""
    with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as s:
        s.sendall((" ".join(words) + "\r\n").encode())
        return s.makefile("rb").readline().decode().strip()


def wait_until_up(port, running, who):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if ask(port, "PING") == "+PONG":
                return
        except OSError:
            pass
        if running.process.poll() is not None:
            break
        time.sleep(0.02)
    running.stop()
    raise BenchError(REFUSED, who, "the server did not start", running.stderr.read_text())


def load(port, requests, cpus):
    """{test: requests a second} as redis-benchmark says."""
    argv = ["redis-benchmark", "-p", str(port), "-t", ",".join(TESTS).lower(), "-n", str(requests)]
    argv += ["-P", str(PIPELINE), "-c", str(CONNECTIONS), "--csv"]
    pin = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
    done = subprocess.run(argv, capture_output=True, text=True, preexec_fn=pin)
    if done.returncode:
        raise BenchError(REFUSED, "redis-benchmark", f"status {done.returncode}", done.stderr)
    rows = csv.DictReader(io.StringIO(done.stdout))
    return {row["test"]: float(row["rps"]) for row in rows}


def check_work(port, requests, rates, who):
    """The server holds what the client says it sent."""
    if set(rates) != set(TESTS) or ask(port, "LLEN", "mylist") != f":{requests}":
        raise BenchError(REFUSED, who, "the server does not hold what was sent to it")


def run(meter, prefix, folder, requests, who, memory=False):
    """One server from start to shutdown. The sample's CPU is that of the server's side; its rates
    are the client's."""
    server_cpu, client_cpu = cpu_split()
    port = free_port()
    command = Command([*prefix, *server_argv(port)], folder, cpus=server_cpu)
    running = meter.start(command, memory)
    try:
        wait_until_up(port, running, who)
        rates = load(port, requests, client_cpu)
        check_work(port, requests, rates, who)
        ask(port, "SHUTDOWN", "NOSAVE")
        sample = running.finish()
    except BaseException:
        running.stop()
        raise
    check(sample, who)
    sample.rates = rates
    return sample
