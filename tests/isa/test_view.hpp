// A hart of registers and a few bytes of memory, enough to run the body of one integer row.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>

#include "emu/isa/table.hpp"

namespace hartbeat::isa {

struct TestView {
  std::array<std::uint64_t, 32> registers{};
  std::uint64_t address_of_instruction = 0x80001000;
  unsigned length = 4;
  std::map<std::uint64_t, std::uint8_t> memory;
  bool faults = false;  // every access traps
  bool reserved = false;
  std::uint64_t reserved_address = 0;
  std::string call;  // the last system call of a body, with its arguments

  std::uint64_t x(unsigned n) const { return n == 0 ? 0 : registers.at(n); }
  void set_x(unsigned n, std::uint64_t value) {
    if (n % 32 != 0) registers.at(n) = value;
  }
  std::uint64_t pc() const { return address_of_instruction; }
  std::uint64_t next_pc() const { return address_of_instruction + length; }

  template <class T>
  T read(std::uint64_t address) {
    std::array<std::uint8_t, sizeof(T)> bytes;
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = memory[address + i];
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  template <class T>
  void write(std::uint64_t address, T value) {
    std::array<std::uint8_t, sizeof(T)> bytes;
    std::memcpy(bytes.data(), &value, sizeof value);
    for (std::size_t i = 0; i < sizeof(T); ++i) memory[address + i] = bytes[i];
  }

  template <class T>
  bool load_x(const Operands& o, std::uint64_t address) {
    if (faults) return false;
    set_x(o.rd, static_cast<std::uint64_t>(static_cast<std::int64_t>(read<T>(address))));
    return true;
  }
  template <class T>
  bool store(std::uint64_t address, T value) {
    if (!faults) write<T>(address, value);
    return !faults;
  }
  template <class T, class F>
  bool amo(const Operands& o, std::uint64_t address, F function) {
    static_assert(std::is_signed_v<T>);  // else the unsigned AMOs would not sign-extend what they put into rd
    if (faults) return false;
    const T old = read<T>(address);
    write<T>(address, function(old, static_cast<T>(x(o.rs2))));
    set_x(o.rd, static_cast<std::uint64_t>(std::int64_t{old}));
    return true;
  }
  template <class T>
  bool load_reserved(const Operands& o, std::uint64_t address) {
    reserved = !faults;
    reserved_address = address;
    return load_x<T>(o, address);
  }
  template <class T>
  bool store_conditional(const Operands& o, std::uint64_t address) {
    if (faults) return false;
    const bool success = reserved && reserved_address == address;
    if (success) write<T>(address, static_cast<T>(x(o.rs2)));
    set_x(o.rd, success ? 0 : 1);
    reserved = false;
    return true;
  }

  bool compare_and_swap_pair(const Operands& o, std::uint64_t address) {
    if (faults) return false;
    const std::uint64_t old[2] = {read<std::uint64_t>(address), read<std::uint64_t>(address + 8)};
    const std::uint64_t rd2 = rd_is_x0(o) ? 0 : x(o.rd + 1u), source2 = o.rs2 == 0 ? 0 : x(o.rs2 + 1u);
    if (old[0] == x(o.rd) && old[1] == rd2) {
      write<std::uint64_t>(address, x(o.rs2));
      write<std::uint64_t>(address + 8, source2);
    }
    set_x(o.rd, old[0]);
    if (!rd_is_x0(o)) set_x(o.rd + 1u, old[1]);
    return true;
  }
  bool cache_block(CacheBlock operation, std::uint64_t address) {
    if (faults) return false;
    call = "cache_block " + std::to_string(static_cast<int>(operation)) + " " + std::to_string(address);
    return true;
  }
  bool illegal() {
    call = "illegal";
    return false;
  }

  Flow said(std::string what, Flow flow = Flow::next) {
    call = std::move(what);
    return flow;
  }
  Flow csr(const Operands& o, CsrOp op, std::uint64_t source, bool writes) {
    static constexpr const char* names[] = {"write", "set", "clear"};
    return said(std::string(names[static_cast<int>(op)]) + " " + std::to_string(o.imm) + " " +
                std::to_string(source) + (writes ? " w" : " -") + (rd_is_x0(o) ? " -" : " r"));
  }
  Flow ecall() { return said("ecall", Flow::trapped); }
  Flow ebreak() { return said("ebreak", Flow::trapped); }
  Flow mret() { return said("mret", Flow::redirect); }
  Flow sret() { return said("sret", Flow::redirect); }
  Flow wfi() { return said("wfi", Flow::wait); }
  Flow sfence_vma(const Operands& o) {
    return said("sfence_vma " + std::to_string(o.rs1) + " " + std::to_string(o.rs2));
  }
  Flow sfence_order() { return said("sfence_order"); }
  Flow fence_i() { return said("fence_i"); }
  Flow fence(const Operands& o) { return said("fence " + std::to_string(o.imm)); }
  Flow pause() { return said("pause"); }
  Flow wait_on_reservation(bool shortly) { return said(shortly ? "wait shortly" : "wait", Flow::wait); }
  Flow tracepoint(const Operands& o) { return said("tracepoint " + std::to_string(o.imm)); }
};

// What a body returned, whatever its kind.
struct Outcome {
  bool flag = true;          // memory: did not trap; branch: taken
  std::uint64_t target = 0;  // jump
  Flow flow = Flow::next;    // system
};

constexpr bool is_integer(Extension e) {
  return e != Extension::f && e != Extension::d && e != Extension::zfh && e != Extension::zfhmin &&
         e != Extension::zfhmin_d;
}

template <std::size_t I>
Outcome run_row(TestView& view, const Operands& o) {
  Outcome outcome;
  constexpr RowInfo info = row_infos[I];
  if constexpr (!is_integer(info.extension)) {
    throw "a floating-point row";
  } else if constexpr (info.kind == Kind::compute) {
    row_at<I>().body(view, o);
  } else if constexpr (info.kind == Kind::memory || info.kind == Kind::branch) {
    outcome.flag = row_at<I>().body(view, o);
  } else if constexpr (info.kind == Kind::jump) {
    outcome.target = row_at<I>().body(view, o);
  } else {
    outcome.flow = row_at<I>().body(view, o);
  }
  return outcome;
}

template <std::size_t... I>
Outcome run_indexed(std::size_t index, TestView& view, const Operands& o, std::index_sequence<I...>) {
  using Runner = Outcome (*)(TestView&, const Operands&);
  static constexpr Runner runners[] = {run_row<I>...};
  return runners[index](view, o);
}

inline Outcome run_row(std::string_view name, TestView& view, const Operands& o) {
  for (std::size_t i = 0; i < row_count; ++i)
    if (row_infos[i].name == name) return run_indexed(i, view, o, std::make_index_sequence<row_count>());
  throw "no such row";
}

}  // namespace hartbeat::isa
