#!/usr/bin/env python3
"""Counters against numbers that follow from a program's text: what one more round of a loop adds to them, and nothing else.

Each program runs for some rounds and for twice as many; the difference, by round, has no start-up in it. The stalls' programs run
with two latencies of memory: what a miss or an atomic waits grows by just what the latency grows.
"""
import argparse
import json
import os
import re
import subprocess
import tempfile

import harness

ROUNDS = 20

SOURCES = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# The counters that have been held against a number other than 0: (section of docs/counters.md, key).
PROVEN = set()
SECTIONS = {"hardware": "Hardware", "l2": "L2", "itlb": "TLBs", "dtlb": "TLBs", "stalls": "Where the cycles went"}
WALKER = {"walks", "reads", "faults", "rewalks", "ad_writes"}
# Those whose test is not here: file and assertion.
ELSEWHERE = {
    ("The document", "costs"): ("tests/system/timing.py", 'checks.equal("cost of forks"'),
    ("The document", "timeline.spans[], .left_out"): ("tests/system/observe/time_pictures_test.cpp", "CHECK(timeline.left_out() == 1);"),
    ("The document", "walks"): ("tests/system/observe/time_pictures_test.cpp", "CHECK((first.walks[0] == 2 && first.again[0] == 1));"),
    ("Harts", "wfi_cycles"): ("tests/unit/hart/interrupts_test.cpp", "CHECK(c.cycles - c.wfi_cycles == c.instret);"),
    ("Walker", "rewalks"): ("tests/mmu/unit_test.cpp", "CHECK(bench.unit.counters().rewalks == 2);"),
    ("Walker", "ad_writes"): ("tests/mmu/unit_test.cpp", "CHECK(bench.unit.counters().ad_writes == 2);"),
    ("Processes", "shootdowns"): ("tests/system/attribution.py", 'the processes\' shootdowns'),
    ("Kernel", "unknown_system_calls[]"): ("tests/system/observe/kernel_story_test.cpp", "CHECK(story.figures().unknown_system_calls.at(435).count == 3);"),
    ("Kernel", "frames.total, .free_at_boot, .free_at_end"): ("tests/system/observe/kernel_story_test.cpp", "CHECK(f.free_at_end == 1000);"),
    ("Kernel", "frames.at_boot, .last, .most_shared"): ("tests/system/observe/kernel_story_test.cpp", "CHECK(f.most_shared->cow_shared == 40);"),
    ("Kernel", "frames.refcounts.at_boot, .last, .most_shared"): ("tests/system/observe/kernel_story_test.cpp", "CHECK(references.most_shared->frames[3] == 20);"),
    ("Kernel", "swap.slots, .free_at_boot, .free_at_end"): ("tests/system/observe/every_counter_test.cpp", "CHECK(swap.free_at_end == 57);"),
    ("Kernel", "swap.evicted, .written, .shared"): ("tests/system/observe/every_counter_test.cpp", "CHECK(swap.shared == 2);"),
    ("Kernel", "out_of_memory_kills[]"): ("tests/system/observe/every_counter_test.cpp", "CHECK(story.figures().out_of_memory_kills[0].process == 9);"),
    ("Copies", "pages"): ("tests/system/observe/kernel_story_test.cpp", "CHECK(story.figures().copies.pages == 1);"),
    ("Copies", "bytes"): ("tests/system/observe/kernel_story_test.cpp", "CHECK(story.figures().copies.bytes == 4096);"),
    ("Copies", "cycles"): ("tests/system/observe/kernel_story_test.cpp", "CHECK(story.figures().copies.cycles == 512);"),
    ("Copies", "measured_pages"): ("tests/system/observe/kernel_story_test.cpp", "CHECK(watch.figures().measured_pages == 1);"),
    ("Copies", "changed_bytes"): ("tests/system/observe/kernel_story_test.cpp", "CHECK(watch.figures().changed_bytes == 2);"),
    ("Copies, one by one and by place", "cycles"): ("tests/system/observe/fault_story_test.cpp", "CHECK(cow.sites[0].sums.cycles == 240);"),
    ("Copies, one by one and by place", "steps.STEP"): ("tests/system/attribution.py", '"a copy\'s steps add up to its cycles"'),
    ("TLB shootdowns", "spread.latency, spread.PHASE"): ("tests/system/attribution.py", '"its median is the list\'s"'),
    ("DRAM", "reads"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(dram.counters().reads == 5);"),
    ("DRAM", "writes"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(dram.counters().writes == 1);"),
    ("DRAM", "row_hits"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(dram.counters().row_hits == 2);"),
    ("DRAM", "row_misses"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(dram.counters().row_misses == 2);"),
    ("DRAM", "row_conflicts"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(dram.counters().row_conflicts == 1);"),
    ("DRAM", "beats"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(dram.counters().beats == 9);"),
    ("DRAM", "refresh_waits"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(dram.counters().refresh_waits == 1050 - 1005);"),
    ("L2", "read_hits"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(l2.counters().read_hits == 3);"),
    ("L2", "read_misses"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(l2.counters().read_misses == 2);"),
    ("L2", "merged"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(l2.counters().merged == 1);"),
    ("L2", "writebacks"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(l2.counters().writebacks == 1);"),
    ("L2", "mshr_waits"): ("tests/unit/timing/memory_system_test.cpp", "CHECK(l2.counters().mshr_waits == 168 - 113);"),
    ("Hardware", "copied_bytes"): ("tests/system/observe/hardware_story_test.cpp", "CHECK(b.figures().copied_bytes == 4096);"),
    ("Hardware", "cycles"): ("tests/system/observe/hardware_story_test.cpp", "CHECK(b.figures().cycles == 10);"),
    ("Hardware", "reuses"): ("tests/system/observe/hardware_story_test.cpp", "CHECK(b.figures().reuses == 1);"),
    ("Hardware", "fills"): ("tests/system/observe/hardware_story_test.cpp", "CHECK(b.figures().fills == 3);"),
    ("Hardware", "changes"): ("tests/system/observe/hardware_story_test.cpp", "CHECK(b.figures().changes == 1);"),
    ("Hardware", "spurious"): ("tests/system/observe/hardware_story_test.cpp", "CHECK(b.figures().spurious == 1);"),
    ("Page faults one by one", "count, left_out"): ("tests/system/attribution.py", '"every page fault has its record"'),
}
# Tables that a test holds as a whole, by key: file, and where it begins there.
TABLES = {
    "Page faults": ("tests/system/observe/kernel_story_test.cpp", "constexpr std::string_view keys[] = {", "};"),
    "Large pages": ("tests/system/observe/kernel_story_test.cpp", "CHECK(found == std::map<std::string_view, std::uint64_t>{", "});"),
    "Forks": ("tests/system/observe/every_counter_test.cpp", 'check_table("Forks"', ";"),
    "TLB shootdowns": ("tests/system/observe/every_counter_test.cpp", 'check_table("TLB shootdowns"', ";"),
    "Frames": ("tests/system/observe/every_counter_test.cpp", 'check_table("Frames"', ";"),
    "References": ("tests/system/observe/every_counter_test.cpp", 'check_table("References"', ";"),
    "Memory of the reference counts": ("tests/system/observe/every_counter_test.cpp", '"Memory of the reference counts"', ";"),
    "Where a shootdown's cycles go": ("tests/system/observe/every_counter_test.cpp", "check_phases(story", ";"),
    "Steps of a page fault": ("tests/system/observe/every_counter_test.cpp", "check_steps(faults", ";"),
}


def prove(part, key, value):
    if value == 0:
        return
    place, _, last = key.rpartition(".")
    if part == "total":
        PROVEN.add(("Walker" if last in WALKER and not place else SECTIONS.get(place, "Harts"), last))
    else:
        PROVEN.add((SECTIONS[part], last))


def defined_counters():
    """Every row of docs/counters.md with a unit: (section, key). observe_test holds the page against the one table in the code."""
    section, counters = None, []
    with open(os.path.join(SOURCES, "docs/counters.md"), encoding="utf-8") as page:
        for line in page:
            if line.startswith("## "):
                section = line[3:].split(": `")[0].strip()
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) > 3 and cells[1].startswith("`") and cells[2]:
                counters.append((section, cells[1].strip("`")))
    return counters


def check_every_counter(checks):
    """Each has been held here against a number that does not come from the emulator, or a test of another file does that."""
    texts = {}

    def text_of(name):
        if name not in texts:
            with open(os.path.join(SOURCES, name), encoding="utf-8") as file:
                texts[name] = file.read()
        return texts[name]

    for section, (name, begin, end) in TABLES.items():
        _, found, rest = text_of(name).partition(begin)
        checks.hold(found, f"{name} holds the table of {section}", begin)
        PROVEN.update((section, key) for key in re.findall(r'"([a-z0-9_]+)"', rest.split(end)[0]))
    for counter, (name, assertion) in ELSEWHERE.items():
        if checks.hold(assertion in text_of(name), f"{name} holds {counter}", assertion):
            PROVEN.add(counter)
    counters = defined_counters()
    checks.hold(len(counters) > 100, "docs/counters.md has the counters", str(len(counters)))
    if checks.equal("counters without a test", [counter for counter in counters if counter not in PROVEN], []):
        print(f"{len(counters)} counters, each with a test")

# What a round adds by hand, from the source alone. `child` is what a child does before it exits.
CALLS = """#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile char *page;
static volatile long *waiting;
static void born(const char *what) {
  if (strcmp(what, "share") == 0) {
    ++*waiting;
    pause();
  }
  if (strcmp(what, "write") == 0) page[0] = 1;
  if (strcmp(what, "crash") == 0) *(volatile char *)8 = 1;
  _exit(0);
}
int main(int count, char **arguments) {
  const char *what = arguments[1];
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page[0] = 1;
  if (strcmp(what, "share") == 0) {  // so many pages, ten owners
    long bytes = atol(arguments[2]) * 4096;
    volatile char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (long at = 0; at < bytes; at += 4096) pages[at] = 1;
    waiting = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int child = 0; child < 9; ++child) {
      while (*waiting < child) sched_yield();  // whoever has been born writes nothing any more
      if (fork() == 0) born(what);
    }
    for (;;) {
    }
  }
  for (long round = atol(arguments[2]); round > 0; --round) {
    if (strcmp(what, "call") == 0) getppid();
    if (strcmp(what, "touch") == 0)
      *(volatile char *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
    if (strcmp(what, "fork") == 0 || strcmp(what, "write") == 0 || strcmp(what, "crash") == 0) {
      if (fork() == 0) born(what);
      wait(NULL);
    }
  }
  return 0;
}
"""


def kernel_counters(report):
    kernel = report["kernel"]
    return {
        "system_calls": kernel["system_calls"],
        "processes[].system_calls": sum(process["system_calls"] for process in report["processes"]),
        "fault_message_count": kernel["fault_message_count"],
        "protection": kernel["faults"]["count"]["protection"],
        "demand_zero": kernel["faults"]["count"]["demand_zero"],
        "forks": kernel["forks"]["count"],
        "processes": sum(process["kind"] == "process" for process in report["processes"]),
        "copies": kernel["copies"]["pages"],
        "cow_copy": kernel["faults"]["count"]["cow_copy"],
        "ecall_from_user": report["total"]["exceptions"].get("ecall_from_user", 0),
        "hardware.page_faults": report["hardware"]["page_faults"],
        "hardware.copies": report["hardware"]["copies"],
    }


def check_calls(checks, options, directory):
    source, program = os.path.join(directory, "calls.c"), os.path.join(directory, "calls")
    with open(source, "w", encoding="utf-8") as file:
        file.write(CALLS)
    subprocess.run([options.compiler, "-static", "-O1", "-o", program, source], check=True)

    def counted(what, rounds):
        status, out, err, text = harness.run_with_report(options.hartbeat, program, what, rounds)
        checks.equal(f"the exit status of {what}", status, 0)
        report = harness.report_of(text, out, err)
        PROVEN.add(("The document", "elapsed_cycles"))
        checks.equal("elapsed_cycles is the furthest hart's clock", report["elapsed_cycles"], max(hart["cycles"] for hart in report["harts"]))
        return kernel_counters(report)

    added = {}
    for what in ("call", "touch", "fork", "write", "crash"):
        one, two = counted(what, ROUNDS), counted(what, 2 * ROUNDS)
        added[what] = {key: (two[key] - one[key]) / ROUNDS for key in one}
    calls = {"system_calls": 1, "processes[].system_calls": 1, "ecall_from_user": 1}
    for what in ("call", "touch"):  # getppid, or mmap and one page
        expected = dict.fromkeys(added[what], 0) | calls
        if what == "touch":
            expected |= {"demand_zero": 1, "hardware.page_faults": 1}
        checks.equal(f"what a round of {what} adds", added[what], expected)
        PROVEN.update({("Kernel", "system_calls"), ("Processes", "system_calls"), ("Hardware", "page_faults")})
    for what in ("fork", "write", "crash"):
        checks.equal(f"a round of {what} makes one process by one fork", (added[what]["forks"], added[what]["processes"]), (1, 1))
    check_references(checks, options, program)
    difference = {key: added["write"][key] - added["fork"][key] for key in added["fork"]}
    checks.equal("the child's one store to a shared page is one fault, one copy", difference,
                 dict.fromkeys(difference, 0) | {"copies": 1, "cow_copy": 1, "hardware.page_faults": 1, "hardware.copies": 1})
    crash = {key: added["crash"][key] - added["fork"][key] for key in ("fault_message_count", "protection", "hardware.page_faults", "system_calls")}
    PROVEN.update({("Kernel", "fault_message_count, fault_messages[]"), ("Hardware", "copies")})
    checks.equal("a child that stores to nowhere is told by one message for one fault, and does not call exit", crash,
                 {"fault_message_count": 1, "protection": 1, "hardware.page_faults": 1, "system_calls": -1})


def check_references(checks, options, program):
    """Ten processes share pages until the run is cut off. The side table has a frame of 4 KiB for each 1,024 frames."""
    def counted(pages):
        status, out, err, text = harness.run_with_report(options.hartbeat, "--max-instret", 20_000_000, program, "share", pages)
        checks.equal("the exit status of a run that is cut off", status, 124)
        references = harness.report_of(text, out, err)["kernel"]["frames"]["refcounts"]
        checks.equal("while nobody has ended the side table is at its largest", references["table"]["side_bytes"],
                     references["table"]["most_side_bytes"])
        return references

    one, two = counted(1024), counted(2048)
    grown = {moment: two[moment]["9_and_more"] - one[moment]["9_and_more"] for moment in ("at_boot", "last", "most_shared")}
    checks.equal("1,024 pages more with ten owners each", grown, {"at_boot": 0, "last": 1024, "most_shared": 1024})
    checks.equal("bytes that their exact counts take", two["table"]["side_bytes"] - one["table"]["side_bytes"], 4096)


BARE = """.section .text.start, "ax"
.globl _start
_start: csrw mie, zero
 {setup}
 li s0, {rounds}
.balign 64
loop:
 {body}
 addi s0, s0, -1
 bnez s0, loop
 li t0, 0x100000
 li t1, 0x5555
 sw t1, 0(t0)
1: j 1b
.data
.balign 4096
cell: .dword cell
 .space 262144
.balign 4096
root: .space 4096
table: .space 4096
leaves: .space 4096
"""
LATENCIES = (20, 60)
# name: (set-up, body, stalls a round that do not depend on memory, stalls that a round gains with 40 cycles more of latency).
# A load that hits takes 3 cycles, a product 2: of eight in a chain the last one ends while the loop's two instructions issue.
STALLS = {
    "loads in a chain": ("la a0, cell", "ld a0, 0(a0)\n" * 8, {"issued": 10, "load_use": 7 * 2, "raw": 0}, {}),
    "products in a chain": ("li a0, 3", "mul a0, a0, a0\n" * 8, {"issued": 10, "raw": 7 * 1, "load_use": 0}, {}),
    "eight lines that the D$ has lost": ("la a0, cell", ".rept 8\n ld a1, 0(a0)\n add a2, a1, a1\n addi a0, a0, 64\n .endr", {"issued": 26},
                                         {"load_miss": 8 * 40}),
    "atomics, which go to memory": ("la a0, cell", "amoadd.d a1, zero, (a0)\n" * 4, {}, {"atomic": 4 * 40}),
    "one line that the I$ has lost": ("", "fence.i", {"issued": 3}, {"icache_miss": 1 * 40}),
}

# Sv39: the first GiB by one entry, 2 MiB from 0x80000000 by three levels of table; everything is allowed to everybody.
PAGES = """la t0, root
 la t1, table
 la t2, leaves
 li t3, 0xcf
 sd t3, 0(t0)
 srli t3, t1, 2
 ori t3, t3, 1
 sd t3, 16(t0)
 srli t3, t2, 2
 ori t3, t3, 1
 sd t3, 0(t1)
 li t3, (0x80000000 >> 2) + 0xcf
 li t4, 512
1: sd t3, 0(t2)
 addi t3, t3, 1 << 10
 addi t2, t2, 8
 addi t4, t4, -1
 bnez t4, 1b
 srli t0, t0, 12
 li t1, 8
 slli t1, t1, 60
 or t0, t0, t1
 csrw satp, t0
 sfence.vma
 li t0, -1
 csrw pmpaddr0, t0
 li t0, 0x1f
 csrw pmpcfg0, t0
 li t0, 0x1800
 csrc mstatus, t0
"""
DATA_PAGES = PAGES + """ li t0, 0x20800
 csrs mstatus, t0
 la s1, cell
 li s2, 4096 + 16"""
CODE_PAGES = PAGES + """ li t0, 0x800
 csrs mstatus, t0
 la t0, 7f
 csrw mepc, t0
 mret
7:"""
HANDLER = """la t0, 9f
 csrw mtvec, t0
 j 8f
.balign 4
9: csrr t0, mepc
 addi t0, t0, 4
 csrw mepc, t0
 mret
8:"""
JUMPS = """la t0, 1f
 la a0, 2f
 xor t0, t0, a0
 la t1, 3f
 la a1, 4f
 xor t1, t1, a1"""


def loads_of_pages(pages):
    return "mv a0, s1\n" + "ld a1, 0(a0)\n add a0, a0, s2\n add a1, a1, a1\n" * pages


def jumps_over_pages(pages):
    blocks = "".join(f".balign 4096\n.space {16 * n}\n4: j 4f\n" for n in range(1, pages))
    return f"j 4f\n{blocks}.balign 4096\n4:"


TIMER = "li t0, 128\n csrw mie, t0\n li s1, 0x2004000\n li s2, 0x200bff8"


def sleep(cycles):
    """Until the timer's interrupt, which is not taken; the next round's time is ahead again, and its line has fallen by then.

    Without fence.i the next round's load of the time would not wait for the sleep's end."""
    return f"ld a0, 0(s2)\n addi a0, a0, {cycles}\n sd a0, 0(s1)\n ld a0, 0(s1)\n" + "nop\n" * 32 + "wfi\n fence.i\n"


def divisions(bit):
    return f"li a0, 1 << {bit}\nli a2, 1\n" + "".join(f"div a{3 + i % 4}, a0, a2\n" for i in range(8))


def split_jumps(count):
    """`.half 1` is c.nop: what stands between two of them is at no multiple of four."""
    return ".half 1\n" + "j 1f\n1: " * count + ".half 1\n"


# What a longer body costs more than a shorter one, by cause: of two that differ in one thing only.
# A restart of the front end leaves three cycles without an instruction to issue; a PTE that hits the D$ takes 3 cycles to be
# read; the divider makes a bit of quotient in a cycle.
DIFFERENCES = {
    "a jump to another place than last time, and one more": (JUMPS, "xor a0, a0, t0\n xor a1, a1, t1\n jr a0\n1: nop\n2: nop\n3: nop\n4:",
                                                              "xor a0, a0, t0\n xor a1, a1, t1\n jr a0\n1: nop\n2: jr a1\n3: nop\n4:", {"mispredict": 3}),
    "a CSR write that restarts, and two more": ("", "csrw mstatus, zero", "csrw mstatus, zero\n" * 3, {"csr_flush": 2 * 3}),
    "a call of the machine, and one more": (HANDLER, "ecall", "ecall\n ecall", {"trap": 3 + 3}),
    "eight quotients of 11 bits, and of 31": ("", divisions(10), divisions(30), {"unit_busy": 8 * 20}),
    "loads of 32 pages, and of 40": (DATA_PAGES, loads_of_pages(32), loads_of_pages(40), {"dtlb_walk": 8 * (3 * 3 + 1)}),
    "jumps over 32 pages, and over 40": (CODE_PAGES, jumps_over_pages(32), jumps_over_pages(40), {"itlb_walk": 8 * 3 * 3}),
    "jumps to instructions that lie in two words, each of which is fetched: 8, and 16": ("", split_jumps(8), split_jumps(16), {"fetch_bubble": 8}),
    "a sleep, and one that the timer ends 100 cycles later": (TIMER, sleep(1000), sleep(1100), {"wfi": 100}),
    "fence and fence.i: its 256 sets are cleared": ("", "fence", "fence.i", {"fence": 256 + 1 + 3}),
}
# Four writes are in flight: what 16 stores wait more when each takes 40 cycles longer, where nothing else takes longer.
STORES = ("la a0, cell", "".join(f"sd zero, {8 * i}(a0)\n" + "nop\n" * 8 for i in range(16)), {"store_buffer": 16 * 40 / 4})


# In S-mode, with a handler that goes on behind what has faulted and changes nothing; a0: a page that nothing maps.
FAULTS = PAGES + """ li t0, 0x800
 csrs mstatus, t0
 li t0, 1 << 13
 csrw medeleg, t0
 la t0, 9f
 csrw stvec, t0
 la t0, 7f
 csrw mepc, t0
 li a0, 0x40000000
 li a2, 4096
 mret
.balign 4
9: csrr t0, sepc
 addi t0, t0, 4
 csrw sepc, t0
 sret
7:"""
USER = PAGES.replace("0xcf", "0xdf") + """ la t0, 7f
 csrw mepc, t0
 mret
7:"""


def machine(body):
    """A round of so many instructions, and the loop's two, in M-mode."""
    return {"instret": body + 2, "cycles": body + 2, "instret_machine": body + 2, "cycles_machine": body + 2}


def supervisor(body, trapped=0):
    """The same in S-mode, where each fetch finds its page in the I-TLB, that of an instruction which traps, too."""
    return {"instret": body + 2, "cycles": body + 2 + trapped, "instret_supervisor": body + 2, "cycles_supervisor": body + 2 + trapped,
            "itlb.hits": body + 2 + trapped}


FUNCTIONAL, WITH_L2 = ("--machine", "cva6", "--timing", "none"), ("--machine", "cva6-l2-dram", "--timing", "cva6")
# What a round adds to other parts of the report: of them that it changes, all are named.
OTHERS = {
    "a fault on the page of the round before, where nothing has changed": (
        FUNCTIONAL, "hardware", FAULTS, "ld a1, 0(a0)", {"page_faults": 1, "undecided": 1}),
    "a fault on a page that nobody touches again": (
        FUNCTIONAL, "hardware", FAULTS, "ld a1, 0(a0)\n add a0, a0, a2", {"page_faults": 1, "unresolved": 1}),
    "an IPI to itself, taken back": (
        FUNCTIONAL, "hardware", "li s1, 0x2000000\n li s2, 1", "sw s2, 0(s1)\n sw zero, 0(s1)", {"software_interrupts": 1}),
    "a fence of the page that has been loaded from, and once more": (
        FUNCTIONAL, "hardware", DATA_PAGES, "ld a1, 0(s1)\n sfence.vma s1, zero\n sfence.vma s1, zero",
        {"fences": 2, "empty_fences": 1, "fenced_entries": 1}),
    "a fence of everything behind loads of three pages": (
        FUNCTIONAL, "hardware", DATA_PAGES, loads_of_pages(3) + "sfence.vma", {"fences": 1, "fenced_entries": 3}),
    "stores to 64 lines that the L2 has": (
        WITH_L2, "l2", "la a1, cell", "mv a0, a1\n .rept 64\n sd zero, 0(a0)\n addi a0, a0, 64\n .endr", {"write_hits": 64}),
    "stores to four lines that it has not": (
        WITH_L2, "l2", "li a0, 0x84000000", ".rept 4\n sd zero, 0(a0)\n addi a0, a0, 64\n .endr", {"write_misses": 4}),
    "two stores to each of four lines that it has not": (
        WITH_L2, "l2", "li a0, 0x84000000", ".rept 4\n sd zero, 0(a0)\n sd zero, 8(a0)\n addi a0, a0, 64\n .endr",
        {"write_misses": 4, "write_hits": 4}),
    "each kind of access, and fences": (
        ("--machine", "virt", "--timing", "none"), "total", "la a0, cell\n li a3, 0x200bff8",
        "ld a1, 8(a0)\n" * 3 + "sd a1, 8(a0)\n" * 2 + "lw a1, 1(a0)\n lr.d a1, (a0)\n sc.d a2, zero, (a0)\n sc.d a2, zero, (a0)\n"
        "amoadd.d a1, zero, (a0)\n ld a1, 0(a3)\n fence.i\n" + "sfence.vma\n" * 2,
        machine(3 + 2 + 6 + 1 + 2) | {"loads": 3 + 1 + 1 + 1, "stores": 2 + 1 + 1, "device_accesses": 1, "misaligned": 1, "sc_failed": 1,
                                      "fence_i": 1, "sfence_vma": 2, "itlb.fences": 2, "dtlb.fences": 2}),
    "32 pages, each by three PTEs, in a TLB of 16": (
        FUNCTIONAL, "total", DATA_PAGES, loads_of_pages(32),
        machine(1 + 3 * 32) | {"loads": 32, "dtlb.misses": 32, "dtlb.fills": 32, "dtlb.evictions": 32, "dtlb.fill_reach": 32 * 16 * 4096,
                               "walks": 32, "reads": 3 * 32}),
    "a page that is fenced, loaded from and loaded from again": (
        FUNCTIONAL, "total", DATA_PAGES, "sfence.vma s1, zero\n ld a1, 0(s1)\n ld a1, 0(s1)",
        machine(3) | {"sfence_vma": 1, "loads": 2, "dtlb.hits": 1, "dtlb.misses": 1, "dtlb.fills": 1, "dtlb.fences": 1, "dtlb.fence_removed": 1,
                      "itlb.fences": 1, "dtlb.fill_reach": 4096, "walks": 1, "reads": 3}),
    "a fault in S-mode, where a GiB has no table": (
        FUNCTIONAL, "total", FAULTS, "ld a1, 0(a0)",
        supervisor(4, trapped=1) | {"loads": 1, "exceptions.load_page_fault": 1, "dtlb.misses": 1, "walks": 1, "reads": 1, "faults": 1}),
    "what S-mode computes": (FUNCTIONAL, "total", FAULTS, "add a1, a1, a2\n" * 5, supervisor(5)),
    "what U-mode computes": (
        FUNCTIONAL, "total", USER, "add a1, a1, a2\n" * 5, {"instret": 7, "cycles": 7, "instret_user": 7, "cycles_user": 7, "itlb.hits": 7}),
}


def total_counters(report):
    """`total` with its parts' keys in front, but for those of stalls."""
    total = report["total"]
    flat = {key: value for key, value in total.items() if isinstance(value, int)}
    flat |= {f"exceptions.{key}": value for key, value in total["exceptions"].items()} | total["walker"]
    return flat | {f"{name}.{key}": value for name in ("itlb", "dtlb") for key, value in total["tlb"][name].items()}


def bare_report(checks, options, directory, setup, body, rounds, arguments):
    here = os.path.dirname(os.path.abspath(__file__))
    source, program = os.path.join(directory, "bare.S"), os.path.join(directory, "bare.elf")
    with open(source, "w", encoding="utf-8") as file:
        file.write(BARE.format(setup=setup, body=body, rounds=rounds))
    subprocess.run([options.compiler, "-march=rv64ima_zicsr_zifencei", "-mabi=lp64", "-nostdlib", "-static", "-no-pie",
                    "-Wl,--build-id=none", f"-Wl,-T,{here}/programs/bare.ld", source, "-o", program], check=True)
    status, out, err, text = harness.run_with_report(options.hartbeat, *arguments, program)
    checks.equal("the exit status of a loop", status, 0)
    return harness.report_of(text, out, err)


def check_others(checks, options, directory):
    for name, (arguments, part, setup, body, expected) in OTHERS.items():
        def counted(rounds):
            report = bare_report(checks, options, directory, setup, body, rounds, arguments)
            if part == "total":
                return total_counters(report)
            counters = report["hardware"] if part == "hardware" else report["memory_system"][part]
            return {key: counters[key] for key in counters if isinstance(counters[key], int) and key not in ("merged", "mshr_waits", "cycles")}

        one, two = counted(ROUNDS), counted(2 * ROUNDS)
        added = {key: (two[key] - one.get(key, 0)) / ROUNDS for key in two if two[key] != one.get(key, 0)}
        if checks.equal(name, added, expected):
            for key, value in added.items():
                prove(part, key, value)


def check_stalls(checks, options, directory):
    def stalls(setup, body, rounds, latency):
        total = bare_report(checks, options, directory, setup, body, rounds,
                            ("--machine", "cva6", "--timing", "cva6", "--set", f"memory.latency={latency}"))["total"]
        checks.equal("the stalls of all causes are the cycles", sum(total["stalls"]["all"].values()), total["cycles"])
        # Each of 256 sets is cleared, as by fence.i, and the front end begins.
        if checks.equal("cycles of a reset", total["stalls"]["all"]["reset"], 256 + 3):
            PROVEN.add((SECTIONS["stalls"], "reset"))
        return total["stalls"]["all"] if "mret\n7:" in setup else total["stalls"]["machine"]

    def a_round(setup, body, latency):
        one, two = (stalls(setup, body, rounds, latency) for rounds in (ROUNDS * 5, ROUNDS * 10))
        return {key: (two[key] - one[key]) / (ROUNDS * 5) for key in one}

    for name, (setup, short, long, expected) in DIFFERENCES.items():
        one, two = (a_round(setup, body, LATENCIES[0]) for body in (short, long))
        if checks.equal(name, {key: two[key] - one[key] for key in expected}, expected):
            PROVEN.update((SECTIONS["stalls"], key) for key in expected)
    setup, body, expected = STORES
    one, two = (a_round(setup, body, latency) for latency in (60, 100))
    PROVEN.update((SECTIONS["stalls"], key) for key in expected)
    checks.equal("stores that wait for the four before them", {key: two[key] - one[key] for key in one if two[key] != one[key]}, expected)
    for name, (setup, body, expected, gained) in STALLS.items():
        added = []
        for latency in LATENCIES:
            added.append(a_round(setup, body, latency))
        found = {key: added[0][key] for key in expected}
        checks.equal(f"{name}: stalls of a round", found, expected)
        PROVEN.update((SECTIONS["stalls"], key) for key in expected | gained if (expected | gained)[key] != 0)
        more = {key: added[1][key] - added[0][key] for key in added[0] if added[1][key] != added[0][key]}
        checks.equal(f"{name}: what a round waits for memory", more, gained)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--compiler", default="riscv64-linux-gnu-gcc")
    options = parser.parse_args()
    checks = harness.Checks()
    with tempfile.TemporaryDirectory() as directory:
        check_calls(checks, options, directory)
        check_others(checks, options, directory)
        check_stalls(checks, options, directory)
    check_every_counter(checks)
    checks.end()


if __name__ == "__main__":
    main()
