#include "emu/cli/console_keys.hpp"

#include <fmt/format.h>

#include <iostream>

namespace hartbeat::cli {
namespace {

const char* word(Privilege privilege) {
  switch (privilege) {
    case Privilege::user: return "U-mode";
    case Privilege::supervisor: return "S-mode";
    default: return "M-mode";
  }
}

// The terminal is raw: a line feed alone would not go back to the first column.
void say(const std::string& sentence) {
  std::cerr << "\r\n"
            << "hartbeat: " << sentence << "\r\n";
}

void say_where(Machine& machine) {
  for (const auto& hart : machine.system().harts) {
    say(fmt::format("hart {}: {} at pc {:#x}{}, cycle {}", hart->id.value, word(hart->privilege), hart->pc,
                    hart->sleeping ? fmt::format(", asleep in {}", hart->asleep_in()) : "", hart->clock));
  }
}

}  // namespace

bool console_key(Machine& machine, std::uint8_t key) {
  switch (key) {
    case 'c': say_where(machine); return true;
    case 'h':
    case '?':
      say("Ctrl-A x ends the run, Ctrl-A c says where the harts are, Ctrl-A Ctrl-A is Ctrl-A");
      return true;
    default: return false;
  }
}

}  // namespace hartbeat::cli
