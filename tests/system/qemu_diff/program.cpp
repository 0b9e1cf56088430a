#include "tests/system/qemu_diff/program.hpp"

#include <bit>

namespace hartbeat::qemu_diff {

void Code::li(unsigned rd, std::uint64_t value) {
  const auto destination = static_cast<std::uint8_t>(rd);
  const auto signed_value = static_cast<std::int64_t>(value);
  const std::int64_t low = static_cast<std::int64_t>(value << 52) >> 52;
  if (low == signed_value) return instruction(row("addi"), {.imm = low, .rd = destination});
  if (signed_value == static_cast<std::int32_t>(signed_value)) {
    const auto upper =
        static_cast<std::int32_t>(static_cast<std::uint32_t>(value) - static_cast<std::uint32_t>(low));
    instruction(row("lui"), {.imm = upper, .rd = destination});
    if (low != 0) instruction(row("addiw"), {.imm = low, .rd = destination, .rs1 = destination});
    return;
  }
  const std::uint64_t upper = value - static_cast<std::uint64_t>(low);
  const int shift = std::countr_zero(upper);
  li(rd, static_cast<std::uint64_t>(static_cast<std::int64_t>(upper) >> shift));
  instruction(row("slli"), {.imm = shift, .rd = destination, .rs1 = destination});
  if (low != 0) instruction(row("addi"), {.imm = low, .rd = destination, .rs1 = destination});
}

}  // namespace hartbeat::qemu_diff
