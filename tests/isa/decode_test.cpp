#include "emu/isa/decode.hpp"

#include <bit>
#include <catch2/catch.hpp>
#include <random>

#include "emu/isa/compressed.hpp"
#include "emu/isa/overlaps.hpp"
#include "tests/isa/all_extensions.hpp"
#include "tests/isa/encode.hpp"

namespace hartbeat::isa {
namespace {

constexpr std::size_t none = row_count;

// The table read literally: of the enabled rows that match, the one with the most fixed bits.
std::size_t slow_find(std::uint32_t bits, ExtensionSet extensions) {
  std::size_t best = none;
  for (std::size_t i = 0; i < row_count; ++i) {
    const Encoding& e = row_infos[i].encoding;
    if ((bits & e.mask) != e.match || !extensions.has(row_infos[i].extension)) continue;
    if (best == none || std::popcount(e.mask) > std::popcount(row_infos[best].encoding.mask)) best = i;
  }
  return best;
}

std::size_t decoded_row(std::uint32_t bits, ExtensionSet extensions) {
  const Decoded d = decode(bits, extensions);
  return d.legal ? d.operands.row : none;
}

bool same(const Operands& a, const Operands& b) {
  return a.imm == b.imm && a.rd == b.rd && a.rs1 == b.rs1 && a.rs2 == b.rs2 && a.rs3 == b.rs3 &&
         a.rm == b.rm && a.aqrl == b.aqrl;
}

TEST_CASE("a row's own pattern does not decode to that row") {
  for (std::size_t i = 0; i < row_count; ++i) {
    INFO(row_infos[i].name);
    // All operand fields 1s and all 0s: neither is a special form of the rows that have one, but for packw's
    // rs2 = 0 and slti's rd = 0.
    const Encoding& e = row_infos[i].encoding;
    CHECK(decoded_row(e.match | ~e.mask, all_extensions()) == i);
    CHECK(decoded_row(e.match, all_extensions()) == slow_find(e.match, all_extensions()));
  }
}

TEST_CASE("an operand is lost or misplaced in decoding") {
  std::mt19937_64 random(2);
  for (std::size_t i = 0; i < row_count; ++i) {
    for (int repeat = 0; repeat < 200; ++repeat) {
      const Operands wanted = random_operands(row_infos[i], random);
      const std::uint32_t bits = encode(row_infos[i], wanted);
      INFO(row_infos[i].name << " " << std::hex << bits);
      const Decoded d = decode(bits, all_extensions());
      REQUIRE(d.legal);
      REQUIRE(d.length == 4);
      REQUIRE(d.bits == bits);
      if (d.operands.row != i) {  // a special case of this row
        REQUIRE(is_declared_specialisation(row_infos[d.operands.row].name, row_infos[i].name));
        continue;
      }
      REQUIRE(same(d.operands, wanted));
    }
  }
}

TEST_CASE("the fast decoder disagrees with the table read literally") {
  std::mt19937 random(3);
  const ExtensionSet extensions = all_extensions();
  std::size_t wrong = 0, legal = 0;
  for (int i = 0; i < 300'000; ++i) {
    // Half of the patterns are near a row, so that most of the table is reached.
    const std::uint32_t noise = static_cast<std::uint32_t>(random());
    const Encoding& e = row_infos[random() % row_count].encoding;
    const std::uint32_t flipped = 1u << (random() % 32);
    const std::uint32_t bits = (i % 2 != 0 ? noise : (e.match | (noise & ~e.mask)) ^ flipped) | 3;
    const std::size_t found = decoded_row(bits, extensions);
    wrong += found != slow_find(bits, extensions);
    legal += found != none;
  }
  CHECK(wrong == 0);
  CHECK(legal > 100'000);
}

TEST_CASE("an instruction of an extension that is off decodes, or one of an extension that is on does not") {
  for (std::size_t i = 0; i < row_count; ++i) {
    INFO(row_infos[i].name);
    const std::uint32_t bits = row_infos[i].encoding.match | ~row_infos[i].encoding.mask;
    ExtensionSet without = all_extensions();
    without.set(row_infos[i].extension, false);
    CHECK(decoded_row(bits, without) == slow_find(bits, without));
    CHECK(decoded_row(bits, without) != i);
    CHECK(decoded_row(bits, ExtensionSet{}.set(row_infos[i].extension)) == i);
    CHECK_FALSE(decode(bits, ExtensionSet{}).legal);
  }
}

TEST_CASE("a special form hides the general row although its extension is off") {
  ExtensionSet zbkb_only;
  zbkb_only.set(Extension::zbkb);
  const std::uint32_t zext_h = row_infos[row_index("zext.h")].encoding.match;
  CHECK(decoded_row(zext_h, zbkb_only) == row_index("packw"));
  CHECK(decoded_row(zext_h, all_extensions()) == row_index("zext.h"));
}

TEST_CASE("a HINT of the guest kernel or a pause decodes as the plain instruction") {
  CHECK(decoded_row(0x00502013, all_extensions()) == row_index("hint.trace"));  // slti x0, x0, 5
  CHECK(decoded_row(0x00552013, all_extensions()) == row_index("hint.trace"));  // slti x0, a0, 5
  CHECK(decoded_row(0x00502093, all_extensions()) == row_index("slti"));        // slti x1, x0, 5
  CHECK(decoded_row(0x0100000F, all_extensions()) == row_index("pause"));
  CHECK(decoded_row(0x0200000F, all_extensions()) == row_index("fence"));
}

TEST_CASE("a pattern of 48 or more bits is taken for a 32-bit instruction") {
  for (const std::uint32_t bits : {0x0000001Fu, 0x0000003Fu, 0x0000007Fu, 0xFFFFFFFFu}) {
    const Decoded d = decode(bits, all_extensions());
    CHECK_FALSE(d.legal);
    CHECK(d.length == 4);
  }
}

TEST_CASE("two rows overlap unseen") {
  constexpr Encoding addi = parse_encoding("imm12 rs1 000 rd 0010011");
  constexpr Encoding li = parse_encoding("imm12 00000 000 rd 0010011");
  constexpr Encoding nop = parse_encoding("000000000000 rs1 000 00000 0010011");
  CHECK(overlap(addi, li));
  CHECK(strictly_specialises(li, addi));
  CHECK_FALSE(strictly_specialises(addi, li));
  CHECK(overlap(li, nop));
  CHECK_FALSE(strictly_specialises(li, nop));
  const RowInfo undeclared[] = {{"addi", addi}, {"li", li}};
  CHECK_FALSE(is_unambiguous(undeclared));
  const RowInfo same_name[] = {{"addi", addi}, {"addi", parse_encoding("imm12 rs1 001 rd 0010011")}};
  CHECK_FALSE(is_unambiguous(same_name));
}

}  // namespace
}  // namespace hartbeat::isa
