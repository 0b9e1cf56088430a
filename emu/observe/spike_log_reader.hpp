// Reads Spike's commit log back: Hartbeat's and Spike's own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hartbeat::observe {

struct CommitRecord {
  struct Register {
    char kind = 'x';  // 'x', 'f' or 'c' (CSR)
    unsigned number = 0;
    std::string name;  // of a CSR
    std::uint64_t value = 0;
    friend bool operator==(const Register&, const Register&) = default;
  };
  struct Memory {
    std::uint64_t address = 0;
    std::optional<std::uint64_t> stored;  // empty: a load
    unsigned size = 0;                    // bytes of the store
    friend bool operator==(const Memory&, const Memory&) = default;
  };

  unsigned hart = 0;
  unsigned privilege = 3;
  std::uint64_t pc = 0;
  std::uint32_t bits = 0;
  unsigned length = 4;  // of the instruction in bytes
  std::vector<Register> registers;
  std::vector<Memory> memory;
  friend bool operator==(const CommitRecord&, const CommitRecord&) = default;
};

// One line, without its line feed. Empty when it is not a commit line: Spike also prints exceptions and
// disassembly.
std::optional<CommitRecord> parse_commit(std::string_view line);

}  // namespace hartbeat::observe
