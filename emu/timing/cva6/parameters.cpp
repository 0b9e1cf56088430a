#include "emu/timing/cva6/parameters.hpp"

namespace hartbeat::timing::cva6 {

const char* validate(const Cva6Parameters& p) {
  constexpr Cva6Parameters rtl;
  const MemoryParameters& m = p.memory;
  if (p.scoreboard_entries != rtl.scoreboard_entries)
    return "the scoreboard has 8 entries: their numbers are the 3-bit transaction ids of every unit";
  if (p.commit_ports != rtl.commit_ports) return "there are 2 commit ports, each with rules of its own";
  if (p.bht_entries != rtl.bht_entries || p.btb_entries != rtl.btb_entries || p.ras_depth != rtl.ras_depth)
    return "the predictors are modelled in one size: bht_entries 128, btb_entries 32, ras_depth 2";
  if (p.line_bytes != rtl.line_bytes) return "lines have 16 bytes: two beats of the 64-bit bus fill one";
  if (p.icache_bytes != rtl.icache_bytes || p.icache_ways != rtl.icache_ways)
    return "the I$ is modelled with 16384 bytes in 4 ways: a way is then one page, and an index needs no "
           "translation";
  if (p.dcache_bytes != rtl.dcache_bytes || p.dcache_ways != rtl.dcache_ways)
    return "the D$ is modelled with 32768 bytes in 8 ways: a way is then one page, and an index needs no "
           "translation";
  if (p.itlb_entries != rtl.itlb_entries || p.dtlb_entries != rtl.dtlb_entries)
    return "the TLBs have 16 entries: the replacement is a tree over 16 leaves";
  if (p.write_buffer_entries != rtl.write_buffer_entries || p.writes_in_flight != rtl.writes_in_flight)
    return "the write buffer is modelled with 8 entries and 4 writes in flight";
  if (p.store_queue_speculative != rtl.store_queue_speculative ||
      p.store_queue_commit != rtl.store_queue_commit)
    return "the store buffer is modelled with 4 speculative and 4 committed entries";
  if (m.read_latency == 0 || m.write_latency == 0 || m.uncached_latency == 0)
    return "a memory answers after one cycle at the earliest";
  if (m.cached_base % 4096 != 0 || m.cached_length % 4096 != 0)
    return "the cached region consists of whole pages, so that no line is half cached";
  if (m.cached_base + m.cached_length < m.cached_base)
    return "the cached region reaches beyond the address space";
  return nullptr;
}

}  // namespace hartbeat::timing::cva6
