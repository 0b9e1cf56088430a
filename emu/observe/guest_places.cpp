#include "emu/observe/guest_places.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace hartbeat::observe {
namespace {

constexpr unsigned firmware = 0, kernel = 1;
constexpr std::size_t recent_count = 1u << 14;
const std::string kernel_name = "kernel", boot_name = "boot",
                  no_name = "?";  // of a process that has not executed a program yet

std::string page_of(std::uint64_t pc) {
  char text[32];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(pc & ~page_offset_mask));
  return text;
}

}  // namespace

GuestPlaces::GuestPlaces(const TraceContext& context)
    : find_code_(code_finder(context.files, "")),
      user_program_(!context.files.empty() && context.files.front()->kind() == ElfKind::user),
      threads_(context.harts),
      spaces_{"firmware", "kernel"},
      known_(2),
      recent_(recent_count) {
  if (!user_program_ && context.files.size() == 1)  // a bare-metal program, in whatever privilege
    spaces_[0] = spaces_[1] = std::filesystem::path(context.files.front()->name()).filename().string();
}

void GuestPlaces::hear(const TracepointEvent& event) {
  using enum abi::Tracepoint;
  family_.hear(event);
  if (event.number == process_switch)
    threads_[event.site.hart.value] = {event.arguments[0], event.arguments[1], true};
  if (event.number == process_name || event.number == exit) space_of_pid_.erase(event.arguments[0]);
}

const std::string& GuestPlaces::name_of(const Thread& thread) {
  if (!thread.known) return boot_name;
  if (thread.pid == 0) return kernel_name;
  const std::string& name = family_.member(thread.pid).name;
  return name.empty() ? no_name : name;
}

bool GuestPlaces::has_name(const Thread& thread) { return &name_of(thread) != &no_name; }

unsigned GuestPlaces::space_of(const EventSite& site) {
  if (site.privilege == mmu::Privilege::machine) return firmware;
  if (site.privilege == mmu::Privilege::supervisor) return kernel;
  const Thread& thread = threads_[site.hart.value];
  if (!thread.known) return kernel;
  const auto known = space_of_pid_.find(thread.pid);
  if (known != space_of_pid_.end()) return known->second;
  const std::string& name = name_of(thread);
  const auto [entry, fresh] = space_index_.try_emplace(name, static_cast<unsigned>(spaces_.size()));
  if (fresh) {
    spaces_.push_back(name);
    known_.emplace_back();
  }
  space_of_pid_[thread.pid] = entry->second;
  return entry->second;
}

const GuestPlaces::Place& GuestPlaces::at(const EventSite& site) {
  const unsigned space = space_of(site);
  const std::uint64_t pc = site.pc.value;
  SpaceEntry& recent = recent_[(pc >> 1) % recent_count];
  if (recent.pc != pc || recent.space != space) recent = {pc, space, look_up(space, pc)};
  return places_[recent.place];
}

unsigned GuestPlaces::look_up(unsigned space, std::uint64_t pc) {
  const auto [known, fresh] = known_[space].try_emplace(pc, static_cast<unsigned>(places_.size()));
  if (!fresh) return known->second;
  const CodePlace found =
      find_code_ ? find_code_(space > kernel ? spaces_[space] : std::string(), pc) : CodePlace{};
  Place place;
  place.function = function_index(spaces_[space], found, pc);
  place.offset = found.offset;
  const auto [line, fresh_line] =
      line_index_.try_emplace({place.function, found.path, found.line}, static_cast<unsigned>(lines_.size()));
  if (fresh_line) lines_.push_back({place.function, found.line, found.path});
  place.line = line->second;
  Function& function = functions_[place.function];
  if (function.file.empty()) function.file = found.path;
  places_.push_back(place);
  return known->second;
}

unsigned GuestPlaces::function_index(const std::string& object, const CodePlace& place, std::uint64_t pc) {
  const std::string name = place.symbol.empty() ? page_of(pc) : place.symbol;
  const auto [entry, fresh] =
      function_index_.try_emplace({object, name}, static_cast<unsigned>(functions_.size()));
  if (fresh) functions_.push_back({object, name, {}});
  return entry->second;
}

}  // namespace hartbeat::observe
