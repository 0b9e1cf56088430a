#!/usr/bin/env python3
"""What it costs to make a process: mechanism x resident memory, on the bundled kernel, as one table.

Cycles are those of the timing model: with `none`, instructions. A model runs where it is asked for only, in two runs:
from a little before the fork to the first store, and from a little before execve to main; elsewhere the run is functional. `fork` is the call in the parent, `write` the child's
first store, `exec` the way from the child's execve to main; with vfork and spawn the child has no memory of its own to
write. A time slice is longer than the run, so that the child does not begin before the fork has returned. Page-table bytes, copied pages and IPIs are of the whole run: two children (one for spawn) by fork, and what
they did; with --harts N, N - 1 threads of the parent compute on the other harts, which must be told. `cow-64k` and `cow-2m` are copy-on-write with large pages, of which a store copies 4 KiB (large-cow=split). The last
line holds the ratio that sharing page tables is for.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

# By name: what the guest program is told, and the kernel.
MECHANISMS = {"eager": ("eager", ""), "cow": ("cow", ""), "cow-64k": ("cow", "pages=64k"), "cow-2m": ("cow", "pages=2m"),
              "shared-tables": ("shared-tables", ""), "vfork": ("vfork", ""), "spawn": ("spawn", "")}
LINE = re.compile(r"^bench: mechanism=(\S+) mib=(\d+) fork=(\S+) write=(\S+) exec=(\S+)$", re.M)
COLUMNS = ["MiB", "mechanism", "fork", "write", "exec", "table bytes", "pages copied", "IPIs"]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True, help="the hartbeat program")
    parser.add_argument("--firmware", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--program", required=True, help="guest-programs/fork-bench")
    parser.add_argument("--timing", default="none")
    parser.add_argument("--machine", help="virt, or with a model the one of its name")
    parser.add_argument("--harts", type=int, default=1)
    parser.add_argument("--append", default="")
    parser.add_argument("--mib", type=int, nargs="*", default=[1, 16, 64, 256, 1024], help="resident sizes")
    parser.add_argument("--mechanisms", nargs="*", default=list(MECHANISMS), choices=list(MECHANISMS))
    options = parser.parse_args()
    if options.machine is None:
        options.machine = "virt" if options.timing == "none" else options.timing
    if options.timing != "none" and options.harts > 1:  # a hint starts and stops the timing of all harts
        parser.error("--harts: a model times one hart here")
    if options.machine.startswith("cva6"):  # it has no Svnapot: pages of 64 KiB would be pages of 4 KiB
        options.mechanisms = [name for name in options.mechanisms if name != "cow-64k"]
    return options


def run(options, mechanism, mib, directory, region):
    """The program's line, and what the kernel says in the report."""
    report_file = os.path.join(directory, "report.json")
    by, pages = MECHANISMS[mechanism]
    memory = f"{mib * 3 + 128}M"  # eager: parent, child, and what the kernel needs
    # The core as it comes caches the first GiB of memory; one with more memory would be built to cache that.
    region = [*region, *(["--set", f"memory.cached_length={memory}"] if options.machine.startswith("cva6") else [])]
    command = [options.hartbeat, "run", "--machine", options.machine, "--timing", options.timing, "--harts",
               str(options.harts), "--memory", memory, "--firmware", options.firmware, "--kernel", options.kernel,
               "--append", f"slice=100000000 {pages} {options.append}", "--stats", "json:" + report_file, *region,
               options.program, by, str(mib), *([str(options.harts - 1)] if options.harts > 1 else [])]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    line = LINE.search(done.stdout)
    if done.returncode != 0 or line is None:
        sys.exit(f"fork.py: {' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    with open(report_file) as file:
        return line, json.load(file)["kernel"]


def measure(options, mechanism, mib, directory):
    if options.timing == "none":
        line, kernel = run(options, mechanism, mib, directory, [])
        executed = line[5]
    else:  # the hints of fork-bench.c
        executed = run(options, mechanism, mib, directory, ["--timing-from=hint:1003", "--timing-to=hint:1004"])[0][5]
        line, kernel = run(options, mechanism, mib, directory, ["--timing-from=hint:1001", "--timing-to=hint:1002"])
    return {"MiB": mib, "mechanism": mechanism, "fork": line[3], "write": line[4], "exec": executed,
            "table bytes": kernel["forks"]["page_table_bytes"], "pages copied": kernel["copies"]["pages"],
            "IPIs": kernel["shootdowns"]["ipis_sent"]}


def text(value):
    return f"{int(value):,}" if str(value).isdigit() else str(value)


def main():
    options = parse_arguments()
    print(f"machine {options.machine}, timing {options.timing}, {options.harts} hart(s)"
          + (f", {options.append}" if options.append else ""))
    widths = [5, 14, 13, 9, 13, 12, 13, 5]
    print("  ".join(f"{column:>{width}}" for column, width in zip(COLUMNS, widths)), flush=True)
    forks = {}
    with tempfile.TemporaryDirectory() as directory:
        for mib in options.mib:
            for mechanism in options.mechanisms:
                row = measure(options, mechanism, mib, directory)
                forks[mechanism, mib] = row["fork"]
                print("  ".join(f"{text(row[column]):>{width}}" for column, width in zip(COLUMNS, widths)), flush=True)
    largest = max(options.mib)
    if ("cow", largest) in forks and ("shared-tables", largest) in forks:
        ratio = int(forks["cow", largest]) / int(forks["shared-tables", largest])
        print(f"fork of {largest} MiB: sharing page tables is {ratio:.0f} times cheaper than copy-on-write alone")


if __name__ == "__main__":
    main()
