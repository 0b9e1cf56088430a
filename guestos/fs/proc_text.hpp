// What /proc says about the memory of a process (proc_memory.cpp).
#pragma once

#include "guestos/fs/file.hpp"
#include "guestos/lib/print.hpp"

namespace guestos {

inline constexpr const char* kernel_release = "6.1.0-hartbeat";

void sizes_of(u32 pid, u64& virtual_pages, u64& resident);
void write_maps(Text& text, u32 pid);
void write_smaps(Text& text, u32 pid, bool each_range);
void write_command_line(Text& text, u32 pid);
u64 text_size_of_ranges(const Inode& inode);
File* open_pagemap(Inode* inode);

}  // namespace guestos
