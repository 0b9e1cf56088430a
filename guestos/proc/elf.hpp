// ELF64 program loading (System V gABI; RISC-V psABI): what of it the kernel needs.
#pragma once

#include "guestos/fs/inode.hpp"
#include "guestos/mm/address_space.hpp"

namespace guestos {

struct ElfProgram {
  u64 entry = 0;
  u64 headers = 0;  // user address of the program headers
  u64 header_count = 0;
  u64 end = 0;  // first address after the highest segment
  u64 bias = 0;
  char interpreter[256] = {};  // empty: it needs none
};

// Maps the segments of a riscv64 ELF file into `space`. A position-independent one goes to `dynamic_base`, or
// (0) where there is room. 0 or a negative errno: -ENOEXEC when it is no such file.
i64 load_elf(AddressSpace& space, Inode& file, u64 dynamic_base, ElfProgram& program);

}  // namespace guestos
