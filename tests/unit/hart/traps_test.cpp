// Traps, their delegation, and the returns from them (privileged specification, "Machine-Level ISA" 3.1.6
// to 3.1.9 and "Supervisor-Level ISA").
#include <catch2/catch.hpp>

#include "tests/unit/hart/bench.hpp"

using namespace hartbeat;
using namespace hartbeat::test;

namespace {

constexpr std::uint64_t mpp_of(std::uint64_t status) { return (status >> 11) & 3; }

}  // namespace

TEST_CASE("a trap into M-mode saves pc, cause, value and the interrupted state") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  Label at{};
  std::uint64_t place = 0;
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_bits(Csr::mstatus, mstatus::MIE);
    at = as.bound();
    place = as.address(at);
    as.ecall();
  });
  CHECK(trap.count == 1);
  CHECK(trap.cause == cause::ecall_from_m);
  CHECK(trap.epc == place);
  CHECK(trap.tval == 0);
  CHECK(mpp_of(trap.status) == 3);
  CHECK((trap.status & mstatus::MPIE) != 0);
  CHECK((trap.status & mstatus::MIE) == 0);
}

TEST_CASE("xtval of breakpoints and illegal instructions is what QEMU and Spike write") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  SECTION("ebreak: its address") {
    std::uint64_t place = 0;
    const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
      place = as.here();
      as.ebreak();
    });
    CHECK(trap.cause == cause::breakpoint);
    CHECK(trap.tval == place);
  }
  SECTION("c.ebreak: its address") {
    std::uint64_t place = 0;
    const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
      as.half(0x0001);
      place = as.here();
      as.half(0x9002);
      as.half(0x0001);
      as.half(0x0001);
    });
    CHECK(trap.cause == cause::breakpoint);
    CHECK(trap.epc == place);
    CHECK(trap.tval == place);
  }
  SECTION("a 32-bit illegal instruction: its bits") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) { as.word(0xdeadbeff); });
    CHECK(trap.cause == cause::illegal_instruction);
    CHECK(trap.tval == 0xdeadbeff);
  }
  SECTION("a 16-bit illegal instruction: its 16 bits only") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) {
      as.half(0x8c40);  // c.sh with its reserved bit 6
      as.half(0xffff);
    });
    CHECK(trap.cause == cause::illegal_instruction);
    CHECK(trap.tval == 0x8c40);
  }
  SECTION("a CSR that does not exist: the instruction's bits") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) { as.word(0x5c002573); });
    CHECK(trap.cause == cause::illegal_instruction);
    CHECK(trap.tval == 0x5c002573);
  }
  SECTION("a write to a read-only CSR") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) { as.csrw(Csr::mhartid, a0); });
    CHECK(trap.cause == cause::illegal_instruction);
  }
  SECTION("a set with x0 of a read-only CSR is a read") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) { as.csrrs(a0, Csr::mhartid, zero); });
    CHECK(trap.count == 0);
  }
}

TEST_CASE("medeleg sends exceptions of S- and U-mode to stvec and never those of M-mode") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned from = GENERATE(0u, 1u, 3u);
  Bench bench(engine);
  Label s_handler{};
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    s_handler = as.label();
    as.li(t6, 1u << cause::breakpoint);
    as.csrw(Csr::medeleg, t6);
    as.la(t6, s_handler);
    as.csrw(Csr::stvec, t6);
    as.set_bits(Csr::mstatus, mstatus::SIE);
    as.drop_to(from);
    as.li(s0, 1);
    as.ebreak();
    as.align(4);
    as.bind(s_handler);
    as.csrr(s1, Csr::scause);
    as.csrr(s2, Csr::sepc);
    as.csrr(s3, Csr::sstatus);
    as.csrr(s4, Csr::stval);
    as.ecall();
  });
  if (from == 3) {
    CHECK(trap.cause == cause::breakpoint);
    CHECK(bench.x(s1) == 0);
    return;
  }
  CHECK(trap.cause == cause::ecall_from_s);
  CHECK(bench.x(s1) == cause::breakpoint);
  CHECK(bench.x(s2) == bench.x(s4));
  CHECK(((bench.x(s3) & mstatus::SPP) != 0) == (from == 1));
  CHECK((bench.x(s3) & mstatus::SPIE) != 0);
  CHECK((bench.x(s3) & mstatus::SIE) == 0);
}

