// Names of exceptions and interrupts, as the privileged specification's table of mcause spells them.
#pragma once

#include <cstdint>
#include <string>

namespace hartbeat::observe {

// "store_page_fault"; "exception_20" for codes without a name.
std::string exception_name(std::uint64_t code);
// "supervisor_timer"; "interrupt_14" for codes without a name.
std::string interrupt_name(std::uint64_t code);

}  // namespace hartbeat::observe
