#include "emu/hart/code_cache.hpp"

#include <array>
#include <cstring>
#include <new>

#include "emu/isa/decode.hpp"
#include "emu/isa/table.hpp"

namespace hartbeat {

using isa::Field;

// The host gives zero pages only where code is found, however large the RAM.
template <typename T>
CodeCache::Zeroed<T> CodeCache::zeroed(std::size_t count) {
  Zeroed<T> array{static_cast<T*>(std::calloc(count, sizeof(T)))};
  if (!array) throw std::bad_alloc();
  return array;
}

CodeCache::CodeCache(Ram& ram, isa::ExtensionSet extensions, const HandlerSet& handlers)
    : ram_(ram),
      ram_base_(ram.base().value),
      extensions_(extensions),
      handlers_(handlers),
      lookup_(zeroed<LookupSlot>(lookup_slots)),
      page_lines_(zeroed<std::uint64_t>((ram.size() >> page_shift) + 1)) {}

CodeCache::~CodeCache() {
  drop_all();
  collect();
}

void CodeCache::release(Block* block) { ::operator delete (block, std::align_val_t{alignof(Block)}); }

bool CodeCache::ends_block(const Op& op) {
  const isa::Kind kind = isa::row_infos[op.operands.row].kind;
  return kind == isa::Kind::branch || kind == isa::Kind::jump || kind == isa::Kind::system;
}

void CodeCache::decode(std::uint32_t bits, std::uint16_t page_offset, std::uint8_t index, Op& op) const {
  const isa::Decoded decoded = isa::decode(bits, extensions_);
  op.operands = decoded.operands;
  op.page_offset = page_offset;
  op.index = index;
  op.length = decoded.length;
  op.bits = decoded.length == 2 ? bits & 0xffff : bits;
  if (!decoded.legal) {
    op.handler = handlers_.illegal;
    op.operands = {};
    op.operands.row = isa::row_index("ecall");  // a system row: it ends the block
    return;
  }
  op.handler = handlers_.by_row[op.operands.row];
  // Writes to x0 go to a register nobody reads, so that no body has to ask.
  if (isa::row_infos[op.operands.row].encoding.has(Field::rd) && op.operands.rd == 0) op.operands.rd = 32;
}

void CodeCache::end_without_jump(Op& op, std::uint16_t page_offset, std::uint8_t index) const {
  op = {};
  op.handler = handlers_.fall;
  op.page_offset = page_offset;
  op.index = index;
}

Block* CodeCache::find_or_decode(std::uint64_t physical) {
  const auto [found, is_new] = blocks_.try_emplace(physical, nullptr);
  if (is_new) found->second = decode_block(physical);
  lookup_[slot_of(physical)] = {physical, found->second};
  return found->second;
}

Block* CodeCache::decode_block(std::uint64_t physical) {
  std::array<Op, max_instructions + 1> ops;
  unsigned count = 0;
  std::uint64_t offset = physical & page_offset_mask;
  const std::uint8_t* page = ram_.host(PhysAddr{physical & ~page_offset_mask});
  bool open = true;
  while (open && count < max_instructions && offset + 2 <= page_size) {
    std::uint16_t low = 0;
    std::memcpy(&low, page + offset, sizeof low);
    std::uint32_t bits = low;
    if ((low & 3) == 3) {
      if (offset + 4 > page_size) break;  // crosses the page: executed from a scratch block
      std::memcpy(&bits, page + offset, sizeof bits);
    }
    Op& op = ops[count];
    decode(bits, static_cast<std::uint16_t>(offset), static_cast<std::uint8_t>(count), op);
    ++count;
    open = !ends_block(op);
    offset += op.length;
  }
  const unsigned op_count = count + (open ? 1 : 0);
  // The operation without an instruction may stand at offset 4096: its handler knows that the page has ended.
  if (open)
    end_without_jump(ops[count], static_cast<std::uint16_t>(offset), static_cast<std::uint8_t>(count));

  void* bytes = ::operator new (sizeof(Block) + op_count * sizeof(Op), std::align_val_t{alignof(Block)});
  Block* block = new (bytes) Block;
  block->physical = physical;
  block->instructions = static_cast<std::uint16_t>(count);
  std::uninitialized_copy_n(ops.begin(), op_count, block->ops());
  Block*& first = page_blocks_[physical >> page_shift];
  block->next_in_page = first;
  first = block;
  mark_lines(physical, (physical & ~page_offset_mask) + offset - 1);
  ++blocks_decoded_;
  return block;
}

void CodeCache::mark_lines(std::uint64_t first, std::uint64_t last) {
  std::uint64_t& lines = page_lines_[page_of(first)];
  if (lines == 0) new_code_page_ = true;
  for (std::uint64_t line = (first & page_offset_mask) >> 6; line <= (last & page_offset_mask) >> 6; ++line) {
    lines |= std::uint64_t{1} << line;
  }
}

bool CodeCache::code_at(std::uint64_t physical, std::uint64_t size) const {
  const std::uint64_t lines = page_lines_[page_of(physical)];
  if (lines == 0) return false;
  const std::uint64_t first = (physical & page_offset_mask) >> 6;
  const std::uint64_t last = ((physical & page_offset_mask) + size - 1) >> 6;
  for (std::uint64_t line = first; line <= last && line < 64; ++line) {
    if ((lines >> line) & 1) return true;
  }
  return false;
}

void CodeCache::drop_page(std::uint64_t physical) {
  const auto page = page_blocks_.find(physical >> page_shift);
  if (page == page_blocks_.end()) return;
  for (Block* block = page->second; block != nullptr; block = block->next_in_page) {
    block->linkable = false;
    block->taken = block->fall = nullptr;
    blocks_.erase(block->physical);
    LookupSlot& slot = lookup_[slot_of(block->physical)];
    if (slot.block == block) slot = {};
    dropped_.push_back(block);
  }
  page_blocks_.erase(page);
  page_lines_[page_of(physical)] = 0;
}

void CodeCache::drop_all() {
  std::vector<std::uint64_t> pages;
  for (const auto& [page, block] : page_blocks_) pages.push_back(page << page_shift);
  for (const std::uint64_t page : pages) drop_page(page);
}

void CodeCache::collect() {
  for (Block* block : dropped_) release(block);
  dropped_.clear();
}

}  // namespace hartbeat
