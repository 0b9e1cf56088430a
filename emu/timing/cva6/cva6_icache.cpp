#include "emu/timing/cva6/cva6_icache.hpp"

#include <bit>

namespace hartbeat::timing::cva6 {

// The slot that holds the line, or -1. Fetches stay in a line for some time: the last one is remembered.
int Cva6Icache::hit(std::uint64_t physical) {
  const unsigned set = geometry_.set_of(vaddr_);
  const std::uint64_t line = geometry_.line_of(physical);
  if (line == last_line_ && set == last_set_) return static_cast<int>(last_slot_);
  for (unsigned way = 0; way < geometry_.ways; ++way) {
    if (!((valid_[set] >> way) & 1) || tags_[slot(set, way)] != line) continue;
    last_line_ = line;
    last_set_ = set;
    last_slot_ = slot(set, way);
    return static_cast<int>(last_slot_);
  }
  return -1;
}

std::uint32_t Cva6Icache::word(std::size_t slot) const {
  const std::uint64_t word = data_[(slot << words_log2_) + geometry_.word_of(vaddr_)];
  return static_cast<std::uint32_t>(word >> (vaddr_ & 4 ? 32 : 0));
}

std::uint32_t Cva6Icache::refill_word(const HartView& view) const {
  const std::uint64_t address = (physical_ & ~std::uint64_t{0xFFF}) | (vaddr_ & 0xFFC);
  return static_cast<std::uint32_t>(view.read_physical(PhysAddr{address & ~std::uint64_t{7}}) >>
                                    (address & 4 ? 32 : 0));
}

void Cva6Icache::refill(const HartView& view) {
  const unsigned set = geometry_.set_of(vaddr_);
  if (valid_[set] == geometry_.all_ways) lfsr_.step();
  const std::uint64_t base =
      ((physical_ & ~std::uint64_t{0xFFF}) | (vaddr_ & 0xFFF)) & ~geometry_.line_mask();
  const std::size_t at = slot(set, way_);
  forget_line();
  tags_[at] = geometry_.line_of(base);
  for (unsigned word = 0; word < geometry_.words(); ++word)
    data_[at * geometry_.words() + word] = view.read_physical(PhysAddr{base + 8 * word});
  valid_[set] |= static_cast<std::uint16_t>(1u << way_);
}

// State read: the address that it holds has its translation, or waits for it.
void Cva6Icache::read(const Inputs& in, const FetchTranslation& translation, bool memory_returns,
                      bool flushing, WtAxiAdapter& adapter, const Interconnect& interconnect,
                      FetchResponse& out) {
  if (!translation.valid) {
    if (in.kill_s2 || flushing) state_ = State::kill_atrans;
    return;
  }
  if (flushing) {
    state_ = State::idle;
    return;
  }
  const int found = hit(translation.address);
  if (translation.fault != FetchFault::none || (enabled_ && found >= 0)) {
    out.valid = !in.kill_s2;
    out.fault = translation.fault;
    out.data = word(found >= 0 ? static_cast<std::size_t>(found)
                               : slot(geometry_.set_of(vaddr_), geometry_.ways - 1));
    state_ = State::idle;
    if (!memory_returns) {
      out.ready = true;
      if (in.request && !in.kill_s1) state_ = State::read;
    }
  } else if (in.kill_s2) {
    state_ = State::idle;
  } else if (request(translation.address, adapter, interconnect)) {
    state_ = State::miss;
  }
}

// Asks memory for what is at `physical`: a line, or uncached a doubleword. False: the adapter's FIFO is full.
bool Cva6Icache::request(std::uint64_t physical, WtAxiAdapter& adapter, const Interconnect& interconnect) {
  if (!way_chosen_) {
    const unsigned valid = valid_[geometry_.set_of(vaddr_)];
    way_ = static_cast<std::uint8_t>(valid == geometry_.all_ways
                                         ? lfsr_.value(geometry_.way_bits)
                                         : static_cast<unsigned>(std::countr_zero(~valid)));
    way_chosen_ = true;
  }
  const bool cached = enabled_ && interconnect.cached(physical);
  const std::uint64_t mask = cached ? geometry_.line_mask() : 7;
  const std::uint64_t address = ((physical & ~std::uint64_t{0xFFF}) | (vaddr_ & 0xFFF)) & ~mask;
  return adapter.request_icache({address, cached});
}

FetchResponse Cva6Icache::clock(const Inputs& in, const FetchTranslation& translation, bool memory_returns,
                                WtAxiAdapter& adapter, const Interconnect& interconnect,
                                const HartView& view) {
  FetchResponse out;
  out.address = vaddr_;
  const bool flushing = flush_pending_ || in.flush;
  flush_pending_ = flushing;
  if (translation.valid) physical_ = translation.address;
  switch (state_) {
    case State::flush:
      valid_[count_] = 0;
      forget_line();
      if (++count_ == geometry_.sets) {
        count_ = 0;
        state_ = State::idle;
        flush_pending_ = false;
        enabled_ = true;
      }
      break;
    case State::idle:
      if (flushing) {
        state_ = State::flush;
      } else if (!memory_returns) {
        out.ready = true;
        if (in.request && !in.kill_s1) state_ = State::read;
      }
      break;
    case State::read: read(in, translation, memory_returns, flushing, adapter, interconnect, out); break;
    case State::miss:
      if (memory_returns) {
        state_ = State::idle;
        if (!in.kill_s2 && !flushing) {
          out.valid = true;
          out.data = refill_word(view);
          if (enabled_ && interconnect.cached(physical_)) refill(view);
        }
      } else if (in.kill_s2 || flushing) {
        state_ = State::kill_miss;
      }
      break;
    case State::kill_atrans:
      if (translation.valid) state_ = State::idle;
      break;
    case State::kill_miss:
      if (memory_returns) state_ = State::idle;
      break;
  }
  if (out.ready && in.request) vaddr_ = in.address;
  if (state_ != State::miss && state_ != State::kill_miss &&
      !(state_ == State::read && way_chosen_ && !out.ready))
    way_chosen_ = false;
  return out;
}

}  // namespace hartbeat::timing::cva6
