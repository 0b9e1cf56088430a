#!/usr/bin/env python3
"""Holds one guest program's report against the law that the program states (guest-programs/law.h).

In the buffer that the program names: copies = pages dirtied while shared, reuses = pages dirtied by their last owner, by
the kernel's story and, independently, by the hardware's. And of any program: no law is BROKEN, both stories agree, every
frame is free again at the end, and the report's sums are sums.
"""
import argparse
import re

import harness

PAGE_FAULTS = ("instruction_page_fault", "load_page_fault", "store_page_fault")
MEBIBYTE = 1 << 20


def counts_in(ranges, begin, end):
    """Copies and reuses of the pages of [begin, end)."""
    copies = reuses = 0
    for part in ranges:
        first, last = part["first"], part["first"] + 4096 * part["pages"]
        pages = max(0, min(last, end) - max(first, begin)) // 4096
        copies += pages * part["copies"]
        reuses += pages * part["reuses"]
    return copies, reuses


def check_measure(checks, report, out, bounds_only):
    for what, begin, end, copies, reuses in re.findall(
            r"^measure: (\S+) begin=(0x[0-9a-f]+) end=(0x[0-9a-f]+) copies=(\d+) reuses=(\d+)", out, re.M):
        law = (int(copies), int(reuses))
        kernel = counts_in(report["kernel"]["cow_pages"], int(begin, 16), int(end, 16))
        hardware = counts_in(report["hardware"]["cow_pages"], int(begin, 16), int(end, 16))
        if bounds_only:
            checks.hold(all(k <= most for k, most in zip(kernel, law)), f"{what}: (copies, reuses) are at most {law}", str(kernel))
            checks.hold(kernel[0] > 0, f"{what}: there are copies at all", str(kernel))
            continue
        checks.equal(f"{what}: the kernel's (copies, reuses)", kernel, law)
        checks.equal(f"{what}: the hardware's (copies, reuses)", hardware, law)


def check_sums(checks, report):
    kernel, harts, total = report["kernel"], report["harts"], report["total"]
    for key in ("instret", "cycles", "loads", "stores", "instret_user", "instret_supervisor", "instret_machine"):
        checks.equal(f"total.{key} is the harts' sum", total[key], sum(hart[key] for hart in harts))
        checks.equal(f"total.{key} is the processes' sum", total[key], sum(p["ran"][key] for p in report["processes"]))
    for hart in harts:
        name = f"hart {hart['hart']}"
        checks.equal(f"{name}: instret by privilege adds up", hart["instret"],
                     hart["instret_user"] + hart["instret_supervisor"] + hart["instret_machine"])
        checks.equal(f"{name}: cycles by privilege add up", hart["cycles"],
                     hart["cycles_user"] + hart["cycles_supervisor"] + hart["cycles_machine"])
        misses = sum(hart["tlb"][tlb]["misses"] for tlb in ("itlb", "dtlb"))
        checks.hold(hart["walker"]["walks"] <= misses + hart["walker"]["rewalks"], f"{name}: no walk without a miss")
    faults = sum(total["exceptions"].get(name, 0) for name in PAGE_FAULTS)
    checks.equal("page faults by cause are page faults by resolution", kernel["faults"]["total"], faults)
    checks.equal("every copy resolves a fault", kernel["copies"]["pages"], kernel["faults"]["count"]["cow_copy"])
    checks.equal("copies are of 4 KiB", kernel["copies"]["bytes"], 4096 * kernel["copies"]["pages"])
    for key in ("pages", "bytes", "cycles"):
        checks.equal(f"copies.{key} is the processes' sum", kernel["copies"][key],
                     sum(p["copies"][key] for p in report["processes"]))
    shootdowns = kernel["shootdowns"]
    checks.equal("a shootdown's phases add up to its latency", sum(shootdowns["phases"].values()), shootdowns["latency"])
    checks.equal("every target acknowledged", shootdowns["acknowledged"], shootdowns["targets"])
    checks.equal("every shootdown ended", shootdowns["completed"], shootdowns["initiated"])
    checks.hold(shootdowns["wasted"] <= shootdowns["acknowledged"], "no more wasted than acknowledged")


def check_any_program(checks, report, out, status, expected_status):
    checks.equal("the exit status", status, expected_status)
    checks.equal("the report's exit status", report["exit_status"], expected_status)
    checks.hold("BROKEN" not in out, "no law is broken", out)
    checks.hold(report["comparison"]["agree"], "the kernel's story and the hardware's agree", str(report["comparison"]["rows"]))
    frames = report["kernel"]["frames"]
    checks.equal("free frames at the end are those at boot", frames["free_at_end"], frames["free_at_boot"])
    model = report["timing"]["model"]
    means = {"none": "timing none: one instruction = one cycle", "cva6": "timing cva6: cycle-accurate"}[model]
    checks.hold(report["timing"]["statement"].startswith(means), "the timing model says what a cycle is", report["timing"]["statement"])


def check_large_fork(checks, report, mebibytes):
    """Page tables, one 4 KiB table for each 2 MiB, against what an eager fork would have copied."""
    forks, copies = report["kernel"]["forks"], report["kernel"]["copies"]
    tables = mebibytes * MEBIBYTE // 512
    checks.hold(forks["shared_bytes"] >= mebibytes * MEBIBYTE, f"{mebibytes} MiB are shared, not copied", str(forks))
    checks.hold(tables <= forks["page_table_bytes"] <= tables + 128 * 1024, "the fork makes page tables only", str(forks))
    checks.hold(copies["bytes"] < 256 * 1024, "no data is copied but some pages of stack and libc", str(copies))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--harts", type=int, default=4)
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--cva6", action="store_true", help="under the cycle model")
    parser.add_argument("--bounds", action="store_true", help="copies and reuses are upper bounds")
    parser.add_argument("--large-fork", type=int, metavar="MIB")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    model = ["--machine", "cva6", "--timing", "cva6"] if options.cva6 else []
    status, out, err, text = harness.run_with_report(
        options.hartbeat, *model, "--harts", options.harts, options.program, *options.arguments, timeout=580)
    report = harness.report_of(text, out, err)
    checks = harness.Checks()
    check_any_program(checks, report, out, status, options.status)
    check_measure(checks, report, out, options.bounds)
    check_sums(checks, report)
    if options.large_fork:
        check_large_fork(checks, report, options.large_fork)
    checks.end()


if __name__ == "__main__":
    main()
