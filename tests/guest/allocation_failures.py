#!/usr/bin/env python3
"""Lets each allocation of a guest program's run fail in turn (or, with --kind, each swap slot or disk request): whatever
the program makes of it, the kernel ends in order, and every frame and every swap slot is free again.

The kernel says when the failure happens, and in what: a page fault, or a system call by its number. Ends where no attempt is
left to fail, or after --runs of them; prints how many failures there were, and in what. With --least fewer are an error, and
with --laws so is a line `BROKEN`, or a status that --laws does not name. Exit status 77 means SKIP.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

MOST_RUNS = 20000
NO_ATTEMPT_LEFT = 8  # so many runs in a row in which nothing failed
REACHED = re.compile(r"guestos: injected failure: (\w+) in (.*)")
CALLS = {"220": "fork", "221": "exec", "214": "brk", "222": "mmap", "226": "mprotect", "260": "wait4"}


def run(options, number, report_file):
    append = f"inject={options.kind}:{number} check=frames {options.append}"
    disk = [] if options.disk is None else ["--disk", options.disk]
    done = subprocess.run([options.hartbeat, "run", "--harts", str(options.harts), "--memory", options.memory, *disk,
                           "--firmware", options.firmware, "--kernel", options.kernel, "--append", append, "--stats", "json:" + report_file,
                           options.program, *options.arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=100)
    with open(report_file) as file:
        return done, json.load(file)


def check(options, done, report):
    """None, or what is wrong."""
    frames, swap = report["kernel"]["frames"], report["kernel"]["swap"]
    if frames["free_at_end"] is None or frames["free_at_end"] != frames["free_at_boot"]:
        return f"frames were lost: {frames}"
    if swap["free_at_end"] != swap["free_at_boot"]:
        return f"swap slots were lost: {swap}"
    if options.laws is not None and (re.search("^BROKEN", done.stdout, re.M) or done.returncode not in options.laws):
        return f"a law is broken; status {done.returncode}"
    return None


def place_of(text):
    """Of what the kernel says: `fork`, `a page fault` …"""
    call = re.match(r"system call (\d+)", text)
    return text if call is None else CALLS.get(call[1], f"call {call[1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--firmware", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--append", default="")
    parser.add_argument("--kind", choices=["alloc", "slot", "io"], default="alloc")
    parser.add_argument("--harts", type=int, default=2)
    parser.add_argument("--memory", default="64M")
    parser.add_argument("--swap", type=int, help="MiB of a swap disk")
    parser.add_argument("--runs", type=int, default=MOST_RUNS, help="at most so many")
    parser.add_argument("--first", type=int, default=1, help="the first that fails")
    parser.add_argument("--stride", type=int, default=1, help="let every so many-th fail")
    parser.add_argument("--least", type=int, default=1, help="so many failures must be reached")
    parser.add_argument("--laws", type=lambda text: [int(word) for word in text.split(",")],
                        help="the program's laws hold whatever fails; the statuses that it may end with")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    if not os.path.exists(options.hartbeat):
        print("SKIP: there is no hartbeat at", options.hartbeat)
        sys.exit(77)
    places, calm, number, runs = collections.Counter(), 0, options.first, 0
    with tempfile.TemporaryDirectory() as directory:
        options.disk = None
        if options.swap is not None:
            options.disk = os.path.join(directory, "swap.img")
            options.append += " swap=vda"
            with open(options.disk, "wb") as image:
                image.truncate(options.swap << 20)
        while runs < options.runs and calm < NO_ATTEMPT_LEFT:
            done, report = run(options, number, os.path.join(directory, "report.json"))
            wrong = check(options, done, report)
            if wrong is not None:
                print(done.stdout, done.stderr)
                sys.exit(f"FAILED: inject={options.kind}:{number}: {wrong}")
            reached = REACHED.search(done.stderr + done.stdout)
            calm = 0 if reached else calm + 1
            if reached:
                places[place_of(reached[2])] += 1
            number, runs = number + options.stride, runs + 1
    total = sum(places.values())
    print(f"inject={options.kind}: {runs} runs, {total} failures reached ("
          + ", ".join(f"{place} {count}" for place, count in places.most_common())
          + "), every frame and slot free at the end" + (", every law held" if options.laws is not None else "")
          + ("; no attempt is left" if calm == NO_ATTEMPT_LEFT else ""))
    if total < options.least:
        sys.exit(f"FAILED: {options.least} were to be reached")


if __name__ == "__main__":
    main()
