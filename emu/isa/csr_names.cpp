#include "emu/isa/csr_names.hpp"

#include <charconv>

namespace hartbeat::isa {
namespace {

struct Single {
  Csr csr;
  std::string_view name;
};

// clang-format off
constexpr Single singles[] = {
    {Csr::fflags, "fflags"}, {Csr::frm, "frm"}, {Csr::fcsr, "fcsr"}, {Csr::seed, "seed"}, {Csr::jvt, "jvt"},
    {Csr::cycle, "cycle"}, {Csr::time, "time"}, {Csr::instret, "instret"}, {Csr::sstatus, "sstatus"},
    {Csr::sie, "sie"}, {Csr::stvec, "stvec"}, {Csr::scounteren, "scounteren"}, {Csr::senvcfg, "senvcfg"},
    {Csr::scountinhibit, "scountinhibit"}, {Csr::sscratch, "sscratch"}, {Csr::sepc, "sepc"},
    {Csr::scause, "scause"}, {Csr::stval, "stval"}, {Csr::sip, "sip"}, {Csr::stimecmp, "stimecmp"},
    {Csr::siselect, "siselect"}, {Csr::sireg, "sireg"}, {Csr::stopei, "stopei"}, {Csr::satp, "satp"},
    {Csr::srmcfg, "srmcfg"}, {Csr::scontext, "scontext"}, {Csr::scountovf, "scountovf"},
    {Csr::stopi, "stopi"}, {Csr::mvendorid, "mvendorid"}, {Csr::marchid, "marchid"}, {Csr::mimpid, "mimpid"},
    {Csr::mhartid, "mhartid"}, {Csr::mconfigptr, "mconfigptr"}, {Csr::mstatus, "mstatus"},
    {Csr::misa, "misa"}, {Csr::medeleg, "medeleg"}, {Csr::mideleg, "mideleg"}, {Csr::mie, "mie"},
    {Csr::mtvec, "mtvec"}, {Csr::mcounteren, "mcounteren"}, {Csr::mscratch, "mscratch"}, {Csr::mepc, "mepc"},
    {Csr::mcause, "mcause"}, {Csr::mtval, "mtval"}, {Csr::mip, "mip"}, {Csr::mtinst, "mtinst"},
    {Csr::mtval2, "mtval2"}, {Csr::miselect, "miselect"}, {Csr::mireg, "mireg"}, {Csr::mtopei, "mtopei"},
    {Csr::mtopi, "mtopi"}, {Csr::menvcfg, "menvcfg"}, {Csr::mseccfg, "mseccfg"}, {Csr::mcycle, "mcycle"},
    {Csr::minstret, "minstret"}, {Csr::mcountinhibit, "mcountinhibit"}, {Csr::mcyclecfg, "mcyclecfg"},
    {Csr::minstretcfg, "minstretcfg"}, {Csr::mnscratch, "mnscratch"}, {Csr::mnepc, "mnepc"},
    {Csr::mncause, "mncause"}, {Csr::mnstatus, "mnstatus"}, {Csr::tselect, "tselect"},
    {Csr::tdata1, "tdata1"}, {Csr::tdata2, "tdata2"}, {Csr::tdata3, "tdata3"}, {Csr::tinfo, "tinfo"},
    {Csr::tcontrol, "tcontrol"}, {Csr::mcontext, "mcontext"}, {Csr::dcsr, "dcsr"}, {Csr::dpc, "dpc"},
    {Csr::dscratch0, "dscratch0"}, {Csr::dscratch1, "dscratch1"},
};
// clang-format on

// first, first + 1, … are named prefix followed by number, number + 1, …
struct Family {
  Csr first;
  unsigned count;
  std::string_view prefix;
  unsigned number;
};

constexpr Family families[] = {
    {Csr::hpmcounter3, 29, "hpmcounter", 3}, {Csr::sstateen0, 4, "sstateen", 0},
    {Csr::mstateen0, 4, "mstateen", 0},      {Csr::pmpcfg0, 16, "pmpcfg", 0},
    {Csr::pmpaddr0, 64, "pmpaddr", 0},       {Csr::mhpmcounter3, 29, "mhpmcounter", 3},
    {Csr::mhpmevent3, 29, "mhpmevent", 3},
};

std::optional<std::uint16_t> parse(std::string_view digits, int base) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::string hexadecimal(std::uint16_t value) {
  char digits[8];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
  return "0x" + std::string(digits, end);
}

}  // namespace

std::string csr_name(std::uint16_t address) {
  address &= 0xFFF;
  for (const Single& s : singles)
    if (address_of(s.csr) == address) return std::string(s.name);
  for (const Family& f : families) {
    const unsigned index = static_cast<unsigned>(address) - address_of(f.first);
    if (index < f.count) return std::string(f.prefix) + std::to_string(f.number + index);
  }
  return hexadecimal(address);
}

std::optional<std::uint16_t> csr_address(std::string_view name) {
  for (const Single& s : singles)
    if (s.name == name) return address_of(s.csr);
  if (name.starts_with("0x")) {
    const auto address = parse(name.substr(2), 16);
    return address && *address < 0x1000 ? address : std::nullopt;
  }
  for (const Family& f : families) {
    if (!name.starts_with(f.prefix)) continue;
    const auto number = parse(name.substr(f.prefix.size()), 10);
    if (number && *number - f.number < f.count)
      return static_cast<std::uint16_t>(address_of(f.first) + *number - f.number);
  }
  return std::nullopt;
}

}  // namespace hartbeat::isa
