#include "tests/system/qemu_diff/generator.hpp"

namespace hartbeat::qemu_diff {

// One computation, compressed or not, that leaves the register `untouched` alone.
void Generator::compute(Code& code, unsigned untouched) {
  for (;;) {
    if (random_.chance(30)) {
      const Compressed& chosen = random_.pick(pools_.compressed_compute);
      if (untouched != 0 && chosen.operands.rd == untouched) continue;
      return code.half(chosen.bits);
    }
    const isa::RowInfo& chosen = *random_.pick(pools_.compute);
    const isa::Operands operands = random_operands(chosen);
    if (untouched != 0 && operands.rd == untouched) continue;
    if (chosen.name == "ctzw") {
      // QEMU 7.2 counts on into the upper word if the lower one is zero.
      if (operands.rs1 == 0 || operands.rs1 == untouched) continue;
      code.instruction(row("bseti"), {.imm = 31, .rd = operands.rs1, .rs1 = operands.rs1});
    }
    return code.instruction(chosen, operands);
  }
}

void Generator::corner_operand() { code_.li(random_.reg_not_zero(), random_.corner()); }

void Generator::forward_branch() {
  Code skipped;
  for (std::uint64_t n = 1 + random_.below(4); n != 0; --n) compute(skipped);
  const isa::RowInfo& chosen = *random_.pick(pools_.branch);
  isa::Operands operands = random_operands(chosen);
  operands.imm = static_cast<std::int64_t>(4 + skipped.size());
  if (random_.chance(20)) operands.rs2 = operands.rs1;
  emit(chosen, operands);
  code_.append(skipped);
}

void Generator::compressed_forward() {
  const Compressed& chosen = random_.pick(pools_.compressed_forward);
  code_.half(chosen.bits);
  // No branch may land within an instruction, so only compressed ones follow.
  for (std::int64_t at = 2; at < chosen.operands.imm; at += 2) {
    code_.half(random_.pick(pools_.compressed_compute).bits);
  }
}

void Generator::loop() {
  const auto counter = static_cast<std::uint8_t>(random_.reg_not_zero());
  Code body;
  for (std::uint64_t n = 1 + random_.below(6); n != 0; --n) compute(body, counter);
  code_.li(counter, 2 + random_.below(12));
  code_.append(body);
  emit(row("addi"), {.imm = -1, .rd = counter, .rs1 = counter});
  emit(row("bne"), {.imm = -static_cast<std::int64_t>(body.size() + 4), .rs1 = counter});
}

// Jumps over bytes that are never executed.
void Generator::jump_over() {
  const std::size_t skipped = 2 * random_.below(8);
  if (random_.chance(50)) {
    emit(row("jal"),
         {.imm = static_cast<std::int64_t>(4 + skipped), .rd = static_cast<std::uint8_t>(random_.reg())});
  } else {
    const auto base = static_cast<std::uint8_t>(random_.reg_not_zero());
    // jalr clears the lowest bit of its target.
    const auto distance = static_cast<std::int64_t>(8 + skipped + random_.below(2));
    emit(row("auipc"), {.rd = base});
    emit(row("jalr"), {.imm = distance, .rd = static_cast<std::uint8_t>(random_.reg()), .rs1 = base});
  }
  for (std::size_t at = 0; at < skipped; at += 2) code_.half(static_cast<std::uint16_t>(random_.bits()));
}

// A pattern that no extension of these harts covers; often one bit away from an instruction.
void Generator::illegal() {
  const isa::ExtensionSet extensions = common_extensions();
  for (;;) {
    std::uint32_t bits = static_cast<std::uint32_t>(random_.bits());
    if (random_.chance(60)) {
      const isa::RowInfo& chosen = isa::row_infos[random_.below(isa::row_count)];
      bits = isa::encode(chosen, random_operands(chosen)) ^ std::uint32_t{1} << random_.below(32);
    }
    if (isa::decode(bits, extensions).legal) continue;
    if ((bits & 3) != 3) return code_.half(static_cast<std::uint16_t>(bits));
    return code_.word(bits);
  }
}

void Generator::environment() {
  if (random_.chance(40)) return emit(row("ebreak"), {});
  if (random_.chance(30)) return code_.half(0x9002);  // c.ebreak
  emit(row("ecall"), {});
}

void Generator::fence() {
  if (random_.chance(20)) return emit(row("fence.i"), {});
  if (random_.chance(20)) return emit(row("pause"), {});
  isa::Operands operands = random_operands(row("fence"));
  operands.imm &= 0xff;  // other values of fm are reserved
  emit(row("fence"), operands);
}

}  // namespace hartbeat::qemu_diff
