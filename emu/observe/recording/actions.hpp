// What a reader derives about a retired instruction of each row.
#pragma once

#include <array>

#include "emu/isa/table.hpp"

namespace hartbeat::observe::recording {

enum class Action : std::uint8_t {
  plain,              // everything
  memory,             // everything but where the page is and what a load finds
  store_conditional,  // the same, if it succeeds
  swap_pair,          // the same; writes two registers
  system,             // nothing: results, CSRs and where it goes on are written
};

inline constexpr auto actions = [] {
  std::array<Action, isa::row_count> result{};
  for (std::size_t i = 0; i < isa::row_count; ++i) {
    const isa::RowInfo& row = isa::row_infos[i];
    if (row.kind == isa::Kind::system) result[i] = Action::system;
    if (row.kind == isa::Kind::memory) result[i] = Action::memory;
    if (row.unit == isa::Unit::store_conditional) result[i] = Action::store_conditional;
  }
  result[isa::row_index("amocas.q")] = Action::swap_pair;
  return result;
}();

}  // namespace hartbeat::observe::recording