TEST_CASE("mret restores privilege and interrupt enable, and clears MPRV when it leaves M-mode") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  const unsigned to = GENERATE(0u, 1u, 3u);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.set_bits(Csr::mstatus, mstatus::MPIE | mstatus::MPRV | mstatus::MPP);
    as.clear_bits(Csr::mstatus, mstatus::MIE | mstatus::MPP);
    as.set_bits(Csr::mstatus, std::uint64_t{to} << 11);
    const Label there = as.label();
    // With MPRV and MPP below M every data access would be translated; satp is bare here.
    as.la(t6, there);
    as.csrw(Csr::mepc, t6);
    as.mret();
    as.bind(there);
    as.ecall();
  });
  CHECK(trap.cause == cause::ecall_from_u + to);
  CHECK((trap.status & mstatus::MPIE) != 0);  // MIE was restored from MPIE
  CHECK(mpp_of(trap.status) == to);
  CHECK(((trap.status & mstatus::MPRV) != 0) == (to == 3));
}

TEST_CASE("sret in M-mode works whatever TSR says, and in S-mode traps under TSR") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  SECTION("from M to U with TSR set; MPRV is cleared") {
    const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
      as.set_bits(Csr::mstatus, mstatus::TSR | mstatus::SPIE | mstatus::MPRV);
      as.set_bits(Csr::mstatus, mstatus::MPP);
      const Label there = as.label();
      as.la(t6, there);
      as.csrw(Csr::sepc, t6);
      as.sret();
      as.bind(there);
      as.ecall();
    });
    CHECK(trap.cause == cause::ecall_from_u);
    CHECK((trap.status & mstatus::SIE) != 0);
    CHECK((trap.status & mstatus::SPIE) != 0);
    CHECK((trap.status & mstatus::MPRV) == 0);
  }
  SECTION("from S under TSR: illegal") {
    const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
      as.set_bits(Csr::mstatus, mstatus::TSR);
      as.drop_to(1);
      as.sret();
    });
    CHECK(trap.cause == cause::illegal_instruction);
    CHECK(trap.tval == 0x10200073);
  }
  SECTION("from U: illegal") {
    const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
      as.drop_to(0);
      as.sret();
    });
    CHECK(trap.cause == cause::illegal_instruction);
  }
  SECTION("mret in S-mode: illegal") {
    const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
      as.drop_to(1);
      as.mret();
    });
    CHECK(trap.cause == cause::illegal_instruction);
  }
}

TEST_CASE("TVM traps satp and sfence.vma of S-mode, TW its wfi") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  const unsigned which = GENERATE(0u, 1u, 2u, 3u, 4u);
  const bool on = GENERATE(true, false);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    if (on) as.set_bits(Csr::mstatus, mstatus::TVM | mstatus::TW);
    as.set_bits(Csr::mip, irq::SSIP);
    as.set_bits(Csr::mie, irq::SSIP);  // so that wfi does not sleep
    as.set_bits(Csr::mideleg, irq::SSIP);
    as.drop_to(1);
    if (which == 0) as.csrr(a0, Csr::satp);
    if (which == 1) as.csrw(Csr::satp, zero);
    if (which == 2) as.sfence_vma();
    if (which == 3) as.sinval_vma();
    if (which == 4) as.wfi();
    as.ecall();
  });
  CHECK(trap.cause == (on ? cause::illegal_instruction : cause::ecall_from_s));
}

