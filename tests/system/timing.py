#!/usr/bin/env python3
"""A guest program under the cycle model does what it does without: same output, same status, same faults and copies.

And the model's figures hold together: every cycle of every hart has one cause, by privilege, by hart and by process.
"""
import argparse
import json

import harness

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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--harts", type=int, default=1)
    parser.add_argument("--racy", action="store_true",
                        help="which hart comes first shows in the program's counts; output and status are the same")
    parser.add_argument("--racy-output", action="store_true", help="… and in the order of its output")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()

    def run(timing):
        status, out, err, text = harness.run_with_report(
            options.hartbeat, "--machine", "cva6", "--timing", timing, "--harts", options.harts, options.program,
            *options.arguments, timeout=580)
        return status, out, harness.report_of(text, out, err)

    checks = harness.Checks()
    status, out, plain = run("none")
    timed_status, timed_out, timed = run("cva6")
    checks.equal("the exit status", timed_status, status)
    lines = (lambda text: sorted(text.splitlines())) if options.racy_output else (lambda text: text)
    checks.equal("the output", lines(timed_out), lines(out))
    checks.hold(timed["timing"]["model"] == "cva6" and plain["timing"]["model"] == "none", "the report names the model")
    if not options.racy:
        for what in ("faults", "copies", "forks"):
            # What a stack held when its page was copied depends on who came first.
            left_out = ("cycles", "measured_pages", "changed_bytes")
            strip = lambda d: json.dumps({k: v for k, v in d.items() if k not in left_out})
            checks.equal(f"the kernel's {what}", strip(timed["kernel"][what]), strip(plain["kernel"][what]))
        if options.harts == 1:
            checks.equal("the hardware's copies", timed["hardware"]["copies"], plain["hardware"]["copies"])
    checks.hold(timed["comparison"]["agree"], "the kernel's story and the hardware's agree", str(timed["comparison"]["rows"]))
    frames = timed["kernel"]["frames"]
    checks.equal("free frames at the end are those at boot", frames["free_at_end"], frames["free_at_boot"])
    checks.equal("without a model there are no stalls", plain["total"]["stalls"], None)
    check_stacks(checks, timed)
    check_costs(checks, timed)
    checks.end()


if __name__ == "__main__":
    main()
