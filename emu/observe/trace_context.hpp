// What a trace's writers and readers know of the run beside its events: the machine and the files with symbols.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emu/isa/row.hpp"
#include "emu/machine/elf.hpp"

namespace hartbeat::observe {

struct TraceContext {
  std::string program;  // as the user named it
  std::vector<std::string> arguments;
  std::string machine;                 // name of the configuration
  std::vector<std::string> overrides;  // "key=value"
  std::string isa;                     // canonical ISA string
  std::string timing = "none";
  std::uint64_t memory_bytes = 0;
  unsigned harts = 1;
  std::vector<std::shared_ptr<const ElfFile>> files;  // program, kernel, firmware

  isa::ExtensionSet extensions() const;
};

// Without the files.
std::string to_json(const TraceContext& context);
// Throws UserError when the text is not what to_json writes.
TraceContext context_from_json(const std::string& text);

}  // namespace hartbeat::observe
