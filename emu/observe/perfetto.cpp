#include "emu/observe/perfetto.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "emu/hart/names.hpp"
#include "emu/observe/syscall_names.hpp"
#include "emu/observe/trace_filter.hpp"
#include "emu/observe/trap_names.hpp"

namespace hartbeat::observe {
namespace {

constexpr std::uint64_t ipc_interval = 1000;  // cycles between two points of the IPC's curve

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c < ' ' ? '?' : c;
  }
  return result + "\"";
}

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%" PRIx64, value);
  return text;
}

// ,"args":{"address":"0x1000"}
std::string args(const std::string& members) { return members.empty() ? "" : ",\"args\":{" + members + "}"; }
std::string member(const char* name, const std::string& value) { return quoted(name) + ":" + quoted(value); }

std::string shootdown_id(std::uint64_t id) { return ",\"cat\":\"shootdown\",\"id\":" + std::to_string(id); }

constexpr const char* access_names[] = {"fetch", "load", "store"};

}  // namespace

PerfettoTrace::PerfettoTrace(const TraceContext& context, std::unique_ptr<TraceOutput> output)
    : places_(context), output_(std::move(output)), lanes_(context.harts) {
  output_->write("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"program\":" + quoted(context.program) +
                 ",\"machine\":" + quoted(context.machine) + ",\"timing\":" + quoted(context.timing) +
                 ",\"unit\":\"1 ns is 1 cycle\"},\"traceEvents\":[\n");
  for (unsigned i = 0; i < context.harts; ++i) {
    name_track(hart_track(HartId{i}), "Harts", "hart " + std::to_string(i));
    name_track(walker_track(HartId{i}), "Page-table walkers", "walker " + std::to_string(i));
  }
}

void PerfettoTrace::record(char phase, Track track, std::uint64_t cycle, const std::string& name,
                           const std::string& more) {
  char head[160];
  std::snprintf(head, sizeof head,
                "%s{\"ph\":\"%c\",\"pid\":%" PRIu64 ",\"tid\":%" PRIu64 ",\"ts\":%" PRIu64 ".%03" PRIu64,
                first_ ? "" : ",\n", phase, track.first, track.second, cycle / 1000, cycle % 1000);
  first_ = false;
  last_cycle_ = std::max(last_cycle_, cycle);
  output_->write(head + (name.empty() ? "" : ",\"name\":" + quoted(name)) + more + "}");
}

void PerfettoTrace::name_track(Track track, const std::string& group, const std::string& name) {
  if (!named_.insert(track).second) return;
  record('M', track, 0, "process_name", args(member("name", group)));
  record('M', track, 0, "thread_name", args(member("name", name)));
}

void PerfettoTrace::span_begin(Track track, std::uint64_t cycle, const std::string& name,
                               const std::string& arguments) {
  ++open_[track];
  record('B', track, cycle, name, args(arguments));
}

void PerfettoTrace::span_end(Track track, std::uint64_t cycle, const std::string& arguments) {
  unsigned& open = open_[track];
  if (open == 0) return;
  --open;
  record('E', track, cycle, "", args(arguments));
}

void PerfettoTrace::flow(bool begin, Track track, std::uint64_t cycle, std::uint64_t id,
                         const std::string& name) {
  record(begin ? 's' : 'f', track, cycle, name,
         ",\"cat\":\"ipi\",\"id\":" + std::to_string(id) + (begin ? "" : ",\"bp\":\"e\""));
}

// Instructions per cycle since the last point, on hart tracks' group.
void PerfettoTrace::count_ipc(const EventSite& site) {
  Lane& lane = lanes_[site.hart.value];
  const std::uint64_t cycles = site.cycle.value - lane.counted_cycle;
  if (site.cycle.value < lane.counted_cycle + ipc_interval) return;
  char value[48];
  std::snprintf(value, sizeof value, "\"IPC\":%.3f",
                static_cast<double>(site.instret - lane.counted_instret) / static_cast<double>(cycles));
  record('C', hart_track(site.hart), lane.counted_cycle, "IPC hart " + std::to_string(site.hart.value),
         args(value));
  lane.counted_cycle = site.cycle.value;
  lane.counted_instret = site.instret;
}

// Entries of each TLB, when they change; on the walkers' group.
void PerfettoTrace::count_tlbs(const EventSite& site, const TlbOccupancy& held) {
  const TlbOccupancy last = std::exchange(lanes_[site.hart.value].held, held);
  const Track track = walker_track(site.hart);
  const auto count = [&](const char* tlb, std::uint32_t before, std::uint32_t now) {
    if (now == before) return;
    record('C', track, site.cycle.value,
           std::string(tlb) + " entries hart " + std::to_string(site.hart.value),
           args("\"entries\":" + std::to_string(now)));
  };
  count("I-TLB", last.instruction, held.instruction);
  count("D-TLB", last.data, held.data);
  count("L2 TLB", last.second_level, held.second_level);
}

