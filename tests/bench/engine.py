#!/usr/bin/env python3
"""Whole-program speed of the engine, beside QEMU in the same run.

Guest MIPS = instructions retired (as Hartbeat counts them) per second of host CPU time, user + system; the median of
some runs. `empty` is wall time in milliseconds: what starting costs. The runs of all emulators are interleaved, so that
a busy machine is busy for each of them; compare within one table only.

A second table has the cycle model (`--timing cva6`) beside the functional engine on the same machine, `cva6`, interleaved
in one run. The model runs the smallest size that a workload has; the functional engine, which would do little but start
with that, runs `--size`.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

# workload: (harts, the bar of this project on its reference machine in MIPS; for `empty` in milliseconds)
WORKLOADS = {"int": (1, 220), "mem": (1, 220), "vmtouch": (1, 150), "vmfault": (1, 100), "int4": (4, None),
             "empty": (1, 20)}
MOST_FOUR_HARTS_COST = 1.3
# The bars of the cycle model, in MIPS (of all harts together).
CYCLE_BARS = {"int": 20, "mem": 10, "vmtouch": 10, "vmfault": 10, "int4": 20}


class Failure(Exception):
    pass


def run(command):
    """Runs a command; returns its output, CPU seconds and wall seconds."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failure(f"{' '.join(command)} ended with status {process.returncode}:\n{output}")
    return output, usage.ru_utime + usage.ru_stime, wall


def checksum(output):
    found = re.search(r"sum=([0-9a-f]+)", output)
    return found and found.group(1)


def emulators(hartbeat, qemu, harts):
    """Name and command line (the ELF file goes last) of each emulator."""
    result = {"hartbeat": [hartbeat, "run", "--quiet", "--harts", str(harts)]}
    if qemu:
        board = [qemu, "-M", "virt", "-bios", "none", "-nographic", "-smp", str(harts), "-accel"]
        result["qemu"] = board + ["tcg,thread=single", "-kernel"]
        result["qemu -icount"] = board + ["tcg,thread=single", "-icount", "shift=0", "-kernel"]
    return result


def instructions(hartbeat, harts, elf):
    with tempfile.NamedTemporaryFile() as stats:
        run([hartbeat, "run", "--harts", str(harts), "--stats", f"json:{stats.name}", elf])
        return json.load(stats)["total"]["instret"]


def measure(name, commands, harts, elf, arguments):
    """Figures of one workload by command: MIPS, or milliseconds for `empty`."""
    retired = instructions(arguments.hartbeat, harts, elf)
    samples = {emulator: [] for emulator in commands}
    sums = set()
    for _ in range(arguments.runs):
        for emulator, command in commands.items():
            output, cpu, wall = run(command + [elf])
            sums.add(checksum(output))
            samples[emulator].append(wall * 1000 if name == "empty" else retired / max(cpu, 1e-3) / 1e6)
    if len(sums) > 1:
        raise Failure(f"{name}: the emulators' checksums differ: {sums}")
    return {emulator: statistics.median(values) for emulator, values in samples.items()}


def row(name, figures, bar):
    unit = "ms " if name == "empty" else "MIPS"
    cells = "".join(f"{figures[e]:14.1f}" if e in figures else f"{'-':>14}" for e in ("hartbeat", "qemu", "qemu -icount"))
    verdict = ""
    if bar is not None:
        met = figures["hartbeat"] <= bar if name == "empty" else figures["hartbeat"] >= bar
        verdict = f"  {'at most' if name == 'empty' else 'at least'} {bar}: {'met' if met else 'MISSED'}"
    print(f"{name:9}{unit:5}{cells}{verdict}", flush=True)
    return "MISSED" not in verdict


def file_of(name, size, workloads):
    file = "empty.elf" if name == "empty" else f"{name}-{size}.elf"
    path = os.path.join(workloads, "elf", file)
    return path if os.path.exists(path) else None


def speed_of(hartbeat, timing, harts, elf):
    """One run of the machine `cva6`: MIPS, by the instructions that this very run retired."""
    with tempfile.NamedTemporaryFile() as stats:
        _, cpu, _ = run([hartbeat, "run", "--quiet", "--machine", "cva6", "--harts", str(harts), "--timing", timing,
                         "--stats", f"json:{stats.name}", elf])
        return json.load(stats)["total"]["instret"] / max(cpu, 1e-3) / 1e6


def compare_timing(names, arguments):
    """The table of the cycle model. False: a bar was missed."""
    print(f"\nthe cycle model beside the functional engine on the same machine, median of {arguments.runs}")
    print(f"{'':14}{'--timing none':>14}{'--timing cva6':>14}{'ratio':>10}", flush=True)
    met = True
    for name in names:
        if name not in CYCLE_BARS:
            continue
        harts, bar = WORKLOADS[name][0], CYCLE_BARS[name]
        small = next(path for size in "sml" if (path := file_of(name, size, arguments.workloads)))
        large = file_of(name, arguments.size, arguments.workloads) or small
        pairs = [(speed_of(arguments.hartbeat, "none", harts, large), speed_of(arguments.hartbeat, "cva6", harts, small))
                 for _ in range(arguments.runs)]
        functional, cycles = (statistics.median(column) for column in zip(*pairs))
        verdict = "met" if cycles >= bar else "MISSED"
        met &= verdict == "met"
        print(f"{name:9}MIPS {functional:14.1f}{cycles:14.2f}{functional / cycles:10.0f}  at least {bar}: {verdict}",
              flush=True)
    return met


def compare_engines(names, arguments):
    """The table beside QEMU. False: a bar was missed."""
    print(f"guest instructions per second of host CPU time, median of {arguments.runs}, size {arguments.size}")
    print(f"{'':14}{'hartbeat':>14}{'qemu':>14}{'qemu -icount':>14}", flush=True)
    met, speeds = True, {}
    for name in names:
        harts, bar = WORKLOADS[name]
        path = file_of(name, arguments.size, arguments.workloads)
        if path is None:
            raise Failure(f"{name} has no size {arguments.size} in {arguments.workloads}/elf")
        figures = measure(name, emulators(arguments.hartbeat, arguments.qemu, harts), harts, path, arguments)
        speeds[name] = figures["hartbeat"]
        met &= row(name, figures, bar)
    if "int" in speeds and "int4" in speeds:
        cost = speeds["int"] / speeds["int4"]
        verdict = "met" if cost <= MOST_FOUR_HARTS_COST else "MISSED"
        met &= verdict == "met"
        print(f"an instruction on four harts costs {cost:.2f} times one on one hart;  at most {MOST_FOUR_HARTS_COST}: {verdict}")
    return met


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--workloads", required=True)
    parser.add_argument("--qemu", default="qemu-system-riscv64", help="empty: leave QEMU out")
    parser.add_argument("--size", default="l", choices=["s", "m", "l"], help="10^7, 10^8 or 10^9 instructions")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", help="workloads, separated by commas")
    parser.add_argument("--timing", default="both", choices=["none", "cva6", "both"], help="which of the two tables")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a bar is missed")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else list(WORKLOADS)
    unknown = [name for name in names if name not in WORKLOADS]
    if unknown:
        parser.error(f"no workload {unknown[0]}; there are {', '.join(WORKLOADS)}")

    met = compare_engines(names, arguments) if arguments.timing != "cva6" else True
    if arguments.timing != "none":
        met &= compare_timing(names, arguments)
    return 1 if arguments.check and not met else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failure, OSError) as failure:
        sys.exit(f"engine.py: {failure}")
