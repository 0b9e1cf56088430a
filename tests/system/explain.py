#!/usr/bin/env python3
"""Every kind of page fault is explained by a true paragraph: what it says is what its record, its walk and its kind say."""
import argparse
import os
import tempfile

import harness

# (program and arguments, options of run, the kinds that it must have)
RUNS = [
    (["cow-basic"], [], {"cow_copy", "cow_reuse", "demand_zero", "file_fill", "zero_copy"}),
    (["shootdown", "1", "1"], [], {"spurious"}),
    (["wild-store"], [], {"protection"}),
    (["stack-grow"], [], {"stack_grow"}),
    (["fork-tree"], ["--append", "fork=shared-tables"], {"table_attach"}),
    (["swap", "5"], ["--memory", "8M", "--append", "swap=vda"], {"swap_in"}),
]
TRIED = {"instruction_page_fault": "tried an instruction fetch from ", "load_page_fault": "tried a load from ", "store_page_fault": "tried a store to "}
CHECKS = {"pte_invalid": "V = 0", "not_writable": "W = 0", "not_executable": "X = 0", "not_readable": "R = 0", "non_canonical": "No walk"}
VALID, WRITABLE = 1, 4


def answer(fault):
    """What the kernel must have done, in the explanation's words."""
    before, after = hex(fault["frame_before"] or 0), hex(fault["frame_after"] or 0)
    return {
        "cow_copy": f"but frame {before} has other users",
        "cow_reuse": f"nobody else uses frame {after} any more: it was made writable in place",
        "demand_zero": f"first touch of anonymous memory: frame {after}, zeroed, was mapped",
        "file_fill": f"the page comes from a file: frame {after} was mapped",
        "zero_copy": f"the page was the shared zero page so far: frame {after}, zeroed, took its place",
        "spurious": "the page-table entry already allows this: the translation was stale",
        "protection": f"the process may not do this. The process was told by signal {fault['signal']}",
        "stack_grow": f"the stack grew to this page: frame {after} was mapped",
        "table_attach": "the page table of this region, which a fork had taken out to share it, was attached again",
        "swap_in": f"the page was read back from swap into frame {after}",
    }[fault["resolution"]]


def entry_fits(fault):
    """Whether the entry at which the walk ended is one for which the kernel gives this answer."""
    entry = fault["walk"]["pte"]
    frame = entry >> 10 & (1 << 44) - 1
    kind = fault["resolution"]
    if kind in ("demand_zero", "stack_grow", "swap_in", "table_attach"):
        return not entry & VALID
    if kind in ("cow_copy", "cow_reuse", "zero_copy"):
        mapped = fault["frame_after"] if kind == "cow_reuse" else fault["frame_before"]
        return entry & VALID and not entry & WRITABLE and (frame == mapped or mapped in (None, 0))
    return True


def check_fault(checks, fault, found):
    text, walk, kind = fault["explanation"], fault["walk"], fault["resolution"]
    wanted = [f"Fault {fault['number']}: process {fault['pid']} ({fault['program']}) on hart {fault['hart']} at cycle {fault['cycle']:,} ",
              TRIED[fault["cause"]] + hex(fault["address"]), f"pc {hex(fault['pc'])}", f"The kernel's answer ({kind}): ", answer(fault),
              f" = {fault['cycles']:,}."]
    wanted += [f"level {read['level']} at {hex(read['address'])} = {hex(read['pte'])}" for read in walk["reads"]]
    wanted += [CHECKS[walk["check"]]] if walk["check"] in CHECKS else ["The check that said no: "]
    wanted += [f"{cycles:,}" for cycles in fault["steps"].values() if cycles]
    if kind == "cow_copy":
        wanted.append(f"to frame {hex(fault['frame_after'])} and mapped that writable")
    missing = [words for words in wanted if words not in text]
    checks.equal(f"fault {fault['number']} ({kind}) is explained by what happened: {text}", missing, [])
    checks.hold(entry_fits(fault), "the entry that the walker read calls for this answer", text)
    found.add(kind)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--guests", required=True)
    options = parser.parse_args()
    checks = harness.Checks()
    with tempfile.TemporaryDirectory() as directory:
        disk = os.path.join(directory, "disk")
        with open(disk, "wb") as file:
            file.truncate(32 << 20)
        for (program, *arguments), more, kinds in RUNS:
            more = more + ["--disk", disk] if "swap=vda" in more else more
            status, out, err, text = harness.run_with_report(options.hartbeat, "--harts", 4, *more, os.path.join(options.guests, program), *arguments)
            checks.equal(f"the exit status of {program}", status, 0)
            found = set()
            for fault in harness.report_of(text, out, err)["faults"]["list"]:
                if fault["resolution"] is not None:
                    check_fault(checks, fault, found)
            checks.equal(f"{program} has these kinds of faults", kinds - found, set())
        # A fault that ends its process is explained without being asked for.
        status, _, err = harness.run(options.hartbeat, "run", os.path.join(options.guests, "stack-grow"))
        checks.hold("tried a store to " in err and "and died of it." in err, "a fatal fault is explained by default", err[-2000:])
    checks.end()


if __name__ == "__main__":
    main()
