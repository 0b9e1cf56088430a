#include "emu/devices/plic.hpp"

#include <bit>

namespace hartbeat {
namespace {

// Memory map (PLIC specification, chapter 3).
constexpr std::uint64_t pending_base = 0x1000, enable_base = 0x2000, enable_stride = 0x80;
constexpr std::uint64_t context_base = 0x20'0000, context_stride = 0x1000;
constexpr std::uint64_t claim_offset = 4;

template <class Bits>
bool test(const Bits& bits, unsigned n) {
  return (bits[n / 32] >> (n % 32) & 1) != 0;
}
template <class Bits>
void assign(Bits& bits, unsigned n, bool on) {
  const std::uint32_t bit = std::uint32_t{1} << (n % 32);
  bits[n / 32] = on ? bits[n / 32] | bit : bits[n / 32] & ~bit;
}

}  // namespace

Plic::Plic(unsigned harts, Board& board) : contexts_(std::size_t{harts} * 2), board_(board) {}

// The pending, enabled source of the highest priority above `above`; ties go to the smallest id; 0: none.
unsigned Plic::best(const Context& context, std::uint32_t above) const {
  unsigned best = 0;
  std::uint32_t best_priority = above;
  for (unsigned word = 0; word < pending_.size(); ++word) {
    for (std::uint32_t bits = pending_[word] & context.enabled[word]; bits != 0; bits &= bits - 1) {
      const unsigned source = word * 32 + static_cast<unsigned>(std::countr_zero(bits));
      if (priority_[source] > best_priority) {
        best = source;
        best_priority = priority_[source];
      }
    }
  }
  return best;
}

void Plic::update() {
  for (unsigned c = 0; c < contexts_.size(); ++c) {
    Context& context = contexts_[c];
    const bool raised = best(context, context.threshold) != 0;
    if (raised == context.raised) continue;
    context.raised = raised;
    board_.set_interrupt(HartId{c / 2}, c % 2 == 0 ? meip : seip, raised);
  }
}

void Plic::set_level(unsigned source, bool level) {
  assign(level_, source, level);
  if (!level || test(claimed_, source) || test(pending_, source)) return;  // chapter 6: one request in flight
  assign(pending_, source, true);
  update();
}

// Chapter 6: what becomes of further edges while one request is in flight is the gateway's choice.
void Plic::set_event(unsigned source, bool happened) {
  assign(remembered_, source, happened && test(claimed_, source));
  if (!happened || test(claimed_, source) || test(pending_, source)) return;
  assign(pending_, source, true);
  update();
}

// Claiming is not affected by the threshold (chapter 8, "interrupt claim process").
std::uint32_t Plic::claim(Context& context) {
  const unsigned source = best(context, 0);
  if (source != 0) {
    assign(pending_, source, false);
    assign(claimed_, source, true);
    update();
  }
  return source;
}

// A completion for a source that this context has not enabled is ignored (chapter 9).
void Plic::complete(Context& context, std::uint32_t source) {
  if (source == 0 || source >= sources || !test(context.enabled, source) || !test(claimed_, source)) return;
  assign(claimed_, source, false);
  if (test(level_, source) || test(remembered_, source)) assign(pending_, source, true);
  assign(remembered_, source, false);
  update();
}

std::uint32_t Plic::read_word(std::uint64_t offset) {
  if (offset < pending_base) return offset / 4 < sources ? priority_[offset / 4] : 0;
  if (offset < enable_base) {
    const std::uint64_t word = (offset - pending_base) / 4;
    return word < pending_.size() ? pending_[word] : 0;
  }
  if (offset < context_base) {
    const std::uint64_t c = (offset - enable_base) / enable_stride,
                        word = (offset - enable_base) % enable_stride / 4;
    return c < contexts_.size() && word < pending_.size() ? contexts_[c].enabled[word] : 0;
  }
  const std::uint64_t c = (offset - context_base) / context_stride,
                      reg = (offset - context_base) % context_stride;
  if (c >= contexts_.size()) return 0;
  if (reg == 0) return contexts_[c].threshold;
  return reg == claim_offset ? claim(contexts_[c]) : 0;
}

void Plic::write_word(std::uint64_t offset, std::uint32_t value) {
  if (offset < pending_base) {
    const std::uint64_t source = offset / 4;
    if (source == 0 || source >= sources) return;
    priority_[source] = value & max_priority;
  } else if (offset < enable_base) {
    return;  // pending bits are read-only
  } else if (offset < context_base) {
    const std::uint64_t c = (offset - enable_base) / enable_stride,
                        word = (offset - enable_base) % enable_stride / 4;
    if (c >= contexts_.size() || word >= pending_.size()) return;
    contexts_[c].enabled[word] = word == 0 ? value & ~std::uint32_t{1} : value;
  } else {
    const std::uint64_t c = (offset - context_base) / context_stride,
                        reg = (offset - context_base) % context_stride;
    if (c >= contexts_.size()) return;
    if (reg == claim_offset) return complete(contexts_[c], value);
    if (reg != 0) return;
    contexts_[c].threshold = value & max_priority;
  }
  update();
}

bool Plic::read(std::uint64_t offset, unsigned size, Cycle, std::uint64_t& value) {
  if (size != 4) return false;
  value = read_word(offset);
  return true;
}

bool Plic::write(std::uint64_t offset, unsigned size, std::uint64_t value, Cycle) {
  if (size != 4) return false;
  write_word(offset, static_cast<std::uint32_t>(value));
  return true;
}

}  // namespace hartbeat
