// The JSON report's pictures: sharing maps, timeline, walks by region and time.
#include <algorithm>
#include <numeric>

#include "emu/observe/json_value.hpp"

namespace hartbeat::observe {
namespace {

constexpr std::size_t most_regions = 24;

std::uint64_t sum(const std::array<std::uint64_t, TlbMap::bins>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

}  // namespace

Json sharing_json(const Report& report) {
  Json list = Json::array();
  for (const SharingMoment& moment : report.sharing) {
    Json processes = Json::array();
    for (const SharingProcess& process : moment.processes) {
      Json pages = Json::array();
      for (const SharedPage& page : process.pages) {
        pages.push_back({{"page", page.page}, {"frame", page.frame}, {"writable", page.writable}});
      }
      processes.push_back({{"pid", process.pid}, {"name", process.name}, {"pages", std::move(pages)}});
    }
    list.push_back({{"cycle", moment.cycle},
                    {"pid", moment.pid},
                    {"page", moment.page},
                    {"what", moment.what},
                    {"processes", std::move(processes)}});
  }
  return {{"moments", std::move(list)}};
}

Json timeline_json(const Report& report) {
  Json spans = Json::array();
  for (const TimelineSpan& span : report.timeline) {
    spans.push_back({{"kind", span.kind},
                     {"hart", span.hart},
                     {"begin", span.begin},
                     {"end", span.end},
                     {"pid", span.pid},
                     {"name", span.name}});
  }
  return {{"spans", std::move(spans)}, {"left_out", report.timeline_left_out}};
}

Json walks_json(const Report& report) {
  const WalkMap& map = report.walks;
  std::vector<std::pair<std::uint64_t, const TlbMap::Row*>> order;
  for (const auto& [region, row] : map.rows) order.emplace_back(region, &row);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return sum(a.second->walks) > sum(b.second->walks); });
  const std::size_t shown = std::min(order.size(), most_regions);
  Json regions = Json::array();
  std::uint64_t left_out = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& [region, row] = order[i];
    if (i >= shown) {
      left_out += sum(row->walks);
      continue;
    }
    regions.push_back(
        {{"first", region << TlbMap::region_shift}, {"walks", row->walks}, {"again", row->again}});
  }
  return {{"cycles_per_bin", map.cycles_per_bin},
          {"pages", map.pages},
          {"regions", std::move(regions)},
          {"walks_left_out", left_out}};
}

}  // namespace hartbeat::observe
