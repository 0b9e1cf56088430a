#include "emu/isa/disassemble.hpp"

#include <unistd.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <vector>

#include "emu/isa/csr_names.hpp"
#include "tests/isa/all_extensions.hpp"
#include "tests/isa/encode.hpp"

namespace hartbeat::isa {
namespace {

std::string text(std::uint32_t bits, std::uint64_t pc = 0) { return disassemble(bits, pc, all_extensions()); }

TEST_CASE("an instruction's text is not what objdump -M no-aliases prints") {
  CHECK(text(0x00150513) == "addi\ta0,a0,1");
  CHECK(text(0xFE0518E3, 0x80000010) == "bne\ta0,zero,0x80000000");
  CHECK(text(0x0000006F, 0xFFFFFFFFFFFFFFFE) == "jal\tzero,0xfffffffffffffffe");
  CHECK(text(0x00008067) == "jalr\tzero,0(ra)");
  CHECK(text(0x12345537) == "lui\ta0,0x12345");
  CHECK(text(0xFFFFF517) == "auipc\ta0,0xfffff");
  CHECK(text(0xFF853503) == "ld\ta0,-8(a0)");
  CHECK(text(0xFEA53C23) == "sd\ta0,-8(a0)");
  CHECK(text(0x03F55513) == "srli\ta0,a0,0x3f");
  CHECK(text(0x30051073) == "csrrw\tzero,mstatus,a0");
  CHECK(text(0x7C02D073) == "csrrwi\tzero,0x7c0,5");
  CHECK(text(0x1005252F) == "lr.w\ta0,(a0)");
  CHECK(text(0x06B5352F) == "amoadd.d.aqrl\ta0,a1,(a0)");
  CHECK(text(0x0FF0000F) == "fence\tiorw,iorw");
  CHECK(text(0x8330000F) == "fence.tso");
  CHECK(text(0x0100000F) == "pause");
  CHECK(text(0x12B50073) == "sfence.vma\ta0,a1");
  CHECK(text(0x00502013) == "slti\tzero,zero,5");
  CHECK(text(0x02C5F553) == "fadd.d\tfa0,fa1,fa2");
  CHECK(text(0x68C59543) == "fmadd.s\tfa0,fa1,fa2,fa3,rtz");
  CHECK(text(0xD2058553) == "fcvt.d.w\tfa0,a1");
  CHECK(text(0x4505) == "c.li\ta0,1");
  CHECK(text(0xA001, 0x100) == "c.j\t0x100");
  CHECK(text(0x8082) == "c.jr\tra");
  CHECK(text(0x0001) == "c.nop");
  CHECK(text(0x8188) == "c.lbu\ta0,0(a1)");
  CHECK(text(0x0000) == "c.unimp");
  CHECK(text(0x00000003) == "lb\tzero,0(zero)");
  CHECK(text(0xFFFFFFFF) == ".4byte\t0xffffffff");
  CHECK(disassemble(0x4505, 0, ExtensionSet{}) == ".2byte\t0x4505");
}

TEST_CASE("a CSR's name does not lead back to its address") {
  CHECK(csr_name(0x300) == "mstatus");
  CHECK(csr_name(0xB1F) == "mhpmcounter31");
  CHECK(csr_name(0x3EF) == "pmpaddr63");
  CHECK(csr_name(0x800) == "0x800");
  CHECK_FALSE(csr_address("hpmcounter2"));
  CHECK_FALSE(csr_address("hpmcounter32"));
  CHECK_FALSE(csr_address("pmpaddr"));
  CHECK_FALSE(csr_address("pmpaddr1x"));
  CHECK_FALSE(csr_address("0x1000"));
  CHECK_FALSE(csr_address(""));
  for (std::uint16_t address = 0; address < 0x1000; ++address)
    CHECK(csr_address(csr_name(address)) == address);
}

// ---- against GNU objdump, where it is installed

namespace fs = std::filesystem;

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "hartbeat-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~ScratchFolder() { fs::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

// One line of objdump: "      10:\t00150513          \taddi\ta0,a0,1".
struct Line {
  std::uint64_t address;
  std::string text;
};

std::optional<Line> parse_line(const std::string& line) {
  const auto colon = line.find(":\t");
  const auto tab = colon == std::string::npos ? colon : line.find('\t', colon + 2);
  if (tab == std::string::npos) return std::nullopt;
  std::string text = line.substr(tab + 1);
  for (const char* tail : {" <", " # "})  // symbols and remarks
    if (const auto at = text.find(tail); at != std::string::npos) text.resize(at);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  return Line{std::stoull(line.substr(0, colon), nullptr, 16), text};
}

// Where binutils 2.40 writes the same thing in other words.
std::string in_our_words(std::string text) {
  for (const char* shift : {"c.slli", "c.srli", "c.srai"})
    if (text.starts_with(shift + std::string("64\t"))) return text.erase(6, 2) + ",0x0";
  if (text == "c.addi\tzero,0") return "c.nop";
  if (text.starts_with("c.addi\tzero,")) return "c.nop\t" + text.substr(12);
  // Targets come as bare hexadecimal digits.
  const auto tab = text.find('\t');
  const std::string mnemonic = text.substr(0, tab);
  static const std::string with_target[] = {"jal",  "beq",  "bne", "blt",    "bge",
                                            "bltu", "bgeu", "c.j", "c.beqz", "c.bnez"};
  if (std::find(std::begin(with_target), std::end(with_target), mnemonic) == std::end(with_target))
    return text;
  const auto comma = text.rfind(',');
  const auto at = (comma == std::string::npos ? tab : comma) + 1;
  return text.substr(at).starts_with("0x") ? text : text.insert(at, "0x");
}

// Objdump's text for each instruction of `code`; nothing when the tools are missing.
std::optional<std::map<std::uint64_t, std::string>> objdump(const std::vector<std::uint8_t>& code) {
  const std::string tool = "riscv64-linux-gnu-";
  if (!run("command -v " + tool + "objdump >/dev/null 2>&1 && command -v " + tool + "as >/dev/null 2>&1")) {
    std::cout << "SKIP: " << tool << "objdump is not installed\n";
    return std::nullopt;
  }
  const ScratchFolder folder;
  const std::string object = folder.file("code.o"), binary = folder.file("code.bin"),
                    list = folder.file("list");
  std::ofstream(folder.file("empty.s")) << ".text\nnop\n";
  std::ofstream(binary, std::ios::binary)
      .write(reinterpret_cast<const char*>(code.data()), static_cast<std::streamsize>(code.size()));
  // The object's attributes say which extensions objdump is to know; the code is put in afterwards because
  // the assembler would mark it as data.
  REQUIRE(run(tool +
              "as "
              "-march=rv64gc_zba_zbb_zbc_zbs_zbkb_zbkx_zknd_zkne_zknh_svinval_zihintpause_zfh_zicbom_zicbop_"
              "zicboz_zawrs " +
              folder.file("empty.s") + " -o " + object));
  REQUIRE(run(tool + "objcopy --update-section .text=" + binary + " " + object));
  REQUIRE(run(tool + "objdump -d -M no-aliases,priv-spec=1.12 " + object + " > " + list));
  std::map<std::uint64_t, std::string> lines;
  std::ifstream in(list);
  for (std::string line; std::getline(in, line);)
    if (const auto parsed = parse_line(line)) lines[parsed->address] = in_our_words(parsed->text);
  return lines;
}

void append(std::vector<std::uint8_t>& code, std::uint32_t bits, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) code.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
}

// Extensions that binutils 2.40 does not know, or not in objects of the -march above.
bool known_to_objdump(Extension e) {
  switch (e) {
    case Extension::zcb:
    case Extension::zicond:
    case Extension::zacas:
    case Extension::zimop:
    case Extension::zcmop: return false;
    default: return true;
  }
}

TEST_CASE("a row of the table is disassembled otherwise than by objdump") {
  std::vector<std::uint8_t> code;
  std::vector<std::uint32_t> words;
  std::mt19937_64 random(4);
  for (const RowInfo& row : row_infos) {
    if (!known_to_objdump(row.extension)) continue;
    for (int i = 0; i < 50; ++i) {
      Operands o = random_operands(row, random);
      // Objdump takes these for something it does not know.
      if (row.name == "fence") o.rd = o.rs1 = 0, o.imm &= i % 5 != 0 ? 0xFF : 0x833;
      if (row.name == "fence" && (o.imm & 0x800) != 0) o.imm = 0x833;
      if (row.name == "fence.i") o = {};
      if (row.name == "fcvt.d.s" || row.name == "fcvt.d.w" || row.name == "fcvt.d.wu") o.rm = 0;
      if (row.name == "fcvt.s.h" || row.name == "fcvt.d.h") o.rm = 0;
      if (row.encoding.has(Field::csr)) o.imm = 0x300;  // their names have a test of their own
      words.push_back(encode(row, o));
      append(code, words.back(), 4);
    }
  }
  const auto expected = objdump(code);
  if (!expected) return;
  REQUIRE(expected->size() == words.size());
  for (std::size_t i = 0; i < words.size(); ++i) {
    INFO(std::hex << words[i]);
    CHECK(text(words[i], 4 * i) == expected->at(4 * i));
  }
}

TEST_CASE("a CSR has another name than objdump gives it") {
  std::vector<std::uint8_t> code;
  const std::uint32_t csrrw = row_infos[row_index("csrrw")].encoding.match;
  for (std::uint32_t address = 0; address < 0x1000; ++address) append(code, csrrw | address << 20, 4);
  const auto expected = objdump(code);
  if (!expected) return;
  unsigned compared = 0;
  for (std::uint32_t address = 0; address < 0x1000; ++address) {
    const std::string& theirs = expected->at(4 * address);
    const std::string ours = text(csrrw | address << 20);
    // Either may know a register that the other has no name for.
    if (theirs.find(",0x") != std::string::npos || ours.find(",0x") != std::string::npos) continue;
    CHECK(ours == theirs);
    ++compared;
  }
  CHECK(compared > 200);
}

TEST_CASE("one of the 65536 compressed patterns is disassembled otherwise than by objdump") {
  std::vector<std::uint8_t> code;
  std::vector<std::uint16_t> patterns;
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 3) == 3) continue;
    patterns.push_back(static_cast<std::uint16_t>(bits));
    append(code, bits, 2);
  }
  const auto expected = objdump(code);
  if (!expected) return;
  REQUIRE(expected->size() == patterns.size());
  const ExtensionSet without_zcb = all_extensions().set(Extension::zcb, false).set(Extension::zcmop, false);
  std::size_t different = 0;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (patterns[i] == 0x6101) continue;  // c.addi16sp sp,0 is reserved; objdump prints it
    const std::string ours = disassemble(patterns[i], 2 * i, without_zcb);
    if (ours == expected->at(2 * i)) continue;
    if (++different <= 10) UNSCOPED_INFO(ours << " should be " << expected->at(2 * i));
  }
  CHECK(different == 0);
}

}  // namespace
}  // namespace hartbeat::isa
