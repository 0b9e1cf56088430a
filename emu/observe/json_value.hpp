// What the parts of the JSON report share.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "emu/observe/counter_table.hpp"
#include "emu/observe/distribution.hpp"

namespace hartbeat::observe {

using Json = nlohmann::ordered_json;

template <class Figures>
void add(Json& object, std::span<const Counter<Figures>> counters, const Figures& figures) {
  for (const Counter<Figures>& counter : counters)
    object[std::string(counter.text.key)] = counter.read(figures);
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// A fraction with six digits, so that its text is the same on every host.
inline double ratio(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return 0;
  return std::round(static_cast<double>(part) / static_cast<double>(whole) * 1e6) / 1e6;
}

inline Json of(const Distribution& spread) {
  return {{"count", spread.count()},      {"sum", spread.sum()},          {"p50", spread.percentile(50)},
          {"p90", spread.percentile(90)}, {"p99", spread.percentile(99)}, {"max", spread.most()}};
}

// kernel.cow, the lists of `kernel.shootdowns`, and `faults`: json_stories.cpp.
Json cow_json(const Report& report);
void add_shootdown_spread(Json& object, const ShootdownFigures& shootdowns);
Json faults_json(const Report& report);

// `sharing`, `timeline`, `walks`: json_pictures.cpp.
Json sharing_json(const Report& report);
Json timeline_json(const Report& report);
Json walks_json(const Report& report);

}  // namespace hartbeat::observe
