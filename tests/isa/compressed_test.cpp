#include "emu/isa/compressed.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "emu/isa/decode.hpp"
#include "emu/isa/table.hpp"
#include "tests/isa/all_extensions.hpp"

namespace hartbeat::isa {
namespace {

struct Expansion {
  std::uint16_t compressed;
  std::uint32_t wide;
};

// Both columns are the GNU assembler's; the Zcb forms, which binutils 2.40 lacks, are written from their
// encodings.
constexpr Expansion expansions[] = {
    {0x0040, 0x00410413},  // c.addi4spn s0,sp,4
    {0x1FFC, 0x3FC10793},  // c.addi4spn a5,sp,1020
    {0x1528, 0x2A810513},  // c.addi4spn a0,sp,680
    {0x2188, 0x0005B507},  // c.fld fa0,0(a1)
    {0x3FE0, 0x0F87B407},  // c.fld fs0,248(a5)
    {0x345C, 0x0A843787},  // c.fld fa5,168(s0)
    {0x41C8, 0x0045A503},  // c.lw a0,4(a1)
    {0x403C, 0x04042783},  // c.lw a5,64(s0)
    {0x5CE4, 0x07C4A483},  // c.lw s1,124(s1)
    {0x6588, 0x0085B503},  // c.ld a0,8(a1)
    {0x7F74, 0x0F873683},  // c.ld a3,248(a4)
    {0xA1A8, 0x04A5B027},  // c.fsd fa0,64(a1)
    {0xC1C8, 0x00A5A223},  // c.sw a0,4(a1)
    {0xCEB0, 0x04C6AC23},  // c.sw a2,88(a3)
    {0xE588, 0x00A5B423},  // c.sd a0,8(a1)
    {0xE0E0, 0x0C84B023},  // c.sd s0,192(s1)
    {0x0001, 0x00000013},  // c.nop
    {0x0505, 0x00150513},  // c.addi a0,1
    {0x1F81, 0xFE0F8F93},  // c.addi t6,-32
    {0x097D, 0x01F90913},  // c.addi s2,31
    {0x2501, 0x0005051B},  // c.addiw a0,0
    {0x39FD, 0xFFF9899B},  // c.addiw s3,-1
    {0x557D, 0xFFF00513},  // c.li a0,-1
    {0x42FD, 0x01F00293},  // c.li t0,31
    {0x6141, 0x01010113},  // c.addi16sp sp,16
    {0x7101, 0xE0010113},  // c.addi16sp sp,-512
    {0x617D, 0x1F010113},  // c.addi16sp sp,496
    {0x610D, 0x0A010113},  // c.addi16sp sp,160
    {0x6505, 0x00001537},  // c.lui a0,1
    {0x7A01, 0xFFFE0A37},  // c.lui s4,0xfffe0
    {0x637D, 0x0001F337},  // c.lui t1,31
    {0x8105, 0x00155513},  // c.srli a0,1
    {0x93FD, 0x03F7D793},  // c.srli a5,63
    {0x9401, 0x42045413},  // c.srai s0,32
    {0x9901, 0xFE057513},  // c.andi a0,-32
    {0x89D5, 0x0155F593},  // c.andi a1,21
    {0x8D0D, 0x40B50533},  // c.sub a0,a1
    {0x8D2D, 0x00B54533},  // c.xor a0,a1
    {0x8C5D, 0x00F46433},  // c.or s0,a5
    {0x8FE1, 0x0087F7B3},  // c.and a5,s0
    {0x9D0D, 0x40B5053B},  // c.subw a0,a1
    {0x9D2D, 0x00B5053B},  // c.addw a0,a1
    {0xA009, 0x0020006F},  // c.j .+2
    {0xB001, 0x801FF06F},  // c.j .-2048
    {0xAFFD, 0x7FE0006F},  // c.j .+2046
    {0xAB91, 0x5540006F},  // c.j .+1364
    {0xC109, 0x00050163},  // c.beqz a0,.+2
    {0xD081, 0xF00480E3},  // c.beqz s1,.-256
    {0xCFFD, 0x0E078F63},  // c.beqz a5,.+254
    {0xF939, 0xF4051BE3},  // c.bnez a0,.-170
    {0xEAB1, 0x04069A63},  // c.bnez a3,.+84
    {0x0506, 0x00151513},  // c.slli a0,1
    {0x1FFE, 0x03FF9F93},  // c.slli t6,63
    {0x2502, 0x00013507},  // c.fldsp fa0,0(sp)
    {0x3FFE, 0x1F813F87},  // c.fldsp ft11,504(sp)
    {0x4512, 0x00412503},  // c.lwsp a0,4(sp)
    {0x50FE, 0x0FC12083},  // c.lwsp ra,252(sp)
    {0x5E2A, 0x0A812E03},  // c.lwsp t3,168(sp)
    {0x6522, 0x00813503},  // c.ldsp a0,8(sp)
    {0x70FE, 0x1F813083},  // c.ldsp ra,504(sp)
    {0x8082, 0x00008067},  // c.jr ra
    {0x8F82, 0x000F8067},  // c.jr t6
    {0x852E, 0x00B00533},  // c.mv a0,a1
    {0x8FEE, 0x01B00FB3},  // c.mv t6,s11
    {0x9002, 0x00100073},  // c.ebreak
    {0x9502, 0x000500E7},  // c.jalr a0
    {0x9082, 0x000080E7},  // c.jalr ra
    {0x952E, 0x00B50533},  // c.add a0,a1
    {0xA42A, 0x00A13427},  // c.fsdsp fa0,8(sp)
    {0xBF82, 0x1E013C27},  // c.fsdsp ft0,504(sp)
    {0xC22A, 0x00A12223},  // c.swsp a0,4(sp)
    {0xDFFE, 0x0FF12E23},  // c.swsp t6,252(sp)
    {0xE42A, 0x00A13423},  // c.sdsp a0,8(sp)
    {0xFFA2, 0x1E813C23},  // c.sdsp s0,504(sp)
    {0x81C8, 0x0015C503},  // c.lbu a0,1(a1)
    {0x803C, 0x00244783},  // c.lbu a5,2(s0)
    {0x85A8, 0x0025D503},  // c.lhu a0,2(a1)
    {0x85E8, 0x00259503},  // c.lh a0,2(a1)
    {0x89E8, 0x00A581A3},  // c.sb a0,3(a1)
    {0x8DA8, 0x00A59123},  // c.sh a0,2(a1)
    {0x9D61, 0x0FF57513},  // c.zext.b a0
    {0x9D65, 0x60451513},  // c.sext.b a0
    {0x9D69, 0x0805453B},  // c.zext.h a0
    {0x9D6D, 0x60551513},  // c.sext.h a0
    {0x9D71, 0x0805053B},  // c.zext.w a0
    {0x9D75, 0xFFF54513},  // c.not a0
    {0x9D4D, 0x02B50533},  // c.mul a0,a1
    {0x6081, 0x00000013},  // c.mop.1
    {0x6781, 0x00000013},  // c.mop.15
};

TEST_CASE("a compressed instruction does something else than the instruction it stands for") {
  std::set<std::string_view> seen;
  for (const Expansion& e : expansions) {
    INFO(std::hex << e.compressed);
    const Decoded narrow = decode(e.compressed, all_extensions());
    const Decoded wide = decode(e.wide, all_extensions());
    REQUIRE(narrow.legal);
    CHECK(narrow.length == 2);
    CHECK(narrow.operands.row == wide.operands.row);
    CHECK(narrow.operands.imm == wide.operands.imm);
    CHECK(narrow.operands.rd == wide.operands.rd);
    CHECK(narrow.operands.rs1 == wide.operands.rs1);
    CHECK(narrow.operands.rs2 == wide.operands.rs2);
    seen.insert(find_compressed(e.compressed, all_extensions())->name);
  }
  CHECK(seen.size() == compressed_rows().size());  // none is left out of the list above
}

TEST_CASE("the parcel behind a compressed instruction changes its meaning") {
  for (const Expansion& e : expansions) {
    const Decoded alone = decode(e.compressed, all_extensions());
    const Decoded followed = decode(0xDEAD0000u | e.compressed, all_extensions());
    CHECK(followed.bits == e.compressed);
    CHECK(followed.operands.row == alone.operands.row);
    CHECK(followed.operands.imm == alone.operands.imm);
  }
}

TEST_CASE("a reserved compressed encoding is legal") {
  CHECK_FALSE(decode(0x0000, all_extensions()).legal);  // illegal by definition
  CHECK_FALSE(decode(0x0008, all_extensions()).legal);  // c.addi4spn with nzuimm = 0
  CHECK_FALSE(decode(0x2001, all_extensions()).legal);  // c.addiw with rd = x0
  CHECK_FALSE(decode(0x6101, all_extensions()).legal);  // c.addi16sp with nzimm = 0
  CHECK_FALSE(decode(0x6501, all_extensions()).legal);  // c.lui with nzimm = 0
  CHECK_FALSE(decode(0x4002, all_extensions()).legal);  // c.lwsp with rd = x0
  CHECK_FALSE(decode(0x6002, all_extensions()).legal);  // c.ldsp with rd = x0
  CHECK_FALSE(decode(0x8002, all_extensions()).legal);  // c.jr with rs1 = x0
  CHECK_FALSE(decode(0x9C7D, all_extensions()).legal);  // behind c.not
}

TEST_CASE("a compressed HINT traps") {
  for (const std::uint16_t hint : {0x0005, 0x0501, 0x4005, 0x6005, 0x0002, 0x8006, 0x9006, 0x8001, 0x8401})
    CHECK(decode(hint, all_extensions()).legal);
}

TEST_CASE("a compressed instruction is legal without one of the extensions it needs") {
  struct Need {
    std::uint16_t bits;
    Extension extension;
  };
  const Need needs[] = {{0x4505, Extension::c},   {0x2188, Extension::d},   {0x9D4D, Extension::m},
                        {0x9D4D, Extension::zcb}, {0x8188, Extension::zcb}, {0x9D65, Extension::zbb},
                        {0x9D71, Extension::zba}, {0x9D75, Extension::c}};
  for (const Need& need : needs) {
    INFO(std::hex << need.bits);
    CHECK(decode(need.bits, all_extensions()).legal);
    CHECK_FALSE(decode(need.bits, all_extensions().set(need.extension, false)).legal);
  }
}

TEST_CASE("some 16-bit pattern has operands outside the register file") {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 3) == 3) continue;
    const Decoded d = decode(bits, all_extensions());
    REQUIRE(d.length == 2);
    REQUIRE((d.operands.rd < 32 && d.operands.rs1 < 32 && d.operands.rs2 < 32));
    if (d.legal) REQUIRE(d.operands.row < row_count);
  }
}

}  // namespace
}  // namespace hartbeat::isa
