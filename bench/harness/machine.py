# SPDX-License-Identifier: MIT
"""What a benchmark ran on, and the versions of what took part."""

import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path


def first_match(path, pattern):
    """The first group of the first match in a file, or None."""
    try:
        found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    except OSError:
        return None
    return found and found.group(1)


def first_line(argv):
    """The first line that a command says, or None when there is no such command."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    except OSError:
        return None
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0].strip() if lines and done.returncode == 0 else None


def package_version(package):
    """The version of a Debian package, or None."""
    return first_line(["dpkg-query", "-W", "-f", "${Version}", package])


def load_average():
    return round(os.getloadavg()[0], 2)


def describe(pinning):
    """The machine as the JSON has it; what is not known is null."""
    governor = "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    return {
        "cpu": first_match("/proc/cpuinfo", r"^model name\s*: (.*)$") or platform.machine(),
        "cpus": os.cpu_count(),
        "hypervisor": bool(first_match("/proc/cpuinfo", r"^flags\s*:.*\b(hypervisor)\b")),
        "governor": first_match(governor, r"(.+)"),
        "memory_kb": int(first_match("/proc/meminfo", r"^MemTotal:\s+(\d+)") or 0) or None,
        "system": first_match("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)'),
        "kernel": platform.release(),
        "thp": first_match("/sys/kernel/mm/transparent_hugepage/enabled", r"\[(\w+)\]"),
        "pinning": pinning,
        "load_before": load_average(),
        "time": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def base_versions(ccmem):
    """Versions of what every group stands on."""
    return {
        "ccmem": first_line([str(ccmem), "--version"]),
        "compiler": first_line(["gcc", "--version"]),
        "libc": os.confstr("CS_GNU_LIBC_VERSION"),
        "python": platform.python_version(),
    }
