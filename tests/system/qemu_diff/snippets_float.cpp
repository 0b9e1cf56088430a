#include "tests/isa/fp/operands.hpp"
#include "tests/system/qemu_diff/generator.hpp"

namespace hartbeat::qemu_diff {

namespace {

template <class F>
std::uint64_t operand(Random& random) {
  static const auto corners = fp::testing::corner_values<F>();
  if (random.chance(50)) return random.pick(corners);
  fp::testing::Random source(random.bits());
  return fp::testing::random_value<F>(source);
}

}  // namespace

// A half, a single, a double, or bits that are not properly boxed.
void Generator::float_operand() {
  const auto source = static_cast<std::uint8_t>(random_.reg_not_zero());
  const auto destination = static_cast<std::uint8_t>(random_.reg());
  const std::uint64_t roll = random_.below(100);
  if (roll < 20) {
    code_.li(source, operand<fp::Half>(random_));
    emit(row("fmv.h.x"), {.rd = destination, .rs1 = source});
  } else if (roll < 50) {
    code_.li(source, operand<fp::Double>(random_));
    emit(row("fmv.d.x"), {.rd = destination, .rs1 = source});
  } else if (roll < 90) {
    code_.li(source, operand<fp::Single>(random_));
    emit(row("fmv.w.x"), {.rd = destination, .rs1 = source});
  } else {
    emit(row("fmv.d.x"), {.rd = destination, .rs1 = source});
  }
}

void Generator::float_operation() {
  const isa::RowInfo& chosen = *random_.pick(pools_.fp);
  isa::Operands operands = random_operands(chosen);
  if (chosen.encoding.has(isa::Field::rm)) {
    const std::uint64_t roll = random_.below(100);
    operands.rm = static_cast<std::uint8_t>(roll < 60 ? roll % 5 : roll < 97 ? 7 : 5 + roll % 2);
  }
  emit(chosen, operands);
}

// Reserved modes now and then, which make every dynamically rounded instruction illegal.
void Generator::rounding_mode() {
  const std::uint64_t mode = random_.chance(92) ? random_.below(5) : random_.below(8);
  emit(
      row("csrrwi"),
      {.imm = 0x002, .rd = static_cast<std::uint8_t>(random_.reg()), .rs1 = static_cast<std::uint8_t>(mode)});
}

// An illegal instruction while mstatus.FS is Off; the handlers switch the unit on again.
void Generator::float_off() {
  if (mode_ == Mode::user) return;
  const auto scratch = static_cast<std::uint8_t>(random_.reg_not_zero());
  code_.li(scratch, 0x6000);
  emit(row("csrrc"), {.imm = mode_ == Mode::machine ? 0x300 : 0x100, .rs1 = scratch});
  if (random_.chance(30)) {
    emit(row("csrrs"), {.imm = static_cast<std::int64_t>(1 + random_.below(3)), .rd = scratch});
  } else {
    emit(row("fadd.d"), random_operands(row("fmv.x.d")));
  }
}

}  // namespace hartbeat::qemu_diff
