#!/usr/bin/env python3
"""Counters against numbers that follow from a program's text: what one more round of a loop adds to them, and nothing else.

Each program runs for some rounds and for twice as many; the difference, by round, has no start-up in it. The stalls' programs run
with two latencies of memory: what a miss or an atomic waits grows by just what the latency grows.
"""
import argparse
import json
import os
import subprocess
import tempfile

import harness

ROUNDS = 20

# What a round adds by hand, from the source alone. `child` is what a child does before it exits.
CALLS = """#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile char *page;
static void born(const char *what) {
  if (strcmp(what, "write") == 0) page[0] = 1;
  if (strcmp(what, "crash") == 0) *(volatile char *)8 = 1;
  _exit(0);
}
int main(int count, char **arguments) {
  const char *what = arguments[1];
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page[0] = 1;
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
    for what in ("fork", "write", "crash"):
        checks.equal(f"a round of {what} makes one process by one fork", (added[what]["forks"], added[what]["processes"]), (1, 1))
    difference = {key: added["write"][key] - added["fork"][key] for key in added["fork"]}
    checks.equal("the child's one store to a shared page is one fault, one copy", difference,
                 dict.fromkeys(difference, 0) | {"copies": 1, "cow_copy": 1, "hardware.page_faults": 1, "hardware.copies": 1})
    crash = {key: added["crash"][key] - added["fork"][key] for key in ("fault_message_count", "protection", "hardware.page_faults", "system_calls")}
    checks.equal("a child that stores to nowhere is told by one message for one fault, and does not call exit", crash,
                 {"fault_message_count": 1, "protection": 1, "hardware.page_faults": 1, "system_calls": -1})


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


def check_stalls(checks, options, directory):
    here = os.path.dirname(os.path.abspath(__file__))
    source, program = os.path.join(directory, "bare.S"), os.path.join(directory, "bare.elf")

    def stalls(setup, body, rounds, latency):
        with open(source, "w", encoding="utf-8") as file:
            file.write(BARE.format(setup=setup, body=body, rounds=rounds))
        subprocess.run([options.compiler, "-march=rv64ima_zicsr_zifencei", "-mabi=lp64", "-nostdlib", "-static", "-no-pie",
                        "-Wl,--build-id=none", f"-Wl,-T,{here}/programs/bare.ld", source, "-o", program], check=True)
        status, out, err, text = harness.run_with_report(options.hartbeat, "--machine", "cva6", "--timing", "cva6", "--set",
                                                         f"memory.latency={latency}", program)
        total = harness.report_of(text, out, err)["total"]
        checks.equal("the stalls of all causes are the cycles", sum(total["stalls"]["all"].values()), total["cycles"])
        return total["stalls"]["machine"]

    for name, (setup, body, expected, gained) in STALLS.items():
        added = []
        for latency in LATENCIES:
            one, two = (stalls(setup, body, rounds, latency) for rounds in (ROUNDS * 5, ROUNDS * 10))
            added.append({key: (two[key] - one[key]) / (ROUNDS * 5) for key in one})
        found = {key: added[0][key] for key in expected}
        checks.equal(f"{name}: stalls of a round", found, expected)
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
        check_stalls(checks, options, directory)
    checks.end()


if __name__ == "__main__":
    main()
