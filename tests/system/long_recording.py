#!/usr/bin/env python3
"""A recording of a thousand million instructions is written, and exported, with little memory: one line for each step, with
its peak resident memory (as the kernel tells it to whoever waits for the process) and its time."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

MOST_MIB = 400  # whatever the length of the run


def measured(title, command, rows):
    began = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    mib = usage.ru_maxrss / 1024
    ok = child.returncode == 0 and mib <= MOST_MIB
    rows.append(ok)
    print(f"{title:44}{mib:8.1f} MiB{usage.ru_utime + usage.ru_stime:9.1f} s of CPU{time.monotonic() - began:9.1f} s"
          f"  {'' if ok else f'FAILED: status {child.returncode}, at most {MOST_MIB} MiB'}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--workloads", required=True)
    parser.add_argument("--size", default="l", choices=["s", "m", "l"], help="10^7, 10^8 or 10^9 instructions")
    arguments = parser.parse_args()
    elf = lambda size: os.path.join(arguments.workloads, "elf", f"int-{size}.elf")
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        recording, modelled, stats = (os.path.join(directory, n) for n in ("run.hb", "modelled.hb", "stats.json"))
        run = [arguments.hartbeat, "run", "--quiet"]
        measured("run", run + [elf(arguments.size)], rows)
        measured("run --trace binary", run + ["--stats", f"json:{stats}", "--trace", f"binary:{recording}", elf(arguments.size)], rows)
        with open(stats) as file:
            instret = json.load(file)["total"]["instret"]
        print(f"  {instret:,} instructions in {os.path.getsize(recording):,} bytes")
        for view in ("folded", "perfetto", "callgrind", "spike"):
            target = "/dev/null" if view == "spike" else os.path.join(directory, view)
            measured(f"report --export {view}", [arguments.hartbeat, "report", recording, "--export", f"{view}:{target}"], rows)
        with open(os.path.join(directory, "folded")) as file:
            total = sum(int(line.rsplit(" ", 1)[1]) for line in file)
        rows.append(total >= instret)
        measured("run --timing cva6 --trace binary", run + ["--timing", "cva6", "--trace", f"binary:{modelled}", elf("s")], rows)
        measured("report --export kanata, 100,000 cycles", [arguments.hartbeat, "report", modelled, "--from-cycle", "5000000", "--to-cycle",
                 "5100000", "--export", f"kanata:{os.path.join(directory, 'kanata')}"], rows)
        rows.append(os.path.getsize(os.path.join(directory, "kanata")) > 100000)
    return 0 if all(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
