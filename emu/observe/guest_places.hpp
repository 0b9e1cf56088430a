// Which process runs where, and which function and source line an address belongs to there: what every trace with names
// needs. Numbers instead of strings, so that they can be counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "emu/hart/events.hpp"
#include "emu/observe/code_finder.hpp"
#include "emu/observe/process_family.hpp"
#include "emu/observe/trace_context.hpp"

namespace hartbeat::observe {

class GuestPlaces {
 public:
  struct Function {
    std::string object;  // "firmware", "kernel", a program's name
    std::string name;    // of the symbol; "0x…" of the page when there is none
    std::string file;    // of the first line seen in it; empty: not known
  };
  struct Line {
    unsigned function = 0;
    unsigned number = 0;  // 0: not known
    std::string file;
  };
  struct Place {
    unsigned function = 0, line = 0;  // indexes
    std::uint64_t offset = 0;         // within the function
  };
  struct Thread {
    std::uint64_t pid = 0, tid = 0;
    bool known = false;  // false: the guest's kernel has not said anything of this hart yet
    friend auto operator<=>(const Thread&, const Thread&) = default;
  };

  explicit GuestPlaces(const TraceContext& context);

  // Every tracepoint, before anybody asks.
  void hear(const TracepointEvent& event);

  const Place& at(const EventSite& site);
  const Function& function(unsigned index) const { return functions_[index]; }
  const Line& line(unsigned index) const { return lines_[index]; }
  std::size_t function_count() const { return functions_.size(); }

  const Thread& on(HartId hart) const { return threads_[hart.value]; }
  // "cow-basic", "kernel" for pid 0, "boot" before there are processes, "?" for one that has no name yet or any more.
  const std::string& name_of(const Thread& thread);
  bool has_name(const Thread& thread);

 private:
  struct SpaceEntry {
    std::uint64_t pc = ~std::uint64_t{0};
    unsigned space = 0, place = 0;
  };
  unsigned space_of(const EventSite& site);
  unsigned look_up(unsigned space, std::uint64_t pc);
  unsigned function_index(const std::string& object, const CodePlace& place, std::uint64_t pc);

  FindCode find_code_;
  bool user_program_;
  std::string bare_object_;
  std::vector<Thread> threads_;  // by hart
  std::map<std::uint64_t, unsigned> space_of_pid_;
  ProcessFamily family_;
  std::vector<std::string> spaces_;  // names: 0 firmware, 1 kernel, then programs
  std::map<std::string, unsigned> space_index_;
  std::vector<std::unordered_map<std::uint64_t, unsigned>> known_;  // by space: pc to place; never iterated
  std::vector<SpaceEntry> recent_;
  std::vector<Place> places_;
  std::vector<Function> functions_;
  std::map<std::pair<std::string, std::string>, unsigned> function_index_;
  std::vector<Line> lines_;
  std::map<std::tuple<unsigned, std::string, unsigned>, unsigned> line_index_;
};

}  // namespace hartbeat::observe
