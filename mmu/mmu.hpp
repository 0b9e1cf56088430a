// hartbeat_mmu: RISC-V address translation (Sv39, Sv48, Sv57; Svnapot, Svpbmt, Svade, Svadu, Svinval) as a
// library that needs nothing but a C++20 compiler. It owns page-table entries, the walk, TLBs and fences; it
// knows no hart, no memory and no clock.
//
// Using it alone: give it memory, a context and an address.
//
//   #include "mmu/mmu.hpp"                        // link hartbeat_mmu (mmu/CMakeLists.txt)
//   using namespace hartbeat;
//
//   struct Ram {                                  // where page tables live; false is an access fault
//     std::map<std::uint64_t, std::uint64_t> words;
//     bool read_pte(PhysAddr at, std::uint64_t& pte) { pte = words[at.value]; return true; }
//     bool update_pte(PhysAddr at, std::uint64_t, std::uint64_t desired) { words[at.value] = desired; return
//     true; }
//   };
//
//   mmu::Context context{.mode = mmu::Mode::sv39, .root_ppn = 0x80000, .privilege = mmu::Privilege::user};
//   mmu::Walk walk = mmu::walk(ram, context, mmu::Features{}, VirtAddr{0x1234}, mmu::Access::store);
//   if (walk.fault == mmu::Fault::page) puts(mmu::sentence(walk.check));   // and walk.reads is every PTE it
//   read
//
// That is one walk. A TLB in front of it, with the entries' whole life, is mmu::TranslationUnit; a TLB of any
// shape by itself is mmu::Tlb. Everything is deterministic, allocates only when it is built, and can be
// copied to save its state.
#pragma once

#include "mmu/address.hpp"
#include "mmu/check.hpp"
#include "mmu/pte.hpp"
#include "mmu/tlb.hpp"
#include "mmu/tlb_config.hpp"
#include "mmu/tlb_entry.hpp"
#include "mmu/translation_types.hpp"
#include "mmu/translation_unit.hpp"
#include "mmu/walk.hpp"
