#!/usr/bin/env python3
"""A guest program under the cycle model does what it does without: same output, same status, same faults and copies.

Where harts race, time decides: the model gives them other speeds than `--timing none` does, so what may differ is
said of each program in PROGRAMS. And the model's figures hold together: every cycle of every hart has one cause, by
privilege, by hart and by process.
"""
import argparse
import json
import os
import tempfile

import harness

# How much of the counts is the same, for programs whose harts race:
SAME = "same"    # all of it: race-free, every step waits for the one before
SUM = "sum"      # Two processes write a page (of stack or libc, if not more) after a fork: the first copies, the last
                 # owner reuses, and who is who depends on time; so does whether one has exited in between, which makes
                 # a reuse of a copy. The sum of both does not, nor the lines of output, but their order does.
LINES = "lines"  # the lines of output only: threads decide by time how often something is done

# What guest-programs/ has: arguments that keep it short, what is the same on several harts, and why not all.
PROGRAMS = {
    "hello": ([], SAME, ""),
    "echo-args": (["a", "b"], SAME, ""),
    "exit-status": (["3"], SAME, ""),
    "cat": ([], SAME, ""),
    "cow-basic": ([], SAME, ""),
    "reuse": ([], SUM, "parent and child run on after each fork"),
    "false-sharing": ([], SUM, "two children write at the same time, and report as they come"),
    "fork-exec": ([], SAME, ""),
    "fork-500mb": (["4"], SAME, ""),
    "fp": ([], SAME, ""),
    "wild-store": ([], SAME, ""),
    "zero-page": ([], SAME, ""),
    "selfcheck-abi": ([], SAME, ""),
    "fork-tree": ([], SUM, "siblings run at the same time"),
    "hostile": ([], SUM, "children die while others run"),
    "signals": ([], SUM, "a signal arrives when it arrives"),
    "pipes": ([], SUM, "several writers of one pipe"),
    "cxx": ([], LINES, "threads allocate and exit at the same time: how many heaps malloc makes depends on who waits"),
    "threads": ([], SUM, "threads wait by futex or find the lock free"),
    "shootdown": (["1", "1"], LINES, "a thread writes for as long as another forks"),
    "brk-mmap": ([], SUM, "children that die of a signal"),
    "advice": ([], SUM, "parent and child run on after each fork"),
    "limits": ([], SUM, "parent and child run on after each fork"),
    "proc-memory": ([], SUM, "parent and child run on after each fork"),
    "asid-rollover": ([], SUM, "processes come and go at the same time"),
    "stack-grow": ([], SUM, "children that die of a signal"),
    "stale-unmap": ([], LINES, "a thread stores for as long as it can"),
    "pin": ([], SAME, ""),
    "refcounts": ([], SAME, ""),
    "sockets": ([], LINES, "clients and servers wait for one another"),
    "fork-bench": (["cow", "1"], SAME, "its output is cycles"),
    "files": ([], LINES, "processes wait for one another's locks"),
    "amplification": (["4k", "4", "4"], SAME, ""),
    "large-pages": ([], SAME, ""),
    "direct-io": ([], LINES, "a disk answers when it answers"),
    "swap": (["9"], LINES, "which page goes depends on who runs"),
    "mlock": (["9"], LINES, "which page goes depends on who runs"),
    "oom": ([], LINES, "hogs and their brothers run at the same time"),
    "overcommit": ([], SAME, ""),
    "failures": (["0"], SUM, "parent and child run on after each fork"),
    "stress": (["1", "1"], LINES, "races are what it is for"),
}
# Not among them: terminal and snapshot, which need somebody at the terminal and a server; syscall-fuzz, whose calls are
# random, so that a child that asks for the time does something else.

# What the machine must be like for some: less memory than they want, a disk (of MiB), boot arguments.
SWAPPING = (["--memory", "12M", "--append", "swap=vda"], 32)
MACHINES = {
    "direct-io": ([], 1),
    "swap": SWAPPING,
    "mlock": SWAPPING,
    "oom": (["--memory", "20M"], 0),
    "overcommit": (["--memory", "8G"], 0),
}
PRIVILEGES = ("user", "supervisor", "machine")


def causes(stalls):
    return sum(stalls["all"].values())


def check_stacks(checks, report):
    for hart in report["harts"]:
        name = f"hart {hart['hart']}"
        checks.equal(f"{name}: the causes add up to its cycles", causes(hart["stalls"]), hart["cycles"])
        checks.equal(f"{name}: asleep by cause is asleep in wfi", hart["stalls"]["all"]["wfi"], hart["wfi_cycles"])
        for privilege in PRIVILEGES:
            checks.equal(f"{name}: the causes in {privilege} add up to the cycles there",
                         sum(hart["stalls"][privilege].values()), hart[f"cycles_{privilege}"])
        checks.hold(hart["stalls"]["all"]["issued"] >= hart["instret"], f"{name}: nothing retires that was not issued")
    total = report["total"]["stalls"]["all"]
    for cause in total:
        parts = sum(p["ran"]["stalls"]["all"][cause] for p in report["processes"] if p["ran"]["stalls"])
        checks.equal(f"{cause}: the processes' cycles add up to the total", parts, total[cause])


