#include "emu/timing/cva6/integer_rows.hpp"

#include <utility>

#include "emu/isa/table.hpp"

namespace hartbeat::timing::cva6 {
namespace {

using Body = void (*)(IntegerState&, const isa::Operands&);

template <std::size_t I>
void run_row(IntegerState& state, const isa::Operands& operands) {
  isa::row_at<I>().body(state, operands);
}

template <std::size_t I>
constexpr Body body_of() {
  if constexpr (std::remove_cvref_t<decltype(isa::row_at<I>())>::kind == isa::Kind::compute)
    return &run_row<I>;
  else
    return nullptr;
}

template <std::size_t... I>
constexpr std::array<Body, isa::row_count> collect(std::index_sequence<I...>) {
  return {body_of<I>()...};
}
constexpr auto bodies = collect(std::make_index_sequence<isa::row_count>());

}  // namespace

bool compute(IntegerState& state, const isa::Decoded& instruction) {
  if (!instruction.legal || bodies[instruction.operands.row] == nullptr) return false;
  bodies[instruction.operands.row](state, instruction.operands);
  return true;
}

}  // namespace hartbeat::timing::cva6
