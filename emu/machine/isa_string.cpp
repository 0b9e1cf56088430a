#include "emu/machine/isa_string.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <functional>

#include "emu/machine/user_error.hpp"

namespace hartbeat {
namespace {

using isa::Extension;

constexpr std::nullopt_t switched = std::nullopt;

constexpr std::array rows{
    IsaName{"i", Extension::i, ""},
    IsaName{"m", Extension::m, ""},
    IsaName{"a", Extension::a, ""},
    IsaName{"f", Extension::f, "zicsr"},
    IsaName{"d", Extension::d, "f"},
    IsaName{"c", Extension::c, ""},
    IsaName{"zic64b", Extension::zic64b, ""},
    IsaName{"zicbom", Extension::zicbom, ""},
    IsaName{"zicbop", Extension::zicbop, ""},
    IsaName{"zicboz", Extension::zicboz, ""},
    IsaName{"ziccamoa", Extension::ziccamoa, "a"},
    IsaName{"ziccif", Extension::ziccif, ""},
    IsaName{"zicclsm", Extension::zicclsm, ""},
    IsaName{"ziccrse", Extension::ziccrse, "a"},
    IsaName{"zicntr", Extension::zicntr, "zicsr"},
    IsaName{"zicond", Extension::zicond, ""},
    IsaName{"zicsr", Extension::zicsr, ""},
    IsaName{"zifencei", Extension::zifencei, ""},
    IsaName{"zihintpause", switched, ""},
    IsaName{"zihpm", Extension::zihpm, "zicntr"},
    IsaName{"zimop", Extension::zimop, ""},
    IsaName{"za64rs", Extension::za64rs, "a"},
    IsaName{"zacas", Extension::zacas, "a"},
    IsaName{"zawrs", Extension::zawrs, "a"},
    IsaName{"zfh", Extension::zfh, "zfhmin"},
    IsaName{"zfhmin", Extension::zfhmin, "f"},
    IsaName{"zcb", Extension::zcb, "c"},
    IsaName{"zcmop", Extension::zcmop, "c"},
    IsaName{"zba", Extension::zba, ""},
    IsaName{"zbb", Extension::zbb, ""},
    IsaName{"zbc", Extension::zbc, ""},
    IsaName{"zbkb", Extension::zbkb, "zbb"},
    IsaName{"zbkx", Extension::zbkx, ""},
    IsaName{"zbs", Extension::zbs, ""},
    IsaName{"zknd", Extension::zknd, ""},
    IsaName{"zkne", Extension::zkne, ""},
    IsaName{"zknh", Extension::zknh, ""},
    IsaName{"zkt", Extension::zkt, ""},
    IsaName{"smstateen", Extension::smstateen, ""},
    IsaName{"ssccptr", Extension::ssccptr, ""},
    IsaName{"sscofpmf", Extension::sscofpmf, "zihpm"},
    IsaName{"sscounterenw", Extension::sscounterenw, "zihpm"},
    IsaName{"ssstateen", Extension::ssstateen, "smstateen"},
    IsaName{"sstc", switched, ""},
    IsaName{"sstvala", Extension::sstvala, ""},
    IsaName{"sstvecd", Extension::sstvecd, ""},
    IsaName{"ssu64xl", Extension::ssu64xl, ""},
    IsaName{"svade", switched, ""},
    IsaName{"svadu", switched, ""},
    IsaName{"svbare", Extension::svbare, ""},
    IsaName{"svinval", Extension::svinval, ""},
    IsaName{"svnapot", switched, ""},
    IsaName{"svpbmt", switched, ""},
    IsaName{"svvptc", Extension::svvptc, ""},
};

struct Switches {
  bool svade = false, svadu = false, svnapot = false, svpbmt = false, sstc = false;

  // zihintpause is a hint, which is always there.
  void set(std::string_view name) {
    if (name == "svade") svade = true;
    if (name == "svadu") svadu = true;
    if (name == "svnapot") svnapot = true;
    if (name == "svpbmt") svpbmt = true;
    if (name == "sstc") sstc = true;
  }
};

bool is_on(const HartConfig& hart, std::string_view name) {
  if (name == "svade") return !hart.svadu || !hart.adue_reset;
  if (name == "svadu") return hart.svadu;
  if (name == "svnapot") return hart.mmu.features.svnapot;
  if (name == "svpbmt") return hart.mmu.features.svpbmt;
  if (name == "sstc") return hart.sstc;
  return name == "zihintpause";
}

const IsaName* find_row(std::string_view name) {
  for (const IsaName& row : rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
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
    const IsaName* row = find_row(name);
    if (row == nullptr) {
      std::string known;
      for (const IsaName& other : rows) known += fmt::format(" {}", other.name);
      fail(fmt::format("\"{}\" is not implemented; there are{}", name, known));
    }
    if (!row->extension)
      switches.set(name);
    else
      set.set(*row->extension);
    if (row->extension == Extension::zfh) set.set(Extension::zfhmin);
  }

  void check_needs() const {
    if (!set.has(Extension::i)) fail("the base \"i\" is missing");
    if (!set.has(Extension::zicsr)) fail("privileged modes need zicsr");
    for (const IsaName& row : rows) {
      if (!row.extension || !set.has(*row.extension) || row.needs.empty()) continue;
      if (!set.has(*find_row(row.needs)->extension)) fail(fmt::format("{} needs {}", row.name, row.needs));
    }
  }

  std::string_view isa_;
  const std::string& what_;
};

}  // namespace

std::span<const IsaName> isa_names() { return rows; }

void apply_isa_string(std::string_view isa, const std::string& what, HartConfig& hart) {
  Parser parser(isa, what);
  parser.parse();
  hart.extensions = parser.set;
  hart.extensions.set(Extension::supervisor);
  hart.extensions.set(Extension::zfhmin_d, parser.set.has(Extension::zfhmin) && parser.set.has(Extension::d));
  hart.extensions.set(Extension::zkn_keys,
                      parser.set.has(Extension::zknd) || parser.set.has(Extension::zkne));
  hart.svadu = parser.switches.svadu;
  hart.adue_reset = parser.switches.svadu && !parser.switches.svade;
  hart.sstc = parser.switches.sstc;
  hart.mmu.features.svnapot = parser.switches.svnapot;
  hart.mmu.features.svpbmt = parser.switches.svpbmt;
}

std::vector<std::string> isa_extensions(const HartConfig& hart) {
  std::vector<std::string> names;
  for (const IsaName& row : rows) {
    const bool on = !row.extension ? is_on(hart, row.name) : hart.extensions.has(*row.extension);
    if (on) names.emplace_back(row.name);
  }
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
