#include "emu/timing/cva6/l2_cache.hpp"

#include <algorithm>

namespace hartbeat::timing::cva6 {

L2Cache::L2Cache(const L2Parameters& parameters)
    : p_(parameters), geometry_(parameters.bytes, parameters.ways, parameters.line_bytes) {
  if (!p_.enabled) return;
  lines_.resize(std::size_t{geometry_.sets} * geometry_.ways);
  trees_.resize(geometry_.sets);
  registers_.bank_free.resize(p_.banks);
  registers_.mshr_free.resize(p_.mshrs);
}

L2Cache::Line* L2Cache::set_of(std::uint64_t address) {
  const unsigned set = geometry_.set_of(address);
  Line* lines = &lines_[std::size_t{set} * geometry_.ways];
  if (rehearsing_) {
    saved_sets_.push_back(set);
    saved_trees_.push_back(trees_[set]);
    saved_lines_.insert(saved_lines_.end(), lines, lines + geometry_.ways);
  }
  return lines;
}

// The first way that is free, else as the policy says.
unsigned L2Cache::victim(const Line* set, unsigned number) {
  const Line* const end = set + geometry_.ways;
  const Line* free = std::find_if(set, end, [](const Line& line) { return !line.valid; });
  if (free != end) return static_cast<unsigned>(free - set);
  switch (p_.replacement) {
    case Replacement::lru: {
      const auto older = [](const Line& a, const Line& b) { return a.used < b.used; };
      return static_cast<unsigned>(std::min_element(set, end, older) - set);
    }
    case Replacement::random: {
      const unsigned way = registers_.lfsr.value(geometry_.way_bits);
      registers_.lfsr.step();
      return way;
    }
    default: break;
  }
  unsigned node = 1;  // the root; a set bit points to the upper half
  for (unsigned level = 0; level < geometry_.way_bits; ++level)
    node = 2 * node + ((trees_[number] >> node) & 1);
  return node - geometry_.ways;
}

void L2Cache::touch(Line& line, unsigned set, unsigned way) {
  line.used = ++registers_.uses;
  for (unsigned node = way + geometry_.ways; node > 1; node /= 2) {
    const std::uint32_t parent = 1u << (node / 2);
    trees_[set] = node & 1 ? trees_[set] & ~parent : trees_[set] | parent;
  }
}

// The line comes from memory into `way`, the requested beats first; a dirty line there goes behind it.
MemoryAnswer L2Cache::fill(std::uint64_t address, bool write, unsigned way, std::uint64_t cycle,
                           MainMemory& memory) {
  Line& line = lines_[std::size_t{geometry_.set_of(address)} * geometry_.ways + way];
  const auto mshr = std::min_element(registers_.mshr_free.begin(), registers_.mshr_free.end());
  const std::uint64_t sent = std::max(cycle, *mshr);
  counters_.mshr_waits += sent - cycle;
  const unsigned beats = geometry_.words();
  const MemoryAnswer answer = memory.read(address & ~geometry_.line_mask(), beats, sent);
  if (line.valid && line.dirty) {
    ++counters_.writebacks;
    memory.write(line.number << geometry_.line_bits, beats, sent);
  }
  line.number = geometry_.line_of(address);
  line.valid = true;
  line.dirty = write;
  line.ready = *mshr = answer.first + std::uint64_t{beats - 1} * answer.gap + 1;
  return answer;
}

MemoryAnswer L2Cache::access(std::uint64_t address, bool write, std::uint64_t cycle, MainMemory& memory) {
  const unsigned set = geometry_.set_of(address);
  std::uint64_t& bank = registers_.bank_free[set & (p_.banks - 1)];
  const std::uint64_t begin = std::max(cycle, bank), looked_up = begin + p_.hit_latency;
  bank = begin + p_.bank_cycles;

  Line* const lines = set_of(address);
  Line* const end = lines + geometry_.ways;
  const std::uint64_t number = geometry_.line_of(address);
  Line* const line = std::find_if(lines, end, [&](const Line& l) { return l.valid && l.number == number; });
  if (line != end) {
    ++(write ? counters_.write_hits : counters_.read_hits);
    if (line->ready > looked_up) ++counters_.merged;
    line->dirty |= write;
    touch(*line, set, static_cast<unsigned>(line - lines));
    return {std::max(looked_up, line->ready), 1};
  }
  ++(write ? counters_.write_misses : counters_.read_misses);
  const unsigned way = victim(lines, set);
  const MemoryAnswer answer = fill(address, write, way, looked_up, memory);
  touch(lines[way], set, way);
  return write ? MemoryAnswer{lines[way].ready, 1} : answer;
}

void L2Cache::rehearse(bool on) {
  if (on == rehearsing_ || !p_.enabled) return;
  rehearsing_ = on;
  if (on) {
    saved_registers_ = registers_;
    saved_counters_ = counters_;
    return;
  }
  registers_ = saved_registers_;
  counters_ = saved_counters_;
  while (!saved_sets_.empty()) {  // the last change first
    const unsigned set = saved_sets_.back();
    trees_[set] = saved_trees_.back();
    const auto from = saved_lines_.end() - geometry_.ways;
    std::copy(from, saved_lines_.end(),
              lines_.begin() + static_cast<std::ptrdiff_t>(std::size_t{set} * geometry_.ways));
    saved_lines_.erase(from, saved_lines_.end());
    saved_sets_.pop_back();
    saved_trees_.pop_back();
  }
}

}  // namespace hartbeat::timing::cva6
