#!/usr/bin/env python3
"""Holds the attribution of copies and shootdowns against what the guest programs' sources say by themselves.

The expected values are derived here by hand, from the C source alone: which line stores, who forks whom, how many bytes
change. Nothing of what is compared comes from the emulator.
"""
import argparse
import os
import re

import harness

PAGE = 4096


def lines_of(source, statement):
    """Numbers of the lines that hold the statement."""
    with open(source) as text:
        return {number for number, line in enumerate(text, 1) if statement in line}


def buffer_of(out):
    begin, end = re.search(r"^measure: \S+ begin=(0x[0-9a-f]+) end=(0x[0-9a-f]+)", out, re.M).groups()
    return int(begin, 16), int(end, 16)


def copies_in(cow, begin, end):
    return [copy for copy in cow["copies"] if begin <= copy["page"] < end]


def check_false_sharing(checks, report, out, sources):
    """One page, two children, each writes one byte of it: 2 copies by 2 processes, each shared by its own birth."""
    cow = report["kernel"]["cow"]
    copies = copies_in(cow, *buffer_of(out))
    checks.equal("the buffer's page is copied twice", len(copies), 2)
    family = {fork["child"]: fork for fork in cow["forks"]}
    checks.equal("there are two forks of one parent", {fork["parent"] for fork in cow["forks"]}, {1})
    checks.equal("each child copies once", sorted(copy["pid"] for copy in copies), sorted(family))
    for copy in copies:
        checks.equal("the fork that made the child shared its page", copy["fork"], family[copy["pid"]]["number"])
        checks.equal("one byte of the copy really changes", copy["changed_bytes"], 1)
        site = cow["sites"][copy["site"]]
        line = lines_of(os.path.join(sources, "false-sharing.c"), "page[mine] = (")
        checks.hold(site["line"] in {f"false-sharing.c:{n}" for n in line}, "the store is where the source has it", site["line"])
        checks.equal("the page is anonymous memory", copy["range"]["kind"], "anonymous")
    sources_of_copies = {copy["source"] for copy in copies}
    checks.equal("both copy the parent's frame", len(sources_of_copies), 1)
    checks.equal("into frames of their own", len({copy["destination"] for copy in copies} | sources_of_copies), 3)


