#include "emu/observe/kernel_story.hpp"

#include <algorithm>
#include <numeric>

namespace hartbeat::observe {
namespace {

constexpr std::size_t most_fault_messages = 16;

}  // namespace

std::uint64_t ReferenceFigures::total() const {
  return std::accumulate(frames.begin(), frames.end(), std::uint64_t{0});
}

std::uint64_t ReferenceFigures::saved() const {
  return frames[1] + 2 * frames[2] + 3 * frames[3] + 4 * frames[4] + 8 * frames[5];
}

void KernelStory::on(const TracepointEvent& event) {
  using enum abi::Tracepoint;
  const auto& a = event.arguments;
  const EventSite& at = event.site;
  figures_.heard = true;
  switch (event.number) {
    case boot_done:
      figures_.booted = true;
      figures_.frames.free_at_boot = a[0];
      figures_.frames.total = a[1];
      break;
    case shutdown:
      figures_.frames.free_at_end = a[0];
      figures_.shutdown_status = a[1];
      break;
    case fork_begin: forks_.begin(at.hart, a[0], 0, at.cycle); break;
    case fork_end: end_fork(event); break;
    case exit:
      faults_.drop(a[0]);
      copies_.drop(a[0]);
      forks_.drop(a[0]);
      break;
    case syscall_enter: ++figures_.system_calls; break;
    case syscall_unknown: {
      UnknownSystemCall& call = figures_.unknown_system_calls[a[1]];
      if (call.count++ == 0) call.first_process = a[0];
      break;
    }
    case fault_begin: faults_.begin(at.hart, a[0], a[1], at.cycle); break;
    case fault_end: end_fault(event); break;
    case copy_begin: copies_.begin(at.hart, a[0], a[3], at.cycle); break;
    case copy_end: end_copy(event); break;
    case large_page: add_large_page(event); break;
    case frames: set_frames(event); break;
    case frame_references: set_references(event); break;
    case reference_table: {
      figures_.frames.references.table = ReferenceTableFigures{a[0], a[1], a[2], a[3]};
      break;
    }
    case swap_slots: set_swap_slots(event); break;
    case swap_out: add_swap_out(event); break;
    case oom_kill: figures_.out_of_memory_kills.push_back({a[0], a[1], a[2], a[3]}); break;
    case fault_message: add_fault_message(event); break;
    default: break;
  }
}

void KernelStory::end_fault(const TracepointEvent& event) {
  const auto& a = event.arguments;
  const auto cycles = faults_.end(event.site.hart, a[0], a[1], event.site.cycle);
  if (a[2] >= abi::fault_resolution_count) return;
  ++figures_.faults.count[a[2]];
  figures_.faults.cycles[a[2]] += cycles.value_or(0);
  const auto resolution = static_cast<abi::FaultResolution>(a[2]);
  if (resolution == abi::FaultResolution::cow_copy || resolution == abi::FaultResolution::zero_copy)
    figures_.cow_pages.copied({a[1]});
  if (resolution == abi::FaultResolution::cow_reuse) figures_.cow_pages.reused({a[1]});
}

void KernelStory::end_copy(const TracepointEvent& event) {
  const auto& a = event.arguments;
  CopyFigures& copies = figures_.copies;
  ++copies.pages;
  copies.bytes += a[4];
  copies.cycles += copies_.end(event.site.hart, a[0], a[3], event.site.cycle).value_or(0);
}

void KernelStory::end_fork(const TracepointEvent& event) {
  const auto& a = event.arguments;
  ForkFigures& forks = figures_.forks;
  forks.cycles += forks_.end(event.site.hart, a[0], 0, event.site.cycle).value_or(0);
  if (static_cast<std::int64_t>(a[1]) <= 0) {
    ++forks.failed;
    return;
  }
  ++forks.count;
  forks.page_table_bytes += a[2];
  forks.shared_pages += a[3];
}

void KernelStory::set_frames(const TracepointEvent& event) {
  const auto& a = event.arguments;
  const FrameStates now{a[0], a[1], a[2], a[3], a[4], a[5]};
  figures_.frames.last = now;
  auto& most = figures_.frames.most_shared;
  if (!most || now.cow_shared > most->cow_shared) most = now;
  if (!figures_.frames.at_boot) figures_.frames.at_boot = now;
}

void KernelStory::set_references(const TracepointEvent& event) {
  ReferenceFigures now;
  std::copy_n(event.arguments, now.frames.size(), now.frames.begin());
  auto& references = figures_.frames.references;
  references.last = now;
  if (!references.at_boot) references.at_boot = now;
  auto& most = references.most_shared;
  if (!most || now.saved() > most->saved()) most = now;
}

void KernelStory::set_swap_slots(const TracepointEvent& event) {
  const auto& a = event.arguments;
  SwapFigures& swap = figures_.swap;
  (swap.slots ? swap.free_at_end : swap.free_at_boot) = a[1];
  swap.slots = a[0];
}

void KernelStory::add_swap_out(const TracepointEvent& event) {
  const auto& a = event.arguments;
  ++figures_.swap.evicted;
  if (a[2] != 0) ++figures_.swap.written;
  if (a[3] > 1) ++figures_.swap.shared;
}

void KernelStory::add_large_page(const TracepointEvent& event) {
  const auto& a = event.arguments;
  const bool mega = a[2] == 9;
  if ((a[2] == 4 || mega) && a[3] < abi::large_page_event_count)
    ++figures_.large_pages.events[mega ? 1 : 0][a[3]];
}

void KernelStory::add_fault_message(const TracepointEvent& event) {
  const auto& a = event.arguments;
  ++figures_.fault_message_count;
  if (figures_.fault_messages.size() >= most_fault_messages) return;
  figures_.fault_messages.push_back({a[0], {a[1]}, a[2], {a[3]}, a[4]});
}

}  // namespace hartbeat::observe
