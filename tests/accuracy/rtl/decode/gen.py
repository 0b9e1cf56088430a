#!/usr/bin/env python3
"""Random instruction words, legal and not, under a handler that skips what traps.   gen.py MODE SEED OUT.S

MODE: m, s or u, the privilege of the words (bare addresses; in S mode TSR, TVM and TW are set, so that sret, sfence.vma
and wfi trap); i: M mode with timer and software interrupts in between. Reads of CSRs whose value is time, and encodings
which the RTL takes against the specification (docs/timing.md, Limits), are left out. Recorded are m002, s002, s007, u002, u007
and i001: seeds that read the trigger CSRs, which the RTL has not, are no use in M mode.

Registers: sp data base (-512 … 511 are used), t3 … t6 the handler's; all others are data.
"""
import random
import sys

DATA = [1, 5, 6, 7, *range(8, 28)]
CSR_READS = [0x300, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306, 0x340, 0x341, 0x342, 0x100, 0x104, 0x105, 0x106, 0x140,
             0x141, 0x142, 0x180, 0xF11, 0xF12, 0xF13, 0xF14, 0x001, 0x002, 0x003, 0x123, 0x5C0, 0x7A0, 0x9FF, 0xFFF]
CSR_WRITES = [0x340, 0x140, 0x001, 0x002, 0x003, 0x141, 0x142, 0xC00, 0xF14, 0xFFF]

HANDLER = """
.globl _start
.section .text.init
_start:
  j start
.align 2
handler:
  csrw mscratch, t6
  csrr t6, mcause
  bltz t6, interrupt
  csrr t6, mepc
  lhu t5, 0(t6)
  andi t5, t5, 3
  addi t5, t5, -3
  addi t6, t6, 2
  bnez t5, 1f
  addi t6, t6, 2
1: csrw mepc, t6
  csrr t6, mscratch
  mret
interrupt:
  li t5, 0x2004000
  li t4, -1
  sd t4, 0(t5)
  fence
  li t5, 0x2000000
  sw zero, 0(t5)
  fence
  csrr t6, mscratch
  mret
start:
  la t0, handler
  csrw mtvec, t0
  li t0, 0x6000
  csrs mstatus, t0
  li t0, -1
  csrw pmpaddr0, t0
  csrwi pmpcfg0, 0x1f
  li t0, 0x88
  csrw mie, t0
  la sp, data + 1024
"""


def is_quirk(word):
    opcode, funct3, funct7, rs2 = word & 0x7F, word >> 12 & 7, word >> 25, word >> 20 & 31
    if opcode == 0x33 and funct3 == 0:
        return funct7 & 31 in (0x11, 0x13, 0x15, 0x17) or funct7 in (0x28, 0x29, 0x2A, 0x2B, 0x2E, 0x2F)
    if opcode == 0x53:
        return funct7 >> 2 == 8 and funct7 & 3 == rs2 & 7
    if opcode == 0x13:
        return (funct3 == 1 and word >> 24 == 0x31 and rs2 > 26) or (funct3 in (1, 5) and word >> 20 == 0x08F) or (
            funct3 == 5 and word >> 20 == 0x698)
    return False


