#include "tests/system/qemu_diff/generator.hpp"

namespace hartbeat::qemu_diff {

namespace {

// CSRs whose value the specification (and the runtime) determines, the lowest mode that sees them, and the
// bits that may be written without upsetting the program.
struct KnownCsr {
  std::uint16_t address;
  Mode mode;
  std::uint64_t writable;
};

constexpr std::uint64_t every = ~std::uint64_t{0};
constexpr std::uint64_t even = ~std::uint64_t{1};  // QEMU 7.2 keeps bit 0 of sepc and mepc
constexpr KnownCsr known[] = {
    {0x001, Mode::user, every},       {0x002, Mode::user, 4},          {0x003, Mode::user, 0x9f},
    {0x104, Mode::supervisor, 0},     {0x105, Mode::supervisor, 0},    {0x106, Mode::supervisor, 0},
    {0x140, Mode::supervisor, 0},     {0x141, Mode::supervisor, even}, {0x142, Mode::supervisor, 15},
    {0x143, Mode::supervisor, every}, {0x144, Mode::supervisor, 0},    {0x180, Mode::supervisor, 0},
    {0x302, Mode::machine, 0},        {0x303, Mode::machine, 0},       {0x304, Mode::machine, 0},
    {0x305, Mode::machine, 0},        {0x306, Mode::machine, 0},       {0x340, Mode::machine, 0},
    {0x341, Mode::machine, even},     {0x342, Mode::machine, 15},      {0x343, Mode::machine, every},
    {0x3a0, Mode::machine, 0},        {0x3a2, Mode::machine, 0},       {0x3b0, Mode::machine, 0},
    {0x3bf, Mode::machine, 0},        {0xf11, Mode::machine, 0},       {0xf14, Mode::machine, 0},
};

}  // namespace

// Any of the six instructions. Without `may_write` only forms that do not write.
void Generator::csr_instruction(std::uint16_t address, std::uint64_t value, bool may_write) {
  const auto destination = static_cast<std::uint8_t>(random_.reg());
  if (!may_write) {
    const isa::RowInfo* readers[] = {&row("csrrs"), &row("csrrc"), &row("csrrsi"), &row("csrrci")};
    return emit(*random_.pick(readers), {.imm = address, .rd = destination});
  }
  if (value < 32 && random_.chance(30)) {
    const isa::RowInfo* immediates[] = {&row("csrrwi"), &row("csrrsi"), &row("csrrci")};
    return emit(*random_.pick(immediates),
                {.imm = address, .rd = destination, .rs1 = static_cast<std::uint8_t>(value)});
  }
  const isa::RowInfo* writers[] = {&row("csrrw"), &row("csrrs"), &row("csrrc")};
  const auto source = static_cast<std::uint8_t>(random_.reg_not_zero());
  code_.li(source, value);
  emit(*random_.pick(writers), {.imm = address, .rd = destination, .rs1 = source});
}

void Generator::csr_access() {
  const KnownCsr& chosen = random_.pick(known);
  if (chosen.mode > mode_)
    return csr_instruction(chosen.address, random_.corner(), random_.chance(50));  // illegal
  const bool write = chosen.writable != 0 && random_.chance(60);
  csr_instruction(chosen.address, random_.corner() & chosen.writable, write);
}

// CSRs that do not exist, that are read-only, or that belong to a higher mode.
void Generator::csr_forbidden() {
  constexpr std::uint16_t missing[] = {0x004, 0x1c0, 0x5c0, 0x5ff, 0x7c0, 0x800,
                                       0x8ff, 0x9c0, 0xbc0, 0xcc0, 0xdc0, 0xfc0};
  constexpr std::uint16_t read_only[] = {0xc00, 0xc01, 0xc02, 0xf11, 0xf12, 0xf14};
  constexpr std::uint16_t counters[] = {0xc00, 0xc01, 0xc02};
  const std::uint64_t roll = random_.below(3);
  if (roll == 0) return csr_instruction(random_.pick(missing), random_.corner(), random_.chance(50));
  if (roll == 1) {
    return emit(row("csrrw"),
                {.imm = random_.pick(read_only), .rd = static_cast<std::uint8_t>(random_.reg()), .rs1 = 3});
  }
  // mcounteren is 0.
  if (mode_ != Mode::machine) return csr_instruction(random_.pick(counters), 0, false);
  csr_instruction(random_.pick(missing), 0, false);
}

// The bits of mstatus and sstatus that change what later instructions may do.
void Generator::status_bits() {
  if (mode_ == Mode::user) return csr_instruction(0x100, 0, false);  // illegal
  constexpr std::uint64_t spp_spie_sum_mxr = 0xc0120, mpp_mpie = 0x1880;
  const bool machine = mode_ == Mode::machine && random_.chance(60);
  // MPP = 2 is reserved, and QEMU 7.2 stores it.
  const std::uint64_t machine_bits = random_.chance(50) ? mpp_mpie : 0;
  const std::uint64_t bits = (random_.bits() & spp_spie_sum_mxr) | (machine ? machine_bits : 0);
  const auto source = static_cast<std::uint8_t>(random_.reg_not_zero());
  code_.li(source, bits);
  emit(random_.chance(50) ? row("csrrs") : row("csrrc"), {.imm = machine ? 0x300 : 0x100, .rs1 = source});
}

void Generator::privileged_forbidden() {
  if (mode_ == Mode::machine) return fence();
  if (mode_ == Mode::user) {
    const isa::RowInfo* forbidden[] = {&row("mret"), &row("sret"), &row("sfence.vma")};
    const isa::RowInfo& chosen = *random_.pick(forbidden);
    return emit(chosen, random_operands(chosen));
  }
  if (trap_wait_ && random_.chance(30)) return emit(row("wfi"), {});
  if (trap_sret_ && random_.chance(30)) return emit(row("sret"), {});
  if (trap_virtual_memory_ && random_.chance(50)) {
    if (random_.chance(50)) return csr_instruction(0x180, random_.bits(), random_.chance(50));
    return emit(row("sfence.vma"), random_operands(row("sfence.vma")));
  }
  emit(row("mret"), {});
}

// mret to M, or sret to S: to the instruction behind.
void Generator::return_to_same_mode() {
  if (mode_ == Mode::user || (mode_ == Mode::supervisor && trap_sret_)) return compute(code_);
  const bool machine = mode_ == Mode::machine;
  const auto scratch = static_cast<std::uint8_t>(random_.reg_not_zero());
  code_.li(scratch, machine ? 0x1800 : 0x100);  // MPP = M, SPP = S
  emit(row("csrrs"), {.imm = machine ? 0x300 : 0x100, .rs1 = scratch});
  emit(row("auipc"), {.rd = scratch});
  emit(row("addi"), {.imm = 16, .rd = scratch, .rs1 = scratch});
  emit(row("csrrw"), {.imm = machine ? 0x341 : 0x141, .rs1 = scratch});
  emit(machine ? row("mret") : row("sret"), {});
}

// Raises SSIP with interrupts on; whoever it is delegated to takes it before the next instruction.
void Generator::software_interrupt() {
  if (mode_ == Mode::user) return environment();
  const bool machine = mode_ == Mode::machine;
  const std::int64_t status = machine ? 0x300 : 0x100;
  const std::int64_t pending = machine ? 0x344 : 0x144;
  const std::uint8_t enable = machine ? 8 : 2;
  const bool pending_first = random_.chance(50);
  const auto raise = [&] { emit(row("csrrsi"), {.imm = pending, .rs1 = 2}); };
  if (pending_first) raise();
  emit(row("csrrsi"), {.imm = status, .rs1 = enable});
  if (!pending_first) raise();
  compute(code_);
  emit(row("csrrci"), {.imm = status, .rs1 = enable});
  emit(row("csrrci"), {.imm = pending, .rs1 = 2});
}

}  // namespace hartbeat::qemu_diff
