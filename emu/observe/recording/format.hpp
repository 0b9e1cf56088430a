// The recording's format by numbers: docs/trace-format.md explains it. Reader and writer share what is here and the
// predictions of model.hpp; a change of either is a new version.
#pragma once

#include <cstdint>
#include <string>

namespace hartbeat::observe::recording {

inline constexpr char file_magic[8] = {'H', 'B', 'T', 'R', 'A', 'C', 'E', '\n'};
inline constexpr char end_magic[8] = {'H', 'B', 'T', 'R', 'E', 'N', 'D', '\n'};
inline constexpr std::uint32_t version = 3;
inline constexpr std::uint32_t block_magic = 0x4b4c4248;  // "HBLK"
inline constexpr unsigned header_bytes = 16;              // file: magic, version, 0
inline constexpr unsigned block_header_bytes = 20;        // block_magic, kind, raw bytes, stored bytes, 0
inline constexpr unsigned trailer_bytes = 16;             // offset of the index block, end_magic

enum class BlockKind : std::uint32_t {
  context = 1,  // JSON: what ran on what
  file = 2,     // name, zero byte, ELF file
  events = 3,
  report = 4,  // JSON report
  index = 5,   // one entry for each events block
  text = 6,    // the report as text, one screen
  full_text = 7,
};

// A run's report as a recording keeps it; empty when the run made none.
struct SavedReport {
  std::string json, screen, full;
};

// Raw bytes of a block. A reader refuses more before it allocates.
inline constexpr std::uint32_t most_raw_bytes = 1u << 30;
inline constexpr std::uint32_t most_event_bytes = 1u << 26;
// Instructions of a hart that a cycle model has still to commit.
inline constexpr std::uint32_t most_uncommitted = 1u << 16;
// An events block ends behind so many bytes or retired instructions, whichever comes first.
inline constexpr std::uint32_t usual_event_bytes = 1u << 22;
inline constexpr std::uint64_t usual_event_retired = 1u << 22;

// Tokens of an events block. 0x80 | n: an instruction retires n cycles later than expected; 0x40 …: a commit; 0x20 | n: the
// next commit was issued n cycles after its instruction was told.
enum class Token : std::uint8_t {
  end = 0,
  run = 1,     // count: so many instructions retire as expected
  hart = 2,    // number: what follows is of that hart
  site = 3,    // SiteField mask, fields: where the next event happens
  detail = 4,  // DetailField mask, fields: what cannot be derived about the next retired instruction
  trap = 5,
  trap_return = 6,
  walk = 7,
  fence = 8,
  ipi = 9,
  tracepoint = 10,
  commit = 11,     // of the cycle model, in full
  registers = 12,  // what changed while nothing was recorded
  model = 13,      // byte: 1 the cycle model begins, 0 it ends
};
inline constexpr std::uint8_t advance_token = 0x80, most_advance = 0x7f;
inline constexpr std::uint8_t commit_token = 0x40, commit_port = 0x20, most_commit_latency = 0x1e,
                              long_commit_latency = 0x1f;
inline constexpr std::uint8_t delay_token = 0x20, most_delay = 0x1e, long_delay = 0x1f;

// What a block says of commits when it begins.
enum class Commits : std::uint8_t { none = 0, follow = 1, not_now = 2 };

namespace site_field {
inline constexpr std::uint8_t cycle = 1, instret = 2, pc = 4, privilege = 8, satp = 16, known = 31;
}
namespace detail_field {
inline constexpr std::uint8_t code = 1, next_pc = 2, result = 4, csrs = 8, physical = 16, loads = 32,
                              failed = 64, memory = 128;
}

// In the first byte of a walk and of a fence: these TLBs hold another number of entries than last.
namespace held_field {
inline constexpr std::uint8_t instruction = 4, data = 8, second_level = 16, known = 28;
}

}  // namespace hartbeat::observe::recording
