// The proof that a pattern has one meaning: no two rows overlap unless one is declared to specialise the
// other.
#pragma once

#include <cstddef>
#include <span>

#include "emu/isa/table.hpp"

namespace hartbeat::isa {

constexpr bool overlap(const Encoding& a, const Encoding& b) {
  return ((a.match ^ b.match) & a.mask & b.mask) == 0;
}

// Every pattern of `a` is one of `b`, and not the other way round.
constexpr bool strictly_specialises(const Encoding& a, const Encoding& b) {
  return overlap(a, b) && (a.mask & b.mask) == b.mask && a.mask != b.mask;
}

constexpr bool may_overlap(const RowInfo& a, const RowInfo& b) {
  return (strictly_specialises(a.encoding, b.encoding) && is_declared_specialisation(a.name, b.name)) ||
         (strictly_specialises(b.encoding, a.encoding) && is_declared_specialisation(b.name, a.name));
}

// True when names are unique and every overlap is a declared, strict specialisation.
constexpr bool is_unambiguous(std::span<const RowInfo> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = i + 1; j < rows.size(); ++j) {
      if (overlap(rows[i].encoding, rows[j].encoding) && !may_overlap(rows[i], rows[j])) return false;
      if (rows[i].name == rows[j].name) return false;
    }
  }
  return true;
}

}  // namespace hartbeat::isa
