// What a program printed, and the comparison of two such reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/system/qemu_diff/program.hpp"

namespace hartbeat::qemu_diff {

struct TrapEntry {
  std::uint64_t cause, epc, value, status, x_hash, f_hash;
  friend bool operator==(const TrapEntry&, const TrapEntry&) = default;
};

struct Report {
  std::vector<TrapEntry> traps;
  std::vector<std::uint64_t> x;       // x1..x31
  std::vector<std::uint64_t> f;       // f0..f31, fcsr
  std::vector<std::uint64_t> memory;  // hash of the data, hash of the page tables
  bool complete = false;
};

Report parse_report(const std::string& output);

// The first difference in words, with the instructions that led to it; nothing when the reports agree.
std::optional<std::string> difference(const Report& qemu, const Report& hartbeat, const Program& program);

}  // namespace hartbeat::qemu_diff