def check_costs(checks, report):
    costs, kernel = report["costs"], report["kernel"]
    checks.equal("cost of forks", costs["fork"]["cycles"], kernel["forks"]["cycles"])
    checks.equal("cost of copies", costs["page_copy"]["cycles"], kernel["copies"]["cycles"])
    for cost, what in costs.items():
        checks.hold((what["count"] == 0) == (what["cycles"] == 0), f"{cost} costs cycles where there is one", str(what))


def without(figures, *keys):
    return json.dumps({key: value for key, value in figures.items() if key not in keys})


def check_counts(checks, plain, timed, harts, same):
    """What the kernel did in both runs."""
    plain, timed = plain["kernel"], timed["kernel"]
    if harts == 1 or same == SAME:
        for what in ("faults", "copies", "forks"):
            # What a stack held when its page was copied depends on who came first.
            left_out = ("cycles", "measured_pages", "changed_bytes")
            checks.equal(f"the kernel's {what}", without(timed[what], *left_out), without(plain[what], *left_out))
    elif same == SUM:
        checks.equal("forks", timed["forks"]["count"], plain["forks"]["count"])
        sums = [sum(kernel["faults"]["count"][key] for key in ("cow_copy", "cow_reuse")) for kernel in (timed, plain)]
        checks.equal("copies and reuses together", *sums)
        for key in ("demand_zero", "zero_copy", "stack_grow", "protection"):
            checks.equal(f"faults resolved by {key}", timed["faults"]["count"][key], plain["faults"]["count"][key])


def compare(checks, hartbeat, harts, path, arguments, same, timeout=580):
    machine, disk_size = MACHINES.get(os.path.basename(path), ([], 0))

    def run(timing):
        with tempfile.NamedTemporaryFile() as disk:
            disk.truncate(disk_size << 20)
            disks = ["--disk", disk.name] if disk_size else []
            status, out, err, text = harness.run_with_report(
                hartbeat, "--machine", "cva6", "--timing", timing, "--harts", harts, *machine, *disks, path, *arguments,
                timeout=timeout)
        return status, out, harness.report_of(text, out, err)

    status, out, plain = run("none")
    timed_status, timed_out, timed = run("cva6")
    checks.equal("the exit status", timed_status, status)
    if not out.startswith("bench:"):
        of_race = (lambda text: sorted(text.splitlines())) if harts > 1 and same != SAME else (lambda text: text)
        checks.equal("the output", of_race(timed_out), of_race(out))
    checks.hold(timed["timing"]["model"] == "cva6" and plain["timing"]["model"] == "none", "the report names the model")
    check_counts(checks, plain, timed, harts, same)
    if harts == 1 and timed["total"]["instret"] == plain["total"]["instret"]:
        checks.equal("what the TLBs have done", json.dumps(timed["total"]["tlb"]), json.dumps(plain["total"]["tlb"]))
    if harts == 1:
        checks.equal("the hardware's copies", timed["hardware"]["copies"], plain["hardware"]["copies"])
    checks.hold(timed["comparison"]["agree"], "the kernel's story and the hardware's agree", str(timed["comparison"]["rows"]))
    frames = timed["kernel"]["frames"]
    checks.equal("free frames at the end are those at boot", frames["free_at_end"], frames["free_at_boot"])
    checks.equal("without a model there are no stalls", plain["total"]["stalls"], None)
    check_stacks(checks, timed)
    check_costs(checks, timed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--harts", type=int, action="append", help="one number, or several")
    parser.add_argument("--guests", required=True, help="directory of the guest programs")
    parser.add_argument("programs", nargs="*", help="all, when none is named")
    options = parser.parse_args()
    checks = harness.Checks()
    unknown = set(options.programs) - set(PROGRAMS)
    checks.hold(not unknown, "this test knows the program", str(unknown))
    for name in options.programs or PROGRAMS:
        arguments, same, _ = PROGRAMS[name]
        for harts in options.harts or (1, 2, 4, 8):
            failures = checks.failures
            compare(checks, options.hartbeat, harts, os.path.join(options.guests, name), arguments, same)
            print(f"{name} on {harts}:", "ok" if checks.failures == failures else "FAILED", flush=True)
    checks.end()


if __name__ == "__main__":
    main()
