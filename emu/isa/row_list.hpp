// A flat list of rows of different types: indexed leaves instead of std::tuple's recursion, so that hundreds
// of rows compile quickly.
#pragma once

#include <array>
#include <cstddef>
#include <utility>

#include "emu/isa/row.hpp"

namespace hartbeat::isa {

template <std::size_t I, class R>
struct RowLeaf {
  R row;
};

template <class Indices, class... Rs>
struct RowList;

template <std::size_t... I, class... Rs>
struct RowList<std::index_sequence<I...>, Rs...> : RowLeaf<I, Rs>... {
  static constexpr std::size_t size = sizeof...(Rs);
  constexpr std::array<RowInfo, size> infos() const {
    return {static_cast<const RowLeaf<I, Rs>&>(*this).row.info...};
  }
};

template <std::size_t I, class R>
constexpr const R& leaf_row(const RowLeaf<I, R>& leaf) {
  return leaf.row;
}

// rows(row(…), row(…), …)
template <class... Rs>
constexpr auto rows(Rs... row) {
  return RowList<std::index_sequence_for<Rs...>, Rs...>{{row}...};
}

}  // namespace hartbeat::isa
