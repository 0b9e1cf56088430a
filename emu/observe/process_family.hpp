// Who is who among the guest's processes, as its kernel tells it: names, forks, and what each hart runs now.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "emu/hart/events.hpp"

namespace hartbeat::observe {

struct ForkRecord {
  std::uint64_t number = 0;             // from 1, in the order in which they began
  std::uint64_t parent = 0, child = 0;  // child 0: it failed, or was still under way at the end of the run
  Cycle begin, end;
};

// The process's name in the arguments of process_name, which are at most 32 bytes; what does not print would
// disturb a report.
std::string name_in(const std::uint64_t (&arguments)[6]);

class ProcessFamily {
 public:
  struct Member {
    std::string name;  // of the program it executes
    std::optional<std::uint64_t>
        last_fork;                      // index into forks(): as parent or as child; one under way counts
    std::optional<std::uint64_t> root;  // frame of its root page table, when it is known
    std::optional<std::uint64_t> system_call;  // the one it is in
  };

  void hear(const TracepointEvent& event);

  const std::vector<ForkRecord>& forks() const { return forks_; }
  const std::map<std::uint64_t, Member>& members() const { return members_; }  // those alive, by pid
  Member& member(std::uint64_t pid) { return members_[pid]; }
  std::uint64_t running_on(HartId hart) const {
    return hart.value < running_.size() ? running_[hart.value] : 0;
  }

 private:
  void begin_fork(const TracepointEvent& event);
  void end_fork(const TracepointEvent& event);

  std::map<std::uint64_t, Member> members_;
  std::vector<ForkRecord> forks_;
  std::vector<std::uint64_t> running_;  // pid by hart
};

}  // namespace hartbeat::observe
