// Draws a program. Each method emits one snippet: a few instructions that do something worth comparing and
// that terminate.
#pragma once

#include <cstdint>

#include "tests/system/qemu_diff/page_tables.hpp"
#include "tests/system/qemu_diff/pools.hpp"
#include "tests/system/qemu_diff/program.hpp"
#include "tests/system/qemu_diff/random.hpp"

namespace hartbeat::qemu_diff {

enum class Mode : std::uint8_t { user = 0, supervisor = 1, machine = 3 };

class Generator {
 public:
  explicit Generator(std::uint64_t seed);
  Program generate();

 private:
  // generator.cpp: the whole, and what every snippet needs
  void choose_configuration();
  void choose_pmp();
  void segment(unsigned snippets);
  void snippet();
  void call_mark(unsigned request);
  unsigned reg_except(unsigned a, unsigned b = 0);
  void emit(const isa::RowInfo& row, const isa::Operands& operands) { code_.instruction(row, operands); }
  isa::Operands random_operands(const isa::RowInfo& row) {
    return isa::random_operands(row, random_.engine());
  }

  // snippets_integer.cpp
  void compute(Code& code, unsigned untouched = 0);
  void corner_operand();
  void forward_branch();
  void compressed_forward();
  void loop();
  void jump_over();
  void illegal();
  void environment();
  void fence();

  // snippets_memory.cpp
  std::uint64_t data_offset(unsigned size, bool aligned);
  std::uint64_t target(unsigned size, bool aligned);
  void load_store();
  void compressed_memory();
  void atomic();
  void reservation();
  void rewrite_code();
  void wild_jump();
  void machine_access_as_lower();
  void replace_mapping();
  void switch_root();

  // snippets_float.cpp
  void float_operand();
  void float_operation();
  void rounding_mode();
  void float_off();

  // snippets_system.cpp
  void csr_access();
  void csr_forbidden();
  void status_bits();
  void privileged_forbidden();
  void return_to_same_mode();
  void software_interrupt();
  void csr_instruction(std::uint16_t address, std::uint64_t value, bool may_write);

  bool translated() const { return paging_ && mode_ != Mode::machine; }

  Random random_;
  // Programs with PMP entries, and with pages mapped to where no memory is, have no misaligned accesses. Of
  // one that crosses into another page, QEMU 7.2 matches the PMP entry as a whole and lets the second page's
  // fault come first in stores; Hartbeat does one part after the other. The specification allows both.
  bool aligned_only_;
  const Pools& pools_;
  PageTables tables_;
  Program program_;
  Code code_;
  Mode mode_ = Mode::machine;
  bool paging_ = false;
  PageTables::Depth depth_ = PageTables::Depth::sv39;
  bool trap_virtual_memory_ = false;  // mstatus.TVM
  bool trap_wait_ = false;            // mstatus.TW
  bool trap_sret_ = false;            // mstatus.TSR
  unsigned root_ = 0;
};

}  // namespace hartbeat::qemu_diff
