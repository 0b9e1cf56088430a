#!/usr/bin/env python3
"""Litmus shapes on four harts: no outcome that RVWMO (model.py) or the privileged specification forbids is ever seen. Says
which allowed ones the machine shows: "relaxed" are those that sequential consistency would not allow."""
import argparse
import os
import re
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, ".."))
import harness  # noqa: E402
import model  # noqa: E402
import program  # noqa: E402
from shapes import PAGE_TABLE_SHAPES, SHAPES, parsed  # noqa: E402


def sequential(threads):
    """What one operation after the other can show: the same program with every fence there is."""
    fence = model.parse("F rw,rw")
    return model.outcomes([[part for operation in thread for part in (operation, fence)] for thread in threads])


def values_of(key, count):
    return tuple(key >> 2 * i & 3 for i in range(count))


def build(compiler, text, directory):
    source, elf = os.path.join(directory, "litmus.S"), os.path.join(directory, "litmus.elf")
    with open(source, "w") as file:
        file.write(text)
    subprocess.run([compiler, "-march=rv64imac_zicsr_zifencei", "-mabi=lp64", "-nostdlib", "-static", "-no-pie",
                    "-Wl,--build-id=none", "-Wl,-T," + os.path.join(here, "..", "programs", "bare.ld"), "-o", elf, source], check=True)
    return elf


def seen_outcomes(options, shapes):
    """Per shape: key to count."""
    with tempfile.TemporaryDirectory() as directory:
        elf = build(options.compiler, program.assembly(shapes, options.rounds), directory)
        arguments = ["run", "--quiet", "--harts", program.HARTS, "--machine", options.machine, "--timing", options.timing,
                     "--firmware", "none", elf]
        status, out, err = harness.run(options.hartbeat, *arguments, timeout=options.seconds)
    if status != 0:
        sys.exit(f"FAILED: the litmus program ended with status {status}\n{out[-500:]}\n{err}")
    seen = [{} for _ in shapes]
    for number, key, count in re.findall(r"^T ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)$", out, re.MULTILINE):
        seen[int(number, 16)][int(key, 16)] = int(count, 16)
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--compiler", default="riscv64-linux-gnu-gcc")
    parser.add_argument("--machine", default="virt")
    parser.add_argument("--timing", default="none")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=250)
    options = parser.parse_args()
    shapes = [parsed(threads) for _, threads in SHAPES] + [parsed(threads) for _, threads, *_ in PAGE_TABLE_SHAPES]
    seen = seen_outcomes(options, shapes)
    checks = harness.Checks()
    print(f"{'shape':24} {'allowed':>7} {'seen':>5}  relaxed outcomes seen, with counts")
    for number, threads in enumerate(shapes):
        count = len(model.registers(threads)) + len(model.locations_written_twice(threads))
        outcomes = {values_of(key, count): times for key, times in seen[number].items()}
        checks.equal(f"every round of shape {number} is counted", sum(outcomes.values()), options.rounds)
        if number < len(SHAPES):
            name, _ = SHAPES[number]
            allowed = model.outcomes(threads)
            relaxed = {o: n for o, n in outcomes.items() if o not in sequential(threads)}
            forbidden, size = {o: n for o, n in outcomes.items() if o not in allowed}, len(allowed)
        else:
            name, _, holds, _ = PAGE_TABLE_SHAPES[number - len(SHAPES)]
            forbidden, size = {o: n for o, n in outcomes.items() if not holds(*o)}, "-"
            relaxed = {o: n for o, n in outcomes.items() if o[-1] == 1}  # through the old entry
        checks.hold(not forbidden, f"{name} never shows a forbidden outcome", str(forbidden))
        shown = ", ".join(f"{outcome} {times}" for outcome, times in sorted(relaxed.items()))
        print(f"{name:24} {size:>7} {len(outcomes):>5}  {shown}")
    checks.end()


if __name__ == "__main__":
    main()
