// What reader and writer of a recording both know about the machine, and so what need not be written: registers, where each
// hart goes on, decoded code, which page is where, and what memory holds. Both change it in the same way with every
// recorded event; it starts afresh with every block.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "emu/hart/events.hpp"

namespace hartbeat::observe::recording {

// One array, so that a result goes where it belongs without a branch.
struct Registers {
  // Places of writes to x0, of f0, and of what an instruction without a result leaves.
  static constexpr unsigned to_x0 = 32, first_f = 33, nowhere = 65;
  std::array<std::uint64_t, 66> all{};
  std::uint64_t fflags = 0, frm = 0;

  std::uint64_t& x(unsigned n) { return all[n]; }
  std::uint64_t x(unsigned n) const { return all[n]; }
  std::uint64_t& f(unsigned n) { return all[first_f + n]; }
  std::uint64_t f(unsigned n) const { return all[first_f + n]; }

  // A write of fflags, frm or fcsr.
  void note_csr(std::uint16_t address, std::uint64_t value) {
    if (address == 1) fflags = value & 31;
    if (address == 2) frm = value & 7;
    if (address == 3) {
      fflags = value & 31;
      frm = value >> 5 & 7;
    }
  }
};

// Where a hart's pages are, as far as it has shown. A wrong guess costs a few bytes.
class PageMap {
 public:
  std::uint64_t guess(std::uint64_t va) const {
    const Entry& entry = entries_[index(va)];
    return va + (entry.page == va >> 12 ? entry.offset : usual_[va >> 63]);
  }
  void learn(std::uint64_t va, std::uint64_t pa) {
    Entry& entry = entries_[index(va)];
    if (entry.page == va >> 12 && entry.offset == pa - va) return;
    entry = {va >> 12, pa - va};
    usual_[va >> 63] = pa - va;
  }
  bool knows(std::uint64_t va, std::uint64_t pa) const {
    const Entry& entry = entries_[index(va)];
    return entry.page == va >> 12 && entry.offset == pa - va;
  }

 private:
  struct Entry {
    std::uint64_t page = ~std::uint64_t{0};
    std::uint64_t offset = 0;  // physical - virtual
  };
  static constexpr unsigned count = 256;
  static std::size_t index(std::uint64_t va) { return (va >> 12) % count; }
  std::array<Entry, count> entries_{};
  std::array<std::uint64_t, 2> usual_{};  // lower and upper half of the address space
};

// Which parts of a large table a block has written, so that the next one clears only those. 64 parts.
template <std::size_t count>
class DirtyParts {
 public:
  void note(std::size_t slot) { parts_ |= std::uint64_t{1} << slot / part; }
  // Calls clear_part(first, last) for each.
  template <class ClearPart>
  void clean(ClearPart clear_part) {
    for (; parts_ != 0; parts_ &= parts_ - 1) {
      const std::size_t first = static_cast<std::size_t>(std::countr_zero(parts_)) * part;
      clear_part(first, first + part);
    }
  }

 private:
  static constexpr std::size_t part = count / 64;
  std::uint64_t parts_ = 0;
};

// At most 8 of them.
inline void copy_bytes(void* to, const void* from, unsigned size) {
  switch (size) {
    case 8: std::memcpy(to, from, 8); break;
    case 4: std::memcpy(to, from, 4); break;
    case 2: std::memcpy(to, from, 2); break;
    case 1: std::memcpy(to, from, 1); break;
    default: std::memcpy(to, from, size <= 8 ? size : 8); break;
  }
}

// Effects of LR, SC and AMOs come sign-extended.
inline std::uint64_t low_bytes(std::uint64_t value, unsigned size) {
  return size >= 8 ? value : value & ((std::uint64_t{1} << 8 * size) - 1);
}

// What physical memory holds, as far as loads and stores have shown: a cache of lines. What it does not hold reads as 0.
class MemoryLines {
 public:
  explicit MemoryLines(bool wanted = true)
      : tags_(wanted ? count : 0), lines_(std::make_unique_for_overwrite<Line[]>(wanted ? count : 0)) {}
  void clear() {
    // A line is cleared when its tag is set.
    dirty_.clean(
        [&](std::size_t from, std::size_t to) { std::fill(tags_.data() + from, tags_.data() + to, 0); });
  }

