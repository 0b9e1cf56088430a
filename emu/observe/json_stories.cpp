// The JSON report's stories: copies, shootdowns and page faults one by one.
#include "emu/observe/json_value.hpp"
#include "emu/observe/observation.hpp"
#include "emu/observe/syscall_names.hpp"
#include "emu/observe/trap_names.hpp"

namespace hartbeat::observe {
namespace {

template <std::size_t N>
Json named(const std::array<std::string_view, N>& names, const std::array<std::uint64_t, N>& cycles) {
  Json object;
  for (std::size_t i = 0; i < N; ++i) object[std::string(names[i])] = cycles[i];
  return object;
}

template <std::size_t N>
Json spreads(const std::array<std::string_view, N>& names, const std::array<Distribution, N>& spread) {
  Json object;
  for (std::size_t i = 0; i < N; ++i) object[std::string(names[i])] = of(spread[i]);
  return object;
}

Json place_of(const CodePlace& place) {
  return {{"symbol", place.symbol.empty() ? Json(nullptr) : Json(place.symbol)},
          {"line", place.line == 0 ? Json(nullptr) : Json(place.file + ":" + std::to_string(place.line))}};
}

void add(Json& object, const CopySums& sums) {
  object["copies"] = sums.copies;
  object["bytes"] = sums.bytes;
  object["cycles"] = sums.cycles;
  object["steps"] = named(fault_steps, sums.steps);
  object["measured_pages"] = sums.measured_pages;
  object["changed_bytes"] = sums.changed_bytes;
  object["amplification"] =
      sums.changed_bytes == 0 ? Json(nullptr) : Json(ratio(sums.measured_bytes, sums.changed_bytes));
}

Json sites(const CowFigures& cow) {
  Json list = Json::array();
  for (const CopySite& site : cow.sites) {
    Json object{{"program", site.program}, {"pc", site.pc}};
    object.update(place_of(site.place));
    object["system_call"] = site.system_call ? Json(system_call_name(*site.system_call)) : Json(nullptr);
    add(object, site.sums);
    list.push_back(std::move(object));
  }
  return list;
}

Json by_name(const std::map<std::string, CopySums>& groups, const char* key) {
  Json list = Json::array();
  for (const auto& [name, sums] : groups) {
    Json object{{key, name}};
    add(object, sums);
    list.push_back(std::move(object));
  }
  return list;
}

Json of(const std::optional<MappedRange>& range) {
  if (!range) return nullptr;
  return {{"first", range->first.value},
          {"end", range->end.value},
          {"protection", range->protection},
          {"kind", range->grows_down ? "stack"
                   : range->of_file  ? "file"
                                     : "anonymous"},
          {"references", range->references}};
}

Json copies(const Report& report) {
  Json list = Json::array();
  for (const CopyRecord& copy : report.cow.copies) {
    list.push_back({{"fault", copy.fault == 0 ? Json(nullptr) : Json(copy.fault)},
                    {"pid", copy.process},
                    {"hart", copy.hart},
                    {"cycle", copy.cycle},
                    {"site", copy.site},
                    {"page", copy.page.value},
                    {"range", of(copy.range)},
                    {"source", copy.source},
                    {"destination", copy.destination},
                    {"fork", copy.fork ? Json(*copy.fork + 1) : Json(nullptr)},
                    {"cycles", copy.cycles},
                    {"steps", named(fault_steps, copy.steps)},
                    {"changed_bytes", copy.changed_bytes < 0 ? Json(nullptr) : Json(copy.changed_bytes)}});
  }
  return list;
}

Json pages(const CowFigures& cow) {
  Json list = Json::array();
  for (const auto& [page, changed] : cow.changed) {
    if (list.size() == list_limit) break;
    list.push_back({{"page", page << page_shift}, {"changed_bytes", changed}});
  }
  return list;
}

Json of(const mmu::Walk& walk) {
  Json reads = Json::array();
  for (unsigned i = 0; i < walk.read_count; ++i) {
    const mmu::PteRead& read = walk.reads[i];
    reads.push_back({{"level", read.level}, {"address", read.address.value}, {"pte", read.pte}});
  }
  return {{"check", mmu::name(walk.check)}, {"pte", walk.pte}, {"reads", reads}};
}

Json of(const FaultRecord& fault, const std::string& explanation) {
  const auto known = [&](auto value) { return fault.told ? Json(value) : Json(nullptr); };
  const auto resolution = fault.resolution ? static_cast<unsigned>(*fault.resolution) : 0u;
  return {{"number", fault.number},
          {"hart", fault.site.hart.value},
          {"cycle", fault.site.cycle.value},
          {"pid", known(fault.process)},
          {"program", known(fault.program)},
          {"cause", exception_name(fault.cause)},
          {"address", fault.address.value},
          {"pc", fault.site.pc.value},
          {"walk", fault.walk ? of(*fault.walk) : Json(nullptr)},
          {"resolution", fault.resolution ? Json(fault_resolutions()[resolution].key) : Json(nullptr)},
          {"frame_before", fault.before},
          {"frame_after", fault.after},
          {"signal", fault.signal},
          {"cycles", fault.cycles()},
          {"steps", named(fault_steps, fault.steps())},
          {"explanation", explanation}};
}

}  // namespace

Json cow_json(const Report& report) {
  const CowFigures& cow = report.cow;
  Json forks = Json::array();
  for (const ForkRecord& fork : report.forks) {
    forks.push_back({{"number", fork.number},
                     {"parent", fork.parent},
                     {"child", fork.child == 0 ? Json(nullptr) : Json(fork.child)},
                     {"begin", fork.begin.value},
                     {"end", fork.end.value}});
  }
  return {{"cycles", of(cow.cycles)},
          {"steps", spreads(fault_steps, cow.steps)},
          {"sites", sites(cow)},
          {"lines", by_name(cow.lines, "line")},
          {"programs", by_name(cow.programs, "program")},
          {"forks", std::move(forks)},
          {"copies", copies(report)},
          {"pages", pages(cow)},
          {"copies_left_out", cow.copy_count - cow.copies.size()}};
}

void add_shootdown_spread(Json& object, const ShootdownFigures& shootdowns) {
  object["spread"] = {{"latency", of(shootdowns.latencies)}};
  object["spread"].update(spreads(shootdown_phases, shootdowns.phase_spread));
  object["events"] = Json::array();
  for (const ShootdownRecord& event : shootdowns.events) {
    Json targets = Json::array();
    for (const ShootdownTarget& target : event.targets) {
      targets.push_back({{"hart", target.hart}, {"removed", target.removed}, {"busy", target.busy}});
    }
    object["events"].push_back(
        {{"id", event.id},
         {"pid", event.process},
         {"hart", event.initiator},
         {"cycle", event.begin},
         {"first", event.first == ~std::uint64_t{0} ? Json(nullptr) : Json(event.first)},
         {"pages", event.pages},
         {"slowest", event.slowest},
         {"phases", named(shootdown_phases, event.phases)},
         {"targets", std::move(targets)}});
  }
  object["events_left_out"] = shootdowns.completed - shootdowns.events.size();
}

Json faults_json(const Report& report) {
  Json list = Json::array();
  for (const ExplainedFault& fault : report.faults) list.push_back(of(fault.record, fault.explanation));
  return {{"count", report.fault_count},
          {"left_out", report.fault_count - list.size()},
          {"list", std::move(list)}};
}

}  // namespace hartbeat::observe
