#include "emu/observe/cow_attribution.hpp"

#include <algorithm>
#include <numeric>

namespace hartbeat::observe {
namespace {

void add_sums(CopySums& sum, const CopySums& more) {
  sum.copies += more.copies;
  sum.bytes += more.bytes;
  sum.cycles += more.cycles;
  for (std::size_t i = 0; i < sum.steps.size(); ++i) sum.steps[i] += more.steps[i];
  sum.measured_pages += more.measured_pages;
  sum.measured_bytes += more.measured_bytes;
  sum.changed_bytes += more.changed_bytes;
}

}  // namespace

std::size_t CowAttribution::site_of(const FaultRecord& fault) {
  const bool faulted = fault.number != 0;
  const SiteKey key{fault.program, faulted ? fault.site.pc.value : 0,
                    faulted ? 0 : fault.system_call.value_or(0) + 1};
  const auto [entry, fresh] = site_index_.try_emplace(key, so_far_.sites.size());
  if (fresh) {
    so_far_.sites.push_back({.program = fault.program,
                             .pc = std::get<1>(key),
                             .system_call = fault.system_call,
                             .place = {},
                             .sums = {}});
  }
  return entry->second;
}

void CowAttribution::add(const FaultRecord& fault) {
  if (!fault.copy) return;
  const std::size_t site = site_of(fault);
  CopySums sums{.copies = 1, .bytes = fault.copy->bytes, .cycles = fault.cycles(), .steps = fault.steps()};
  add_sums(so_far_.sites[site].sums, sums);
  if (fault.number != 0) {
    so_far_.cycles.add(sums.cycles);
    for (std::size_t i = 0; i < sums.steps.size(); ++i) so_far_.steps[i].add(sums.steps[i]);
  }
  ++so_far_.copy_count;
  all_.push_back({fault.copy->number, fault.address.value >> page_shift, static_cast<std::uint32_t>(site),
                  static_cast<std::uint32_t>(fault.copy->bytes)});
  if (so_far_.copies.size() < most_copies_) keep(fault, site);
}

void CowAttribution::keep(const FaultRecord& fault, std::size_t site) {
  so_far_.copies.push_back({.number = fault.copy->number,
                            .fault = fault.number,
                            .process = fault.process,
                            .hart = fault.site.hart.value,
                            .cycle = fault.site.cycle.value,
                            .site = site,
                            .page = {fault.address.value >> page_shift << page_shift},
                            .source = fault.copy->source,
                            .destination = fault.copy->destination,
                            .range = fault.range,
                            .fork = fault.fork,
                            .steps = fault.steps(),
                            .cycles = fault.cycles()});
}

CowFigures CowAttribution::figures(const std::vector<std::int32_t>& changed,
                                   const FindCode& find_code) const {
  CowFigures result = so_far_;
  const auto changed_in = [&](std::uint64_t copy) { return copy < changed.size() ? changed[copy] : -1; };
  for (const Brief& copy : all_) {
    const std::int32_t bytes = changed_in(copy.number);
    if (bytes < 0) continue;
    CopySums& sums = result.sites[copy.site].sums;
    ++sums.measured_pages;
    sums.measured_bytes += copy.bytes;
    sums.changed_bytes += static_cast<std::uint64_t>(bytes);
    result.changed[copy.page] += bytes;
  }
  for (CopyRecord& copy : result.copies) copy.changed_bytes = changed_in(copy.number);
  for (CopySite& site : result.sites) {
    if (site.pc != 0 && find_code) site.place = find_code(site.program, site.pc);
    add_sums(result.programs[site.program], site.sums);
    if (site.place.line == 0) continue;
    add_sums(result.lines[site.program + " " + site.place.file + ":" + std::to_string(site.place.line)],
             site.sums);
  }
  // Most expensive first; the copies' references follow.
  std::vector<std::size_t> order(result.sites.size()), place(result.sites.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return result.sites[a].sums.cycles > result.sites[b].sums.cycles;
  });
  std::vector<CopySite> sites;
  for (const std::size_t i : order) {
    place[i] = sites.size();
    sites.push_back(std::move(result.sites[i]));
  }
  result.sites = std::move(sites);
  for (CopyRecord& copy : result.copies) copy.site = place[copy.site];
  return result;
}

}  // namespace hartbeat::observe
