#include "emu/timing/cva6/parameters.hpp"

#include <bit>

#include "emu/timing/cva6/ras.hpp"
#include "emu/timing/cva6/scoreboard.hpp"
#include "emu/timing/cva6/store_buffer.hpp"
#include "emu/timing/cva6/wt_dcache_wbuffer.hpp"

namespace hartbeat::timing::cva6 {
namespace {

using Fault = std::optional<ParameterFault>;

std::string range(unsigned least, unsigned most) {
  return std::to_string(least) + " to " + std::to_string(most);
}

// A number whose low bits are an index in the RTL.
struct PowerOfTwo {
  const char* key;
  unsigned Cva6Parameters::*value;
  unsigned least, most;
  bool or_none;
  const char* why;
};
constexpr PowerOfTwo powers_of_two[] = {
    {"core.scoreboard_entries", &Cva6Parameters::scoreboard_entries, 2, Scoreboard::most, false,
     "an entry's number is the transaction id that comes back with a result"},
    {"core.bht_entries", &Cva6Parameters::bht_entries, 4, 1u << 20, true,
     "bits of the address choose the row, and a row has two"},
    {"core.btb_entries", &Cva6Parameters::btb_entries, 4, 1u << 20, true,
     "bits of the address choose the row, and a row has two"},
    {"core.itlb_entries", &Cva6Parameters::itlb_entries, 2, 64, false, "the replacement is a tree over them"},
    {"core.dtlb_entries", &Cva6Parameters::dtlb_entries, 2, 64, false, "the replacement is a tree over them"},
    {"core.icache_ways", &Cva6Parameters::icache_ways, 1, 16, false,
     "low bits of the LFSR choose the victim"},
    {"core.dcache_ways", &Cva6Parameters::dcache_ways, 1, 16, false,
     "low bits of the LFSR choose the victim"},
    {"core.icache_bytes", &Cva6Parameters::icache_bytes, 512, 65536, false,
     "bits of the address choose the set"},
    {"core.dcache_bytes", &Cva6Parameters::dcache_bytes, 512, 65536, false,
     "bits of the address choose the set"},
    {"core.line_bytes", &Cva6Parameters::line_bytes, 16, 64, false,
     "the adapter shifts a line together from two to eight beats of 8 bytes"},
    {"core.write_buffer_entries", &Cva6Parameters::write_buffer_entries, 2, WtDcacheWbuffer::most_entries,
     false, "the arbiter between them is a tree"},
    {"core.writes_in_flight", &Cva6Parameters::writes_in_flight, 2, WtDcacheWbuffer::most_writes, false,
     "they are all the ids that the bits of a transaction id can name"},
    {"core.store_queue_speculative", &Cva6Parameters::store_queue_speculative, 2, StoreBuffer::deepest, false,
     "its pointers wrap by themselves"},
    {"core.store_queue_commit", &Cva6Parameters::store_queue_commit, 2, StoreBuffer::deepest, false,
     "its pointers wrap by themselves"},
};

Fault check(const PowerOfTwo& rule, unsigned value) {
  if (rule.or_none && value == 0) return std::nullopt;
  if (std::has_single_bit(value) && value >= rule.least && value <= rule.most) return std::nullopt;
  return ParameterFault{rule.key, std::string("is a power of two, ") + range(rule.least, rule.most) +
                                      (rule.or_none ? ", or 0 for none" : "") + ": " + rule.why};
}

Fault check_cache(const char* key, unsigned bytes, unsigned ways, const Cva6Parameters& p) {
  const unsigned way = bytes / ways;
  if (way > 4096)
    return ParameterFault{key, "makes ways of " + std::to_string(way) +
                                   " bytes; a way is at most a page, 4096 bytes, so that the index needs no "
                                   "translation: take more ways or fewer bytes"};
  if (way < 2 * p.line_bytes)
    return ParameterFault{key, "makes ways of " + std::to_string(way) +
                                   " bytes; a way has at least two lines of " + std::to_string(p.line_bytes) +
                                   " bytes"};
  return std::nullopt;
}

// The model's D$ keeps 32 bits of a tag.
Fault check_tags(const Cva6Parameters& p) {
  const unsigned way = p.dcache_bytes / p.dcache_ways;
  const unsigned bits = 32 + static_cast<unsigned>(std::countr_zero(way));
  if (((p.memory.cached_base + p.memory.cached_length - 1) >> bits) == 0) return std::nullopt;
  return ParameterFault{"core.dcache_bytes",
                        "makes ways of " + std::to_string(way) +
                            " bytes, whose tags do not reach the end of the cached region: take "
                            "fewer ways, or a shorter memory.cached_length"};
}

Fault check_power(const char* key, unsigned value, unsigned least, unsigned most) {
  if (std::has_single_bit(value) && value >= least && value <= most) return std::nullopt;
  return ParameterFault{key, "is a power of two, " + range(least, most) + ": bits of the address choose"};
}

Fault check_l2(const L2Parameters& l2, unsigned core_line) {
  if (!l2.enabled) return std::nullopt;
  if (Fault fault = check_power("memory.l2.line_bytes", l2.line_bytes, core_line, 256)) return fault;
  if (Fault fault = check_power("memory.l2.ways", l2.ways, 1, 16)) return fault;
  if (Fault fault = check_power("memory.l2.bytes", l2.bytes, l2.ways * l2.line_bytes, 1u << 26)) return fault;
  return check_power("memory.l2.banks", l2.banks, 1, l2.bytes / l2.ways / l2.line_bytes);
}

Fault check_dram(const DramParameters& dram, unsigned line) {
  if (!dram.enabled) return std::nullopt;
  if (Fault fault = check_power("memory.dram.banks", dram.banks, 1, 1024)) return fault;
  if (Fault fault = check_power("memory.dram.row_bytes", dram.row_bytes, line, 1u << 20)) return fault;
  if (dram.t_refi != 0 && dram.t_rfc >= dram.t_refi)
    return ParameterFault{"memory.dram.t_rfc",
                          "is less than memory.dram.t_refi = " + std::to_string(dram.t_refi) +
                              ": else refreshes leave no time for anything else"};
  return std::nullopt;
}

Fault check_memory(const MemoryParameters& m, unsigned core_line) {
  if (Fault fault = check_l2(m.l2, core_line)) return fault;
  if (Fault fault = check_dram(m.dram, m.l2.enabled ? m.l2.line_bytes : core_line)) return fault;
  if (m.read_latency == 0 || m.write_latency == 0 || m.uncached_latency == 0)
    return ParameterFault{"memory.latency",
                          "is at least 1: a memory answers after one cycle at the earliest"};
  if (m.cached_base % 4096 != 0 || m.cached_length % 4096 != 0)
    return ParameterFault{"memory.cached_length",
                          "and memory.cached_base are whole pages, so that no line is half cached"};
  if (m.cached_base + m.cached_length < m.cached_base)
    return ParameterFault{"memory.cached_length", "reaches beyond the address space"};
  return std::nullopt;
}

}  // namespace

Fault validate(const Cva6Parameters& p) {
  for (const PowerOfTwo& rule : powers_of_two) {
    if (Fault fault = check(rule, p.*rule.value)) return fault;
  }
  if (p.commit_ports != 1 && p.commit_ports != 2)
    return ParameterFault{"core.commit_ports",
                          "is 1 or 2: the second has rules of its own, and there is no third"};
  if (p.ras_depth < 2 || p.ras_depth > Ras::deepest)
    return ParameterFault{"core.ras_depth",
                          "is " + range(2, Ras::deepest) + ": the stack shifts between its entries"};
  if (Fault fault = check_cache("core.icache_bytes", p.icache_bytes, p.icache_ways, p)) return fault;
  if (Fault fault = check_cache("core.dcache_bytes", p.dcache_bytes, p.dcache_ways, p)) return fault;
  if (Fault fault = check_memory(p.memory, p.line_bytes)) return fault;
  return check_tags(p);
}

}  // namespace hartbeat::timing::cva6
