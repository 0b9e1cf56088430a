"""Turns shapes into one bare-metal program for four harts that runs each of them many times and prints how often each outcome
came: lines "T shape-number key count" in hexadecimal, an outcome's values being the key's pairs of bits, lowest first.

In every round the harts meet at a barrier; then each, by its own pseudo-random numbers, touches some of the variables, so
that they are in its cache or not, and waits for a moment. Odd rounds have x and y in one cache line. A run
is the same each time; more rounds see more.
"""
from model import locations_written_twice, registers

HARTS = 4
_ADDRESS = {"x": "s2", "y": "s3", "z": "s4"}
_RESULTS = ("a2", "a3", "a4", "a5", "a6", "a7")

_START = """
        .equ uart, 0x10000000
        .equ finisher, 0x100000
        .option norelax
        .section .text.start, "ax"
        .globl _start
_start: csrr s0, mhartid
        la t0, broken
        csrw mtvec, t0
        li t0, -1
        csrw pmpaddr0, t0
        li t0, 0x1f                     # NAPOT, read, write, execute: for accesses as S-mode (MPRV)
        csrw pmpcfg0, t0
        la t0, root
        srli t0, t0, 12
        li t1, 8
        slli t1, t1, 60
        or t0, t0, t1
        csrw satp, t0                   # Sv39
        li t0, 3 << 11
        csrc mstatus, t0
        li t0, 1 << 11
        csrs mstatus, t0                # MPP = S
        sfence.vma
        li s11, 1 << 17                 # MPRV
        addi s9, s0, 77
        li s8, 0                        # the barrier's next number
"""

_SUBROUTINES = f"""
barrier:
        addi s8, s8, {HARTS}
        la t0, meeting
        li t1, 1
        amoadd.d.aqrl zero, t1, (t0)
1:      ld t1, (t0)
        bltu t1, s8, 1b
        fence rw, rw
        ret

# A number below 64 in t2, the next of this hart's own row.
random:
        li t0, 1103515245
        mul s9, s9, t0
        addi s9, s9, 1234
        srli t2, s9, 20
        andi t2, t2, 63
        ret

# s5: rounds to go. Clears the variables (hart 0), meets, touches, waits.
prepare:
        mv s7, ra
        la s2, variables
        addi s3, s2, 256
        andi t0, s5, 1
        beqz t0, 1f
        addi s3, s2, 8
1:      addi s4, s2, 512
        bnez s0, 2f
        sw zero, (s2)
        sw zero, (s3)
        sw zero, (s4)
        la t0, leaf
        la t1, entry_a
        ld t1, (t1)
        sd t1, (t0)
        la t0, frame_b
        li t1, 2
        sw t1, (t0)
2:      call barrier
        sfence.vma
        call random
        andi t0, t2, 1
        beqz t0, 3f
        lw zero, (s2)
3:      andi t0, t2, 2
        beqz t0, 4f
        lw zero, (s3)
4:      andi t0, t2, 4
        beqz t0, 5f
        li t1, 0x40000000
        csrs mstatus, s11
        lw zero, (t1)
        csrc mstatus, s11
5:      andi t0, t2, 8
        beqz t0, 6f
        lw zero, (s4)
6:      call random
        la t3, entry_b
        ld t3, (t3)
        la t4, leaf
        la t5, frame_b
        li t6, 0x40000000
        call barrier
        beqz t2, 8f
7:      addi t2, t2, -1
        bnez t2, 7b
8:      mv ra, s7
        ret

# Ends the round: this hart's results are in a2 to a7, 0 where it has none.
store_results:
        la t0, results
        slli t1, s0, 6
        add t0, t0, t1
{"".join(f"        sd {register}, {8 * i}(t0){chr(10)}" for i, register in enumerate(_RESULTS))}
        fence rw, rw
        j barrier

# Hart 0 prints the counts of the shape whose number is in a0, and forgets them.
print_counts:
        mv s7, ra
        la s10, counts
        li s6, 0
1:      slli t0, s6, 3
        add t0, s10, t0
        ld t1, (t0)
        beqz t1, 2f
        sd zero, (t0)
        mv a1, t1
        li t0, 'T'
        call put
        mv t3, a0
        call put_number
        mv t3, s6
        call put_number
        mv t3, a1
        call put_number
        li t0, 10
        call put
2:      addi s6, s6, 1
        li t0, 4096
        bltu s6, t0, 1b
        mv ra, s7
        ret
put_number:
        mv t6, ra
        li t0, 32
        call put
        li t4, 28
1:      srl t0, t3, t4
        andi t0, t0, 15
        addi t0, t0, 48
        li t1, 58
        bltu t0, t1, 2f
        addi t0, t0, 39
2:      call put
        addi t4, t4, -4
        bgez t4, 1b
        mv ra, t6
        ret
put:    li t1, uart
1:      lbu t2, 5(t1)
        andi t2, t2, 32
        beqz t2, 1b
        sb t0, (t1)
        ret
        .balign 4
broken: csrr a0, mcause
        j end_broken
end:    bnez s0, sleep
        li t0, finisher
        li t1, 0x5555
        sw t1, (t0)
end_broken:
        li t0, finisher
        li t1, 0x13333
        sw t1, (t0)
sleep:  wfi
        j sleep
"""