void PerfettoTrace::on(const TrapEvent& event) {
  count_ipc(event.site);
  Lane& lane = lanes_[event.site.hart.value];
  const std::string name = event.interrupt ? interrupt_name(event.cause) : exception_name(event.cause);
  std::string arguments = member("pc", hex(event.site.pc.value));
  if (!event.interrupt) arguments += "," + member("tval", hex(event.tval));
  if (event.walk != nullptr) arguments += "," + member("check", mmu::name(event.walk->check));
  span_begin(hart_track(event.site.hart), event.site.cycle.value, name, arguments);
  ++lane.handlers;
  if (!event.interrupt) return;
  for (const std::uint64_t id : lane.arriving)
    flow(false, hart_track(event.site.hart), event.site.cycle.value, id, "IPI");
  lane.arriving.clear();
}

void PerfettoTrace::on(const TrapReturnEvent& event) {
  count_ipc(event.site);
  Lane& lane = lanes_[event.site.hart.value];
  if (lane.handlers == 0) return;
  --lane.handlers;
  span_end(hart_track(event.site.hart), event.site.cycle.value);
}

void PerfettoTrace::on(const WalkEvent& event) {
  const mmu::Walk& walk = *event.walk;
  std::string arguments =
      member("address", hex(event.address.value)) + "," + member("pc", hex(event.site.pc.value));
  for (unsigned i = 0; i < walk.read_count; ++i) {
    const std::string level = "level " + std::to_string(walk.reads[i].level);
    arguments +=
        "," + member(level.c_str(), hex(walk.reads[i].address.value) + ": " + hex(walk.reads[i].pte));
  }
  arguments += "," + (walk.fault == mmu::Fault::none ? member("physical", hex(walk.address.value))
                                                     : member("fails", mmu::name(walk.check)));
  record('i', walker_track(event.site.hart), event.site.cycle.value,
         std::string("walk ") + access_names[static_cast<unsigned>(event.access)],
         ",\"s\":\"t\"" + args(arguments));
  count_tlbs(event.site, event.held);
}

void PerfettoTrace::on(const FenceEvent& event) {
  std::string arguments = "\"removed\":" + std::to_string(event.removed);
  if (event.has_address) arguments += "," + member("address", hex(event.address.value));
  record('i', hart_track(event.site.hart), event.site.cycle.value, "sfence.vma",
         ",\"s\":\"t\"" + args(arguments));
  count_tlbs(event.site, event.held);
}

void PerfettoTrace::on(const IpiEvent& event) {
  const std::uint64_t id = next_flow_++;
  const Track track = ipi_track(event.site.hart);
  name_track(track, "IPIs", "from hart " + std::to_string(event.site.hart.value));
  record('X', track, event.site.cycle.value, "IPI to hart " + std::to_string(event.target.value),
         ",\"dur\":0.001");
  flow(true, track, event.site.cycle.value, id, "IPI");
  lanes_[event.target.value].arriving.push_back(id);
}

PerfettoTrace::Track PerfettoTrace::process_track(const TracepointEvent& event) {
  const GuestPlaces::Thread thread = places_.on(event.site.hart);
  const Track track = track_of(Group::first_process, thread.tid, thread.pid);
  if (thread.pid == 0) return track;
  std::string& name = processes_[track];
  if (name.empty() || places_.has_name(thread))
    name = places_.name_of(thread) + " " + std::to_string(thread.pid);
  return track;
}

void PerfettoTrace::switch_to(const TracepointEvent& event) {
  Lane& lane = lanes_[event.site.hart.value];
  const Track track = hart_track(event.site.hart);
  // Spans nest: what is open within the process that leaves ends with it, and begins anew in the other one.
  while (open_[track] != 0) span_end(track, event.site.cycle.value);
  const GuestPlaces::Thread thread = places_.on(event.site.hart);
  lane.handlers = 0;
  lane.runs = thread.pid != 0;
  if (lane.runs) {
    span_begin(track, event.site.cycle.value, places_.name_of(thread) + " " + std::to_string(thread.pid));
    process_track(event);
  }
}

