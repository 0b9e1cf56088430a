// What the hardware alone shows of a kernel's page faults, on any kernel: the PTE that a fault met, and how
// the next walk of that page finds it. Knows nothing of tracepoints, so that it can be checked against the
// kernel's own story (DESIGN D7).
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "emu/hart/events.hpp"
#include "emu/observe/page_tally.hpp"

namespace hartbeat::observe {

struct InferredFigures {
  std::uint64_t page_faults = 0;  // exceptions 12, 13 and 15 taken below machine mode
  std::uint64_t copies = 0;       // after a store fault another frame is mapped
  std::uint64_t reuses = 0;       // after a store fault the same frame is mapped, W newly set
  std::uint64_t fills = 0;        // an invalid PTE became valid
  std::uint64_t changes = 0;   // another change: permissions, A or D, a frame exchanged without a store fault
  std::uint64_t spurious = 0;  // the retry went through an unchanged PTE: the translation had been stale
  std::uint64_t undecided = 0;   // the same hart faulted again before anything had changed visibly
  std::uint64_t unresolved = 0;  // never retried: what a signal ends
  std::uint64_t copied_bytes = 0;
  std::uint64_t cycles = 0;        // from a fault to the walk that shows its resolution, summed
  std::uint64_t fences = 0;        // sfence.vma and sinval.vma executed
  std::uint64_t empty_fences = 0;  // that found no entry to remove
  std::uint64_t fenced_entries = 0;
  std::uint64_t software_interrupts = 0;  // raised for harts by device writes
  PageTally cow_pages;
};

class HardwareStory final : public Listener {
 public:
  Wants wants() const override { return {.traps = true, .walks = true, .fences = true, .ipis = true}; }
  void on(const TrapEvent& event) override;
  void on(const WalkEvent& event) override;
  void on(const FenceEvent& event) override;
  void on(const IpiEvent&) override { ++figures_.software_interrupts; }

  // With `unresolved` as of now.
  InferredFigures figures() const;

 private:
  struct PageKey {
    std::uint64_t satp = 0;  // root and ASID: a root frame that is used again has another ASID
    std::uint64_t page = 0;  // virtual page number
    friend bool operator==(const PageKey&, const PageKey&) = default;
  };
  struct PageHash {  // only ever looked up, never iterated: its order reaches nobody
    std::size_t operator()(const PageKey& key) const {
      return static_cast<std::size_t>((key.satp * 0x9e37'79b9'7f4a'7c15 + key.page) * 0xd6e8'feb8'6659'fd93 >>
                                      7);
    }
  };
  struct Pending {  // a fault whose resolution has not shown yet
    HartId hart;
    mmu::Access access = mmu::Access::load;
    Cycle at;
    bool met_page = false;  // the entry was valid: a kernel may be exchanging its frame
  };
  struct Page {
    std::uint64_t frame = 0;  // of these 4 KiB, whatever the size of the page they are in
    std::uint64_t pte = 0;    // as the last walk or fault saw it; while a kernel may be at work on a pending
                              // fault that met a page, the last valid one: it takes a translation away to
                              // exchange its frame
    std::vector<Pending> pending;
  };

  void see(const PageKey& key, Page& page, VirtAddr address, const EventSite& site, const mmu::Walk& walk,
           bool retry, mmu::Access access);
  // A walk of another part of a page of more than 4 KiB shows, too, what became of a fault: its own part may never be
  // walked again, for the TLB has the whole page now.
  void see_elsewhere(const PageKey& key, const WalkEvent& event);
  // A page of more than 4 KiB has changed: what is remembered of its other parts has changed with it.
  void spread(const PageKey& key, const mmu::Walk& walk);
  // False: the fault's hart has run a program since, so that its kernel has answered the fault (by a signal,
  // perhaps), though no walk has shown it yet.
  bool may_be_in_kernel(const Pending& fault) const;
  void resolve(Page& page, std::vector<Pending>::iterator fault, Cycle at);

  InferredFigures figures_;
  std::uint64_t pending_count_ = 0;
  std::vector<Cycle> user_traps_;                      // per hart, the last trap from a program
  std::unordered_map<PageKey, Page, PageHash> pages_;  // pages that have faulted at least once
};

}  // namespace hartbeat::observe
