// The instruction table: every row of every group, by index.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "emu/isa/row_list.hpp"
#include "emu/isa/rows_a.hpp"
#include "emu/isa/rows_fp.hpp"
#include "emu/isa/rows_hint.hpp"
#include "emu/isa/rows_i.hpp"
#include "emu/isa/rows_m.hpp"
#include "emu/isa/rows_privileged.hpp"
#include "emu/isa/rows_zacas.hpp"
#include "emu/isa/rows_zba.hpp"
#include "emu/isa/rows_zbb.hpp"
#include "emu/isa/rows_zbc.hpp"
#include "emu/isa/rows_zfh.hpp"
#include "emu/isa/rows_zicbo.hpp"
#include "emu/isa/rows_zicsr.hpp"
#include "emu/isa/rows_zimop.hpp"
#include "emu/isa/rows_zkn.hpp"

namespace hartbeat::isa {

namespace table {

template <std::size_t I, class G>
struct GroupLeaf {
  const G& group;
};

template <class Indices, class... Gs>
struct Groups;

template <std::size_t... I, class... Gs>
struct Groups<std::index_sequence<I...>, Gs...> : GroupLeaf<I, Gs>... {
  static constexpr std::size_t count = sizeof...(Gs);
  static constexpr std::array<std::size_t, count> sizes = {Gs::size...};
  static constexpr std::size_t row_count = (Gs::size + ...);
};

template <class... Gs>
constexpr auto groups(const Gs&... g) {
  return Groups<std::index_sequence_for<Gs...>, Gs...>{{g}...};
}

template <std::size_t I, class G>
constexpr const G& leaf_group(const GroupLeaf<I, G>& leaf) {
  return leaf.group;
}

// The order has no meaning but in reports; new groups go to the end.
inline constexpr auto all =
    groups(rows_i, rows_m, rows_a, rows_zicsr, rows_privileged, rows_hint, rows_zba, rows_zbb, rows_zbc,
           rows_fp, rows_zfh, rows_zicbo, rows_zacas, rows_zimop, rows_zkn);

struct Place {
  std::size_t group, row;
};

constexpr Place place_of(std::size_t index) {
  std::size_t group = 0;
  for (; index >= all.sizes[group]; ++group) index -= all.sizes[group];
  return {group, index};
}

template <std::size_t... G>
constexpr auto collect_infos(std::index_sequence<G...>) {
  std::array<RowInfo, all.row_count> result;
  std::size_t next = 0;
  const auto append = [&](const auto& infos) {
    for (const RowInfo& info : infos) result[next++] = info;
  };
  (append(leaf_group<G>(all).infos()), ...);
  return result;
}

}  // namespace table

inline constexpr std::size_t row_count = table::all.row_count;

inline constexpr std::array<RowInfo, row_count> row_infos =
    table::collect_infos(std::make_index_sequence<table::all.count>());

// The row itself, with its body.
template <std::size_t I>
constexpr const auto& row_at() {
  constexpr table::Place place = table::place_of(I);
  return leaf_row<place.row>(table::leaf_group<place.group>(table::all));
}

// Index of the row of that name. For constants: an unknown name does not compile.
consteval std::size_t row_index(std::string_view name) {
  for (std::size_t i = 0; i < row_count; ++i)
    if (row_infos[i].name == name) return i;
  throw "no row of that name";
}

// Pairs of rows that share encodings on purpose: the first is more specific and wins in decoding, as long as
// its extension is on. Every other overlap fails to compile (overlaps.cpp).
struct Specialisation {
  std::string_view special, general;
};
inline constexpr Specialisation specialisations[] = {
    {"hint.trace", "slti"}, {"pause", "fence"},    {"zext.h", "packw"},
    {"prefetch.i", "ori"},  {"prefetch.r", "ori"}, {"prefetch.w", "ori"},
};

constexpr bool is_declared_specialisation(std::string_view special, std::string_view general) {
  for (const Specialisation& s : specialisations)
    if (s.special == special && s.general == general) return true;
  return false;
}

}  // namespace hartbeat::isa
