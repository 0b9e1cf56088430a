#!/usr/bin/env python3
"""What it costs to take a page away from an address space that other harts run: policy x harts, as one table.

guest-programs/shootdown-bench has a thread on every hart but one; the last unmaps pages one by one, and makes others
read-only. `munmap` and `mprotect` are cycles of a call, the mean; `IPIs` are of the whole run. With a cycle model, only that
part of the run is under it. `batched` needs Svinval, which the core of machine cva6 has not.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

POLICIES = ["sbi", "ipi", "batched", "asid", "lazy", "async"]
LINE = re.compile(r"^bench: threads=(\d+) munmap=(\d+) mprotect=(\d+)$", re.M)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True, help="the hartbeat program")
    parser.add_argument("--firmware", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--program", required=True, help="guest-programs/shootdown-bench")
    parser.add_argument("--timing", default="none")
    parser.add_argument("--harts", type=int, nargs="*", default=[2, 4, 8, 16])
    parser.add_argument("--rounds", type=int, default=50)
    return parser.parse_args()


def measure(options, machine, policy, harts, directory):
    report_file = os.path.join(directory, "report.json")
    region = [] if options.timing == "none" else ["--timing-from=hint:1001", "--timing-to=hint:1002"]
    command = [options.hartbeat, "run", "--machine", machine, "--timing", options.timing, *region, "--harts", str(harts),
               "--firmware", options.firmware, "--kernel", options.kernel, "--append", "shootdown=" + policy,
               "--stats", "json:" + report_file, options.program, str(harts - 1), str(options.rounds)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    line = LINE.search(done.stdout)
    if done.returncode != 0 or line is None:
        sys.exit(f"shootdown.py: {' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    with open(report_file) as file:
        shootdowns = json.load(file)["kernel"]["shootdowns"]
    return int(line[2]), int(line[3]), shootdowns["ipis_sent"]


def main():
    options = parse_arguments()
    machine = "virt" if options.timing == "none" else options.timing
    print(f"machine {machine}, timing {options.timing}, {options.rounds} pages each")
    print(f"{'harts':>5}  {'shootdown':>9}  {'munmap':>8}  {'mprotect':>8}  {'IPIs':>6}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        for harts in options.harts:
            for policy in POLICIES:
                if policy == "batched" and machine == "cva6":
                    continue
                unmap, protect, sent = measure(options, machine, policy, harts, directory)
                print(f"{harts:>5}  {policy:>9}  {unmap:>8,}  {protect:>8,}  {sent:>6,}", flush=True)


if __name__ == "__main__":
    main()
