#!/usr/bin/env python3
"""Lets each allocation of a guest program's run fail in turn (or, with --kind, each swap slot or disk request): whatever
the program makes of it, the kernel ends in order, and every frame and every swap slot is free again. Ends after the
first runs in which nothing failed any more, or after --runs of them; exit status 77 means SKIP."""
import argparse
import json
import os
import subprocess
import sys
import tempfile

MOST_RUNS = 2000
NO_FAILURE_LEFT = 8  # so many runs in a row that end as if nothing had failed


def run(options, number, report_file):
    append = f"inject={options.kind}:{number} check=frames {options.append}"
    disk = [] if options.disk is None else ["--disk", options.disk]
    done = subprocess.run([options.hartbeat, "run", "--harts", "2", "--memory", options.memory, *disk,
                           "--firmware", options.firmware, "--kernel", options.kernel, "--append", append, "--stats", "json:" + report_file,
                           options.program, *options.arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    with open(report_file) as file:
        return done, json.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--firmware", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--append", default="")
    parser.add_argument("--kind", choices=["alloc", "slot", "io"], default="alloc")
    parser.add_argument("--memory", default="64M")
    parser.add_argument("--swap", type=int, help="MiB of a swap disk")
    parser.add_argument("--runs", type=int, default=MOST_RUNS, help="at most so many")
    parser.add_argument("--stride", type=int, default=1, help="let every so many-th fail")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    if not os.path.exists(options.hartbeat):
        print("SKIP: there is no hartbeat at", options.hartbeat)
        sys.exit(77)
    calm, troubled = 0, 0
    with tempfile.TemporaryDirectory() as directory:
        options.disk = None
        if options.swap is not None:
            options.disk = os.path.join(directory, "swap.img")
            options.append += " swap=vda"
            with open(options.disk, "wb") as image:
                image.truncate(options.swap << 20)
        for number in range(1, options.runs * options.stride + 1, options.stride):
            done, report = run(options, number, os.path.join(directory, "report.json"))
            frames = report["kernel"]["frames"]
            if frames["free_at_end"] is None or frames["free_at_end"] != frames["free_at_boot"]:
                print(done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
                sys.exit(f"FAILED: {options.kind} {number} failed: {frames}")
            swap = report["kernel"]["swap"]
            if swap["free_at_end"] != swap["free_at_boot"]:
                sys.exit(f"FAILED: {options.kind} {number} failed: {swap}")
            calm = calm + 1 if done.returncode == 0 else 0
            troubled += done.returncode != 0
            if calm == NO_FAILURE_LEFT and troubled and options.runs == MOST_RUNS:
                print(f"up to {number}: {troubled} runs showed the failure, all ended with every frame and slot free")
                return
    if options.runs == MOST_RUNS:
        sys.exit(f"FAILED: still failing after {MOST_RUNS} runs")
    print(f"{options.runs} runs: {troubled} showed the failure, all ended with every frame and slot free")


if __name__ == "__main__":
    main()