  // So many bytes are held, in one line, …
  bool holds(std::uint64_t pa, unsigned size) const {
    return tags_[slot_of(pa)] == tag_of(pa) && (pa & 63) + size <= 64;
  }
  // … here.
  std::uint8_t* place(std::uint64_t pa) { return &lines_[slot_of(pa)][pa & 63]; }

  std::uint64_t read(std::uint64_t pa, unsigned size) const {
    std::uint64_t value = 0;
    if ((pa & 63) + size <= 64) {
      const std::size_t slot = slot_of(pa);
      if (tags_[slot] == tag_of(pa)) copy_bytes(&value, &lines_[slot][pa & 63], size);
      return value;
    }
    for (unsigned i = 0; i < size; ++i) value |= read(pa + i, 1) << 8 * i;
    return value;
  }
  void write(std::uint64_t pa, unsigned size, std::uint64_t value) {
    if ((pa & 63) + size <= 64 && size <= 8) {
      copy_bytes(&line(pa)[pa & 63], &value, size);
    } else if (size > 8) {
      line(pa).fill(0);  // cbo.zero
    } else {
      for (unsigned i = 0; i < size; ++i) write(pa + i, 1, value >> 8 * i & 0xff);
    }
  }

 private:
  using Line = std::array<std::uint8_t, 64>;
  static constexpr std::size_t count = std::size_t{1} << 16;
  static std::size_t slot_of(std::uint64_t pa) { return pa >> 6 & (count - 1); }
  static std::uint64_t tag_of(std::uint64_t pa) { return (pa >> 6) + 1; }
  Line& line(std::uint64_t pa) {
    const std::size_t slot = slot_of(pa);
    if (tags_[slot] != tag_of(pa)) {
      tags_[slot] = tag_of(pa);
      lines_[slot].fill(0);
      dirty_.note(slot);
    }
    return lines_[slot];
  }
  std::vector<std::uint64_t> tags_;
  std::unique_ptr<Line[]> lines_;  // no page of it exists before it is used
  DirtyParts<count> dirty_;
};

// An instruction (or a trap) that the cycle model has still to commit.
struct Uncommitted {
  std::uint64_t pc = 0, cycle = 0;
  timing::Committed what;  // at port 0
};

// Those of a hart, oldest first: a ring that grows when it is full.
class InFlight {
 public:
  bool empty() const { return end_ == first_; }
  bool full() const { return end_ - first_ > mask_; }  // the next one makes it grow
  std::size_t size() const { return end_ - first_; }
  const Uncommitted& operator[](std::size_t i) const { return slots_[(first_ + i) & mask_]; }
  void push(std::uint64_t pc, std::uint64_t cycle, timing::Committed what) {
    make_room();
    put(pc, cycle, what);
  }
  void make_room() {
    if (full()) [[unlikely]]
      grow();
  }
  // Precondition: not full.
  void put(std::uint64_t pc, std::uint64_t cycle, timing::Committed what) {
    Uncommitted& slot = slots_[end_++ & mask_];
    slot.pc = pc;
    slot.cycle = cycle;
    slot.what = what;
  }
  void pop() { ++first_; }
  void clear() { first_ = end_; }