_DATA = """
        .data
        .balign 4096
root:   .dword 0, 0, 0x200000cf         # the gigapage at 0x80000000 is itself
        .zero 4096 - 24
middle: .zero 4096
leaf:   .zero 4096
frame_a: .word 1
        .zero 4092
frame_b: .word 2
        .zero 4092
variables: .zero 1024
meeting: .dword 0
        .balign 64
results: .zero 64 * 4
entry_a: .dword 0
entry_b: .dword 0
counts: .zero 4096 * 8
"""


def _instructions(thread):
    lines, last, used, labels = [], None, 0, 0
    for operation in thread:
        suffix = ".aqrl" if operation.acquire and operation.release else ".aq" if operation.acquire else ".rl" if operation.release else ""
        address = _ADDRESS.get(operation.location, "")
        if operation.dependency in ("addr", "data"):
            lines.append(f"xor t0, {last}, {last}")
        if operation.dependency == "addr":
            lines.append(f"add t0, t0, {address}")
            address = "t0"
        if operation.dependency == "ctrl":
            labels += 1
            lines += [f"bnez {last}, 9{labels}f", f"9{labels}:"]
        result = _RESULTS[used] if used < len(_RESULTS) else None
        if operation.kind == "W" and operation.dependency == "data":
            lines += [f"addi t0, t0, {operation.value}", f"sw t0, ({address})"]
        elif operation.kind == "W":
            lines += [f"li t1, {operation.value}", f"sw t1, ({address})"]
        elif operation.kind == "R":
            lines.append(f"lw {result}, ({address})")
        elif operation.kind == "LR":
            lines.append(f"lr.w{suffix} {result}, ({address})")
        elif operation.kind == "SC":
            lines += [f"li t1, {operation.value}", f"sc.w{suffix} {result}, t1, ({address})"]
        elif operation.kind == "AMO":
            lines += [f"li t1, {operation.value}", f"amoswap.w{suffix} {result}, t1, ({address})"]
        elif operation.kind == "F":
            lines.append("fence.tso" if operation.fence == ("tso",) else "fence " + ", ".join(operation.fence))
        elif operation.kind == "PTE":
            lines.append("sd t3, (t4)")
        elif operation.kind == "SF":
            lines.append("sfence.vma")
        elif operation.kind == "WB":
            lines += [f"li t1, {operation.value}", "sw t1, (t5)"]
        elif operation.kind == "RV":
            lines += ["csrs mstatus, s11", f"lw {result}, (t6)", "csrc mstatus, s11"]
        if operation.kind in ("R", "LR", "AMO", "RV"):
            last = result
        used += operation.kind in ("R", "LR", "AMO", "SC", "RV")
    return lines


def _collect(threads):
    """Hart 0 makes the key of what all harts have stored, in the order of model.registers."""
    lines = ["la t0, results", "li t3, 0"]
    places = {}
    shift = 0
    for thread, _ in registers(threads):
        place = places[thread] = places.get(thread, -1) + 1
        lines += [f"ld t1, {64 * thread + 8 * place}(t0)", f"slli t1, t1, {shift}", "or t3, t3, t1"]
        shift += 2
    for location in locations_written_twice(threads):
        lines += [f"lwu t1, ({_ADDRESS[location]})", f"slli t1, t1, {shift}", "or t3, t3, t1"]
        shift += 2
    return lines + ["la t0, counts", "slli t3, t3, 3", "add t0, t0, t3", "ld t1, (t0)", "addi t1, t1, 1", "sd t1, (t0)"]


def _shape(number, threads, rounds):
    text = [f"shape_{number}:", f"li s5, {rounds}", f"round_{number}:", "call prepare"]
    text += [f"li {register}, 0" for register in _RESULTS]
    text += ["mv t0, s0"]
    for hart in range(len(threads)):
        text += [f"beqz t0, thread_{number}_{hart}", "addi t0, t0, -1"]
    text += [f"j joined_{number}"]
    for hart, thread in enumerate(threads):
        text += [f"thread_{number}_{hart}:", *_instructions(thread), f"j joined_{number}"]
    text += [f"joined_{number}:", "call store_results", f"bnez s0, next_{number}", *_collect(threads), f"next_{number}:",
             "addi s5, s5, -1", f"bnez s5, round_{number}", f"bnez s0, printed_{number}", f"li a0, {number}", "call print_counts",
             f"printed_{number}:"]
    return text


def assembly(shapes, rounds):
    """shapes: the threads of each, parsed."""
    text = ["la t0, middle", "srli t0, t0, 2", "ori t0, t0, 1", "la t1, root", "sd t0, 8(t1)",
            "la t0, leaf", "srli t0, t0, 2", "ori t0, t0, 1", "la t1, middle", "sd t0, (t1)", "la t0, frame_a", "srli t0, t0, 2", "ori t0, t0, 0xcf", "la t1, entry_a", "sd t0, (t1)",
            "la t0, frame_b", "srli t0, t0, 2", "ori t0, t0, 0xcf", "la t1, entry_b", "sd t0, (t1)", "call barrier"]
    for number, threads in enumerate(shapes):
        text += _shape(number, threads, rounds)
    return _START + "\n".join(text) + "\nj end\n" + _SUBROUTINES + _DATA
