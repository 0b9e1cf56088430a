#include "emu/isa/disassemble.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>

#include "emu/isa/compressed.hpp"
#include "emu/isa/csr_names.hpp"
#include "emu/isa/register_names.hpp"
#include "emu/isa/table.hpp"

namespace hartbeat::isa {
namespace {

// An operand list is written with one letter an operand; every other character stands for itself.
//
//   d s t      rd, rs1, rs2 as integer registers        D S T R   fd, fs1, fs2, fs3
//   i          immediate, signed decimal                h         shift amount, hexadecimal
//   u          bits 31 to 12 of the immediate           p         pc + immediate
//   c          CSR                                      z         rs1's number
//   P Q        fence's predecessor and successor sets   m         ",mode" unless the rounding mode is dynamic
//   e          ",mode" unless it is rne, as assemblers write it where nothing is rounded
std::string_view compressed_syntax(const CompressedRow& row, const Operands& o) {
  struct Syntax {
    std::string_view name, operands;
  };
  static constexpr Syntax syntaxes[] = {
      {"c.addi4spn", "d,s,i"}, {"c.fld", "D,i(s)"}, {"c.fldsp", "D,i(s)"}, {"c.fsd", "T,i(s)"},
      {"c.fsdsp", "T,i(s)"},   {"c.lui", "d,u"},    {"c.srli", "d,h"},     {"c.srai", "d,h"},
      {"c.slli", "d,h"},       {"c.j", "p"},        {"c.beqz", "s,p"},     {"c.bnez", "s,p"},
      {"c.jr", "s"},           {"c.jalr", "s"},     {"c.ebreak", ""},      {"c.zext.b", "d"},
      {"c.not", "d"},          {"c.zext.w", "d"},   {"c.sext.b", "d"},     {"c.sext.h", "d"},
      {"c.zext.h", "d"},       {"c.mop", ""},
  };
  for (const Syntax& s : syntaxes)
    if (s.name == row.name) return s.operands;
  if (row.name == "c.nop") return o.imm == 0 ? "" : "i";
  switch (row_infos[row.target].unit) {
    case Unit::load: return "d,i(s)";
    case Unit::store: return "t,i(s)";
    default: return row_infos[row.target].encoding.has(Field::rs2) ? "d,t" : "d,i";
  }
}

// Registers in the order of the assembler, for the formats without an immediate.
std::string register_syntax(const Encoding& e) {
  std::string syntax;
  const auto append = [&](Field field, char letter) {
    if (!e.has(field)) return;
    if (!syntax.empty()) syntax += ',';
    syntax += letter;
  };
  append(Field::rd, 'd');
  append(Field::fd, 'D');
  append(Field::rs1, 's');
  append(Field::fs1, 'S');
  append(Field::rs2, 't');
  append(Field::fs2, 'T');
  append(Field::fs3, 'R');
  return syntax;
}

// Conversions that cannot round have a rounding-mode field all the same.
bool is_exact_conversion(std::string_view name) {
  static constexpr std::string_view names[] = {"fcvt.d.s", "fcvt.d.w", "fcvt.d.wu", "fcvt.s.h", "fcvt.d.h"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::string syntax_of(const RowInfo& row) {
  const Encoding& e = row.encoding;
  if (e.has(Field::pred4)) return "P,Q";
  if (row.unit == Unit::fence_i) return "";
  if (e.has(Field::aq)) return e.has(Field::rs2) ? "d,t,(s)" : "d,(s)";
  if (e.has(Field::csr)) return e.has(Field::zimm) ? "d,c,z" : "d,c,s";
  if (e.has(Field::jimm20)) return "d,p";
  if (e.has(Field::uimm20)) return "d,u";
  if (e.has(Field::bimm7)) return "s,t,p";
  if (row.unit == Unit::cache_block) return "(s)";
  if (e.has(Field::simm7) && !e.has(Field::simm5)) return "i(s)";
  if (e.has(Field::simm7)) return e.has(Field::fs2) ? "T,i(s)" : "t,i(s)";
  if (row.unit == Unit::load || row.unit == Unit::jump_register) return "d,i(s)";
  if (row.unit == Unit::fp_load) return "D,i(s)";
  if (e.has(Field::shamt6) || e.has(Field::shamt5) || e.has(Field::rnum4)) return "d,s,h";
  if (e.has(Field::imm12)) return e.has(Field::rd) ? "d,s,i" : "z,s,i";
  if (e.has(Field::rm)) return register_syntax(e) + (is_exact_conversion(row.name) ? 'e' : 'm');
  return register_syntax(e);
}

std::string hexadecimal(std::uint64_t value) {
  char digits[20];
  return "0x" + std::string(digits, std::to_chars(digits, digits + sizeof digits, value, 16).ptr);
}

std::string fence_set(unsigned set) {
  if (set == 0) return "unknown";
  std::string text;
  for (unsigned i = 0; i < 4; ++i)
    if ((set >> (3 - i)) & 1) text += "iorw"[i];
  return text;
}

std::string rounding_suffix(unsigned mode, unsigned unwritten) {
  static constexpr std::string_view names[] = {"rne", "rtz",     "rdn",     "rup",
                                               "rmm", "unknown", "unknown", "dyn"};
  return mode == unwritten ? "" : "," + std::string(names[mode]);
}

std::string operand(char letter, const Operands& o, std::uint64_t pc) {
  const auto imm = static_cast<std::uint64_t>(o.imm);
  switch (letter) {
    case 'd': return std::string(x_names[o.rd]);
    case 's': return std::string(x_names[o.rs1]);
    case 't': return std::string(x_names[o.rs2]);
    case 'D': return std::string(f_names[o.rd]);
    case 'S': return std::string(f_names[o.rs1]);
    case 'T': return std::string(f_names[o.rs2]);
    case 'R': return std::string(f_names[o.rs3]);
    case 'i': return std::to_string(o.imm);
    case 'h': return hexadecimal(imm);
    case 'u': return hexadecimal((imm >> 12) & 0xFFFFF);
    case 'p': return hexadecimal(pc + imm);
    case 'c': return csr_name(static_cast<std::uint16_t>(o.imm));
    case 'z': return std::to_string(o.rs1);
    case 'P': return fence_set((imm >> 4) & 15);
    case 'Q': return fence_set(imm & 15);
    case 'm': return rounding_suffix(o.rm, 7);
    case 'e': return rounding_suffix(o.rm, 0);
    default: return std::string(1, letter);
  }
}

std::string text(std::string_view mnemonic, std::string_view syntax, const Operands& o, std::uint64_t pc) {
  std::string result(mnemonic);
  if (!syntax.empty()) result += '\t';
  for (const char letter : syntax) result += operand(letter, o, pc);
  return result;
}

std::string mnemonic_of(const RowInfo& row, const Operands& o) {
  static constexpr std::string_view orderings[] = {"", ".rl", ".aq", ".aqrl"};
  // The number of a may-be-operation is part of its name.
  if (row.encoding.has(Field::mop4)) return std::string(row.name) + '.' + std::to_string(o.imm);
  return std::string(row.name) + std::string(orderings[o.aqrl]);
}

}  // namespace

std::string disassemble(std::uint32_t bits, std::uint64_t pc, ExtensionSet extensions) {
  const Decoded decoded = decode(bits, extensions);
  const Operands& o = decoded.operands;
  if (!decoded.legal) {
    const bool wide = decoded.length == 4;
    if (!wide && decoded.bits == 0) return "c.unimp";  // the pattern that is illegal by definition
    return (wide ? ".4byte\t" : ".2byte\t") + hexadecimal(decoded.bits);
  }
  if (decoded.length == 2) {
    const CompressedRow& row = *find_compressed(static_cast<std::uint16_t>(bits), extensions);
    if (row.name == "c.mop") return "c.mop." + std::to_string((bits >> 7) & 31);
    return text(row.name, compressed_syntax(row, o), o, pc);
  }
  const RowInfo& row = row_infos[o.row];
  // The tracepoint is an slti to the assembler.
  if (row.name == "hint.trace") return text("slti", "d,s,i", o, pc);
  if (row.name == "fence" && ((o.imm >> 8) & 15) == 8) return "fence.tso";
  if (bits == 0xC0001073) return "unimp";  // csrrw zero,cycle,zero: the assembler's trap for unreachable code
  return text(mnemonic_of(row, o), syntax_of(row), o, pc);
}

}  // namespace hartbeat::isa
