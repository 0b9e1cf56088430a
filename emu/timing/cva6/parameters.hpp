// What a CVA6-like core and its memory are made of. The defaults are cv64a6_imafdc_sv39 at RTL revision
// 6cb2001 with a memory of latency 20; configs/machines/cva6.toml says the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hartbeat::timing::cva6 {

enum class Replacement : std::uint8_t { lru, tree_plru, random };

// A second-level cache behind the harts' L1s.
struct L2Parameters {
  bool enabled = false;
  unsigned bytes = 512 * 1024, ways = 8, line_bytes = 64;
  unsigned hit_latency = 14;  // cycles from the request to the first beat
  unsigned banks = 4;         // by set; one request each at a time …
  unsigned bank_cycles = 2;   // … for so long
  unsigned mshrs = 8;         // lines on their way at the same time
  Replacement replacement = Replacement::tree_plru;
};

// Cycles of the core's clock; as DDR4-2400 at 1 GHz.
struct DramParameters {
  bool enabled = false;
  unsigned banks = 16, row_bytes = 8192;
  bool open_page = true;
  unsigned controller_latency = 20;  // from the request to the first command
  unsigned t_rcd = 14, t_cas = 14, t_rp = 14, t_ras = 32, t_wr = 15;
  unsigned beat_cycles = 1;             // for 8 bytes on the data bus
  unsigned t_refi = 7800, t_rfc = 350;  // a refresh every t_refi (0: never) takes t_rfc
};

struct MemoryParameters {
  unsigned read_latency = 20;      // cycles from AR to the first beat
  unsigned write_latency = 20;     // cycles from AW/W to B
  unsigned uncached_latency = 20;  // both, below `cached_base`
  unsigned invalidation_latency =
      4;                        // cycles from a write in memory to its invalidation in another hart's D$
  unsigned ipi_wire_delay = 0;  // cycles from a CLINT write in memory to the interrupt wire
  std::uint64_t cached_base = 0x8000'0000;
  std::uint64_t cached_length = 0x4000'0000;
  L2Parameters l2;
  DramParameters dram;
};

// What may vary, and what each value must satisfy, is in parameters.cpp.
struct Cva6Parameters {
  unsigned scoreboard_entries = 8;
  unsigned commit_ports = 2;
  unsigned bht_entries = 128, btb_entries = 32;  // 0: none
  unsigned ras_depth = 2;
  unsigned icache_bytes = 16384, icache_ways = 4;
  unsigned dcache_bytes = 32768, dcache_ways = 8;
  unsigned line_bytes = 16;  // of both
  unsigned itlb_entries = 16, dtlb_entries = 16;
  unsigned shared_tlb_sets = 64;  // sets that the second-level TLB's flush machine walks, two cycles each
  unsigned write_buffer_entries = 8;
  unsigned writes_in_flight = 4;
  unsigned store_queue_speculative = 4, store_queue_commit = 4;
  std::uint64_t boot_address = 0x8000'0000;
  // Physical memory that instructions may come from (PMA), besides the boot ROM.
  std::uint64_t executable_base = 0x8000'0000, executable_length = 0x4000'0000;
  MemoryParameters memory;
};

// What stands against a combination: the key at fault, as in a machine's file, and a sentence.
struct ParameterFault {
  const char* key;
  std::string why;
};
std::optional<ParameterFault> validate(const Cva6Parameters& parameters);

}  // namespace hartbeat::timing::cva6
