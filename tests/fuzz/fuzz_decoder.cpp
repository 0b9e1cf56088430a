// Any 32 bits under any set of extensions: the decoder answers, consistently with the table, and so does the
// disassembler. Input: eight bytes of extension switches, then instructions of four bytes each.
#include <cstring>

#include "emu/isa/decode.hpp"
#include "emu/isa/disassemble.hpp"
#include "emu/isa/table.hpp"
#include "tests/fuzz/fuzz_target.hpp"
#include "tests/isa/all_extensions.hpp"
#include "tests/isa/encode.hpp"

namespace hartbeat::isa {

namespace {

using fuzz::require;

bool same(const Operands& a, const Operands& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

// The bits that the row's encoding speaks of.
std::uint32_t spoken_for(const Encoding& e) {
  std::uint32_t bits = e.mask;
  for (unsigned f = 0; f < static_cast<unsigned>(Field::count_); ++f) {
    const FieldShape& shape = field_shapes[f];
    if (e.has(static_cast<Field>(f))) bits |= ((std::uint32_t{1} << shape.width) - 1) << shape.low_bit;
  }
  return bits;
}

void check_legal(std::uint32_t bits, const Decoded& decoded, ExtensionSet extensions) {
  const Operands& o = decoded.operands;
  require(o.row < row_count, "the row of a legal instruction exists");
  const RowInfo& row = row_infos[o.row];
  require(extensions.has(row.extension), "the extension of a legal instruction is on");
  require(o.rd < 32 && o.rs1 < 32 && o.rs2 < 32 && o.rs3 < 32, "a register number is below 32");
  require(decode(bits, all_extensions()).legal, "more extensions make no instruction illegal");
  if (decoded.length == 2) {
    require(extensions.has(Extension::c), "a compressed instruction needs C");
    return;
  }
  require((bits & row.encoding.mask) == row.encoding.match, "an instruction has the fixed bits of its row");
  require(spoken_for(row.encoding) == ~std::uint32_t{0}, "an encoding speaks of all 32 bits");
  require(same(extract_operands(bits, o.row), o), "operands do not depend on who extracts them");
  require(encode(row, o) == bits, "operands assemble to the instruction that they came from");
}

void check(std::uint32_t bits, ExtensionSet extensions) {
  const Decoded decoded = decode(bits, extensions);
  require(decoded.length == instruction_length(bits), "the length follows from the two lowest bits");
  const std::uint32_t fetched = decoded.length == 2 ? bits & 0xffff : bits;
  require(decoded.bits == fetched, "the decoder keeps the bits that were fetched");
  if (decoded.legal) check_legal(bits, decoded, extensions);
  const std::string text = disassemble(bits, 0x8000'0000, extensions);
  require(!text.empty(), "every pattern has a text");
  const bool data = text.starts_with('.') || text == "c.unimp";  // 0x0000 is illegal by definition
  require(data != decoded.legal, "what is illegal, and nothing else, comes as data");
}

}  // namespace

}  // namespace hartbeat::isa

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hartbeat::isa;
  std::uint64_t switches = 0;
  if (size < sizeof switches) return 0;
  std::memcpy(&switches, data, sizeof switches);
  ExtensionSet extensions;
  for (unsigned e = 0; e < static_cast<unsigned>(Extension::count_); ++e) {
    extensions.set(static_cast<Extension>(e), (switches >> e & 1) != 0);
  }
  for (std::size_t at = sizeof switches; at + 4 <= size; at += 4) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, data + at, sizeof bits);
    check(bits, extensions);
  }
  return 0;
}

namespace hartbeat::fuzz {

// One input per row, with every extension on, and all compressed patterns of one quadrant in each of three
// more.
std::vector<Input> seeds() {
  std::vector<Input> result;
  std::mt19937_64 random(2);
  const auto append = [](Input& input, std::uint32_t bits) {
    for (unsigned byte = 0; byte < 4; ++byte) input.push_back(static_cast<std::uint8_t>(bits >> (8 * byte)));
  };
  for (const isa::RowInfo& row : isa::row_infos) {
    Input input(8, 0xff);
    for (int i = 0; i < 4; ++i) append(input, isa::encode(row, isa::random_operands(row, random)));
    result.push_back(input);
  }
  for (std::uint32_t quadrant = 0; quadrant < 3; ++quadrant) {
    Input input(8, 0xff);
    for (std::uint32_t rest = 0; rest < 1u << 14; rest += 61) append(input, rest << 2 | quadrant);
    result.push_back(input);
  }
  return result;
}

}  // namespace hartbeat::fuzz