class Program:
    def __init__(self, mode, seed):
        self.mode, self.lines = mode, [HANDLER]
        self.r = random.Random(f"{mode}-{seed}")

    def put(self, line):
        self.lines.append("  " + line)

    def word(self, bits):
        if not is_quirk(bits):
            self.put(f".word 0x{bits:08x}")

    def any_x(self):
        return self.r.choice([*DATA, 0])

    def x(self):
        return self.r.choice(DATA)

    def f(self):
        return self.r.randrange(32)

    def encode(self, opcode, rd, funct3, rs1, rs2, funct7):
        self.word(opcode | rd << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 | funct7 << 25)

    def offset(self):
        return self.r.randrange(-512, 512) & (-8 if self.r.random() < .8 else -1)

    # One method a group of opcodes.
    def register(self):
        funct7 = self.r.choice([0, 0x20, 1, 5, 4, 0x10, 0x14, 0x24, 0x34, 0x30, 7, self.r.randrange(128)])
        self.encode(self.r.choice([0x33, 0x33, 0x3B]), self.any_x(), self.r.randrange(8), self.any_x(), self.any_x(), funct7)

    def immediate(self):
        funct7 = self.r.choice([0, 0x20, 0x30, 0x24, 0x34, 0x14, 0x35, 4, self.r.randrange(128)])
        self.encode(self.r.choice([0x13, 0x13, 0x1B]), self.any_x(), self.r.randrange(8), self.any_x(), self.f(), funct7)

    def crypto(self):
        rd, rs1 = self.any_x(), self.any_x()
        if self.r.random() < .5:
            self.encode(0x33, rd, 0, rs1, self.any_x(), self.r.choice([0x19, 0x1B, 0x1D, 0x1F, 0x3F]))
        else:
            rs2, funct7 = self.r.choice([(self.r.randrange(8), 8), (0, 0x18), (16 + self.r.randrange(11), 0x18)])
            self.encode(0x13, rd, 1, rs1, rs2, funct7)

    def floating(self):
        funct5 = self.r.choice([0, 1, 2, 4, 5, 8, 0x14, 0x18, 0x1A, 0x1C, 0x1E, 0x11, 0x1F])
        rd = self.x() if funct5 in (0x14, 0x18, 0x1C) else self.f()
        rs1 = self.any_x() if funct5 in (0x1A, 0x1E) else self.f()
        rs2 = self.f() if self.r.random() < .6 else self.r.randrange(4)
        self.encode(0x53, rd, self.r.choice([0, 0, 1, 2, 3, 4, 5, 6, 7, 7]), rs1, rs2, funct5 << 2 | self.r.choice([0, 1, 0, 1, 2, 3]))

    def fused(self):
        self.encode(self.r.choice([0x43, 0x47, 0x4B, 0x4F]), self.f(), self.r.randrange(8), self.f(), self.f(),
                    self.f() << 2 | self.r.choice([0, 1, 0, 1, 2, 3]))

    def system(self):
        kind = self.r.random()
        if kind < .4:
            csr = self.r.choice(CSR_READS)
            self.encode(0x73, self.x(), self.r.choice([2, 3, 6, 7]), 0, csr & 31, csr >> 5)
        elif kind < .6:
            csr = self.r.choice(CSR_WRITES)
            self.encode(0x73, self.any_x(), self.r.choice([1, 2, 3, 5, 6, 7]), self.any_x(), csr & 31, csr >> 5)
        elif kind < .8:
            words = [0x00000073, 0x00100073, 0x12000073 | self.any_x() << 15 | self.any_x() << 20, 0x7B200073, 0x10400073]
            self.word(self.r.choice(words + ([] if self.mode in "mi" else [0x30200073, 0x10200073, 0x10500073])))
        elif kind < .9:
            self.encode(0x73, self.any_x(), self.r.choice([0, 4]), self.any_x(), self.f(), self.r.choice([0x0A, 0x11, 0x31, 0x7F]))
        else:
            self.encode(0x0F, 0, self.r.choice([0, 0, 2, 3, 4, 5, 6, 7]), 0, self.f(), self.r.choice([0, 1, 7, 0x41]))

    def atomic(self):
        funct5 = self.r.choice([0, 1, 2, 3, 4, 8, 0xC, 0x10, 0x14, 0x18, 0x1C, 5, 9])
        self.put(f"addi t0, sp, {self.r.choice([0, 8, 16, 24, 32, 64, 128, 4])}")
        rs2 = 0 if funct5 == 2 and self.r.random() < .9 else self.any_x()
        self.encode(0x2F, self.x(), self.r.choice([2, 3, 2, 3, 0, 4]), 5, rs2, funct5 << 2 | self.r.randrange(4))

    def load(self):
        fp = self.r.random() < .4
        self.word((0x07 if fp else 0x03) | (self.f() if fp else self.any_x()) << 7 | self.r.randrange(8) << 12 | 2 << 15
                  | (self.offset() & 0xFFF) << 20)

    def store(self):
        fp, to = self.r.random() < .4, self.offset() & 0xFFF
        self.encode(0x27 if fp else 0x23, to & 31, self.r.choice([0, 1, 2, 3, 3, 3, self.r.randrange(8)]), 2,
                    self.f() if fp else self.any_x(), to >> 5)

    def compressed(self):
        """Two of them, so that words stay aligned; neither memory nor control flow, nor sp and the handler's registers."""
        for _ in range(2):
            while True:
                half = self.r.randrange(1 << 16) & ~3 | self.r.choice([0, 1, 2])
                quadrant, funct3, rd = half & 3, half >> 13, half >> 7 & 31
                if quadrant == 0 and funct3 != 0 or quadrant == 1 and funct3 >= 5:
                    continue
                if rd in (2, 28, 29, 30, 31) and (quadrant == 2 or quadrant == 1 and funct3 != 4):
                    continue
                if quadrant == 2 and funct3 == 4 and half >> 2 & 31 == 0 or quadrant == 2 and funct3 >= 5:
                    continue
                break
            self.put(f".half 0x{half:04x}")

    def unknown(self):
        self.word(self.r.randrange(1 << 25) << 7 | self.r.choice([0x0B, 0x2B, 0x57, 0x5B, 0x6B, 0x77, 0x7B]))

    def context(self):
        """What legality depends on; written in M mode only."""
        if self.mode not in "mi":
            return
        if self.r.random() < .5:
            self.put(f"csrwi frm, {self.r.randrange(8)}")
        else:
            self.put("li t6, 0x6000")
            self.put(self.r.choice(["csrc mstatus, t6", "csrs mstatus, t6", "csrs mstatus, t6"]))

    def interrupt(self):
        if self.mode != "i":
            return
        sleeps = self.r.random() < .2
        if sleeps or self.r.random() < .7:
            later = self.r.randrange(400, 600) if sleeps else self.r.randrange(20, 200)
            for line in ("li t6, 0x200bff8", "ld t6, 0(t6)", f"addi t6, t6, {later}", "li t5, 0x2004000", "sd t6, 0(t5)"):
                self.put(line)
            if sleeps:
                self.put("wfi")
        else:
            for line in ("li t5, 0x2000000", "li t6, 1", "sw t6, 0(t5)"):
                self.put(line)

    def generate(self):
        r = self.r
        for i in range(32):
            self.put(f"fld f{i}, {8 * i}(sp)")
        for i in DATA:
            self.put(f"ld x{i}, {8 * i}(sp)")
        if self.mode == "i":
            self.put("csrsi mstatus, 8")
        if self.mode in "su":
            self.put(f"li t6, 0x{0x700000 | (0x800 if self.mode == 's' else 0):x}")
            self.put("csrs mstatus, t6")
            if self.mode == "u":
                self.put("li t6, 0x1800")
                self.put("csrc mstatus, t6")
            else:
                self.put("li t6, 0x1000")
                self.put("csrc mstatus, t6")
            self.put("la t6, words")
            self.put("csrw mepc, t6")
            self.put("mret")
            self.lines.append("words:")
        groups = [self.register, self.register, self.immediate, self.immediate, self.crypto, self.floating, self.floating, self.fused,
                  self.system, self.atomic, self.load, self.load, self.store, self.compressed, self.compressed, self.unknown,
                  self.context, self.interrupt]
        for _ in range(r.choice([300, 600, 1200])):
            r.choice(groups)()
        self.put("la t0, tohost")
        self.put("li t1, 1")
        self.put("sd t1, 0(t0)")
        self.lines.append("1: j 1b\n.section .tohost, \"aw\"\n.globl tohost\ntohost: .dword 0\n.section .data\n.align 12\ndata:")
        for _ in range(256):
            value = r.choice([r.getrandbits(64), r.getrandbits(32) | 0xFFFFFFFF << 32, r.randrange(16), 0x3FF0 << 48, 0x7FF8 << 48, 1 << 63])
            self.put(f".dword 0x{value:x}")


def main():
    mode, seed, out = sys.argv[1:]
    program = Program(mode, seed)
    program.generate()
    with open(out, "w", encoding="ascii") as file:
        file.write("\n".join(program.lines) + "\n")


if __name__ == "__main__":
    main()