void PerfettoTrace::process_span(const TracepointEvent& event) {
  using enum abi::Tracepoint;
  const auto& a = event.arguments;
  const std::uint64_t cycle = event.site.cycle.value;
  const Track track = process_track(event);
  switch (event.number) {
    case syscall_enter: return span_begin(track, cycle, system_call_name(a[1]));
    case syscall_exit:
      return span_end(track, cycle, member("result", std::to_string(static_cast<std::int64_t>(a[2]))));
    case fork_begin: return span_begin(track, cycle, "fork");
    case fork_end:
      return span_end(track, cycle, "\"child\":" + std::to_string(static_cast<std::int64_t>(a[1])));
    case fault_begin:
      return span_begin(track, cycle, "fault at " + hex(a[1]),
                        member("cause", exception_name(a[2])) + "," + member("pc", hex(a[3])));
    case fault_end: {
      const std::string resolution(resolution_name(a[2]));
      record('i', track, cycle, resolution, ",\"s\":\"t\"" + args(member("address", hex(a[1]))));
      return span_end(track, cycle, member("resolution", resolution));
    }
    case copy_begin: return span_begin(track, cycle, "copy", member("page", hex(a[1])));
    case copy_end: return span_end(track, cycle, "\"bytes\":" + std::to_string(a[4]));
    case exit:
      while (open_[track] != 0) span_end(track, cycle);
      record('i', track, cycle, "exit", ",\"s\":\"t\"" + args("\"status\":" + std::to_string(a[1])));
      return;
    default: return;
  }
}

// A wait may end on another hart, long after its own has gone on (shootdown=lazy), so it does not nest with the hart's
// spans: it is one of the format's asynchronous ones.
void PerfettoTrace::shootdown_begins(const TracepointEvent& event) {
  const auto& a = event.arguments;
  const std::uint64_t others = a[4] & ~(std::uint64_t{1} << (event.site.hart.value & 63));
  if (others == 0) {
    record('i', hart_track(event.site.hart), event.site.cycle.value, "flush of this hart alone",
           ",\"s\":\"t\"" + args("\"id\":" + std::to_string(a[0])));
    return;
  }
  flushes_[a[0]] = {event.site.hart, others, {}};
  record('b', hart_track(event.site.hart), event.site.cycle.value, "flush wait",
         shootdown_id(a[0]) +
             args("\"by\":" + std::to_string(event.site.hart.value) + "," + member("targets", hex(others))));
}

// Firmware does not know whose request it serves (0): the oldest one that waits for this hart.
void PerfettoTrace::acknowledge(const TracepointEvent& event) {
  const std::uint64_t id = event.arguments[0], cycle = event.site.cycle.value;
  const std::uint64_t self = std::uint64_t{1} << (event.site.hart.value & 63);
  const Track track = hart_track(event.site.hart);
  record('X', track, cycle, "acknowledge", ",\"dur\":0.001");
  for (auto& [number, flush] : flushes_) {
    if ((id != 0 && id != number) || (flush.waiting & self) == 0) continue;
    flush.waiting &= ~self;
    flush.acknowledged.push_back(next_flow_);
    return flow(true, track, cycle, next_flow_++, "acknowledge");
  }
}

void PerfettoTrace::shootdown_ends(const TracepointEvent& event) {
  const auto flush = flushes_.find(event.arguments[0]);
  if (flush == flushes_.end()) return;
  const std::uint64_t cycle = event.site.cycle.value;
  const Track track = hart_track(event.site.hart);
  record('X', track, cycle, "flushed", ",\"dur\":0.001");
  for (const std::uint64_t id : flush->second.acknowledged) flow(false, track, cycle, id, "acknowledge");
  record('e', hart_track(flush->second.from), cycle, "flush wait", shootdown_id(flush->first));
  flushes_.erase(flush);
}

void PerfettoTrace::on(const TracepointEvent& event) {
  using enum abi::Tracepoint;
  places_.hear(event);
  count_ipc(event.site);
  const auto& a = event.arguments;
  switch (event.number) {
    case process_switch:
    case process_name:
      if (event.number == process_switch || places_.on(event.site.hart).pid == a[0]) switch_to(event);
      return;
    case shootdown_begin: return shootdown_begins(event);
    case shootdown_end: return shootdown_ends(event);
    case shootdown_ack: return acknowledge(event);
    case frames: {
      const Track memory = track_of(Group::memory, 1);
      name_track(memory, "Memory", "frames");
      static constexpr const char* names[] = {"free",       "private",    "CoW shared",
                                              "page cache", "page table", "kernel"};
      for (unsigned i = 0; i < 6; ++i)
        record('C', memory, event.site.cycle.value, std::string(names[i]) + " frames",
               args("\"frames\":" + std::to_string(a[i])));
      return;
    }
    default: return process_span(event);
  }
}

bool PerfettoTrace::finish() {
  for (auto& [track, open] : open_) {
    while (open != 0) span_end(track, last_cycle_);
  }
  for (const auto& [number, flush] : flushes_)
    record('e', hart_track(flush.from), last_cycle_, "flush wait", shootdown_id(number));
  for (const auto& [track, name] : processes_)
    name_track(track, name, "thread " + std::to_string(track.second));
  output_->write("\n]}\n");
  return output_->flush();
}

}  // namespace hartbeat::observe
