// What the privileged specification says a translation does, written a second time and in another style: bit
// positions and predicates instead of masks and steps. It shares no code with mmu/, but for the types that
// name its input.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "mmu/translation_types.hpp"

namespace oracle {

enum class Outcome { translated, page_fault, access_fault };

struct Verdict {
  Outcome outcome = Outcome::page_fault;
  std::uint64_t physical = 0;                 // when translated
  unsigned reads = 0;                         // PTEs asked for
  std::optional<std::uint64_t> new_pte = {};  // what the walker writes back, if anything
};

using Memory = std::function<std::optional<std::uint64_t>(std::uint64_t address)>;

Verdict translate(const Memory& memory, const hartbeat::mmu::Context& csr, const hartbeat::mmu::Features& has,
                  std::uint64_t va, char access /* 'r' 'w' 'x' */);

}  // namespace oracle
