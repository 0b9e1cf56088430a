// The ELF file of a program: the runtime, and beside it what the generator made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/system/qemu_diff/program.hpp"

namespace hartbeat::qemu_diff {

// `runtime` is the runtime's own ELF file. Throws std::runtime_error when it is not one.
std::vector<std::uint8_t> make_image(const std::vector<std::uint8_t>& runtime, const Program& program);

std::vector<std::uint8_t> read_bytes(const std::string& path);
void write_bytes(const std::string& path, const std::vector<std::uint8_t>& bytes);

}  // namespace hartbeat::qemu_diff
