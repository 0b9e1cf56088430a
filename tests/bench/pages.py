#!/usr/bin/env python3
"""What the page size costs a forked child that writes: bytes copied for bytes changed, and where whole copies pay.

guest-programs/amplification writes pages of one size, forks, and its child stores one byte into each of the first
TOUCHED * 4 KiB of every page. `fork` and `write` are cycles of the fork and of all the child's stores (with
--timing none: instructions); `copied` and `changed` are bytes from the report, of the whole run; `misses` are the
D-TLB's, and `reach` is how many KiB it maps in the mean over its fills. The last lines name, for each size, from how many touched pages on copying whole pages is cheaper than splitting
them: the break-even.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

LINE = re.compile(r"^bench: pages=(\S+) touched=(\d+) fork=(\d+) write=(\d+)$", re.M)
COLUMNS = ["pages", "large-cow", "touched", "fork", "write", "copies", "bytes copied", "bytes changed", "copied : changed",
           "D-TLB misses", "reach"]
WIDTHS = [5, 9, 7, 11, 13, 7, 13, 13, 16, 12, 7]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True, help="the hartbeat program")
    parser.add_argument("--firmware", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--program", required=True, help="guest-programs/amplification")
    parser.add_argument("--timing", default="none")
    parser.add_argument("--machine", default="virt")
    parser.add_argument("--mib", type=int, default=16, help="memory of the process")
    parser.add_argument("--touched", type=int, nargs="*", default=[1, 2, 4, 8, 16, 64, 512])
    parser.add_argument("--sizes", nargs="*", default=["4k", "64k", "2m"], choices=["4k", "64k", "2m"])
    return parser.parse_args()


def measure(options, size, cow, touched, directory):
    small_pages = {"4k": 1, "64k": 16, "2m": 512}[size]
    report_file = os.path.join(directory, "report.json")
    command = [options.hartbeat, "run", "--machine", options.machine, "--timing", options.timing, "--harts", "1",
               "--memory", f"{options.mib * 3 + 128}M", "--firmware", options.firmware, "--kernel", options.kernel,
               "--append", "large-cow=" + cow, "--stats", "json:" + report_file, options.program, size,
               str(options.mib * 256 // small_pages), str(touched)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    line = LINE.search(done.stdout)
    if done.returncode != 0 or line is None:
        sys.exit(f"pages.py: {' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    with open(report_file) as file:
        report = json.load(file)
    copies = report["kernel"]["copies"]
    dtlb = report["total"]["tlb"]["dtlb"]
    return {"pages": size, "large-cow": "-" if size == "4k" else cow, "touched": touched, "fork": int(line[3]),
            "write": int(line[4]), "copies": copies["pages"], "bytes copied": copies["bytes"],
            "bytes changed": copies["changed_bytes"],
            "copied : changed": f"{copies['bytes'] / max(copies['changed_bytes'], 1):.0f} : 1",
            "D-TLB misses": dtlb["misses"], "reach": dtlb["fill_reach"] // dtlb["fills"] // 1024}


def main():
    options = parse_arguments()
    print(f"machine {options.machine}, timing {options.timing}, {options.mib} MiB, one hart")
    print("  ".join(f"{column:>{width}}" for column, width in zip(COLUMNS, WIDTHS)), flush=True)
    writes = {}
    with tempfile.TemporaryDirectory() as directory:
        for size in options.sizes:
            for cow in ["split"] if size == "4k" else ["split", "whole"]:
                for touched in options.touched:
                    if touched > {"4k": 1, "64k": 16, "2m": 512}[size]:
                        continue
                    row = measure(options, size, cow, touched, directory)
                    writes[size, cow, touched] = row["write"]
                    cells = (f"{row[column]:,}" if isinstance(row[column], int) else row[column] for column in COLUMNS)
                    print("  ".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS)), flush=True)
    for size in options.sizes:
        better = [t for t in options.touched
                  if (size, "whole", t) in writes and writes[size, "whole", t] < writes[size, "split", t]]
        if size != "4k":
            print(f"pages of {size}: copying them whole is cheaper "
                  + (f"from {min(better)} touched pages of 4 KiB on" if better else "for none of these"))


if __name__ == "__main__":
    main()
