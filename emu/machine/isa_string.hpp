// ISA strings (RISC-V unprivileged specification, chapter "ISA Extension Naming Conventions"): what a hart
// implements.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emu/hart/config.hpp"

namespace hartbeat {

// A name that an ISA string may have.
struct IsaName {
  std::string_view name;
  std::optional<isa::Extension> extension;  // none: a switch of the hart or of the MMU, by name
  std::string_view needs;                   // one extension without which it makes no sense
};
// In canonical order: single letters; Z by category and name; S.
std::span<const IsaName> isa_names();

// Sets the extensions, Sstc, Svadu and the MMU's features of `hart` from a string such as
// "rv64gc_zba_svnapot". Hardware updating of A and D is on out of reset with `svadu` alone; with
// `svade_svadu` software turns it on by menvcfg.ADUE (specification of Svadu). Throws UserError, beginning
// with `what`, for what this machine does not have.
void apply_isa_string(std::string_view isa, const std::string& what, HartConfig& hart);

// The extensions of a string, single letters first, in canonical order: "i", "m", …, "zicsr", …
std::vector<std::string> isa_extensions(const HartConfig& hart);
// The canonical string of a hart's configuration.
std::string isa_string(const HartConfig& hart);

}  // namespace hartbeat
