#include "emu/observe/sharing_map.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "mmu/pte.hpp"

namespace hartbeat::observe {
namespace {

using namespace mmu;

constexpr std::uint64_t page_bytes = std::uint64_t{1} << page_shift;
constexpr std::uint64_t pages_around = 2;  // on each side of the page that is written
constexpr std::size_t most_processes = 4;
constexpr unsigned sv39_levels = 3;

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%" PRIx64, value);
  return text;
}

}  // namespace

void SharingMap::on(const TracepointEvent& event) {
  if (moments_.size() >= most_) return;
  family_.hear(event);
  const auto& a = event.arguments;
  switch (event.number) {
    case abi::Tracepoint::fault_begin: return before_fault(event);
    case abi::Tracepoint::fault_end: return after_fault(event);
    case abi::Tracepoint::exit: before_.erase(event.site.hart.value); return;
    case abi::Tracepoint::syscall_enter: family_.member(a[0]).root = pte::ppn(event.site.satp << 10); return;
    default: return;
  }
}

// The kernel runs on the tables of the process whose fault it handles.
void SharingMap::before_fault(const TracepointEvent& event) {
  const auto& a = event.arguments;
  family_.member(a[0]).root = pte::ppn(event.site.satp << 10);
  const std::uint64_t page = a[1] >> page_shift << page_shift;
  constexpr std::uint64_t store_page_fault = 15;
  if (a[2] != store_page_fault) return;
  before_[event.site.hart.value] =
      look(event.site.cycle.value, a[0], page,
           "process " + std::to_string(a[0]) + " is about to write page " + hex(page));
}

void SharingMap::after_fault(const TracepointEvent& event) {
  const auto& a = event.arguments;
  const auto before = before_.find(event.site.hart.value);
  const std::uint64_t page = a[1] >> page_shift << page_shift;
  if (before == before_.end() || before->second.pid != a[0] || before->second.page != page) return;
  const auto resolution = static_cast<abi::FaultResolution>(a[2]);
  const bool copied = resolution == abi::FaultResolution::cow_copy;
  if (copied || resolution == abi::FaultResolution::cow_reuse) {
    moments_.push_back(std::move(before->second));
    const std::string what = "process " + std::to_string(a[0]) + " may write page " + hex(page) +
                             (copied ? ": frame " + hex(a[3]) + " was copied to " + hex(a[4])
                                     : ": as the last owner of frame " + hex(a[4]) + ", it keeps it");
    moments_.push_back(look(event.site.cycle.value, a[0], page, what));
  }
  before_.erase(before);
}

SharingMoment SharingMap::look(std::uint64_t cycle, std::uint64_t pid, std::uint64_t page,
                               std::string what) const {
  SharingMoment moment{cycle, pid, page, std::move(what), {}};
  const auto add = [&](std::uint64_t process, const ProcessFamily::Member& member) {
    if (!member.root || moment.processes.size() == most_processes) return;
    std::vector<SharedPage> pages = pages_of(*member.root, page);
    if (!pages.empty()) moment.processes.push_back({process, member.name, std::move(pages)});
  };
  const auto writer = family_.members().find(pid);
  if (writer != family_.members().end()) add(pid, writer->second);
  for (const auto& [process, member] : family_.members()) {
    if (process != pid && process != 0) add(process, member);
  }
  return moment;
}

std::vector<SharedPage> SharingMap::pages_of(std::uint64_t root, std::uint64_t page) const {
  std::vector<SharedPage> pages;
  const std::uint64_t around = pages_around * page_bytes;
  for (std::uint64_t at = page < around ? 0 : page - around; at <= page + around; at += page_bytes) {
    SharedPage found{at, 0, false};
    if (translate(root, at, found)) pages.push_back(found);
  }
  return pages;
}

bool SharingMap::translate(std::uint64_t root, std::uint64_t address, SharedPage& into) const {
  std::uint64_t table = root << page_shift;
  for (unsigned level = sv39_levels; level-- > 0;) {
    std::uint8_t bytes[8];
    const std::uint64_t index = address >> (page_shift + 9 * level) & 0x1ff;
    if (!read_memory_({table + 8 * index}, bytes)) return false;
    std::uint64_t entry = 0;
    std::memcpy(&entry, bytes, sizeof entry);
    if ((entry & pte::V) == 0) return false;
    if ((entry & (pte::R | pte::X)) != 0) {
      if ((entry & pte::U) == 0) return false;
      into.frame = pte::ppn(entry) + (address >> page_shift & ((std::uint64_t{1} << (9 * level)) - 1));
      into.writable = (entry & pte::W) != 0;
      return true;
    }
    table = pte::ppn(entry) << page_shift;
  }
  return false;
}

}  // namespace hartbeat::observe
