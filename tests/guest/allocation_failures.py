#!/usr/bin/env python3
"""Lets each allocation of a guest program's run fail in turn: whatever the program makes of it, the kernel ends in order
and every frame is free again. Ends after the first run in which nothing failed any more; exit status 77 means SKIP."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

MOST_RUNS = 2000
NO_FAILURE_LEFT = 8  # so many runs in a row that end as if nothing had failed


def run(options, number, report_file):
    append = f"inject=alloc:{number} check=frames {options.append}"
    done = subprocess.run([options.hartbeat, "run", "--harts", "2", "--memory", "64M", "--firmware", options.firmware,
                           "--kernel", options.kernel, "--append", append, "--stats", "json:" + report_file,
                           options.program, *options.arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    with open(report_file) as file:
        return done, json.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--firmware", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--append", default="")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    if not os.path.exists(options.hartbeat):
        print("SKIP: there is no hartbeat at", options.hartbeat)
        sys.exit(77)
    calm, troubled = 0, 0
    with tempfile.TemporaryDirectory() as directory:
        for number in range(1, MOST_RUNS):
            done, report = run(options, number, os.path.join(directory, "report.json"))
            frames = report["kernel"]["frames"]
            if frames["free_at_end"] is None or frames["free_at_end"] != frames["free_at_boot"]:
                print(done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
                sys.exit(f"FAILED: allocation {number} failed: {frames}")
            calm = calm + 1 if done.returncode == 0 else 0
            troubled += done.returncode != 0
            if calm == NO_FAILURE_LEFT and troubled:
                print(f"{number} runs: {troubled} showed the failure, all ended with every frame free")
                return
    sys.exit(f"FAILED: still failing after {MOST_RUNS} allocations")


if __name__ == "__main__":
    main()
