#!/usr/bin/env python3
"""Runs the official riscv-tests, built: the directory HARTBEAT_RISCV_TESTS has isa/ with ELF files named rv64ui-p-add,
rv64si-v-…, and benchmarks/ and mt/ with files named median.riscv. One line per suite: passed, failed, skipped and why.
Without the variable: one line that says SKIP.

A test passes when its `tohost` says so, which is hartbeat's exit status 0. Programs of benchmarks and mt run on one hart, as
the suite's own crt.S wants it; ad_matmul-4.riscv is one whose crt.S was told of 4 harts, and gets 4.
"""
import argparse
import collections
import concurrent.futures
import os
import re
import subprocess
import sys

# The extension that a suite is of. A machine that has not got it skips the suite.
NEEDS = {"rv64ui": "I", "rv64um": "M", "rv64ua": "A", "rv64uf": "F", "rv64ud": "D", "rv64uc": "C", "rv64mi": "I", "rv64si": "I",
         "rv64uzba": "Zba", "rv64uzbb": "Zbb", "rv64uzbc": "Zbc", "rv64uzbs": "Zbs", "rv64uzfh": "Zfh", "rv64uzicond": "Zicond",
         "rv64ssvnapot": "Svnapot", "rv64mzicbo": "Zicboz", "rv64uzbkb": "Zbkb", "rv64uzbkx": "Zbkx", "rv64uziccid": "Ziccid",
         "rv64up": "P", "hypervisor": "H", "hypervisor-svadu": "H"}
ISA_NAME = re.compile(r"(rv64[a-z]+|hypervisor(?:-svadu)?)-(p|v)-([a-zA-Z0-9_]+(?:[-.][a-zA-Z0-9_]+)*)$")
PROGRAM_NAME = re.compile(r"([a-z0-9_-]*?[a-z0-9_])(?:-([1-9][0-9]*))?\.riscv$")


class Test:
    def __init__(self, suite, path, harts=1, skipped=""):
        self.suite, self.path, self.harts, self.skipped = suite, path, harts, skipped


class Machine:
    """What `hartbeat machines NAME` says that decides which tests are for the machine."""

    def __init__(self, hartbeat, name):
        text = subprocess.run([hartbeat, "machines", name], capture_output=True, text=True, check=True).stdout
        letters, *names = re.search(r'^isa = "rv64([^"]*)"', text, re.MULTILINE).group(1).split("_")
        self.name, self.extensions = name, set(letters) | set(names)
        self.traps_misaligned = re.search(r'^misaligned = "trap"', text, re.MULTILINE) is not None

    def why_not(self, suite, test):
        """Why a test is not for it; empty if it is."""
        if suite not in NEEDS:
            return "a suite unknown to this runner"
        if NEEDS[suite].lower() not in self.extensions:
            return f"{self.name} has no {NEEDS[suite]}"
        if test == "ma_data" and self.traps_misaligned:
            return f"{self.name} leaves misaligned accesses to software, and these programs bring none"
        return ""


def isa_tests(directory, machine):
    for name in sorted(os.listdir(directory)):
        match = ISA_NAME.match(name)
        if match:
            suite, environment, test = match.groups()
            yield Test(f"{suite}-{environment}", os.path.join(directory, name), skipped=machine.why_not(suite, test))


def programs(suite, directory):
    for name in sorted(os.listdir(directory)):
        match = PROGRAM_NAME.match(name)
        if match:
            vector = match.group(1).startswith("vec-")
            harts = int(match.group(2) or 1)
            yield Test(f"{suite}-{harts}" if match.group(2) else suite, os.path.join(directory, name), harts,
                       "the machine has no V" if vector else "")


def tests_of(directory, machine):
    found = list(isa_tests(directory, machine)) if not os.path.isdir(os.path.join(directory, "isa")) else []
    for part in ("isa", "benchmarks", "mt"):
        path = os.path.join(directory, part)
        if os.path.isdir(path):
            found += isa_tests(path, machine) if part == "isa" else programs(part, path)
    return found


def run_test(hartbeat, test, machine):
    command = [hartbeat, "run", "--quiet", "--machine", machine, "--harts", str(test.harts), "--max-instret", "50000000",
               test.path]
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
    tests = tests_of(directory, Machine(options.hartbeat, options.machine))
    if not tests:
        print(f"FAILED: no file in {directory} is named like rv64ui-p-add or median.riscv")
        return 1
    counts = collections.defaultdict(collections.Counter)
    reasons = {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = [(test, None if test.skipped else pool.submit(run_test, options.hartbeat, test, options.machine))
                for test in tests]
        for test, run in runs:
            count = counts[test.suite]
            if not run:
                count["skipped"] += 1
                reasons[test.suite] = test.skipped
                continue
            status, text = run.result()
            count["passed" if status == 0 else "failed"] += 1
            if status != 0 and (options.verbose or count["failed"] <= 10):
                print(f"FAILED: {os.path.basename(test.path)}: status {status} {text}")
            elif status == 0 and options.verbose:
                print(f"passed: {os.path.basename(test.path)}")
    for suite, count in sorted(counts.items()):
        why = f"  ({reasons[suite]})" if suite in reasons else ""
        print(f"{suite:16} passed {count['passed']:3}  failed {count['failed']:3}  skipped {count['skipped']:3}{why}")
    failed, passed, skipped = (sum(count[what] for count in counts.values()) for what in ("failed", "passed", "skipped"))
    print(f"riscv-tests: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
