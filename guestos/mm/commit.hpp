// Commit accounting: memory that processes may come to own, whether they have touched it or not. A private
// range that has ever been writable is committed page by page; so is shared anonymous memory, once. Nothing
// is set aside for it: the policy only says when to refuse (mmap, brk, mremap, mprotect, stack growth, fork
// and execve then answer ENOMEM).
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

struct Vma;

// Boot argument overcommit=, /proc/sys/vm/overcommit_memory; Linux's numbers.
enum class Overcommit : u8 {
  heuristic = 0,  // refuse only what could never fit: one request above all memory and swap
  always = 1,     // refuse nothing; who touches too much meets the OOM killer
  strict = 2,     // never promise more than there is: memory and swap
};

void commit_open();
Overcommit overcommit();
void set_overcommit(Overcommit policy);
u64 commit_limit();  // pages; what `strict` keeps to
u64 committed_pages();

bool commit_pages(u64 pages);
void uncommit_pages(u64 pages);
// Is it to be committed, and is it not yet?
bool needs_commit(const Vma& vma);
// A new range: commits what it needs, or what is written there that it has (a copy's); false: refused.
bool commit_range(Vma& vma);
void uncommit_range(Vma& vma);
// A range that has grown, or is about to, by so many pages.
bool commit_growth(const Vma& vma, u64 pages);

}  // namespace guestos
