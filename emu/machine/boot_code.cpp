#include "emu/machine/boot_code.hpp"

#include <array>
#include <cstring>

namespace hartbeat {

std::vector<std::uint8_t> boot_code(const BootTarget& target) {
  constexpr std::array<std::uint32_t, 6> code{
      0x00000297,  // auipc t0, 0
      0x02828613,  // addi  a2, t0, 40      the fw_dynamic_info behind the two addresses
      0xf1402573,  // csrr  a0, mhartid
      0x0202b583,  // ld    a1, 32(t0)
      0x0182b283,  // ld    t0, 24(t0)
      0x00028067,  // jr    t0
  };
  constexpr std::uint64_t magic = 0x4942'534f, version = 2, supervisor_mode = 1, options = 0, boot_hart = 0;
  const std::array<std::uint64_t, 8> data{target.entry, target.device_tree, magic,   version,
                                          target.next,  supervisor_mode,    options, boot_hart};
  std::vector<std::uint8_t> rom(sizeof code + sizeof data);
  std::memcpy(rom.data(), code.data(), sizeof code);
  std::memcpy(rom.data() + sizeof code, data.data(), sizeof data);
  return rom;
}

}  // namespace hartbeat
