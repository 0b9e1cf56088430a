// The registers of the pipeline from the front end to commit, in one canonical form: what two cores must agree in
// for the same inputs to do the same to them. Addresses of data, caches, TLBs and predictors are not in it: they are
// inputs of a cycle (pipeline_memo.hpp). Scoreboard slots count from the oldest instruction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "emu/timing/cva6/decoder.hpp"

namespace hartbeat::timing::cva6 {

struct PipelineState {
  static constexpr unsigned most_slots = 16;

  // What a replayed cycle looks at stands first, in one line of the host's cache: of the frontend, with the address that the
  // I$ holds, of the issue stage, of the scoreboard.
  std::uint64_t fetch_address = 0, word_address = 0;
  std::uint64_t issue_pc = 0, issue_predicted = 0;
  const Decoded* issue = nullptr;  // null: empty
  std::uint8_t fetches = 0, issue_flow = 0, count = 0;
  std::uint8_t executes = 0, execute_slot = 0, execute_flow = 0, execute_mispredicted = 0;
  std::uint8_t translates = 0;  // fetches go through the MMU
  // the rest of frontend
  std::uint64_t next_pc = 0, btb_target = 0;
  std::uint32_t word_data = 0;
  std::uint8_t word_valid = 0, bht_q = 0, btb_valid = 0;
  // instr_queue: both FIFOs one behind the other
  std::uint8_t queue_sides = 0;  // in_, out_ and reset_address_
  std::uint64_t queue_pc = 0;
  std::array<std::uint64_t, 2> predicted{};
  std::array<const Decoded*, 8> queue{};
  std::array<std::uint8_t, 8> queue_flows{};
  // instr_realign
  std::uint64_t unaligned_address = 0;
  std::uint32_t unaligned_bits = 0;
  std::uint8_t unaligned = 0;
  std::array<std::uint8_t, 2> queue_counts{};
  std::uint8_t predictions = 0;
  // scoreboard
  std::array<const Decoded*, most_slots> slots{};
  std::uint16_t valid = 0, exception = 0;  // has its result, or an exception for one
  // mult
  std::uint8_t divider = 0, divider_known = 0, divider_slot = 0, product = 0, product_slot = 0;
  std::int8_t divider_count = 0;
  std::uint8_t restart = 0;
  std::uint8_t forbidden = 0;  // CsrState::forbidden()
  std::uint8_t csr_buffer = 0;
  std::uint8_t speculative = 0;  // what is issued will be flushed, by what has this slot, from 1 on
  std::uint8_t line_waits = 0;   // the I$ waits for a line, which (2) nobody wants any more
  std::uint8_t padding = 0;

  bool operator==(const PipelineState& other) const { return std::memcmp(this, &other, sizeof *this) == 0; }
  // Of what tells most states apart.
  std::uint64_t hash() const {
    const auto address = [](const Decoded* d) { return reinterpret_cast<std::uint64_t>(d); };
    const auto word_at = [this](std::size_t offset) {
      std::uint64_t out;
      std::memcpy(&out, reinterpret_cast<const char*>(this) + offset, sizeof out);
      return out;
    };
    std::uint64_t sum = 0;
    const auto add = [&sum](std::uint64_t word) {
      sum = (sum ^ word) * 0x9E37'79B9'7F4A'7C15;
      sum ^= sum >> 29;
    };
    for (const std::uint64_t word :
         {fetch_address, word_address, issue_pc, address(issue), next_pc, queue_pc,
          word_at(offsetof(PipelineState, fetches)), word_at(offsetof(PipelineState, valid))})
      add(word);
    add(std::uint64_t{queue_counts[0]} << 40 | std::uint64_t{queue_counts[1]} << 32 | word_data);
    for (unsigned i = 0; i < count; ++i) add(address(slots[i]));
    return sum;
  }
};
static_assert(std::has_unique_object_representations_v<PipelineState> && sizeof(PipelineState) % 8 == 0);

}  // namespace hartbeat::timing::cva6
