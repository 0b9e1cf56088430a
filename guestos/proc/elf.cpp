#include "guestos/proc/elf.hpp"

namespace guestos {

namespace {

struct Header {
  u8 e_ident[16];
  u16 e_type, e_machine;
  u32 e_version;
  u64 e_entry, e_phoff, e_shoff;
  u32 e_flags;
  u16 e_ehsize, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx;
};

struct Segment {
  u32 p_type, p_flags;
  u64 p_offset, p_vaddr, p_paddr, p_filesz, p_memsz, p_align;
};

constexpr u16 ET_EXEC = 2, ET_DYN = 3, EM_RISCV = 243;
constexpr u32 PT_LOAD = 1, PT_INTERP = 3, PF_X = 1, PF_W = 2, PF_R = 4;
constexpr u64 most_segments = 64;

bool is_riscv64(const Header& header) {
  return memcmp(header.e_ident, "\177ELF\2\1\1", 7) == 0 && header.e_machine == EM_RISCV &&
         (header.e_type == ET_EXEC || header.e_type == ET_DYN) && header.e_phentsize == sizeof(Segment) &&
         header.e_phnum != 0 && header.e_phnum <= most_segments;
}

u64 protection_of(u32 flags) {
  return ((flags & PF_R) != 0 ? PROT_READ : 0) | ((flags & PF_W) != 0 ? PROT_WRITE : 0) |
         ((flags & PF_X) != 0 ? PROT_EXEC : 0);
}

bool is_sound(const Segment& segment, const Inode& file) {
  return segment.p_memsz >= segment.p_filesz && segment.p_memsz < user_end && segment.p_vaddr < user_end &&
         segment.p_offset <= file.size && segment.p_filesz <= file.size - segment.p_offset &&
         ((segment.p_vaddr ^ segment.p_offset) & (page_size - 1)) == 0;
}

i64 add_range(AddressSpace& space, const Vma& pattern) {
  if (pattern.start >= pattern.end) return 0;
  if (pattern.end > mmap_top) return -ENOEXEC;
  if (const i64 error = space.unmap(pattern.start, pattern.end); error != 0) return error;
  return space.add(pattern);
}

i64 map_segment(AddressSpace& space, Inode& file, const Segment& segment, u64 bias) {
  const u64 start = segment.p_vaddr + bias;
  const u64 file_end = start + segment.p_filesz;
  Vma vma{.start = page_down(start), .end = page_up(file_end), .protection = protection_of(segment.p_flags)};
  Vma zeros{.start = vma.start, .end = page_up(start + segment.p_memsz), .protection = vma.protection};
  if (segment.p_filesz != 0) {
    vma.inode = &file;
    vma.offset = page_down(segment.p_offset);
    // Where zeros follow, they begin in the middle of the last file page.
    if (segment.p_memsz > segment.p_filesz) vma.file_end = file_end;
    if (const i64 error = add_range(space, vma); error != 0) return error;
    zeros.start = vma.end;
  }
  return add_range(space, zeros);
}

i64 read_interpreter(Inode& file, const Segment& segment, ElfProgram& program) {
  if (segment.p_filesz == 0 || segment.p_filesz >= sizeof program.interpreter) return -ENOEXEC;
  if (read_inode(file, segment.p_offset, program.interpreter, segment.p_filesz) != segment.p_filesz)
    return -ENOEXEC;
  program.interpreter[segment.p_filesz] = 0;
  return 0;
}

}  // namespace

i64 load_elf(AddressSpace& space, Inode& file, u64 dynamic_base, ElfProgram& program) {
  Header header = {};
  if (read_inode(file, 0, &header, sizeof header) != sizeof header || !is_riscv64(header)) return -ENOEXEC;
  HeapBuffer<Segment> segments(header.e_phnum);
  if (!segments) return -ENOMEM;
  const u64 size = header.e_phnum * sizeof(Segment);
  if (read_inode(file, header.e_phoff, segments.get(), size) != size) return -ENOEXEC;
  u64 lowest = ~u64{0};
  u64 highest = 0;
  for (u64 i = 0; i < header.e_phnum; ++i) {
    const Segment& segment = segments[i];
    if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
    if (!is_sound(segment, file)) return -ENOEXEC;
    lowest = min_of(lowest, page_down(segment.p_vaddr));
    highest = max_of(highest, page_up(segment.p_vaddr + segment.p_memsz));
  }
  if (highest == 0 || highest > mmap_top) return -ENOEXEC;
  if (header.e_type == ET_DYN) {
    program.bias = (dynamic_base != 0 ? dynamic_base : space.find_gap(highest - lowest)) - lowest;
  } else if (lowest < mmap_lowest / 16) {
    return -ENOEXEC;
  }
  for (u64 i = 0; i < header.e_phnum; ++i) {
    const Segment& segment = segments[i];
    if (segment.p_type == PT_INTERP)
      if (const i64 error = read_interpreter(file, segment, program); error != 0) return error;
    if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
    if (const i64 error = map_segment(space, file, segment, program.bias); error != 0) return error;
    if (segment.p_offset <= header.e_phoff && header.e_phoff + size <= segment.p_offset + segment.p_filesz)
      program.headers = header.e_phoff - segment.p_offset + segment.p_vaddr + program.bias;
  }
  program.entry = header.e_entry + program.bias;
  program.header_count = header.e_phnum;
  program.end = highest + program.bias;
  return 0;
}

}  // namespace guestos
