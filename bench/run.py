#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py GROUP [OPTION...] | list | compare OLD NEW - see docs/benchmarks.md."""

import json
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import groups
from harness import compare, machine, options, page, result, table
from harness.errors import REFUSED, USAGE, BenchError, unknown
from harness.measure import Meter
from harness.progress import Progress


@dataclass
class Bench:
    """What a group gets to work with."""

    options: object
    work: Path
    meter: Meter
    progress: Progress
    workloads: list
    contestants: list

    @property
    def ccmem(self):
        return self.options.build / "bin" / "ccmem"

    def rounds(self, usual, quick):
        return self.options.rounds or (quick if self.options.quick else usual)

    def evaluate(self, metrics, rounds):
        """The results of metrics over the same rounds."""
        seed, resamples = self.options.seed, self.options.resamples
        return [result.evaluate(metric, rounds, seed, resamples) for metric in metrics]


def chosen(kind, wanted, known, usual):
    """The words of an option in the order of the table; the usual ones when it was not given."""
    for word in wanted or []:
        if word not in known:
            raise unknown(kind, word, list(known))
    return [word for word in known if word in (usual if wanted is None else wanted)]


def check_writable(path):
    """Fail before a long run, not after it."""
    if path and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
        raise BenchError(REFUSED, str(path), "not a place that can be written to")


def run_group(group, module, opt, work):
    bench = Bench(
        opt,
        work,
        Meter(work),
        Progress(opt.quiet),
        chosen("workload", opt.workloads, module.WORKLOADS, module.WORKLOADS),
        chosen("contestant", opt.contestants, module.CONTESTANTS, module.USUAL_CONTESTANTS),
    )
    if opt.pin:
        os.sched_setaffinity(0, opt.pin)
    pinning = ",".join(map(str, sorted(opt.pin))) if opt.pin else "none"
    where = machine.describe(pinning)
    results = module.run(bench)
    where["load_after"] = machine.load_average()
    versions = machine.base_versions(bench.ccmem)
    versions |= {package: machine.package_version(package) for package in module.VERSIONS}
    versions |= getattr(module, "other_versions", dict)()
    return result.document(
        group, where, versions, results, quick=opt.quick, seed=opt.seed, resamples=opt.resamples
    )


def work_folder(wanted):
    """The folder to work in, and whether it is to be removed afterwards."""
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="ccmem-bench.")), True
    try:
        wanted.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(REFUSED, str(wanted), error.strerror)
    return wanted.resolve(), False


def write_outputs(doc, opt):
    sys.stdout.write(table.render(doc))
    if opt.json:
        opt.json.write_text(json.dumps(doc, indent=1) + "\n", encoding="utf-8")
    if opt.html:
        opt.html.write_text(page.render(doc), encoding="utf-8")


def soak(group, module, opt):
    if not hasattr(module, "soak"):
        raise BenchError(USAGE, "--soak", f"group '{group}' has none")
    return module.soak(opt.build, opt.soak)


def command_group(group, argv):
    """0, or the status of a soak."""
    module = groups.find(group)
    opt = options.group_parser().parse(argv)
    opt.build = opt.build.resolve()
    if opt.soak:
        return soak(group, module, opt)
    check_writable(opt.json)
    check_writable(opt.html)
    work, passing = work_folder(opt.work)
    try:
        write_outputs(run_group(group, module, opt, work), opt)
    finally:
        if passing:
            shutil.rmtree(work, ignore_errors=True)
    return 0


def command_compare(argv):
    opt = options.compare_parser().parse(argv)
    old, new = result.load(opt.old), result.load(opt.new)
    if old["group"] != new["group"]:
        raise BenchError(USAGE, "compare", f"groups '{old['group']}' and '{new['group']}'")
    sys.stdout.write(compare.render(old, new, opt.seed, opt.resamples))


def command_list(argv):
    if argv:
        raise BenchError(USAGE, "list", "takes no arguments")
    for name, module in groups.GROUPS.items():
        print(f"{name:10} {module.SUMMARY}")
        print(f"{'':10} workloads: {', '.join(module.WORKLOADS)}")
        print(f"{'':10} contestants: {', '.join(module.CONTESTANTS)}")
    for name in groups.PLANNED:
        print(f"{name:10} no benchmarks yet")


def command(argv):
    """The exit status."""
    if not argv:
        raise BenchError(USAGE, "no group", "try 'list'")
    name, rest = argv[0], argv[1:]
    if name in ("-h", "--help"):
        options.group_parser().print_help()
    elif name == "list":
        command_list(rest)
    elif name == "compare":
        command_compare(rest)
    else:
        return command_group(name, rest)
    return 0


def main(argv):
    """0 done, 1 a soak found a difference, or the code of what stopped it."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        return command(argv)
    except BenchError as error:
        print(error, file=sys.stderr)
        if error.detail:
            print(error.detail.rstrip(), file=sys.stderr)
        return error.code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
