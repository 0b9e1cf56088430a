#include "tests/system/qemu_diff/report.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <sstream>

#include "emu/isa/disassemble.hpp"
#include "tests/system/qemu_diff/pools.hpp"

namespace hartbeat::qemu_diff {

namespace {

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[400];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string describe(const TrapEntry& t) {
  return format("cause %" PRIx64 " epc %" PRIx64 " tval %" PRIx64 " status %" PRIx64 " x-hash %" PRIx64
                " f-hash %" PRIx64,
                t.cause, t.epc, t.value, t.status, t.x_hash, t.f_hash);
}

std::uint32_t fetch(const Program& program, std::uint64_t address) {
  std::uint32_t bits = 0;
  const std::uint64_t at = address - PROGRAM_BASE;
  if (at + 4 <= program.code.size()) std::memcpy(&bits, program.code.data() + at, 4);
  return bits;
}

bool in_program(const Program& program, std::uint64_t address) {
  return address - PROGRAM_BASE < program.code.size();
}

// The instructions from one trap to the next, at most the last sixty.
std::string listing(const Program& program, std::uint64_t from, std::uint64_t to) {
  if (!in_program(program, from) || !in_program(program, to) || to < from) return {};
  std::vector<std::string> lines;
  for (std::uint64_t pc = from; pc <= to;) {
    const std::uint32_t bits = fetch(program, pc);
    const unsigned length = isa::instruction_length(bits);
    lines.push_back(format("    %" PRIx64 ": %0*x  ", pc, static_cast<int>(2 * length),
                           length == 2 ? bits & 0xffff : bits) +
                    isa::disassemble(bits, pc, common_extensions()) + "\n");
    pc += length;
  }
  std::string text;
  for (std::size_t i = lines.size() > 60 ? lines.size() - 60 : 0; i < lines.size(); ++i) text += lines[i];
  return text;
}

// Where the last trap before the given one happened that was not a jump out of the program.
std::uint64_t last_address(const Program& program, const Report& report, std::size_t trap) {
  while (trap-- > 0) {
    if (in_program(program, report.traps[trap].epc)) return report.traps[trap].epc;
  }
  return PROGRAM_BASE;
}

std::string compare_registers(const char* name, unsigned first, const std::vector<std::uint64_t>& qemu,
                              const std::vector<std::uint64_t>& hartbeat) {
  std::string text;
  for (std::size_t i = 0; i < std::min(qemu.size(), hartbeat.size()); ++i) {
    if (qemu[i] == hartbeat[i]) continue;
    text +=
        format("  %s%zu: qemu %" PRIx64 ", hartbeat %" PRIx64 "\n", name, i + first, qemu[i], hartbeat[i]);
  }
  return text;
}

}  // namespace

Report parse_report(const std::string& output) {
  Report report;
  std::istringstream lines(output);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string kind;
    words >> kind >> std::hex;
    std::vector<std::uint64_t> values;
    for (std::uint64_t value = 0; words >> value;) values.push_back(value);
    if (kind == "T" && values.size() == 6) {
      report.traps.push_back({values[0], values[1], values[2], values[3], values[4], values[5]});
    }
    if (kind == "X") report.x = values;
    if (kind == "F") report.f = values;
    if (kind == "M") report.memory = values;
  }
  report.complete = report.x.size() == 31 && report.f.size() == 33 && report.memory.size() == 2;
  return report;
}

std::optional<std::string> difference(const Report& qemu, const Report& hartbeat, const Program& program) {
  if (!qemu.complete) return "QEMU did not finish the program: the generator or the runtime is at fault";
  const std::size_t both = std::min(qemu.traps.size(), hartbeat.traps.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (qemu.traps[i] == hartbeat.traps[i]) continue;
    const std::uint64_t from = last_address(program, hartbeat, i);
    const std::uint64_t to = std::max(qemu.traps[i].epc, hartbeat.traps[i].epc);
    return format("trap %zu differs\n  qemu:     ", i) + describe(qemu.traps[i]) +
           "\n  hartbeat: " + describe(hartbeat.traps[i]) + "\n" +
           (i == 0 ? "" : "  before:   " + describe(hartbeat.traps[i - 1]) + "\n") +
           listing(program, from, to);
  }
  if (qemu.traps.size() != hartbeat.traps.size()) {
    const Report& longer = qemu.traps.size() > both ? qemu : hartbeat;
    return format("%zu traps on qemu, %zu on hartbeat; the first extra one: ", qemu.traps.size(),
                  hartbeat.traps.size()) +
           describe(longer.traps[both]);
  }
  if (!hartbeat.complete) return "Hartbeat did not finish the program";
  std::string text = compare_registers("x", 1, qemu.x, hartbeat.x) +
                     compare_registers("f", 0, qemu.f, hartbeat.f) +
                     compare_registers("memory hash ", 0, qemu.memory, hartbeat.memory);
  if (text.empty()) return std::nullopt;
  return "the final state differs\n" + text +
         format("  last trap at %" PRIx64, last_address(program, hartbeat, both));
}

}  // namespace hartbeat::qemu_diff
