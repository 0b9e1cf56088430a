#include "tests/system/qemu_diff/image.hpp"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace hartbeat::qemu_diff {

namespace {

struct Part {
  std::uint64_t address;
  std::vector<std::uint8_t> bytes;
};

std::vector<Part> loadable_parts(const std::vector<std::uint8_t>& elf) {
  Elf64_Ehdr header;
  if (elf.size() < sizeof header || std::memcmp(elf.data(), ELFMAG, SELFMAG) != 0) {
    throw std::runtime_error("the runtime is not an ELF file");
  }
  std::memcpy(&header, elf.data(), sizeof header);
  std::vector<Part> parts;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, elf.data() + header.e_phoff + i * sizeof segment, sizeof segment);
    if (segment.p_type != PT_LOAD) continue;
    const auto begin = elf.begin() + static_cast<std::ptrdiff_t>(segment.p_offset);
    parts.push_back({segment.p_paddr, {begin, begin + static_cast<std::ptrdiff_t>(segment.p_filesz)}});
  }
  return parts;
}

template <class T>
void append(std::vector<std::uint8_t>& bytes, const T& value) {
  const std::size_t at = bytes.size();
  bytes.resize(at + sizeof value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

}  // namespace

std::vector<std::uint8_t> make_image(const std::vector<std::uint8_t>& runtime, const Program& program) {
  std::vector<Part> parts = loadable_parts(runtime);
  parts.push_back({CONFIG_BASE, {}});
  append(parts.back().bytes, program.config);
  parts.push_back({PROGRAM_BASE, program.code});
  parts.push_back({TABLES_BASE, program.tables});
  parts.push_back({DATA_BASE, program.data});
  parts.push_back({RETURNS_BASE, std::vector<std::uint8_t>(RETURNS_SIZE)});
  for (std::size_t at = 0; at < RETURNS_SIZE; at += 2) {
    parts.back().bytes[at] = 0x82;  // c.jr ra
    parts.back().bytes[at + 1] = 0x80;
  }

  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_RISCV;
  header.e_version = EV_CURRENT;
  header.e_entry = RUNTIME_BASE;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(parts.size());
  header.e_flags = 5;  // EF_RISCV_RVC, double-float ABI
  std::vector<std::uint8_t> image;
  append(image, header);
  std::uint64_t offset = 4096;
  for (const Part& part : parts) {
    append(image, Elf64_Phdr{PT_LOAD, PF_R | PF_W | PF_X, offset, part.address, part.address,
                             part.bytes.size(), part.bytes.size(), 4096});
    offset += (part.bytes.size() + 4095) & ~std::uint64_t{4095};
  }
  for (const Part& part : parts) {
    image.resize((image.size() + 4095) & ~std::size_t{4095});
    image.insert(image.end(), part.bytes.begin(), part.bytes.end());
  }
  return image;
}

std::vector<std::uint8_t> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace hartbeat::qemu_diff
