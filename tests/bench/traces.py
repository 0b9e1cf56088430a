#!/usr/bin/env python3
"""What watching costs: traces, recordings and reports on the workload `int`, by host CPU time (user + system).

The runs of one table are interleaved, so that a busy machine is busy for each of them, and the best of each counts. The costs
of a report are smaller than the noise of a short run: they are taken from a long one. Compare within one table only.
"""
import argparse
import json
import os
import sys
import tempfile

from engine import Failure, run


def cpu_seconds(command):
    _, cpu, _ = run(command)
    return cpu


def interleaved(commands, runs):
    samples = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            samples[name].append(cpu_seconds(command))
    return {name: min(values) for name, values in samples.items()}


def row(name, value, unit, bar, met):
    print(f"{name:48}{value:10.3f} {unit:18}{bar}: {'met' if met else 'MISSED'}", flush=True)
    return met


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--workloads", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--size", default="m", choices=["s", "m", "l"], help="10^7, 10^8 or 10^9 instructions")
    parser.add_argument("--report-size", default="l", choices=["s", "m", "l"], help="the same for reports and events")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    arguments = parser.parse_args()
    elf = lambda size: os.path.join(arguments.workloads, "elf", f"int-{size}.elf")
    base = [arguments.hartbeat, "run", "--quiet"]
    met = True
    with tempfile.TemporaryDirectory() as directory:
        stats, recording = os.path.join(directory, "stats.json"), os.path.join(directory, "run.hb")
        run(base + ["--stats", f"json:{stats}", elf(arguments.size)])
        instret = json.load(open(stats))["total"]["instret"]
        print(f"functional, {instret / 1e6:.0f} million instructions, the best of {arguments.runs} runs each")
        times = interleaved({
            "none": base + [elf(arguments.size)],
            "spike": base + ["--trace", "spike:/dev/null", elf(arguments.size)],
            "binary": base + ["--trace", f"binary:{recording}", elf(arguments.size)],
        }, arguments.runs)
        speed = {name: instret / max(seconds, 1e-3) / 1e6 for name, seconds in times.items()}
        met &= row("--trace spike:/dev/null", speed["spike"], "MIPS", "at least 10", speed["spike"] >= 10)
        met &= row("--trace binary:FILE", speed["binary"], "MIPS", "at least 40", speed["binary"] >= 40)
        size = os.path.getsize(recording) / instret
        met &= row("--trace binary:FILE", size, "bytes/instruction", "at most 2", size <= 2)
        times = interleaved({
            "none": base + [elf(arguments.report_size)],
            "events": base + ["--trace", "events:/dev/null", elf(arguments.report_size)],
            "text": base + ["--stats", "text:/dev/null", elf(arguments.report_size)],
            "json": base + ["--stats", f"json:{stats}", elf(arguments.report_size)],
            "html": base + ["--stats", "html:/dev/null", elf(arguments.report_size)],
        }, arguments.runs)
        for name in ("text", "json", "html", "events"):
            cost = (times[name] / times["none"] - 1) * 100
            met &= row(f"--{'trace' if name == 'events' else 'stats'} {name}", cost, "% more time", "at most 2", cost <= 2)
        times = interleaved({
            "none": base + ["--timing", "cva6", elf("s")],
            "binary": base + ["--timing", "cva6", "--trace", f"binary:{recording}", elf("s")],
        }, arguments.runs)
        ratio = times["binary"] / times["none"]
        met &= row("--timing cva6 --trace binary:FILE", ratio, "x untraced", "at most 1.5", ratio <= 1.5)
    return 1 if arguments.check and not met else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failure, OSError) as failure:
        sys.exit(f"traces.py: {failure}")