 private:
  [[gnu::cold, gnu::noinline]] void grow() {
    std::vector<Uncommitted> more(slots_.size() * 2);
    const std::size_t count = size();
    for (std::size_t i = 0; i < count; ++i) more[i] = (*this)[i];
    slots_ = std::move(more);
    mask_ = slots_.size() - 1;
    first_ = 0;
    end_ = count;
  }
  std::vector<Uncommitted> slots_ = std::vector<Uncommitted>(16);  // a power of two
  std::size_t mask_ = slots_.size() - 1, first_ = 0, end_ = 0;
};

struct HartModel {
  // Where its next event is expected, …
  std::uint64_t cycle = 0, instret = 0, pc = 0;
  InFlight uncommitted;
  std::uint64_t satp = 0;  // …
  std::uint8_t privilege = 3;
  bool returning = false;         // mret or sret is about to retire …
  std::uint8_t after_return = 3;  // … and goes there
  Registers registers;
  // Not kept from block to block.
  PageMap pages;
  std::array<std::uint64_t, 4> vectors{};  // where traps went last, by target privilege
  std::uint8_t vector_expected = 0;        // target + 1 of a trap that has just been taken
  std::uint64_t walked = 0;                // address of its last walk, and the walk
  mmu::Walk walk{};
  TlbOccupancy held;  // by its TLBs, as last told
  std::vector<std::uint64_t> csrs = std::vector<std::uint64_t>(4096);

  void begin_block() {
    pages = {};
    vectors = {};
    vector_expected = 0;
    walked = 0;
    walk = {};
    held = {};
    csrs.assign(4096, 0);
  }
  // It has retired an instruction at `cycle`.
  void retired(std::uint64_t at_cycle, std::uint64_t next_pc) {
    cycle = at_cycle + 1;
    ++instret;
    pc = next_pc;
    if (returning) {
      privilege = after_return;
      returning = false;
    }
  }
  void trapped(bool interrupt, std::uint8_t target) {
    if (!interrupt) ++cycle;
    privilege = target;
    returning = false;
    vector_expected = static_cast<std::uint8_t>(target + 1);
    pc = vectors[target & 3];
  }
  void settled_at(std::uint64_t actual_pc) {
    if (vector_expected == 0) return;
    vectors[(vector_expected - 1) & 3] = actual_pc;
    vector_expected = 0;
  }
};

// Decoded code by virtual address. What does not match is written anew.
template <class Entry>
class CodeMap {
 public:
  explicit CodeMap(bool wanted = true) : entries_(wanted ? count : 0) {}
  void clear() {
    dirty_.clean([&](std::size_t from, std::size_t to) {
      std::fill(entries_.data() + from, entries_.data() + to, Entry{});
    });
  }
  const Entry& at(std::uint64_t pc) const { return entries_[slot_of(pc)]; }
  Entry& renew(std::uint64_t pc) {
    dirty_.note(slot_of(pc));
    return entries_[slot_of(pc)];
  }

 private:
  static std::size_t slot_of(std::uint64_t pc) { return pc >> 1 & (count - 1); }
  static constexpr std::size_t count = std::size_t{1} << 15;
  std::vector<Entry> entries_;
  DirtyParts<count> dirty_;
};

// Whose event comes next: harts take turns, so each is expected to be followed by the one that followed it last.
class Turns {
 public:
  explicit Turns(unsigned harts) : follower_(harts) { clear(); }
  void clear() {
    for (unsigned i = 0; i < follower_.size(); ++i)
      follower_[i] = (i + 1) % static_cast<unsigned>(follower_.size());
    expected_ = last_ = 0;
  }
  unsigned expected() const { return expected_; }
  void is(unsigned hart) {  // and not the expected one
    follower_[last_] = hart;
    expected_ = hart;
  }
  void stays(unsigned hart) { expected_ = hart; }
  void ends(unsigned hart) {
    last_ = hart;
    expected_ = follower_[hart];
  }

 private:
  std::vector<unsigned> follower_;
  unsigned expected_ = 0, last_ = 0;
};

// Damage that a checksum of the stored bytes does not see: a reader that derives something else than was recorded.
struct Check {
  std::uint64_t sum = 0;
  void add(std::uint64_t value) { sum += value; }
};

}  // namespace hartbeat::observe::recording
