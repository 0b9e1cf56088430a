#include "emu/observe/copy_watch.hpp"

#include <algorithm>

#include "guestos/abi/tracepoints.hpp"

namespace hartbeat::observe {
namespace {

constexpr std::uint64_t linux_execve = 221;
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;  // of one copy; a guest may claim anything

constexpr PhysAddr address_of(std::uint64_t frame) { return {frame << page_shift}; }

}  // namespace

void CopyWatch::on(const TracepointEvent& event) {
  const auto& a = event.arguments;
  if (event.number == abi::Tracepoint::large_page) {
    if (a[3] == static_cast<std::uint64_t>(abi::LargePageEvent::filled) && a[2] < 32)
      forget(a[4], std::uint64_t{1} << a[2]);
    return;
  }
  switch (event.number) {
    case abi::Tracepoint::copy_end: return remember(event);
    case abi::Tracepoint::syscall_enter:
      if (a[1] == linux_execve) before_exec(a[0]);
      return;
    case abi::Tracepoint::fork_begin: return release(a[0], false);
    case abi::Tracepoint::process_name: return release(a[0], true);
    case abi::Tracepoint::exit: return release(a[0], false);
    case abi::Tracepoint::fault_end:
      // A frame that is filled anew had been freed meanwhile: its copy can no longer be compared.
      if (a[2] != static_cast<std::uint64_t>(abi::FaultResolution::cow_copy) && a[3] != a[4]) forget(a[4], 1);
      return;
    default: return;
  }
}

void CopyWatch::remember(const TracepointEvent& event) {
  const auto& a = event.arguments;
  const std::size_t number = changed_.size();
  changed_.push_back(-1);
  if (a[4] == 0 || a[4] > most_bytes) return;
  for (std::uint64_t done = 0; done < a[4]; done += page_size) {
    Copy copy{.process = a[0], .number = number, .content = {}};
    copy.content.resize(std::min(a[4] - done, page_size));
    const std::uint64_t frame = a[3] + done / page_size;
    if (!read_memory_(address_of(frame), copy.content)) return;
    copies_.insert_or_assign(frame, std::move(copy));
  }
}

void CopyWatch::forget(std::uint64_t first, std::uint64_t frames) {
  copies_.erase(copies_.lower_bound(first), copies_.lower_bound(first + frames));
}

std::int64_t CopyWatch::changed_bytes(std::uint64_t frame, const Copy& copy) {
  now_.resize(copy.content.size());
  if (!read_memory_(address_of(frame), now_)) return -1;
  std::int64_t changed = 0;
  for (std::size_t i = 0; i < now_.size(); ++i) changed += now_[i] != copy.content[i];
  return changed;
}

void CopyWatch::before_exec(std::uint64_t process) {
  for (auto& [frame, copy] : copies_) {
    if (copy.process == process) copy.changed_before_exec = changed_bytes(frame, copy);
  }
}

void CopyWatch::release(std::uint64_t process, bool executed) {
  for (auto entry = copies_.begin(); entry != copies_.end();) {
    const auto& [frame, copy] = *entry;
    if (copy.process != process) {
      ++entry;
      continue;
    }
    // After execve the frames may hold something else already: what was seen at the call counts.
    add(copy, executed ? copy.changed_before_exec : changed_bytes(frame, copy));
    entry = copies_.erase(entry);
  }
}

void CopyWatch::add(const Copy& copy, std::int64_t changed) {
  if (changed < 0) return;
  std::int32_t& sum = changed_[copy.number];
  sum = (sum < 0 ? 0 : sum) + static_cast<std::int32_t>(changed);
  ++figures_.measured_pages;
  figures_.changed_bytes += static_cast<std::uint64_t>(changed);
}

void CopyWatch::finish() {
  for (const auto& [frame, copy] : copies_) add(copy, changed_bytes(frame, copy));
  copies_.clear();
}

}  // namespace hartbeat::observe
