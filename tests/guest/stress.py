#!/usr/bin/env python3
"""Everything at once, under one seed of a random schedule after another, on 1, 2, 4 and 8 harts.

Seed N decides by itself how many harts there are, how other harts are told of taken translations, how a fork makes its
child, of what size pages are and which of the shorter programs follows: 72 seeds in a row have every number of harts with
every policy and every mechanism. The kernel scans all frames after each fork and exit (check=frames) and draws time slices
and harts at random (perturb=N). guest-programs/stress runs for at least 10^8 instructions, the other program for as long as
it takes; after each, what run_program.py holds a run to: the laws, both stories, every frame and swap slot free again.

Prints what it ran, by harts, policy and mechanism; the first seed that fails ends it, with the command to repeat it. Exit
status 77 means SKIP.
"""
import argparse
import collections
import json
import os
import random
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from run_program import SKIP, check_report  # noqa: E402

HARTS = [1, 2, 4, 8]
POLICIES = ["sbi", "ipi", "batched", "asid", "lazy", "async"]
MECHANISMS = ["cow", "shared-tables", "eager"]
PAGES = ["", "", "pages=64k", "pages=2m", "pages=64k large-cow=whole", "pages=2m large-cow=whole"]
LEAST_INSTRUCTIONS = 10**8
STRESS_ROUNDS = {1: 12, 2: 6, 4: 7, 8: 4}  # by harts: about as many
# After stress, by turns: arguments, and MiB of memory and of a swap disk where the machine is to be small.
OTHERS = [(["shootdown"], None), (["threads", "8", "20"], None), (["fork-tree", "3"], None), (["idle-harts"], None),
          (["stale-unmap", "lazily"], None), (["swap", "8"], (12, 32)), (["large-in-swap", "16"], (16, 64))]


def policy_of(seed):
    harts = HARTS[seed % len(HARTS)]
    shootdown = POLICIES[seed // len(HARTS) % len(POLICIES)]
    fork = MECHANISMS[(seed + seed // (len(HARTS) * len(POLICIES))) % len(MECHANISMS)]
    return harts, shootdown, fork


def run(options, seed, program, small):
    """Instructions executed. A failure ends it all."""
    harts, shootdown, fork = policy_of(seed)
    append = f"check=frames perturb={seed} shootdown={shootdown} fork={fork} {random.Random(seed).choice(PAGES)}"
    with tempfile.TemporaryDirectory() as directory:
        report_file = os.path.join(directory, "report.json")
        memory, disk = "256M", []
        if small is not None:
            memory, image = f"{small[0]}M", os.path.join(directory, "swap.img")
            disk, append = ["--disk", image], append + " swap=vda"
            with open(image, "wb") as file:
                file.truncate(small[1] << 20)
        command = [options.hartbeat, "run", "--harts", str(harts), "--memory", memory, *disk, "--firmware", options.firmware,
                   "--kernel", options.kernel, "--append", append.strip(), "--stats", "json:" + report_file,
                   os.path.join(options.programs, program[0]), *program[1:]]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=options.timeout)
            why = f"exit status {done.returncode}" if done.returncode != 0 else None
            said = done.stdout + done.stderr
        except subprocess.TimeoutExpired as late:
            why, said = f"no end after {options.timeout} s", (late.stdout or b"").decode(errors="replace")
        if why is None:
            with open(report_file) as file:
                report = json.load(file)
            try:
                check_report(report, 0)
                return report["total"]["instret"]
            except SystemExit as broken:
                why = broken.code
        sys.exit(f"{said}\nFAILED with seed {seed}: {why}\n"
                 + " ".join(f"'{word}'" if " " in word else word for word in command))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("hartbeat", "firmware", "kernel"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--programs", required=True, help="the directory of the guest programs")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, help="so many of them")
    parser.add_argument("--minutes", type=float, help="as many as fit")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for one run")
    options = parser.parse_args()
    if not os.path.exists(options.hartbeat):
        print("SKIP: there is no hartbeat at", options.hartbeat)
        sys.exit(SKIP)
    end = None if options.minutes is None else time.monotonic() + options.minutes * 60
    tally, instructions, runs, seed = collections.Counter(), 0, 0, options.first
    while (end is None or time.monotonic() < end) and (options.seeds is None or seed < options.first + options.seeds):
        harts, shootdown, fork = policy_of(seed)
        executed, again = 0, 0
        while executed < LEAST_INSTRUCTIONS:
            executed += run(options, seed, ["stress", str(STRESS_ROUNDS[harts]), str(seed + again)], None)
            again += 1
        instructions += executed + run(options, seed, *OTHERS[seed % len(OTHERS)])
        runs += again + 1
        tally.update([f"{harts} harts", "shootdown=" + shootdown, "fork=" + fork])
        seed += 1
    print(f"stress: seeds {options.first} to {seed - 1}, {runs} runs, {instructions:,} instructions, every law held")
    print("seeds with " + ", ".join(f"{what}: {tally[what]}" for what in [
        *(f"{harts} harts" for harts in HARTS), *("shootdown=" + name for name in POLICIES),
        *("fork=" + name for name in MECHANISMS)]))


if __name__ == "__main__":
    main()
