#!/usr/bin/env python3
"""Walks once through a copy-on-write fault, from the store to sret, and says where its instructions go.

A guest program runs with a trace of every instruction (--trace spike); of its copies the second
is taken. Its instructions, from trap_entry to the last before the store again, are divided
by the functions that open each step. docs/guestos.md has what is printed between its two `walk` marks: --write puts it there,
--check says whether every step is there, adds up, and is a step in the document, too. Exit status 77: no binutils for riscv64.
"""
import argparse
import bisect
import os
import re
import shutil
import subprocess
import sys
import tempfile

BINUTILS = "riscv64-linux-gnu-"
BEGIN, END = "<!-- walk -->\n", "<!-- /walk -->\n"
# The function that opens a step, and what happens until the next one.
STEPS = [
    ("trap_entry", "`sscratch` gives the hart's structure, the hart's structure the kernel stack; 31 registers and `sepc`, "
                   "`scause`, `stval`, `sstatus` go into the trap frame"),
    ("user_trap", "cause 15 is a store page fault; the process's address space"),
    ("resolve_fault", "tracepoint `fault_begin`; the address space's mutex, so that no fork, munmap or other fault moves anything"),
    ("resolve", "the range (`AddressSpace::find_from`): is there one, does it allow stores? Else SIGSEGV"),
    ("attach_table", "has a fork taken the 2 MiB's page table out to share it? Not here"),
    ("find_pte", "V = 1, W = 0, the range is private and writable: nothing marks an entry as copy-on-write, this is one"),
    ("own_table", "the table's own count is 1: its entries may be changed"),
    ("write_to_protected_page", "two references, no exclusive bit: somebody else is there. (With one, `reuse` would now set W and "
                                "D, and be done.) Tracepoint `copy_decided`"),
    ("copy_frames", "a frame from the buddy system; tracepoint `copy_begin`"),
    ("copy_page", "4,096 bytes: 64 per loop, 19 instructions for each; tracepoint `copy_end`, and where the page "
                  "is to be looked for (`mm/reverse_map.hpp`)"),
    ("clear_leaf", "the entry becomes invalid, so that no two threads ever see two pages"),
    ("shoot_down", "fence here; who else runs this space now? Nobody: no interrupt is sent"),
    ("leaf_flags", "the new frame is mapped, W and D set; `sfence.vma` for the page"),
    ("drop_map", "the old frame has one owner less: the parent's next store will be a reuse"),
    ("Mutex::unlock", "mutex released; tracepoint `fault_end` says `cow_copy`, old frame, new frame"),
    ("prepare_return", "no signal, no other thread's turn"),
    ("return_to_user", "registers back, `sret`"),
]


class Symbols:
    def __init__(self, kernel):
        self.kernel = kernel
        output = subprocess.run([BINUTILS + "nm", "-C", kernel], capture_output=True, text=True, check=True).stdout
        found = sorted((int(line[:16], 16), line[19:]) for line in output.splitlines() if line[17] in "tTwW")
        self.addresses = [address for address, _ in found]
        # Without namespaces, parameters and what the compiler adds to a clone's name.
        self.names = [re.sub(r"^(guestos::|\(anonymous namespace\)::)*", "", name).split("(")[0].split(" ")[0]
                      for _, name in found]

    def of(self, pc):
        at = bisect.bisect_right(self.addresses, pc) - 1
        return self.names[at] if at >= 0 else ""

    def line(self, pc):
        where = subprocess.run([BINUTILS + "addr2line", "-e", self.kernel, hex(pc)], capture_output=True, text=True).stdout
        found = re.search(r".*guestos/(\S+:\d+)", where)
        return found[1] if found else "?"


