#include "emu/observe/trap_names.hpp"

#include <array>

namespace hartbeat::observe {
namespace {

constexpr std::array<const char*, 20> exceptions = {"instruction_address_misaligned",
                                                    "instruction_access_fault",
                                                    "illegal_instruction",
                                                    "breakpoint",
                                                    "load_address_misaligned",
                                                    "load_access_fault",
                                                    "store_address_misaligned",
                                                    "store_access_fault",
                                                    "ecall_from_user",
                                                    "ecall_from_supervisor",
                                                    nullptr,
                                                    "ecall_from_machine",
                                                    "instruction_page_fault",
                                                    "load_page_fault",
                                                    nullptr,
                                                    "store_page_fault",
                                                    "double_trap",
                                                    nullptr,
                                                    "software_check",
                                                    "hardware_error"};

constexpr std::array<const char*, 14> interrupts = {
    nullptr, "supervisor_software", nullptr, "machine_software",    nullptr, "supervisor_timer",
    nullptr, "machine_timer",       nullptr, "supervisor_external", nullptr, "machine_external",
    nullptr, "counter_overflow"};

template <std::size_t N>
std::string name_in(const std::array<const char*, N>& names, std::uint64_t code, const char* prefix) {
  if (code < N && names[code] != nullptr) return names[code];
  return prefix + std::to_string(code);
}

}  // namespace

std::string exception_name(std::uint64_t code) { return name_in(exceptions, code, "exception_"); }
std::string interrupt_name(std::uint64_t code) { return name_in(interrupts, code, "interrupt_"); }

}  // namespace hartbeat::observe
