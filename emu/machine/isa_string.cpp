#include "emu/machine/isa_string.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <functional>

#include "emu/machine/user_error.hpp"

namespace hartbeat {
namespace {

using isa::Extension;

struct Row {
  std::string_view name;
  Extension extension;
  std::string_view needs;  // one extension without which it makes no sense
};

// In canonical order: single letters, then Z by category and name.
constexpr std::array rows{
    Row{"i", Extension::i, ""},
    Row{"m", Extension::m, ""},
    Row{"a", Extension::a, ""},
    Row{"f", Extension::f, "zicsr"},
    Row{"d", Extension::d, "f"},
    Row{"c", Extension::c, ""},
    Row{"zicntr", Extension::zicntr, "zicsr"},
    Row{"zicond", Extension::zicond, ""},
    Row{"zicsr", Extension::zicsr, ""},
    Row{"zifencei", Extension::zifencei, ""},
    Row{"zihpm", Extension::zihpm, "zicntr"},
    Row{"zba", Extension::zba, ""},
    Row{"zbb", Extension::zbb, ""},
    Row{"zbc", Extension::zbc, ""},
    Row{"zbs", Extension::zbs, ""},
    Row{"zcb", Extension::zcb, "c"},
    Row{"svinval", Extension::svinval, ""},
};

// Extensions without instructions of their own: switches of the hart and of the MMU.
struct Switches {
  bool svade = false, svadu = false, svnapot = false, svpbmt = false, sstc = false;
};

bool set_switch(std::string_view name, Switches& switches) {
  if (name == "svade") return switches.svade = true;
  if (name == "svadu") return switches.svadu = true;
  if (name == "svnapot") return switches.svnapot = true;
  if (name == "svpbmt") return switches.svpbmt = true;
  if (name == "sstc") return switches.sstc = true;
  return name == "zihintpause";  // a hint: always there
}

bool set_row(std::string_view name, isa::ExtensionSet& set) {
  for (const Row& row : rows) {
    if (row.name != name) continue;
    set.set(row.extension);
    return true;
  }
  return false;
}

class Parser {
 public:
  Parser(std::string_view isa, const std::string& what) : isa_(isa), what_(what) {}

  void parse() {
    std::string_view rest = isa_;
    if (!rest.starts_with("rv64")) fail("an ISA string begins with rv64");
    rest.remove_prefix(4);
    while (!rest.empty() && rest.front() != '_') {
      if (std::string_view("zs").find(rest.front()) != std::string_view::npos) break;  // rv64imafdczicsr
      add_letter(rest.front());
      rest.remove_prefix(1);
    }
    while (!rest.empty()) {
      if (rest.front() == '_') rest.remove_prefix(1);
      const std::string_view name = rest.substr(0, rest.find('_'));
      if (name.empty()) fail("there is an empty name between underscores");
      add(name);
      rest.remove_prefix(name.size());
    }
    check_needs();
  }

  isa::ExtensionSet set;
  Switches switches;

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw UserError(fmt::format("{}: \"{}\" is not an ISA this machine can have: {}", what_, isa_, why));
  }

  void add_letter(char letter) {
    if (letter == 'g') {
      for (const char* name : {"i", "m", "a", "f", "d", "zicsr", "zifencei"}) add(name);
    } else {
      add(std::string_view(&letter, 1));
    }
  }

  void add(std::string_view name) {
    if (!set_row(name, set) && !set_switch(name, switches)) {
      std::string known;
      for (const Row& row : rows) known += fmt::format("{} ", row.name);
      fail(fmt::format("\"{}\" is not implemented; there are {}zihintpause sstc svade svadu svnapot svpbmt",
                       name, known));
    }
  }

  void check_needs() const {
    if (!set.has(Extension::i)) fail("the base \"i\" is missing");
    if (!set.has(Extension::zicsr)) fail("privileged modes need zicsr");
    for (const Row& row : rows) {
      if (!set.has(row.extension) || row.needs.empty()) continue;
      for (const Row& needed : rows) {
        if (needed.name == row.needs && !set.has(needed.extension)) {
          fail(fmt::format("{} needs {}", row.name, row.needs));
        }
      }
    }
  }

  std::string_view isa_;
  const std::string& what_;
};

}  // namespace

void apply_isa_string(std::string_view isa, const std::string& what, HartConfig& hart) {
  Parser parser(isa, what);
  parser.parse();
  hart.extensions = parser.set;
  hart.extensions.set(Extension::supervisor);
  hart.svadu = parser.switches.svadu;
  hart.adue_reset = parser.switches.svadu && !parser.switches.svade;
  hart.sstc = parser.switches.sstc;
  hart.mmu.features.svnapot = parser.switches.svnapot;
  hart.mmu.features.svpbmt = parser.switches.svpbmt;
}

std::vector<std::string> isa_extensions(const HartConfig& hart) {
  std::vector<std::string> names;
  const auto add = [&](bool on, std::string_view name) {
    if (on) names.emplace_back(name);
  };
  for (const Row& row : rows) {
    if (row.extension == Extension::zihpm) names.emplace_back("zihintpause");
    if (row.extension == Extension::svinval) {  // the switches stand around it
      add(hart.sstc, "sstc");
      add(!hart.svadu || !hart.adue_reset, "svade");
      add(hart.svadu, "svadu");
    }
    add(hart.extensions.has(row.extension), row.name);
  }
  add(hart.mmu.features.svnapot, "svnapot");
  add(hart.mmu.features.svpbmt, "svpbmt");
  return names;
}

std::string isa_string(const HartConfig& hart) {
  std::string result = "rv64";
  for (const std::string& name : isa_extensions(hart)) {
    if (name.size() > 1) result += '_';
    result += name;
  }
  return result;
}

}  // namespace hartbeat
