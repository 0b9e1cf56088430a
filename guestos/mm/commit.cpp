#include "guestos/mm/commit.hpp"

#include "guestos/arch/boot_info.hpp"
#include "guestos/mm/address_space.hpp"
#include "guestos/mm/swap.hpp"

namespace guestos {

static constinit Overcommit policy = Overcommit::heuristic;
static constinit u64 committed = 0;

void commit_open() {
  policy = static_cast<Overcommit>(boot_choice("overcommit", {"heuristic", "always", "strict"}));
}

Overcommit overcommit() { return policy; }
void set_overcommit(Overcommit wanted) { policy = wanted; }
u64 commit_limit() { return frame_totals().total + swap_totals().slots; }
u64 committed_pages() { return __atomic_load_n(&committed, __ATOMIC_RELAXED); }

bool commit_pages(u64 pages) {
  if (policy == Overcommit::heuristic && pages > commit_limit()) return false;
  const u64 sum = __atomic_add_fetch(&committed, pages, __ATOMIC_RELAXED);
  if (policy != Overcommit::strict || sum <= commit_limit()) return true;
  uncommit_pages(pages);
  return false;
}

void uncommit_pages(u64 pages) { __atomic_fetch_sub(&committed, pages, __ATOMIC_RELAXED); }

bool needs_commit(const Vma& vma) {
  if (vma.committed || vma.shared || vma.frame != no_frame || (vma.protection & PROT_WRITE) == 0)
    return false;
  return !vma.no_reserve || policy == Overcommit::strict;
}

bool commit_range(Vma& vma) {
  if (!vma.committed && !needs_commit(vma)) return true;
  vma.committed = commit_pages(vma.pages());
  return vma.committed;
}

void uncommit_range(Vma& vma) {
  if (vma.committed) uncommit_pages(vma.pages());
  vma.committed = false;
}

bool commit_growth(const Vma& vma, u64 pages) { return !vma.committed || commit_pages(pages); }

}  // namespace guestos
