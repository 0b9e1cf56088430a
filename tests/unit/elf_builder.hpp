// Small ELF files made by hand, right or wrong in exactly one way.
#pragma once

#include <elf.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace hartbeat::test {

struct ElfBuilder {
  Elf64_Ehdr header{};
  std::vector<Elf64_Phdr> programs;
  std::vector<std::uint8_t> body = std::vector<std::uint8_t>(64);  // file bytes from body_offset on
  static constexpr std::uint64_t body_offset = 0x400;

  // A bare-metal program of one segment at 0x8000_0000.
  ElfBuilder() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_RISCV;
    header.e_version = EV_CURRENT;
    header.e_entry = 0x8000'0000;
    header.e_phoff = sizeof(Elf64_Ehdr);
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_phentsize = sizeof(Elf64_Phdr);
    load(0x8000'0000, body.size(), body.size());
  }

  Elf64_Phdr& load(std::uint64_t address, std::uint64_t file_size, std::uint64_t memory_size) {
    Elf64_Phdr program{};
    program.p_type = PT_LOAD;
    program.p_flags = PF_R | PF_X;
    program.p_offset = body_offset;
    program.p_vaddr = program.p_paddr = address;
    program.p_filesz = file_size;
    program.p_memsz = memory_size;
    program.p_align = 8;
    programs.push_back(program);
    return programs.back();
  }
  // A program header whose content is appended to the body.
  void attach(std::uint32_t type, const void* bytes, std::size_t size) {
    Elf64_Phdr program{};
    program.p_type = type;
    program.p_offset = body_offset + body.size();
    program.p_filesz = program.p_memsz = size;
    programs.push_back(program);
    body.insert(body.end(), static_cast<const std::uint8_t*>(bytes),
                static_cast<const std::uint8_t*>(bytes) + size);
  }
  void move_to(std::uint64_t address) {
    header.e_entry = address;
    programs[0].p_vaddr = programs[0].p_paddr = address;
  }

  // Adds section headers: a symbol table with `names` (values 0x8000_0000 + 16 i) and its strings.
  void symbols(const std::vector<std::string>& names) {
    std::string strings(1, '\0');
    std::vector<Elf64_Sym> table(1);
    for (const std::string& name : names) {
      Elf64_Sym symbol{};
      symbol.st_name = static_cast<Elf64_Word>(strings.size());
      symbol.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
      symbol.st_shndx = 1;
      symbol.st_value = 0x8000'0000 + 16 * (table.size() - 1);
      table.push_back(symbol);
      strings += name + '\0';
    }
    Elf64_Shdr null{}, symtab{}, strtab{};
    symtab.sh_type = SHT_SYMTAB;
    symtab.sh_link = 2;
    symtab.sh_offset = append(table.data(), table.size() * sizeof(Elf64_Sym));
    symtab.sh_size = table.size() * sizeof(Elf64_Sym);
    strtab.sh_type = SHT_STRTAB;
    strtab.sh_offset = append(strings.data(), strings.size());
    strtab.sh_size = strings.size();
    const Elf64_Shdr sections[] = {null, symtab, strtab};
    header.e_shoff = append(sections, sizeof sections);
    header.e_shnum = 3;
    header.e_shentsize = sizeof(Elf64_Shdr);
  }

  std::vector<std::uint8_t> build() const {
    Elf64_Ehdr head = header;
    if (head.e_phnum == 0) head.e_phnum = static_cast<Elf64_Half>(programs.size());
    std::vector<std::uint8_t> file(body_offset);
    std::memcpy(file.data(), &head, sizeof head);
    std::memcpy(file.data() + sizeof head, programs.data(), programs.size() * sizeof(Elf64_Phdr));
    file.insert(file.end(), body.begin(), body.end());
    return file;
  }

 private:
  std::uint64_t append(const void* bytes, std::size_t size) {
    body.resize((body.size() + 7) & ~std::size_t{7});
    const std::uint64_t at = body_offset + body.size();
    body.insert(body.end(), static_cast<const std::uint8_t*>(bytes),
                static_cast<const std::uint8_t*>(bytes) + size);
    return at;
  }
};

}  // namespace hartbeat::test
