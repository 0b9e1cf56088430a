#include "emu/isa/decode.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "emu/isa/compressed.hpp"
#include "emu/isa/immediates.hpp"
#include "emu/isa/table.hpp"

namespace hartbeat::isa {
namespace {

// What decoding needs of a row, without strings: half a cache line.
struct DecodeRow {
  std::uint32_t match = 0, mask = 0;
  Extension extension = Extension::i;
  Immediate immediate = Immediate::none;
  std::uint8_t rd = 0, rs1 = 0, rs2 = 0, rs3 = 0, rm = 0,
               aqrl = 0;  // masks: 0 where the format lacks the field
};

constexpr DecodeRow decode_row(const RowInfo& info) {
  const Encoding& e = info.encoding;
  const auto mask = [&](std::uint8_t bits, auto... fields) {
    return (e.has(fields) || ...) ? bits : std::uint8_t{0};
  };
  DecodeRow r{.match = e.match, .mask = e.mask, .extension = info.extension, .immediate = immediate_of(e)};
  r.rd = mask(31, Field::rd, Field::fd);
  r.rs1 = mask(31, Field::rs1, Field::fs1, Field::zimm);
  r.rs2 = mask(31, Field::rs2, Field::fs2);
  r.rs3 = mask(31, Field::fs3);
  r.rm = mask(7, Field::rm);
  r.aqrl = static_cast<std::uint8_t>(mask(2, Field::aq) | mask(1, Field::rl));
  return r;
}

constexpr auto make_decode_rows() {
  std::array<DecodeRow, row_count> rows;
  for (std::size_t i = 0; i < row_count; ++i) rows[i] = decode_row(row_infos[i]);
  return rows;
}
constexpr auto decode_rows = make_decode_rows();

// Candidates are found by opcode and funct3, then, where that leaves more than a few, by funct7. Every list
// is sorted so that the more specific row (more fixed bits) stands first.
constexpr std::size_t bucket_count = 256;
constexpr std::size_t few = 3;

constexpr std::uint32_t bucket_of(std::uint32_t bits) { return ((bits >> 2) & 31) | ((bits >> 12) & 7) << 5; }
constexpr std::uint32_t bucket_match(std::size_t bucket) {
  return static_cast<std::uint32_t>(3 | (bucket & 31) << 2 | (bucket >> 5) << 12);
}
constexpr std::uint32_t bucket_mask = bucket_match(bucket_count - 1);

struct Bucket {
  std::uint16_t first = 0;  // of the candidate list, or of 128 lists by funct7
  std::uint8_t count = 0;
  bool by_funct7 = false;
};

constexpr bool covers(const DecodeRow& row, std::uint32_t match, std::uint32_t mask) {
  return ((row.match ^ match) & row.mask & mask) == 0;
}

// Rows in an order in which a specialisation comes before what it specialises.
constexpr auto make_specific_first() {
  std::array<std::uint16_t, row_count> order{};
  for (std::size_t i = 0; i < row_count; ++i) order[i] = static_cast<std::uint16_t>(i);
  std::sort(order.begin(), order.end(), [](std::uint16_t a, std::uint16_t b) {
    const int bits_a = std::popcount(decode_rows[a].mask), bits_b = std::popcount(decode_rows[b].mask);
    return bits_a != bits_b ? bits_a > bits_b : a < b;
  });
  return order;
}
constexpr auto specific_first = make_specific_first();

struct Index {
  std::array<Bucket, bucket_count> buckets{};
  std::array<Bucket, 128 * 48> by_funct7{};
  std::array<std::uint16_t, 2048> candidates{};
  std::size_t funct7_tables = 0, candidate_count = 0;
};

constexpr Bucket append_candidates(Index& index, std::span<const std::uint16_t> rows, std::uint32_t match,
                                   std::uint32_t mask) {
  Bucket bucket{.first = static_cast<std::uint16_t>(index.candidate_count)};
  for (const std::uint16_t row : rows) {
    if (!covers(decode_rows[row], match, mask)) continue;
    index.candidates[index.candidate_count++] = row;
    ++bucket.count;
  }
  return bucket;
}

constexpr Index make_index() {
  Index index;
  for (std::size_t b = 0; b < bucket_count; ++b) {
    std::array<std::uint16_t, row_count> members{};
    std::size_t count = 0;
    for (const std::uint16_t row : specific_first)
      if (covers(decode_rows[row], bucket_match(b), bucket_mask)) members[count++] = row;
    const std::span<const std::uint16_t> rows(members.data(), count);
    if (count <= few) {
      index.buckets[b] = append_candidates(index, rows, bucket_match(b), bucket_mask);
      continue;
    }
    index.buckets[b] = {.first = static_cast<std::uint16_t>(128 * index.funct7_tables++), .by_funct7 = true};
    for (std::uint32_t funct7 = 0; funct7 < 128; ++funct7)
      index.by_funct7[index.buckets[b].first + funct7] =
          append_candidates(index, rows, bucket_match(b) | funct7 << 25, bucket_mask | 0xFE000000u);
  }
  return index;
}
constexpr Index decode_index = make_index();

constexpr std::uint16_t no_row = 0xFFFF;

std::uint16_t find_row(std::uint32_t bits, ExtensionSet extensions) {
  Bucket bucket = decode_index.buckets[bucket_of(bits)];
  if (bucket.by_funct7) bucket = decode_index.by_funct7[bucket.first + (bits >> 25)];
  for (std::size_t i = bucket.first; i < std::size_t{bucket.first} + bucket.count; ++i) {
    const DecodeRow& row = decode_rows[decode_index.candidates[i]];
    if ((bits & row.mask) == row.match && extensions.has(row.extension)) return decode_index.candidates[i];
  }
  return no_row;
}

Decoded decode_compressed(std::uint16_t bits, ExtensionSet extensions) {
  Decoded result{.length = 2, .bits = bits};
  const CompressedRow* row = find_compressed(bits, extensions);
  if (row == nullptr || !extensions.has(decode_rows[row->target].extension)) return result;
  result.operands = row->operands(bits);
  result.operands.row = row->target;
  result.legal = true;
  return result;
}

}  // namespace

Operands extract_operands(std::uint32_t bits, std::uint16_t index) {
  const DecodeRow& row = decode_rows[index];
  const auto field = [bits](unsigned low_bit, std::uint8_t mask) {
    return static_cast<std::uint8_t>((bits >> low_bit) & mask);
  };
  Operands o;
  o.imm = immediate(bits, row.immediate);
  o.rd = field(7, row.rd);
  o.rs1 = field(15, row.rs1);
  o.rs2 = field(20, row.rs2);
  o.rs3 = field(27, row.rs3);
  o.rm = field(12, row.rm);
  o.aqrl = field(25, row.aqrl);
  o.row = index;
  return o;
}

Decoded decode(std::uint32_t bits, ExtensionSet extensions) {
  if (instruction_length(bits) == 2) return decode_compressed(static_cast<std::uint16_t>(bits), extensions);
  Decoded result{.length = 4, .bits = bits};
  const std::uint16_t row = find_row(bits, extensions);
  if (row == no_row) return result;
  result.operands = extract_operands(bits, row);
  result.legal = true;
  return result;
}

}  // namespace hartbeat::isa
