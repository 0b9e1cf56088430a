// The decoded-block cache, shared by all harts, keyed by the physical address of a block's first byte.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <unordered_map>
#include <vector>

#include "emu/devices/ram.hpp"
#include "emu/hart/block.hpp"
#include "emu/isa/row.hpp"

namespace hartbeat {

class CodeCache {
 public:
  CodeCache(Ram& ram, isa::ExtensionSet extensions, const HandlerSet& handlers);
  ~CodeCache();
  CodeCache(const CodeCache&) = delete;
  CodeCache& operator=(const CodeCache&) = delete;

  // The block that starts at `physical`, decoded now if it is new; never null. Precondition: RAM, and the
  // instruction at `physical` does not cross its page.
  Block* at(std::uint64_t physical) {
    const LookupSlot& slot = lookup_[slot_of(physical)];
    if (slot.physical == physical) return slot.block;
    return find_or_decode(physical);
  }
  // Fills `op` from the bits of one instruction.
  void decode(std::uint32_t bits, std::uint16_t page_offset, std::uint8_t index, Op& op) const;
  // The operation behind a block's last instruction when that is no branch, jump or system instruction.
  void end_without_jump(Op& op, std::uint16_t page_offset, std::uint8_t index) const;
  bool is_illegal(const Op& op) const { return op.handler == handlers_.illegal; }
  // Whether a block must end behind this operation.
  static bool ends_block(const Op& op);

  bool has_code(std::uint64_t physical) const { return page_lines_[page_of(physical)] != 0; }
  // Does [physical, physical + size), within one page, overlap a 64-byte line with decoded code?
  bool code_at(std::uint64_t physical, std::uint64_t size) const;
  // Drops the page's blocks. They stay allocated, unlinked, until collect().
  void drop_page(std::uint64_t physical);
  void drop_all();
  // Frees dropped blocks. Precondition: no hart is inside a block.
  void collect();
  // Blocks that have been dropped and not freed yet.
  std::size_t dropped() const { return dropped_.size(); }
  bool wants_collection() const { return dropped_.size() > 100'000; }
  std::uint64_t blocks_decoded() const { return blocks_decoded_; }
  // Whether a page without code has got some since the last call: stores to it must be noticed from now on.
  bool take_new_code_page() {
    const bool was = new_code_page_;
    new_code_page_ = false;
    return was;
  }

 private:
  static constexpr unsigned max_instructions = 64;
  static constexpr unsigned lookup_slots = 1u << 15;
  struct LookupSlot {
    std::uint64_t physical;  // 0: empty; no RAM is there
    Block* block;
  };
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  template <typename T>
  using Zeroed = std::unique_ptr<T[], Free>;
  template <typename T>
  static Zeroed<T> zeroed(std::size_t count);

  static unsigned slot_of(std::uint64_t physical) {
    return static_cast<unsigned>((physical >> 1) ^ (physical >> 14)) % lookup_slots;
  }
  std::uint64_t page_of(std::uint64_t physical) const { return (physical - ram_base_) >> page_shift; }
  Block* find_or_decode(std::uint64_t physical);
  Block* decode_block(std::uint64_t physical);
  void mark_lines(std::uint64_t first, std::uint64_t last);
  static void release(Block* block);

  Ram& ram_;
  std::uint64_t ram_base_;
  isa::ExtensionSet extensions_;
  const HandlerSet& handlers_;
  Zeroed<LookupSlot> lookup_;
  std::unordered_map<std::uint64_t, Block*> blocks_;  // by physical address; its order is never looked at
  std::unordered_map<std::uint64_t, Block*> page_blocks_;  // first block of each page's list
  Zeroed<std::uint64_t> page_lines_;  // per RAM page: bit per 64-byte line with decoded code
  std::vector<Block*> dropped_;
  std::uint64_t blocks_decoded_ = 0;
  bool new_code_page_ = false;
};

}  // namespace hartbeat