TEST_CASE("U-mode may not fence, wait or read supervisor CSRs") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  const unsigned which = GENERATE(0u, 1u, 2u, 3u);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.drop_to(0);
    if (which == 0) as.sfence_vma();
    if (which == 1) as.wfi();
    if (which == 2) as.csrr(a0, Csr::sscratch);
    if (which == 3) as.word(0x18000073);  // sfence.w.inval
  });
  CHECK(trap.cause == cause::illegal_instruction);
}

TEST_CASE("floating point is illegal while mstatus.FS is Off, and dirties FS when it writes") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  SECTION("instruction") {
    const TrapRecord trap =
        trapped_by(bench, [](Assembler& as) { as.word(0x02007053); });  // fadd.d f0, f0, f0
    CHECK(trap.cause == cause::illegal_instruction);
  }
  SECTION("load") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) {
      as.li(a0, ram);
      as.word(0x00053007);  // fld f0, 0(a0)
    });
    CHECK(trap.cause == cause::illegal_instruction);
  }
  SECTION("fcsr") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) { as.csrr(a0, Csr::fcsr); });
    CHECK(trap.cause == cause::illegal_instruction);
  }
  SECTION("Initial: reading fcsr leaves it, writing frm makes it Dirty, with SD") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) {
      as.set_bits(Csr::mstatus, mstatus::FS_initial);
      as.csrr(a0, Csr::fcsr);
      as.csrr(a1, Csr::mstatus);
      as.csrwi(Csr::frm, 5);
      as.csrr(a2, Csr::mstatus);
      as.word(0x02007053);  // rm = dyn, frm = 5 is reserved
    });
    CHECK((bench.x(a1) & mstatus::FS) == mstatus::FS_initial);
    CHECK((bench.x(a1) & mstatus::SD) == 0);
    CHECK((bench.x(a2) & mstatus::FS) == mstatus::FS);
    CHECK((bench.x(a2) & mstatus::SD) != 0);
    CHECK(trap.cause == cause::illegal_instruction);
  }
  SECTION("an accrued flag that is raised again dirties FS") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) {
      as.set_bits(Csr::mstatus, mstatus::FS_initial);
      as.li(a0, 0x7ff0000000000001);  // a signalling NaN
      as.word(0xf2050053);            // fmv.d.x f0, a0
      as.word(0xa2002553);            // feq.d a0, f0, f0: invalid
      as.clear_bits(Csr::mstatus, mstatus::FS);
      as.set_bits(Csr::mstatus, mstatus::FS_initial);
      as.word(0xa2002553);
      as.csrr(a1, Csr::mstatus);
      as.csrr(a2, Csr::fflags);
    });
    CHECK(trap.count == 0);
    CHECK(bench.x(a2) == 0x10);
    CHECK((bench.x(a1) & mstatus::FS) == mstatus::FS);
  }
}

TEST_CASE("a misaligned atomic is a store fault of its address, a misaligned lr a load fault") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  const unsigned which = GENERATE(0u, 1u, 2u, 3u);
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.li(a0, ram + 0x9004);
    as.li(a1, ram + 0x9002);
    if (which == 0) as.amoadd_d(a2, a0, a3);
    if (which == 1) as.amoadd_w(a2, a1, a3);
    if (which == 2) as.lr_d(a2, a0);
    if (which == 3) as.sc_w(a2, a1, a3);
  });
  CHECK(trap.cause == (which == 2 ? cause::load_misaligned : cause::store_misaligned));
  CHECK(trap.tval == ((which == 0 || which == 2) ? ram + 0x9004 : ram + 0x9002));
}

TEST_CASE("misaligned accesses work in hardware, or trap when the machine says so") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const auto program = [](Assembler& as) {
    as.li(a0, ram + 0x9ffd);
    as.li(a1, 0x1122334455667788);
    as.sd(a1, a0);
    as.ld(a2, a0);
    as.lhu(a3, a0, 2);  // crosses the page
    as.lw(a4, a0, 4);
  };
  SECTION("hardware") {
    Bench bench(engine);
    const TrapRecord trap = trapped_by(bench, program);
    CHECK(trap.count == 0);
    CHECK(bench.x(a2) == 0x1122334455667788);
    CHECK(bench.x(a3) == 0x5566);
    CHECK(bench.x(a4) == 0x11223344);
    CHECK(bench.counters().misaligned == 4);
  }
  SECTION("trap") {
    MachineConfig config = bench_config();
    config.hart.misaligned_traps = true;
    Bench bench(engine, config);
    const TrapRecord trap = trapped_by(bench, program);
    CHECK(trap.cause == cause::store_misaligned);
    CHECK(trap.tval == ram + 0x9ffd);
    CHECK(bench.peek(ram + 0x9ffd) == 0);
  }
}

