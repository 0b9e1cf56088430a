#include "emu/observe/hardware_story.hpp"

#include <algorithm>

namespace hartbeat::observe {
namespace {

using namespace mmu;

constexpr std::uint64_t rights = pte::R | pte::W | pte::X | pte::U;

enum class Change { none, copy, reuse, fill, other };

// What became of a page between two looks at its PTE, the later one valid. A fault that a TLB entry raised
// remembers no software bits.
Change change_between(std::uint64_t before, std::uint64_t after, bool same_frame) {
  if ((before & pte::V) == 0) return Change::fill;
  const bool writable = (after & pte::W) != 0;
  // Writable or not: a fork may have protected the copy again before the store was retried.
  if (!same_frame) return Change::copy;
  if (writable && (before & pte::W) == 0) return Change::reuse;
  const std::uint64_t gained = after & ~before & (rights | pte::A | pte::D);
  return gained != 0 ? Change::other : Change::none;
}

// Where a page of 4 KiB is, as a part of the page that the walk has found.
std::uint64_t frame_in(const Walk& walk, std::uint64_t page) {
  const unsigned span = walk.page_shift - page_shift;
  const std::uint64_t part = page & ((std::uint64_t{1} << span) - 1);
  return (pte::ppn(walk.pte) >> span << span) | part;
}

// Faults that the firmware takes are its own, met on behalf of an instruction that it emulates.
bool page_fault(const TrapEvent& event, Access& access) {
  if (event.interrupt || event.target == Privilege::machine) return false;
  switch (event.cause) {
    case 12: access = Access::fetch; return true;
    case 13: access = Access::load; return true;
    case 15: access = Access::store; return true;
    default: return false;
  }
}

// Whether a walk for `walked` shows that an access of kind `faulted` would now go through.
bool covers(Access walked, Access faulted) {
  return walked == faulted || (walked == Access::store && faulted == Access::load);
}

}  // namespace

void HardwareStory::on(const TrapEvent& event) {
  if (event.site.privilege == Privilege::user) {
    const std::size_t hart = event.site.hart.value;
    if (user_traps_.size() <= hart) user_traps_.resize(hart + 1);
    user_traps_[hart] = event.site.cycle;
  }
  Access access{};
  if (!page_fault(event, access)) return;
  ++figures_.page_faults;
  if (event.walk == nullptr) return;
  const Walk& walk = *event.walk;
  const PageKey key{event.site.satp, event.tval >> page_shift};
  const auto [entry, fresh] = pages_.try_emplace(key);
  Page& page = entry->second;
  if (fresh) {
    page.pte = walk.pte;
    page.frame = frame_in(walk, key.page);
  }
  // What a TLB entry remembers may be older than what other harts' walks have shown since.
  const bool from_memory = walk.read_count != 0;
  if (!fresh && from_memory) see(key, page, {event.tval}, event.site, walk, false, access);
  const auto again = std::find_if(page.pending.begin(), page.pending.end(), [&](const Pending& pending) {
    return pending.hart == event.site.hart && pending.access == access;
  });
  if (again != page.pending.end()) {
    ++figures_.undecided;
    page.pending.erase(again);
    --pending_count_;
  }
  page.pending.push_back({event.site.hart, access, event.site.cycle, (walk.pte & pte::V) != 0});
  ++pending_count_;
}

void HardwareStory::on(const WalkEvent& event) {
  if (event.walk == nullptr || event.walk->fault != Fault::none) return;
  const PageKey key{event.site.satp, event.address.value >> page_shift};
  const auto found = pages_.find(key);
  const bool awaited = found != pages_.end() && !found->second.pending.empty();
  if (event.walk->page_shift > page_shift && pending_count_ != 0 && !awaited) see_elsewhere(key, event);
  if (found == pages_.end()) return;
  see(key, found->second, event.address, event.site, *event.walk, true, event.access);
}

// Takes in what memory says about a page now; `retry`: the access went through.
void HardwareStory::see(const PageKey& key, Page& page, VirtAddr address, const EventSite& site,
                        const Walk& walk, bool retry, Access access) {
  if ((walk.pte & pte::V) == 0) {
    if (std::none_of(page.pending.begin(), page.pending.end(), [this](const Pending& pending) {
          return pending.met_page && may_be_in_kernel(pending);
        }))
      page.pte = walk.pte;
    return;
  }
  const std::uint64_t frame = frame_in(walk, key.page);
  const Change change = change_between(page.pte, walk.pte, page.frame == frame);
  page.pte = walk.pte;
  page.frame = frame;
  if (change != Change::none && walk.page_shift > page_shift) spread(key, walk);
  if (page.pending.empty()) return;
  const auto begin = page.pending.begin(), end = page.pending.end();
  const auto own =
      std::find_if(begin, end, [&](const Pending& pending) { return pending.hart == site.hart; });
  if (change == Change::none) {
    if (!retry || own == end || !covers(access, own->access)) return;
    ++figures_.spurious;
    return resolve(page, own, site.cycle);
  }
  const auto store =
      std::find_if(begin, end, [](const Pending& pending) { return pending.access == Access::store; });
  const bool answers_store = (change == Change::copy || change == Change::reuse) && store != end;
  if (change == Change::fill) {
    ++figures_.fills;
  } else if (change == Change::copy && answers_store) {
    ++figures_.copies;
    figures_.cow_pages.copied(address);
    figures_.copied_bytes += std::uint64_t{1} << walk.page_shift;
  } else if (change == Change::reuse && answers_store) {
    ++figures_.reuses;
    figures_.cow_pages.reused(address);
  } else {
    ++figures_.changes;
  }
  const bool own_fits = own != end && (!answers_store || own->access == Access::store);
  resolve(page, own_fits ? own : answers_store ? store : begin, site.cycle);
}

bool HardwareStory::may_be_in_kernel(const Pending& fault) const {
  const std::size_t hart = fault.hart.value;
  return hart >= user_traps_.size() || user_traps_[hart].value <= fault.at.value;
}

void HardwareStory::see_elsewhere(const PageKey& key, const WalkEvent& event) {
  const std::uint64_t pages = std::uint64_t{1} << (event.walk->page_shift - page_shift);
  if (pages > pages_.size()) return;
  const std::uint64_t first = key.page & ~(pages - 1);
  for (std::uint64_t page = first; page < first + pages; ++page) {
    const PageKey part{key.satp, page};
    const auto found = pages_.find(part);
    if (found == pages_.end() || found->second.pending.empty()) continue;
    return see(part, found->second, {page << page_shift}, event.site, *event.walk, false, event.access);
  }
}

void HardwareStory::spread(const PageKey& key, const Walk& walk) {
  const std::uint64_t pages = std::uint64_t{1} << (walk.page_shift - page_shift);
  if (pages > pages_.size()) return;  // 1 GiB and more: no kernel copies those
  const std::uint64_t first = key.page & ~(pages - 1);
  for (std::uint64_t page = first; page < first + pages; ++page) {
    const auto found = pages_.find(PageKey{key.satp, page});
    if (found == pages_.end()) continue;
    found->second.pte = walk.pte;
    found->second.frame = frame_in(walk, page);
  }
}

void HardwareStory::resolve(Page& page, std::vector<Pending>::iterator fault, Cycle at) {
  const Cycle began = fault->at;
  figures_.cycles += at.value > began.value ? at.value - began.value : 0;
  page.pending.erase(fault);
  --pending_count_;
}

void HardwareStory::on(const FenceEvent& event) {
  ++figures_.fences;
  figures_.fenced_entries += event.removed;
  if (event.removed == 0) ++figures_.empty_fences;
}

InferredFigures HardwareStory::figures() const {
  InferredFigures result = figures_;
  result.unresolved += pending_count_;
  return result;
}

}  // namespace hartbeat::observe
