// Names of the Linux riscv64 system calls, for the report's list of unknown ones.
#pragma once

#include <cstdint>
#include <string>

namespace hartbeat::observe {

// "openat"; "system call 9999" for a number that Linux does not have.
std::string system_call_name(std::uint64_t number);

}  // namespace hartbeat::observe