TEST_CASE("accesses where nothing is are access faults") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  Bench bench(engine);
  SECTION("load") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) { as.ld(a0, zero, 0x100); });
    CHECK(trap.cause == cause::load_access);
    CHECK(trap.tval == 0x100);
  }
  SECTION("store at the end of RAM, misaligned") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) {
      as.li(a0, ram + (16u << 20) - 4);
      as.sd(a0, a0);
    });
    CHECK(trap.cause == cause::store_access);
  }
  SECTION("amo on a device") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) {
      as.li(a0, 0x1000'0000);
      as.amoadd_w(a1, a0, a2);
    });
    CHECK(trap.cause == cause::store_access);
  }
  SECTION("lr on a device") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) {
      as.li(a0, 0x1000'0000);
      as.lr_w(a1, a0);
    });
    CHECK(trap.cause == cause::load_access);
  }
  SECTION("fetch from a device") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) {
      as.li(a0, 0x1000'0000);
      as.jr(a0);
    });
    CHECK(trap.cause == cause::fetch_access);
    CHECK(trap.epc == 0x1000'0000);
    CHECK(trap.tval == 0x1000'0000);
  }
  SECTION("fetch at the highest address") {
    const TrapRecord trap = trapped_by(bench, [](Assembler& as) {
      as.li(a0, ~std::uint64_t{1});
      as.jr(a0);
    });
    CHECK(trap.cause == cause::fetch_access);
    CHECK(trap.tval == ~std::uint64_t{1});
  }
}

TEST_CASE("without C a jump or taken branch between words traps where it stands and writes no link") {
  const Engine engine = GENERATE(values({Engine::fast, Engine::observed}));
  const unsigned kind = GENERATE(0u, 1u, 2u, 3u);
  Bench bench(engine, bench_config(1, {"hart.isa=\"rv64ima_zicsr_zifencei\""}));
  std::uint64_t place = 0;
  const TrapRecord trap = trapped_by(bench, [&](Assembler& as) {
    as.li(ra, 77);
    as.li(t0, 1);
    as.auipc(a0, 0);
    place = as.here();
    switch (kind) {
      case 0: as.word(0x00a000ef); break;             // jal ra, 10
      case 1: as.jalr(ra, a0, 14); break;             // auipc's address + 14 = here + 10
      case 2: as.word(0x00005563 | t0 << 20); break;  // bge x0, t0, 10: not taken
      case 3: as.word(0x00004563 | t0 << 20); break;  // blt x0, t0, 10: taken
    }
    as.nops(4);
  });
  CHECK(bench.x(ra) == 77);
  if (kind == 2) {
    CHECK(trap.count == 0);
    return;
  }
  CHECK(trap.cause == cause::fetch_misaligned);
  CHECK(trap.epc == place);
  CHECK(trap.tval == place + 10);
}

TEST_CASE("without C the exception program counters hold multiples of four") {
  Bench bench(Engine::fast, bench_config(1, {"hart.isa=\"rv64ima_zicsr_zifencei\""}));
  trapped_by(bench, [&](Assembler& as) {
    as.li(a0, 0x1003);
    as.csrw(Csr::mepc, a0);
    as.csrw(Csr::sepc, a0);
    as.csrr(a1, Csr::mepc);
    as.csrr(a2, Csr::sepc);
  });
  CHECK(bench.x(a1) == 0x1000);
  CHECK(bench.x(a2) == 0x1000);
}
