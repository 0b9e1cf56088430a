// Decoded code: basic blocks of operations ready to execute, kept by the physical address of their first byte.
#pragma once

#include <cstdint>

#include "emu/isa/operands.hpp"

namespace hartbeat {

struct Hart;
struct Op;

// Executes `op` on `hart`. Returns the hart that runs next with its `op` set, or nullptr to leave the engine.
// In optimised builds a handler calls the next one as a tail call, so a return happens only on leaving.
using Handler = Hart* (*)(Hart*, const Op*);

struct Op {
  Handler handler = nullptr;
  isa::Operands operands;
  std::uint16_t page_offset = 0;  // of the instruction's first byte within its page
  std::uint8_t index = 0;         // position in the block: instructions before it
  std::uint8_t length = 0;        // bytes: 2 or 4
  std::uint32_t bits = 0;         // as fetched; 16 bits when length is 2
};
static_assert(sizeof(Op) == 32);

// A straight run of instructions within one page; its operations follow it in memory. The last instruction is a
// branch, jump or system instruction, or else is followed by an operation without an instruction that goes on to
// the next block.
struct alignas(32) Block {
  std::uint64_t physical = 0;  // address of the first byte
  Block* taken = nullptr;      // successors within the same page, once known
  Block* fall = nullptr;
  Block* next_in_page = nullptr;
  std::uint16_t instructions = 0;
  bool linkable = true;  // false: a scratch block, or one whose code has changed

  Op* ops() { return reinterpret_cast<Op*>(this + 1); }
  static Block* of(const Op* op) { return reinterpret_cast<Block*>(const_cast<Op*>(op - op->index)) - 1; }
};
static_assert(sizeof(Block) == 64);

// A block for one instruction that is not kept: one that crosses a page, or that runs up to a deadline.
struct ScratchBlock {
  Block block;
  Op operations[2];
};

// The handlers that an engine gives to operations.
struct HandlerSet {
  const Handler* by_row = nullptr;  // indexed by Operands::row
  Handler fall = nullptr;           // behind a block's last instruction
  Handler illegal = nullptr;        // bits that decode to nothing
};

}  // namespace hartbeat
