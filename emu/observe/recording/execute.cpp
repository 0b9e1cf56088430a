#include "emu/observe/recording/execute.hpp"

#include <array>
#include <utility>

#include "emu/isa/table.hpp"

namespace hartbeat::observe::recording {
namespace {

using Execute = std::uint64_t (*)(ReplayView&, const isa::Operands&);

template <std::size_t I>
std::uint64_t execute_row(ReplayView& view, const isa::Operands& operands) {
  constexpr const auto& row = isa::row_at<I>();
  constexpr isa::Kind kind = std::remove_cvref_t<decltype(row)>::kind;
  if constexpr (kind == isa::Kind::compute || kind == isa::Kind::memory || kind == isa::Kind::fp) {
    row.body(view, operands);
  } else if constexpr (kind == isa::Kind::branch) {
    if (row.body(view, operands)) return view.pc() + static_cast<std::uint64_t>(operands.imm);
  } else if constexpr (kind == isa::Kind::jump) {
    return row.body(view, operands);
  }
  return view.next_pc();
}

template <std::size_t... I>
constexpr std::array<Execute, sizeof...(I)> all_rows(std::index_sequence<I...>) {
  return {&execute_row<I>...};
}
constexpr auto executors = all_rows(std::make_index_sequence<isa::row_count>());

}  // namespace

std::uint64_t execute(ReplayView& view, const isa::Operands& operands) {
  return executors[operands.row](view, operands);
}

}  // namespace hartbeat::observe::recording
