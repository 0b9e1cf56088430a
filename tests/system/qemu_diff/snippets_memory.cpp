#include <algorithm>

#include "tests/system/qemu_diff/generator.hpp"

namespace hartbeat::qemu_diff {

namespace {

// The size of an access follows from the width bits of its encoding.
unsigned access_size(const isa::RowInfo& row) { return 1u << (row.encoding.match >> 12 & 3); }

}  // namespace

// An offset into the data at which an access of `size` bytes stays inside.
std::uint64_t Generator::data_offset(unsigned size, bool aligned) {
  aligned |= aligned_only_;
  const std::uint64_t last = DATA_SIZE - size;
  std::uint64_t offset = random_.below(last + 1);
  if (!aligned && random_.chance(20))
    offset = std::min(last, (offset & ~std::uint64_t{4095}) + 4096 - random_.below(size));
  if (aligned || random_.chance(60)) offset &= ~std::uint64_t{size - 1};
  return offset;
}

std::uint64_t Generator::target(unsigned size, bool aligned) {
  const std::uint64_t offset = data_offset(size, aligned);
  if (translated()) {
    if (mode_ == Mode::supervisor && random_.chance(40)) return DATA_BASE + offset;
    return PageTables::random_address(random_, offset % 4096);
  }
  constexpr std::uint64_t holes[] = {0x0900'0000, 0x2800'0000, 0x1'0000'0000, 0x7fff'ffff'0000,
                                     std::uint64_t{1} << 55};
  // Aligned: QEMU splits a misaligned access to where no memory is, and names the address of a part.
  if (random_.chance(4)) return random_.pick(holes) + (offset % 4096 & ~std::uint64_t{size - 1});
  return DATA_BASE + offset;
}

void Generator::load_store() {
  const isa::RowInfo& chosen =
      random_.chance(75) ? *random_.pick(pools_.load_store) : *random_.pick(pools_.fp_load_store);
  isa::Operands operands = random_operands(chosen);
  operands.rs1 = static_cast<std::uint8_t>(random_.reg_not_zero());
  code_.li(operands.rs1, target(access_size(chosen), false) - static_cast<std::uint64_t>(operands.imm));
  emit(chosen, operands);
}

void Generator::compressed_memory() {
  const Compressed& chosen = random_.pick(pools_.compressed_memory);
  const unsigned size = access_size(isa::row_infos[chosen.operands.row]);
  code_.li(chosen.operands.rs1, target(size, false) - static_cast<std::uint64_t>(chosen.operands.imm));
  code_.half(chosen.bits);
}

// Misaligned ones trap on both: neither has Zam.
void Generator::atomic() {
  const isa::RowInfo* reserving[] = {&row("lr.w"), &row("lr.d")};
  const isa::RowInfo& chosen = random_.chance(85) ? *random_.pick(pools_.atomic) : *random_.pick(reserving);
  isa::Operands operands = random_operands(chosen);
  operands.rs1 = static_cast<std::uint8_t>(random_.reg_not_zero());
  code_.li(operands.rs1, target(access_size(chosen), !random_.chance(8)));
  emit(chosen, operands);
}

// A pair on one address that is certainly accessible. Anything else is not comparable: QEMU compares values
// and full addresses where Hartbeat keeps a reservation set.
void Generator::reservation() {
  if (translated() && mode_ == Mode::user) return compute(code_);
  if (aligned_only_) return compute(code_);  // PMP
  const bool wide = random_.chance(50);
  const auto base = static_cast<std::uint8_t>(random_.reg_not_zero());
  code_.li(base, DATA_BASE + data_offset(8, true));
  const auto ordering = static_cast<std::uint8_t>(random_.below(4));
  const isa::Operands load{.rd = static_cast<std::uint8_t>(reg_except(base)), .rs1 = base, .aqrl = ordering};
  const isa::Operands store{.rd = static_cast<std::uint8_t>(random_.reg()),
                            .rs1 = base,
                            .rs2 = static_cast<std::uint8_t>(random_.reg()),
                            .aqrl = ordering};
  emit(wide ? row("lr.d") : row("lr.w"), load);
  if (random_.chance(50)) compute(code_, base);
  emit(wide ? row("sc.d") : row("sc.w"), store);
  // The reservation is used up: this one fails.
  if (random_.chance(30) && store.rd != base) emit(wide ? row("sc.d") : row("sc.w"), store);
}

// Runs an instruction, stores another in its place, and runs that.
void Generator::rewrite_code() {
  if (translated()) return compute(code_);  // pages of code are not writable
  const auto counter = static_cast<std::uint8_t>(random_.reg_not_zero());
  const auto base = static_cast<std::uint8_t>(reg_except(counter));
  const auto value = static_cast<std::uint8_t>(reg_except(counter, base));
  const auto computation = [&] {
    for (;;) {
      const isa::RowInfo& chosen = *random_.pick(pools_.compute);
      const isa::Operands operands = random_operands(chosen);
      if (operands.rd != counter && operands.rd != base && chosen.name != "ctzw")
        return isa::encode(chosen, operands);
    }
  };
  code_.li(counter, 2);
  const std::size_t begin = code_.size();
  emit(row("auipc"), {.rd = base});
  code_.word(computation());
  code_.li(value, computation());
  emit(row("sw"), {.imm = 4, .rs1 = base, .rs2 = value});
  emit(row("fence.i"), {});
  emit(row("addi"), {.imm = -1, .rd = counter, .rs1 = counter});
  emit(row("bne"),
       {.imm = static_cast<std::int64_t>(begin) - static_cast<std::int64_t>(code_.size()), .rs1 = counter});
}

// To where nothing can be fetched, or to a page full of returns. The trap handlers go on at ra.
void Generator::wild_jump() {
  const auto base = static_cast<std::uint8_t>(random_.reg_not_zero());
  std::uint64_t to =
      translated() ? PageTables::random_address(random_, 2 * random_.below(2047)) : 0x2800'0000;
  if (translated() && mode_ == Mode::user && random_.chance(10)) to = RUNTIME_BASE;
  if (translated() && mode_ == Mode::supervisor && random_.chance(10)) to = DATA_BASE;
  code_.li(base, to + random_.below(2));
  emit(row("jalr"), {.rd = 1, .rs1 = base});
}

// mstatus.MPRV: loads and stores of M mode with the translation and rights of MPP.
void Generator::machine_access_as_lower() {
  if (mode_ != Mode::machine || !paging_) return load_store();
  constexpr std::uint64_t mprv = 1 << 17, mpp = 3 << 11, mpp_supervisor = 1 << 11, sum_mxr = 3 << 18;
  const auto scratch = static_cast<std::uint8_t>(random_.reg_not_zero());
  const auto change = [&](const isa::RowInfo& operation, std::uint64_t bits) {
    code_.li(scratch, bits);
    emit(operation, {.imm = 0x300, .rs1 = scratch});
  };
  change(row("csrrc"), mpp | sum_mxr);
  const std::uint64_t as = random_.chance(50) ? mpp_supervisor : 0;
  const std::uint64_t rights = random_.bits() & sum_mxr;
  const isa::RowInfo& chosen =
      random_.chance(70) ? *random_.pick(pools_.load_store) : *random_.pick(pools_.atomic);
  isa::Operands operands = random_operands(chosen);
  operands.rs1 = static_cast<std::uint8_t>(reg_except(scratch));
  if (chosen.unit == isa::Unit::amo) operands.imm = 0;
  const unsigned size = access_size(chosen);
  const std::uint64_t offset = random_.below(4096) & ~std::uint64_t{size - 1};
  code_.li(operands.rs1,
           PageTables::random_address(random_, offset) - static_cast<std::uint64_t>(operands.imm));
  change(row("csrrs"), mprv | as | rights);
  emit(chosen, operands);
  change(row("csrrc"), mprv);
}

// Rewrites a page-table entry and fences as little as the specification allows.
void Generator::replace_mapping() {
  if (mode_ == Mode::user || !paging_ || trap_virtual_memory_) return compute(code_);
  const unsigned root = static_cast<unsigned>(random_.below(PageTables::roots));
  const PageTables::Update update = tables_.random_update(random_, root);
  const auto address = static_cast<std::uint8_t>(random_.reg_not_zero());
  const auto value = static_cast<std::uint8_t>(reg_except(address));
  code_.li(address, update.entry_address);
  code_.li(value, update.value);
  emit(row("sd"), {.rs1 = address, .rs2 = value});
  code_.li(address, update.virtual_address + random_.below(4096));
  code_.li(value, PageTables::asid(root));
  emit(row("sfence.vma"), {.rs1 = static_cast<std::uint8_t>(random_.chance(70) ? address : 0),
                           .rs2 = static_cast<std::uint8_t>(random_.chance(60) ? value : 0)});
}

// To the other address space, without a fence: it has an ASID of its own.
void Generator::switch_root() {
  if (mode_ == Mode::user || !paging_ || trap_virtual_memory_) return compute(code_);
  root_ = 1 - root_;
  const auto value = static_cast<std::uint8_t>(random_.reg_not_zero());
  code_.li(value, PageTables::satp(root_, depth_));
  emit(row("csrrw"), {.imm = 0x180, .rd = static_cast<std::uint8_t>(random_.reg()), .rs1 = value});
}

}  // namespace hartbeat::qemu_diff
