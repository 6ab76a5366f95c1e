# SPDX-License-Identifier: MIT
"""A real Prometheus scrapes a real program; the rules and the dashboard of deploy/ hold."""
import contextlib
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from live_test import BOUND, live  # noqa: F401 (a fixture)
from recording import PROJECT, run

DEPLOY = PROJECT / "deploy"
RULES = DEPLOY / "prometheus/ccmem.rules.yml"
DASHBOARD = DEPLOY / "grafana/ccmem.json"
METRIC = re.compile(r"\b(?:cc_memory|ccmem):?[\w:]*")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Prometheus:
    def __init__(self, folder, target):
        """The configuration that is shipped, but for its target and its times. A scrape may take as
        long as there is between two."""
        self.url = f"http://127.0.0.1:{free_port()}"
        config = (DEPLOY / "prometheus/prometheus.yml").read_text()
        for old, new in (("127.0.0.1:9464", target), ("15s", "500ms"), ("30s", "500ms")):
            assert old in config
            config = config.replace(old, new)
        (folder / "prometheus.yml").write_text(config)
        shutil.copy(RULES, folder)
        with open(folder / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml",
                 f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address={self.url.removeprefix('http://')}"],
                stdout=log, stderr=log)
        self.log = folder / "log"

    def ask(self, query):
        """{labels: value} of an instant query."""
        with urllib.request.urlopen(
                f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': query})}",
                timeout=BOUND) as answer:
            found = json.load(answer)
        assert found["status"] == "success", found
        return {json.dumps(r["metric"], sort_keys=True): float(r["value"][1])
                for r in found["data"]["result"]}

    def until(self, query, condition=lambda value: True):
        """The one value of the query, once there is one that the condition holds for."""
        end = time.monotonic() + 2 * BOUND
        while True:
            try:
                values = list(self.ask(query).values())
            except OSError:  # it has only just begun
                values = []
            if len(values) == 1 and condition(values[0]):
                return values[0]
            assert time.monotonic() < end, (query, values, self.log.read_text())
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=0.05)
                pytest.fail(self.log.read_text())

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=BOUND)


@pytest.fixture
def scraped(live, tmp_path):  # noqa: F811
    """A program, and a Prometheus that scrapes it."""
    at = live()
    prometheus = Prometheus(tmp_path, f"127.0.0.1:{at.address[1]}")
    yield at, prometheus
    prometheus.stop()


def test_prometheus_scrapes_it(scraped):
    at, prometheus = scraped
    prometheus.until('up{job="ccmem"}', lambda up: up == 1)
    at.do("alloc 1000 100", "cross 400")
    allocs = at.until(lambda m: m["cc_memory_cross_thread_free_total"] == 400)[
        "cc_memory_alloc_total"]
    assert prometheus.until("cc_memory_alloc_total", lambda n: n == allocs)
    assert prometheus.until("cc_memory_current_bytes", lambda n: n >= 60000)

    def busy(condition):
        def check(value):
            at.do("spin 20000")
            return condition(value)
        return check
    prometheus.until("rate(cc_memory_alloc_total[5s])", busy(lambda rate: rate > 1000))
    p99 = prometheus.until("histogram_quantile(0.99, rate(cc_memory_alloc_latency_bucket[5s]))",
                           busy(lambda ns: 1 <= ns <= 1e9))
    assert p99 > 0
    # The rules see the same.
    prometheus.until("ccmem:held_bytes", lambda n: n >= 60000)
    prometheus.until("ccmem:alloc_latency_nanoseconds:p99_5m", busy(lambda ns: ns > 0))
    prometheus.until("ccmem:cross_thread_free:ratio_rate5m", busy(lambda ratio: 0 < ratio < 1))
    assert prometheus.ask("ALERTS") == {}
    assert prometheus.ask('up{job="ccmem"} == 1')
    # It was read as OpenMetrics, where counters have types by their families.
    with urllib.request.urlopen(f"{prometheus.url}/api/v1/metadata", timeout=BOUND) as answer:
        known = json.load(answer)["data"]
    assert known["cc_memory_alloc"][0]["type"] == "counter"
    assert known["cc_memory_alloc_latency"][0]["type"] == "histogram"
    at.end()
    prometheus.until('up{job="ccmem"}', lambda up: up == 0)


