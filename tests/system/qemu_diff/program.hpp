// A differential program: what the generator makes and the image writer puts into an ELF file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "emu/isa/table.hpp"
#include "tests/isa/encode.hpp"
#include "tests/system/qemu_diff/layout.h"

namespace hartbeat::qemu_diff {

// What the runtime sets up before it enters the program; runtime.S reads it at CONFIG_BASE.
struct Config {
  std::uint64_t entry = PROGRAM_BASE;
  std::uint64_t mstatus = 0;
  std::uint64_t medeleg = 0;
  std::uint64_t mideleg = 0;
  std::uint64_t satp = 0;
  std::uint64_t fcsr = 0;
  std::uint64_t pmpcfg[2] = {};
  std::uint64_t pmpaddr[16] = {};
  std::uint64_t x[32] = {};
  std::uint64_t f[32] = {};
};
static_assert(offsetof(Config, satp) == CONFIG_SATP && offsetof(Config, pmpcfg) == CONFIG_PMPCFG0);
static_assert(offsetof(Config, pmpaddr) == CONFIG_PMPADDR && offsetof(Config, f) == CONFIG_F);

struct Program {
  Config config;
  bool svnapot = false;              // whether the harts are to have it
  std::vector<std::uint8_t> code;    // at PROGRAM_BASE
  std::vector<std::uint8_t> tables;  // at TABLES_BASE
  std::vector<std::uint8_t> data;    // at DATA_BASE
};

// Machine code under construction.
class Code {
 public:
  std::size_t size() const { return bytes_.size(); }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }

  void half(std::uint16_t bits) {
    bytes_.push_back(static_cast<std::uint8_t>(bits));
    bytes_.push_back(static_cast<std::uint8_t>(bits >> 8));
  }
  void word(std::uint32_t bits) {
    half(static_cast<std::uint16_t>(bits));
    half(static_cast<std::uint16_t>(bits >> 16));
  }
  void append(const Code& other) { bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end()); }

  void instruction(const isa::RowInfo& row, const isa::Operands& operands) {
    word(isa::encode(row, operands));
  }
  // rd = value in as few instructions as addi, lui and shifts allow.
  void li(unsigned rd, std::uint64_t value);

 private:
  std::vector<std::uint8_t> bytes_;
};

// A row of the table by name; an unknown name does not compile.
consteval const isa::RowInfo& row(std::string_view name) { return isa::row_infos[isa::row_index(name)]; }

// The program of a seed; the same on every host.
Program generate(std::uint64_t seed);

}  // namespace hartbeat::qemu_diff
