#!/usr/bin/env python3
"""Runs programs of Debian 13 (riscv64) on the bundled kernel and holds them against what they must print: what they
print under qemu-riscv64 where that is deterministic, else laws of their own (trials.py). One line a program."""
import argparse
import os
import sys

sys.dont_write_bytecode = True  # no __pycache__ in the source tree
import interactive  # noqa: E402
import packages  # noqa: E402
import trial as trials_of_one  # noqa: E402
from trials import TRIALS  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--guest-programs", required=True, help="the directory of ours")
    parser.add_argument("--cache", required=True, help="where packages are kept between runs")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    parser.add_argument("names", nargs="*", help="run only those whose name contains one of these")
    return parser.parse_args()


def main():
    options = parse_arguments()
    trials = [*TRIALS, *interactive.TRIALS]
    chosen = [t for t in trials if not options.names or any(n in t.name for n in options.names)]
    if not chosen:
        sys.exit(f"no program is called {options.names[0]}; --list has their names")
    if options.list:
        print("\n".join(t.name for t in chosen))
        return
    try:
        tree = packages.fetch(os.path.abspath(options.cache))
    except packages.Unavailable as why:
        print(f"SKIP: {why}")
        sys.exit(77)
    failed = 0
    print(f"{'program':28}{'result':>8}{'instructions':>16}{'host s':>8}{'faults':>9}{'copies':>8}", flush=True)
    for trial in chosen:
        run = interactive.run if isinstance(trial, interactive.Session) else trials_of_one.run
        result = run(trial, tree, options.hartbeat, options.guest_programs)
        failed += bool(result.wrong)
        print(f"{trial.name:28}{'WRONG' if result.wrong else 'ok':>8}{result.instructions:>16,}{result.seconds:>8.1f}"
              f"{result.faults:>9,}{result.copies:>8,}", flush=True)
        for line in [*result.lines, *([result.wrong] if result.wrong else [])]:
            print(f"    {line}", flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} programs do what they must")
    sys.exit(1 if failed else 0)


main()