def trace(options, directory):
    """(privilege, pc, text) of each instruction, from the end of the first copy on."""
    log = os.path.join(directory, "log")
    command = [options.hartbeat, "run", "--quiet", "--timing", "none", "--trace-filter", "from=cow_copy@1 and to=cow_copy@3", "--trace",
               "spike:" + log, "--firmware", options.firmware, "--kernel", options.kernel, options.program]
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    with open(log) as file:
        for line in file:
            fields = line.split(None, 4)
            yield int(fields[2]), int(fields[3], 16), line.rstrip()


def find_copy(instructions, symbols):
    """The instructions of the fault, and the store that follows it."""
    fault, copies = [], False
    for instruction in instructions:
        privilege, pc, text = instruction
        if privilege == 0:
            if copies and " mem 0x" in text:
                return fault, instruction
            fault, copies = [], False
            continue
        fault.append(instruction)
        copies = copies or symbols.of(pc) == "copy_page"
    sys.exit("FAILED: no copy is followed by its store")


def steps_of(fault, symbols):
    """(at, first instruction) of each step, in the order of STEPS."""
    steps, at = [], 0
    for name, _ in STEPS:
        while at < len(fault) and symbols.of(fault[at][1]) != name:
            at += 1
        if at == len(fault):
            sys.exit(f"FAILED: the fault has no step that {name} opens, or not at its place")
        steps.append((at, fault[at]))
    return steps


def walk(options):
    symbols = Symbols(options.kernel)
    with tempfile.TemporaryDirectory() as directory:
        fault, store = find_copy(trace(options, directory), symbols)
    steps = steps_of(fault, symbols)
    ends = [at for at, _ in steps[1:]] + [len(fault)]
    lines = [f"    {fault[0][2]:<80}  trap_entry: the store has not retired\n",
             f"    {steps[1][1][2]:<80}  user_trap: scause 15\n", "    …\n",
             f"    {store[2]:<80}  the store, again\n", "\n", "| at | for | where | what happens |\n", "|---:|---:|---|---|\n"]
    for (name, text), (at, first), end in zip(STEPS, steps, ends):
        lines.append(f"| {at:,} | {end - at:,} | `{symbols.line(first[1])}`, `{name}` | {text} |\n")
    lines.append(f"| {len(fault):,} | | | the store again: it goes through |\n")
    return "".join(lines), [end - at for (at, _), end in zip(steps, ends)], len(fault)


def document_steps(block):
    rows = [[cell.strip() for cell in line.split("|")] for line in block.splitlines() if re.match(r"\| \d", line)]
    return [(int(at.replace(",", "")), int(length.replace(",", "") or 0), where.split("`")[3] if where else "")
            for _, at, length, where, *_ in rows]


def check(block, lengths, total):
    """What the run says, and what the document does: another compiler may need other instructions for the same steps."""
    if 0 in lengths or sum(lengths) != total:
        sys.exit(f"FAILED: the steps do not add up: {lengths}, {total}")
    rows = document_steps(block)
    if [name for _, _, name in rows] != [name for name, _ in STEPS] + [""]:
        sys.exit("FAILED: docs/guestos.md does not have these steps: run it again with --write")
    for (at, length, name), (following, _, _) in zip(rows, rows[1:]):
        if at + length != following:
            sys.exit(f"FAILED: docs/guestos.md: the step that {name} opens does not end where the next begins")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--firmware", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--program", required=True, help="guest-programs/cow-basic")
    parser.add_argument("--write", metavar="DOCUMENT")
    parser.add_argument("--check", metavar="DOCUMENT")
    options = parser.parse_args()
    if shutil.which(BINUTILS + "addr2line") is None:
        print("SKIP: no binutils for riscv64")
        sys.exit(77)
    text, lengths, total = walk(options)
    document = options.write or options.check
    if document is None:
        return print(text, end="")
    with open(document, encoding="utf-8") as file:
        before, rest = file.read().split(BEGIN)
    block, after = rest.split(END)
    if options.check:
        return check(block, lengths, total)
    with open(document, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + text + END + after)


if __name__ == "__main__":
    main()
