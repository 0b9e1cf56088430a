#include "tests/unit/hart/random_program.hpp"

namespace hartbeat::test {
namespace {

// Physical layout, offsets from the start of RAM.
constexpr std::uint64_t code_place = ram + 0x4000, code_size = 0x4000;
constexpr std::uint64_t data_place = ram + 0x1'0000, data_size = 0x8000;
constexpr std::uint64_t hart_areas = ram + 0x2'0000, tables_pool = ram + 0x4'0000;
constexpr std::uint64_t modes_place = ram + 0x3'0000;  // eight records of {MPP, code base, data base, -}
// Virtual layout, all in the first 2 MiB.
constexpr std::uint64_t user_code = 0x1'0000, kernel_code = 0x2'0000, user_data = 0x4'0000,
                        kernel_data = 0x5'0000;
constexpr std::uint64_t tables_window = 0x6'0000, clint_window = 0x7'0000;

// Registers with a fixed meaning; random instructions use the others.
constexpr Reg area = sp, satp_a = s7, satp_b = s8, mask = s9, data_base = s10, code_base = s11;
constexpr Reg s_temp = t3, s_temp2 = t4, m_temp = t5, m_temp2 = t6;

class Writer {
 public:
  Writer(std::uint64_t seed, Assembler& assembler) : random_(seed), as(assembler) {}