def check_fork_500mb(checks, report, out, _sources):
    """Nobody writes the buffer after the fork: nothing is copied in it, and what is copied belongs to fork 1."""
    cow = report["kernel"]["cow"]
    checks.equal("nothing of the buffer is copied", copies_in(cow, *buffer_of(out)), [])
    checks.equal("one fork", [(fork["number"], fork["parent"]) for fork in cow["forks"]], [(1, 1)])
    child = cow["forks"][0]["child"]
    after = [copy for copy in cow["copies"] if copy["fork"] is not None]
    checks.equal("only parent and child copy what it shared", {copy["pid"] for copy in after} | {1, child}, {1, child})
    checks.equal("and it is fork 1 that did", {copy["fork"] for copy in after}, {1})
    begin, end = buffer_of(out)
    forks, pages = report["kernel"]["forks"], (end - begin) // PAGE
    checks.hold(pages <= forks["shared_pages"] <= pages + 200, "what the fork shares are the buffer and a small program's pages", str(forks))
    checks.equal("in bytes", forks["shared_bytes"], forks["shared_pages"] * PAGE)
    tables = pages // 512  # of 2 MiB each; the buffer may begin within one, the program has a few more, and their parents
    checks.hold(tables <= forks["page_table_bytes"] // PAGE <= tables + 12, "a table for each 2 MiB is all that it makes", str(forks))
    # Touched once each before the fork, none after it.
    fresh = report["kernel"]["faults"]["count"]["demand_zero"]
    checks.hold(pages <= fresh <= pages + 200, "the buffer's pages are filled one by one", str(fresh))


def check_threads(checks, report, _out, _sources):
    """Threads share their memory: no fork, so what is copied are the pages of the program's file."""
    cow = report["kernel"]["cow"]
    checks.equal("no fork", cow["forks"], [])
    checks.equal("no copy is charged to one", [copy["fork"] for copy in cow["copies"] if copy["fork"] is not None], [])
    checks.equal("all copies are of the file's pages", {copy["range"]["kind"] for copy in cow["copies"]}, {"file"})
    checks.equal("all are process 1's", {copy["pid"] for copy in cow["copies"]}, {1})
    pages = [copy["page"] for copy in cow["copies"]]
    checks.equal("however many threads write a page, it is copied once", len(set(pages)), len(pages))
    checks.equal("no process but it, whatever its threads", [p["pid"] for p in report["processes"] if p["kind"] == "process"], [1])
    checks.equal("nothing forks", report["kernel"]["forks"]["count"], 0)


def check_shootdown(checks, report, out, sources):
    """3 writers of 8 pages each and one shared page, 16 forks and a last one."""
    cow, shootdowns = report["kernel"]["cow"], report["kernel"]["shootdowns"]
    source = os.path.join(sources, "shootdown.c")
    begin, end = buffer_of(out)
    copies = copies_in(cow, begin, end)
    checks.hold(len(copies) > 0, "the writers' pages are copied")
    expected = {f"shootdown.c:{n}" for n in lines_of(source, "*word = round;") | lines_of(source, "*me->slot = round;")}
    found = {cow["sites"][copy["site"]]["line"] for copy in copies}
    checks.hold(found <= expected, "they are copied for the two stores of keep_writing", f"{found} of {expected}")
    checks.equal("only the writers' process writes them", {copy["pid"] for copy in copies}, {1})
    checks.equal("17 forks", [fork["number"] for fork in cow["forks"]], list(range(1, 18)))
    for copy in copies:
        fork = cow["forks"][copy["fork"] - 1]
        later = cow["forks"][copy["fork"]:]
        checks.hold(fork["parent"] == 1 and fork["begin"] < copy["cycle"] + copy["cycles"], "a fork of theirs made the page shared", str(copy))
        checks.hold(all(other["end"] > copy["cycle"] for other in later), "it was the last one before the store", str(copy))
    once = {(copy["page"], copy["fork"]) for copy in copies}
    checks.equal("a page is copied at most once after each fork", len(once), len(copies))
    shared_page = end - PAGE
    for copy in copies:  # each round writes one word of 8 bytes in a page; the shared page has one for each writer
        words = 3 if copy["page"] == shared_page else 1
        checks.hold(copy["changed_bytes"] is None or copy["changed_bytes"] <= 8 * words, f"at most {words} words change", str(copy))
    checks.equal("the processes' shootdowns", sum(process["shootdowns"] for process in report["processes"]), shootdowns["initiated"])
    checks.equal("every shootdown is in the list", shootdowns["events_left_out"], 0)
    for event in shootdowns["events"]:
        checks.equal("no shootdown asks its own hart", [t for t in event["targets"] if t["hart"] == event["hart"]], [])
        checks.hold(event["slowest"] in {t["hart"] for t in event["targets"]}, "the slowest is a target", str(event))
    totals = [sum(event["phases"].values()) for event in shootdowns["events"]]
    checks.equal("the phases of all events are the latency", sum(totals), shootdowns["latency"])
    checks.equal("its median is the list's", shootdowns["spread"]["latency"]["p50"], sorted(totals)[(len(totals) + 1) // 2 - 1])
    checks.equal("its maximum is the list's", shootdowns["latency_most"], max(totals))
    targets = [target for event in shootdowns["events"] for target in event["targets"]]
    in_vain = [target for target in targets if target["removed"] == 0]
    checks.equal("wasted are those that removed nothing", shootdowns["wasted"], len(in_vain))
    checks.equal("with their cycles", shootdowns["wasted_cycles"], sum(target["busy"] for target in in_vain))
    checks.equal("of all targets' cycles", shootdowns["target_cycles"], sum(target["busy"] for target in targets))


def check_sums(checks, report):
    cow, copies = report["kernel"]["cow"], report["kernel"]["copies"]
    for group in ("sites", "programs"):
        for key in ("copies", "bytes", "measured_pages", "changed_bytes"):
            total = {"copies": "pages"}.get(key, key)
            checks.equal(f"{key} of all {group} are the kernel's", sum(part[key] for part in cow[group]), copies[total])
    for site in cow["sites"]:
        checks.equal("a site's steps add up to its cycles", sum(site["steps"].values()), site["cycles"])
    for copy in cow["copies"]:
        checks.equal("a copy's steps add up to its cycles", sum(copy["steps"].values()), copy["cycles"])
        checks.hold(copy["range"]["first"] <= copy["page"] < copy["range"]["end"], "a copy lies in its range", str(copy))
    checks.equal("the copying faults' cycles are the steps'", cow["cycles"]["sum"], sum(step["sum"] for step in cow["steps"].values()))
    faults = report["faults"]
    checks.equal("every page fault has its record", faults["count"], report["hardware"]["page_faults"])
    for fault in faults["list"]:
        checks.equal("a fault's steps add up", sum(fault["steps"].values()), fault["cycles"])
        checks.hold(f"Fault {fault['number']}: " in fault["explanation"], "a fault is explained", str(fault))


CHECKS = {"false-sharing": check_false_sharing, "fork-500mb": check_fork_500mb, "threads": check_threads,
          "shootdown": check_shootdown}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--sources", required=True)
    parser.add_argument("--harts", type=int, default=4)
    parser.add_argument("--memory", default="128M")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    status, out, err, text = harness.run_with_report(options.hartbeat, "--harts", options.harts, "--memory", options.memory, options.program, *options.arguments)
    report = harness.report_of(text, out, err)
    checks = harness.Checks()
    checks.equal("the exit status", status, 0)
    check_sums(checks, report)
    CHECKS[os.path.basename(options.program)](checks, report, out, options.sources)
    checks.end()


if __name__ == "__main__":
    main()
