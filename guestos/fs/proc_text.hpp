// What /proc says about the memory of a process (proc_memory.cpp).
#pragma once

#include "guestos/fs/file.hpp"
#include "guestos/lib/print.hpp"

namespace guestos {

inline constexpr const char* kernel_release = "6.1.0-hartbeat";

// A file, whose text it is that `write` writes when it is opened; a link, likewise with its target; or a directory.
struct ProcNode {
  const char* name;
  u32 mode;
  void (*write)(Text& text, const Inode& inode) = nullptr;
  const ProcNode* children = nullptr;
  u64 child_count = 0;
};

struct MemorySizes {  // in pages, but for the number of ranges
  u64 pages = 0, resident = 0, swapped = 0, locked = 0, ranges = 0;
};
MemorySizes sizes_of(u32 pid);
void write_maps(Text& text, const Inode& inode);
void write_smaps(Text& text, const Inode& inode);
void write_smaps_rollup(Text& text, const Inode& inode);
void write_command_line(Text& text, const Inode& inode);
File* open_pagemap(InodeReference inode);

}  // namespace guestos