  void stream() {
    while (as.here() < code_place + code_size - 64) one();
    while (as.here() < code_place + code_size - 4) as.nop();
    as.ecall();
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  bool chance(unsigned percent) { return pick(100) < percent; }
  Reg any() {
    static constexpr Reg usable[] = {1,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                     13, 14, 15, 16, 17, 18, 19, 20, 21, 22};
    return usable[pick(std::size(usable))];
  }
  Reg target() { return chance(3) ? zero : any(); }
  std::int64_t small() { return static_cast<std::int64_t>(pick(64)) - 32; }

  void one() {
    const std::uint64_t kind = pick(100);
    if (kind < 30) return arithmetic();
    if (kind < 50) return memory();
    if (kind < 62) return control();
    if (kind < 68) return atomic();
    if (kind < 73) return floating();
    if (kind < 79) return csr();
    if (kind < 82) return compressed();
    if (kind < 86) return fences();
    if (kind < 90) return page_table();
    if (kind < 93) return patch();
    if (kind < 96) return device();
    rare();
  }

  void arithmetic() {
    static constexpr unsigned funct7[] = {0, 0x20, 1};
    switch (pick(4)) {
      case 0: return as.i_type(0x13, 0, target(), any(), static_cast<std::int64_t>(pick(4096)));
      case 1:
        return as.r_type(pick(2) ? 0x33 : 0x3b, pick(2) ? 0 : 5, funct7[pick(3)], target(), any(), any());
      case 2:
        return as.r_type(0x33, static_cast<unsigned>(pick(8)), chance(50) ? 0 : 1, target(), any(), any());
      default:
        return pick(2) ? as.lui(target(), static_cast<std::uint32_t>(random_()))
                       : as.auipc(target(), static_cast<std::uint32_t>(pick(8)));
    }
  }

  // An address within the data pages (or just beyond), mostly aligned.
  Reg address() {
    const Reg reg = any();
    as.r_type(0x33, 7, 0, reg, any(), mask);
    if (chance(80)) as.andi(reg, reg, -8);
    as.add(reg, reg, data_base);
    return reg;
  }

  void memory() {
    const Reg at = address();
    const auto repeat = 1 + pick(3);
    for (std::uint64_t i = 0; i < repeat; ++i) {
      const std::int64_t offset = chance(80) ? small() / 8 * 8 : small();
      if (chance(50)) {
        as.load(target(), at, offset, 1u << pick(4), chance(50));
      } else {
        as.s_type(0x23, static_cast<unsigned>(pick(4)), at, any(), offset);
      }
    }
  }

  void control() {
    static constexpr unsigned conditions[] = {0, 1, 4, 5, 6, 7};
    const std::uint64_t here = as.here() - code_place;
    switch (pick(5)) {
      case 0: {  // an indirect jump anywhere in the code
        const Reg reg = any();
        as.li(reg, pick(code_size / 4) * 4);
        as.add(reg, reg, code_base);
        return as.jalr(target(), reg);
      }
      case 1: {  // forwards
        const std::uint64_t distance = 8 + 4 * pick(20);
        return jump(distance);
      }
      default: {
        const std::uint64_t back = 4 * pick(here < 64 ? here / 4 + 1 : 16);
        const std::uint64_t distance = chance(30) ? 0 - back : 8 + 4 * pick(16);
        const auto d = static_cast<std::uint32_t>(distance);
        as.word((d >> 12 & 1) << 31 | (d >> 5 & 0x3f) << 25 | any() << 20 | any() << 15 |
                conditions[pick(6)] << 12 | (d >> 1 & 0xf) << 8 | (d >> 11 & 1) << 7 | 0x63);
      }
    }
  }
  void jump(std::uint64_t distance) {
    const auto d = static_cast<std::uint32_t>(distance);
    as.word((d >> 20 & 1) << 31 | (d >> 1 & 0x3ff) << 21 | (d >> 11 & 1) << 20 | (d >> 12 & 0xff) << 12 |
            target() << 7 | 0x6f);
  }

  void atomic() {
    static constexpr unsigned operations[] = {0, 1, 4, 8, 12, 16, 20, 24, 28};
    const Reg at = address();
    const bool wide = chance(60);
    if (chance(50)) return as.amo(operations[pick(9)], wide, target(), at, any());
    if (chance(90)) as.amo(2, wide, target(), at, zero);
    if (chance(30)) chance(80) ? as.wrs_sto() : as.wrs_nto();
    if (chance(30)) arithmetic();
    if (chance(20)) as.sd(any(), at);
    as.amo(3, wide, target(), at, any());
  }

  void floating() {
    const auto fd = static_cast<Reg>(pick(32)), fa = static_cast<Reg>(pick(32)),
               fb = static_cast<Reg>(pick(32));
    const auto format = static_cast<unsigned>(pick(2));  // single, double
    switch (pick(6)) {
      case 0: return as.r_type(0x53, 7, static_cast<unsigned>(pick(4)) << 2 | format, fd, fa, fb);
      case 1:
        return as.r_type(0x53, static_cast<unsigned>(pick(3)), 0x50 | format, target(), fa, fb);  // compare
      case 2:
        return as.r_type(0x53, static_cast<unsigned>(pick(8)), 0x60 | format, target(), fa,
                         static_cast<Reg>(pick(4)));
      case 3: return as.r_type(0x53, 0, 0x79, fd, any(), zero);  // fmv.d.x
      case 4: return as.i_type(0x07, 2 + format, fd, address(), 0);
      default: return as.s_type(0x27, 2 + format, address(), fd, 8);
    }
  }

  void csr() {
    static constexpr Csr readable[] = {Csr::cycle,   Csr::instret,    Csr::time,   Csr::mcycle, Csr::minstret,
                                       Csr::sstatus, Csr::sip,        Csr::sie,    Csr::mip,    Csr::mie,
                                       Csr::mstatus, Csr::satp,       Csr::scause, Csr::fcsr,   Csr::mhartid,
                                       Csr::stval,   Csr::hpmcounter3};
    static constexpr Csr writable[] = {Csr::sscratch,      Csr::fflags, Csr::fcsr,   Csr::scounteren,
                                       Csr::sie,           Csr::sip,    Csr::mcycle, Csr::minstret,
                                       Csr::mcountinhibit, Csr::stval};
    if (chance(20)) return performance_counter();
    if (chance(50)) return as.csrr(target(), readable[pick(std::size(readable))]);
    if (chance(50))
      return as.csr_op(1 + static_cast<unsigned>(pick(3)), target(), writable[pick(std::size(writable))],
                       any());
    const std::uint64_t bits = chance(50) ? mstatus::SUM : chance(50) ? mstatus::MXR : mstatus::SIE;
    const Reg reg = any();
    as.li(reg, bits);
    as.csr_op(2 + static_cast<unsigned>(pick(2)), zero, Csr::sstatus, reg);
  }

  // Zihpm: what is counted, from where, and the count.
  void performance_counter() {
    static constexpr std::uint64_t events[] = {0x01, 0x02, 0x03,  0x04,  0x11,  0x13,
                                               0x20, 0x30, 0x100, 0x109, 0x140, 0x141};
    const Csr counter =
        pick(2) ? Csr::mhpmcounter3 : static_cast<Csr>(static_cast<unsigned>(Csr::mhpmcounter3) + 1);
    const Csr event =
        pick(2) ? Csr::mhpmevent3 : static_cast<Csr>(static_cast<unsigned>(Csr::mhpmevent3) + 1);
    const Reg reg = any();
    if (chance(40)) return as.csrr(reg, chance(50) ? counter : Csr::hpmcounter3);
    if (chance(50)) {
      as.li(reg, 0 - pick(200));
      return as.csrw(counter, reg);
    }
    as.li(reg, events[pick(std::size(events))] | (chance(30) ? std::uint64_t{1} << (60 + pick(4)) : 0));
    as.csrw(event, reg);
  }

  void compressed() {
    as.half(0x0001 | static_cast<unsigned>(any()) << 7 | static_cast<unsigned>(1 + pick(31)) << 2);  // c.addi
    as.half(0x8002 | static_cast<unsigned>(any()) << 7 | static_cast<unsigned>(any()) << 2);         // c.mv
  }

  void fences() {
    switch (pick(6)) {
      case 0: return as.fence_i();
      case 1: return as.sfence_vma();
      case 2: return as.sfence_vma(address(), zero);
      case 3: {
        const Reg reg = any();
        as.li(reg, 1 + pick(2));
        return as.sfence_vma(chance(50) ? address() : zero, reg);
      }
      case 4: return as.csrw(Csr::satp, chance(50) ? satp_a : satp_b);
      default: return as.word(0x0ff0000f);  // fence
    }
  }

  // Flips a flag of a PTE, without a fence.
  void page_table() {
    static constexpr std::int64_t flags[] = {R, W, A, D, A, D, V, U, X};
    const Reg base = any(), value = any();
    as.li(base, (chance(60) ? tables_window : tables_pool + 2 * page_size) + pick(0x60) * 8 +
                    (chance(50) ? page_size : 0));
    as.ld(value, base);
    as.xori(value, value, flags[pick(std::size(flags))]);
    as.sd(value, base);
  }

  // Replaces an instruction of the stream by another.
  void patch() {
    const Reg base = any(), value = any();
    as.li(base, pick(code_size / 4) * 4);
    as.add(base, base, code_base);
    as.li(value, static_cast<std::uint64_t>(
                     static_cast<std::int32_t>(pick(4096) << 20 | any() << 15 | any() << 7 | 0x13)));
    as.sw(value, base);
    if (chance(30)) as.fence_i();
  }

  // The CLINT, as M-mode and as S-mode see it: IPIs, time, timers.
  void device() {
    const Reg base = any();
    const bool physical = chance(50);
    switch (pick(3)) {
      case 0:
        as.li(base, (physical ? 0x200'0000 : clint_window) + 4 * pick(8));
        as.addi(m_temp, zero, chance(80) ? 1 : 0);
        return as.sw(m_temp, base);
      case 1: as.li(base, 0x200'bff8); return as.ld(target(), base);
      default:
        as.li(base, 0x2f0'0000 + 4 * pick(8));
        as.addi(m_temp, zero, 1);
        return as.sw(m_temp, base);
    }
  }

  void rare() {
    switch (pick(6)) {
      case 0: return as.ebreak();
      case 1: return as.wfi();
      case 2: return as.word(static_cast<std::uint32_t>(random_()));
      case 3: return as.half(static_cast<std::uint32_t>(random_() & 0xffff)), as.half(0x0001);
      default: return as.ecall();
    }
  }

  std::mt19937_64 random_;
  Assembler& as;
};

// A timer also moves the program on, so that no loop holds it for long.
void write_interrupt(Assembler& as, Label out, Label elsewhere) {
  const Label not_timer = as.label(), not_software = as.label();
  as.andi(m_temp, m_temp, 15);
  as.addi(m_temp2, zero, irq::MTI);
  as.bne(m_temp, m_temp2, not_timer);
  as.csrr(s_temp, Csr::time);
  as.andi(m_temp2, s_temp, 0xff);
  as.addi(m_temp2, m_temp2, 60);
  as.add(s_temp, s_temp, m_temp2);
  as.csrr(m_temp2, Csr::mhartid);
  as.slli(m_temp2, m_temp2, 3);
  as.li(m_temp, 0x200'4000);
  as.add(m_temp, m_temp, m_temp2);
  as.sd(s_temp, m_temp);
  as.ld(m_temp2, area, 16);
  as.addi(m_temp2, m_temp2, 1);
  as.sd(m_temp2, area, 16);
  as.j(elsewhere);
  as.bind(not_timer);
  as.addi(m_temp2, zero, irq::MSI);
  as.bne(m_temp, m_temp2, not_software);
  as.csrr(m_temp2, Csr::mhartid);
  as.slli(m_temp2, m_temp2, 2);
  as.li(m_temp, 0x200'0000);
  as.add(m_temp, m_temp, m_temp2);
  as.sw(zero, m_temp);
  as.j(out);
  as.bind(not_software);
  as.li(m_temp2, irq::supervisor | irq::LCOFIP);
  as.csrc(Csr::mip, m_temp2);
  as.j(out);
}

// Skips what trapped; an environment call or a fetch that failed goes on elsewhere in another privilege.
void write_machine_handler(Assembler& as, Label handler) {
  const Label interrupt = as.label(), elsewhere = as.label(), out = as.label();
  as.align(4);
  as.bind(handler);
  as.sd(s_temp, area, 0);
  as.sd(s_temp2, area, 8);
  as.csrr(m_temp, Csr::mcause);
  as.blt(m_temp, zero, interrupt);
  as.ld(m_temp2, area, 16);
  as.addi(m_temp2, m_temp2, 1);
  as.sd(m_temp2, area, 16);
  as.addi(s_temp, m_temp, -8);
  as.addi(s_temp2, zero, 4);
  as.bltu(s_temp, s_temp2, elsewhere);
  as.addi(s_temp2, zero, 12);
  as.beq(m_temp, s_temp2, elsewhere);
  as.addi(s_temp2, zero, 1);
  as.beq(m_temp, s_temp2, elsewhere);
  as.csrr(s_temp, Csr::mepc);
  as.addi(s_temp, s_temp, 4);
  as.andi(s_temp, s_temp, -4);
  as.csrw(Csr::mepc, s_temp);
  as.j(out);
  as.bind(elsewhere);
  as.li(s_temp, 0x9e3779b97f4a7c15);
  as.mul(m_temp2, m_temp2, s_temp);
  as.srli(s_temp, m_temp2, 40);
  as.andi(s_temp, s_temp, 7 << 5);
  as.li(s_temp2, modes_place);
  as.add(s_temp, s_temp, s_temp2);
  as.li(s_temp2, mstatus::MPP);
  as.csrc(Csr::mstatus, s_temp2);
  as.ld(s_temp2, s_temp, 0);
  as.csrs(Csr::mstatus, s_temp2);
  as.ld(code_base, s_temp, 8);
  as.ld(data_base, s_temp, 16);
  as.srli(m_temp2, m_temp2, 20);
  as.li(s_temp, code_size - 4);
  as.r_type(0x33, 7, 0, m_temp2, m_temp2, s_temp);
  as.add(m_temp2, m_temp2, code_base);
  as.csrw(Csr::mepc, m_temp2);
  as.bind(out);
  as.ld(s_temp, area, 0);
  as.ld(s_temp2, area, 8);
  as.mret();
  as.bind(interrupt);
  write_interrupt(as, out, elsewhere);
}

// Lies in a code page of its own, at the same offset in both views.
void write_supervisor_handler(Assembler& as, Label handler) {
  const Label exception = as.label();
  as.align(4);
  as.bind(handler);
  as.csrr(s_temp, Csr::scause);
  as.branch(5, s_temp, zero, exception);  // bge
  as.addi(s_temp, zero, irq::SSIP);
  as.csrc(Csr::sip, s_temp);
  as.sret();
  as.bind(exception);
  as.csrr(s_temp, Csr::sepc);
  as.addi(s_temp, s_temp, 4);
  as.andi(s_temp, s_temp, -4);
  as.csrw(Csr::sepc, s_temp);
  as.sret();
}

struct Spaces {
  std::uint64_t satp[2];
};

Spaces build_spaces(Bench& bench, std::mt19937_64& random) {
  Spaces spaces{};
  std::uint64_t pool = tables_pool;
  for (unsigned space = 0; space < 2; ++space) {
    PageTables tables(bench, pool);
    const std::uint64_t last_level = tables.place_of(0) & ~page_offset_mask;
    const auto flags = [&](std::uint64_t wanted) {
      return wanted & ~(random() % 8 == 0 ? A | D : random() % 4 == 0 ? D : 0);
    };
    for (std::uint64_t at = 0; at < code_size + page_size; at += page_size) {
      tables.map(user_code + at, code_place + at, flags(rwx | U));
      tables.map(kernel_code + at, code_place + at, rwx | G);
    }
    for (std::uint64_t at = 0; at < data_size; at += page_size) {
      const std::uint64_t frame = data_place + (at ^ (space == 1 ? page_size : 0));
      tables.map(user_data + at, frame, flags(random() % 8 == 0 ? V | R | U | A : rwx | U));
      tables.map(kernel_data + at, frame, flags(random() % 4 == 0 ? rwx | U : rwx));
    }
    tables.map(tables_window, tables_pool + 2 * page_size, rwx);
    tables.map(tables_window + page_size, last_level, rwx);
    tables.map(clint_window, 0x200'0000, rwx);
    tables.map(ram, ram, rwx, 1);  // all of it as superpages
    tables.map(ram + 0x20'0000, ram + 0x20'0000, rwx, 1);
    spaces.satp[space] = tables.satp(static_cast<std::uint16_t>(1 + space));
    pool += 8 * page_size;
  }
  return spaces;
}

void write_modes(Bench& bench) {
  struct Record {
    std::uint64_t mpp, code, data;
  };
  constexpr Record records[8] = {{0, user_code, user_data},          {1 << 11, kernel_code, kernel_data},
                                 {3 << 11, code_place, data_place},  {0, user_code, user_data},
                                 {1 << 11, kernel_code, data_place}, {0, user_code, user_data + page_size},
                                 {1 << 11, kernel_code, user_data},  {1 << 11, kernel_code, kernel_data}};
  for (unsigned i = 0; i < 8; ++i) {
    bench.poke(modes_place + 32 * i, records[i].mpp);
    bench.poke(modes_place + 32 * i + 8, records[i].code);
    bench.poke(modes_place + 32 * i + 16, records[i].data);
  }
}

void write_start(Assembler& as, const Spaces& spaces, std::mt19937_64& random, Label handler,
                 std::uint64_t s_handler) {
  as.csrr(t0, Csr::mhartid);
  as.slli(t1, t0, 8);
  as.li(area, hart_areas);
  as.add(area, area, t1);
  as.la(t1, handler);
  as.csrw(Csr::mtvec, t1);
  as.li(t1, kernel_code + (s_handler - code_place));
  as.csrw(Csr::stvec, t1);
  open_pmp(as);
  if (random() % 3 == 0) {  // half a data page is read-only to S and U, an eighth is closed to all
    as.set_csr(pmpaddr(2), ~std::uint64_t{0});
    as.set_csr(pmpaddr(0), (data_place + 0x800) >> 2 | 0xff);
    as.set_csr(pmpaddr(1), (data_place + 0x3200) >> 2 | 0x3f);
    as.set_csr(Csr::pmpcfg0, 0x1f'98'19);
  }
  as.set_csr(Csr::medeleg, random() & 0xa0fc);
  as.set_csr(Csr::mideleg, random() & irq::supervisor);
  as.set_csr(Csr::mie, irq::MTIP | irq::MSIP | irq::SSIP | irq::LCOFIP);
  as.set_csr(Csr::mcounteren, random() & 0x1f);
  as.set_csr(Csr::scounteren, random() & 0x1f);
  as.set_bits(Csr::mstatus, mstatus::MIE | mstatus::FS_initial);
  as.li(satp_a, spaces.satp[0]);
  as.li(satp_b, spaces.satp[1]);
  as.csrw(Csr::satp, satp_a);
  as.li(mask, data_size - 1);
  as.li(t1, 0x200'4000);
  as.slli(t2, t0, 3);
  as.add(t1, t1, t2);
  as.addi(t2, t2, 700);
  as.sd(t2, t1);
  as.sd(t0, area, 16);
  for (Reg reg = s0; reg < a7; ++reg) as.li(reg, random());
  as.ecall();
}

}  // namespace

MachineConfig RandomProgram::config() const {
  MachineConfig config = bench_config(harts, {"memory=4M", "clock_hz=1000000000", "timebase_hz=1000000000"});
  using mmu::TlbConfig;
  constexpr TlbConfig shapes[] = {{4096, 4, TlbConfig::fifo}, {16, 16, TlbConfig::tree_plru},
                                  {4, 4, TlbConfig::lru},     {8, 2, TlbConfig::random},
                                  {2, 2, TlbConfig::lru},     {8, 8, TlbConfig::tree_plru}};
  mmu::UnitConfig& mmu = config.hart.mmu;
  mmu.itlb = shapes[seed % 6];
  mmu.dtlb = shapes[(seed / 2) % 6];
  if (seed % 5 == 4) mmu.l2 = TlbConfig{32, 4, TlbConfig::lru};
  mmu.rewalk_on_hit_fault = seed % 3 == 1;
  mmu.cache_faults = seed % 7 == 3;
  config.hart.adue_reset = seed % 4 != 2;
  config.hart.misaligned_traps = seed % 8 == 5;
  return config;
}

void RandomProgram::load(Bench& bench) const {
  std::mt19937_64 random(seed);
  const Spaces spaces = build_spaces(bench, random);
  write_modes(bench);
  for (std::uint64_t at = data_place; at < data_place + data_size; at += 8) bench.poke(at, random());

  Assembler code(code_place);
  Writer(seed, code).stream();
  const std::uint64_t s_handler = code.here();
  write_supervisor_handler(code, code.label());
  bench.place(code);

  Assembler start(ram);
  const Label handler = start.label();
  write_start(start, spaces, random, handler, s_handler);
  write_machine_handler(start, handler);
  bench.place(start);
}

}  // namespace hartbeat::test
