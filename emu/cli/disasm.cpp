#include <fmt/format.h>

#include <cstring>
#include <iostream>
#include <span>

#include "emu/cli/commands.hpp"
#include "emu/isa/disassemble.hpp"
#include "emu/machine/config.hpp"
#include "emu/machine/elf.hpp"

namespace hartbeat::cli {
namespace {

// Prints code in the layout of objdump -d, with the file's symbols as headings.
class Listing {
 public:
  Listing(const ElfFile& file, isa::ExtensionSet extensions) : file_(file), extensions_(extensions) {}

  void print(std::string_view name, std::uint64_t address, std::span<const std::uint8_t> code) {
    std::cout << fmt::format("\nDisassembly of {}:\n", name);
    if (symbol_at(address) == nullptr) std::cout << '\n';
    for (std::size_t at = 0; at + 2 <= code.size();) at += line(address + at, code.subspan(at));
  }

 private:
  const ElfSymbol* symbol_at(std::uint64_t address) const {
    const auto& symbols = file_.symbols();
    const auto found =
        std::lower_bound(symbols.begin(), symbols.end(), address,
                         [](const ElfSymbol& symbol, std::uint64_t value) { return symbol.address < value; });
    return found != symbols.end() && found->address == address ? &*found : nullptr;
  }

  // One instruction; returns its length in bytes.
  std::size_t line(std::uint64_t address, std::span<const std::uint8_t> code) {
    if (const ElfSymbol* symbol = symbol_at(address))
      std::cout << fmt::format("\n{:016x} <{}>:\n", address, symbol->name);
    std::uint32_t bits = 0;
    std::memcpy(&bits, code.data(), 2);
    const bool wide = (bits & 3) == 3 && code.size() >= 4;
    if (wide) std::memcpy(&bits, code.data(), 4);
    const std::string text = isa::disassemble(bits, address, extensions_);
    std::cout << fmt::format("{:8x}:\t{:<18}\t{}\n", address, fmt::format("{:0{}x}", bits, wide ? 8 : 4),
                             text);
    return wide ? 4 : 2;
  }

  const ElfFile& file_;
  isa::ExtensionSet extensions_;
};

}  // namespace

int disasm(const DisasmOptions& options) {
  const ElfFile file = ElfFile::read(options.file);
  Listing listing(file, load_machine(options.machine).hart.extensions);
  std::cout << fmt::format("{}: RISC-V ELF64, entry {:#x}\n", file.name(), file.entry());
  for (const ElfSection& section : file.code_sections()) {
    listing.print(fmt::format("section {}", section.name), section.address, file.contents(section));
  }
  if (!file.code_sections().empty()) return 0;
  for (const ElfSegment& segment : file.segments()) {  // stripped of its section headers
    if (segment.executable) {
      listing.print(fmt::format("the segment at {:#x}", segment.virtual_address), segment.virtual_address,
                    file.contents(segment));
    }
  }
  return 0;
}

}  // namespace hartbeat::cli