# ---- what is shipped


def test_the_rules_are_rules():
    for command in (("check", "rules", RULES), ("check", "config", DEPLOY / "prometheus/prometheus.yml"),
                    ("test", "rules", DEPLOY / "prometheus/ccmem.rules_test.yml")):
        done = run("promtool", *command)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested():
    alerts = re.findall(r"alert: (\w+)", RULES.read_text())
    tested = (DEPLOY / "prometheus/ccmem.rules_test.yml").read_text()
    readme = (DEPLOY / "README.md").read_text()
    assert len(alerts) >= 3
    for alert in alerts:
        cases = re.findall(rf"alertname: {alert}\n +eval_time: \w+\n +exp_alerts:( \[\])?", tested)
        assert "" in cases and " []" in cases, f"{alert} is not tested to fire and not to"
        assert f"`{alert}`" in readme


def expressions(text):
    """What the rules ask, without names of alerts and words for people."""
    return re.findall(r"expr: (\|\n(?: {10,}.*\n)+|.*)", text)


@pytest.fixture
def exported(live):  # noqa: F811
    """Names of all metrics that there are: of a program with several threads, in either mode."""
    names = set()
    for mode in ("full", "sample"):
        at = live("--mode", mode, name=f"{mode}.ccm")
        at.do("alloc 2000 100000", "spin 200000", "cross 100", "free 100")
        names |= {re.match(r"\w+", n)[0] for n in at.until(
            lambda m, at=at: at.do("spin 20000") or "cc_memory_fragmentation_external" in m)}
    return names


def recorded():
    return set(re.findall(r"record: (\S+)", RULES.read_text()))


def test_rules_and_dashboard_use_metrics_that_there_are(exported):
    queries = expressions(RULES.read_text())
    assert len(queries) > 10
    dashboard = json.loads(DASHBOARD.read_text())
    queries += [t["expr"] for p in dashboard["panels"] for t in p["targets"]]
    queries += [v["query"]["query"] for v in dashboard["templating"]["list"] if v["type"] == "query"]
    used = {name for q in queries for name in METRIC.findall(q)}
    assert used - exported - recorded() == set()
    assert exported - used <= {
        "cc_memory_cross_thread_free_ratio",  # of the whole run; the rules have it of 5 minutes
        "cc_memory_alloc_latency_sum", "cc_memory_alloc_latency_count"}


def test_the_dashboard_has_the_shape_of_one():
    d = json.loads(DASHBOARD.read_text())
    assert d["uid"] == "ccmem" and d["title"] and d["schemaVersion"] >= 36
    variables = {v["name"] for v in d["templating"]["list"]}
    ids, places = set(), set()
    for panel in d["panels"]:
        assert panel["type"] in ("timeseries", "stat") and panel["title"] and panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"])
                 for y in range(grid["y"], grid["y"] + grid["h"])}
        assert not cells & places, f"{panel['title']} lies on another panel"
        places |= cells
        ids.add(panel["id"])
        assert panel["targets"] and len({t["refId"] for t in panel["targets"]}) == len(
            panel["targets"])
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            asked = set(re.findall(r"\$(\w+)", target["expr"])) - {"__rate_interval"}
            assert asked == {"program", "instance"} <= variables
            assert target["legendFormat"]
    assert len(ids) == len(d["panels"])


def test_prometheus_understands_the_dashboard(scraped):
    """Every query, with its variables filled in."""
    at, prometheus = scraped
    prometheus.until('up{job="ccmem"}', lambda up: up == 1)
    at.do("spin 1000")
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            prometheus.ask(target["expr"].replace("$__rate_interval", "1m")
                           .replace("$program", ".*").replace("$instance", ".*"))
