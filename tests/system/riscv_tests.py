#!/usr/bin/env python3
"""Runs the official riscv-tests: built ELF files named rv64ui-p-add, rv64si-v-…, in the directory HARTBEAT_RISCV_TESTS
(or its subdirectory isa). One line per suite: passed, failed, skipped. Without the variable: one line that says SKIP.

A test passes when its `tohost` says so, which is hartbeat's exit status 0. Suites of extensions that the machine does
not have are skipped, by name.
"""
import argparse
import collections
import concurrent.futures
import os
import re
import subprocess
import sys

SUITES = ("rv64ui", "rv64um", "rv64ua", "rv64uf", "rv64ud", "rv64uc", "rv64mi", "rv64si", "rv64uzba", "rv64uzbb",
          "rv64uzbc", "rv64uzbs", "rv64uzfh", "rv64uzicond", "rv64ssvnapot", "rv64mzicbo")
NAME = re.compile(r"(rv64[a-z]+)-(p|v)-([a-z0-9_]+(?:[-.][a-z0-9_]+)*)$")


def run_test(hartbeat, path, machine):
    command = [hartbeat, "run", "--quiet", "--machine", machine, "--max-instret", "50000000", path]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        return done.returncode, (done.stdout + done.stderr).decode(errors="replace").strip()
    except subprocess.TimeoutExpired:
        return -1, "no end after 120 s"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--machine", default="virt")
    parser.add_argument("--verbose", action="store_true", help="one line per test")
    options = parser.parse_args()
    directory = os.environ.get("HARTBEAT_RISCV_TESTS", "")
    if not directory:
        print("SKIP: HARTBEAT_RISCV_TESTS does not name a directory of built riscv-tests")
        return 0
    if os.path.isdir(os.path.join(directory, "isa")):
        directory = os.path.join(directory, "isa")
    tests = {name: match for name in sorted(os.listdir(directory)) if (match := NAME.match(name))}
    if not tests:
        print(f"FAILED: no file in {directory} is named like rv64ui-p-add")
        return 1
    counts = collections.defaultdict(collections.Counter)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {}
        for name, match in tests.items():
            suite = f"{match.group(1)}-{match.group(2)}"
            if match.group(1) in SUITES:
                runs[name] = (suite, pool.submit(run_test, options.hartbeat, os.path.join(directory, name), options.machine))
            else:
                counts[suite]["skipped"] += 1
        for name, (suite, run) in runs.items():
            status, text = run.result()
            counts[suite]["passed" if status == 0 else "failed"] += 1
            if status != 0 and (options.verbose or counts[suite]["failed"] <= 10):
                print(f"FAILED: {name}: status {status} {text}")
            elif status == 0 and options.verbose:
                print(f"passed: {name}")
    for suite, count in sorted(counts.items()):
        print(f"{suite:16} passed {count['passed']:3}  failed {count['failed']:3}  skipped {count['skipped']:3}")
    failed, passed = (sum(count[what] for count in counts.values()) for what in ("failed", "passed"))
    print(f"riscv-tests: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
