#include "emu/observe/process_family.hpp"

#include <algorithm>

namespace hartbeat::observe {

std::string name_in(const std::uint64_t (&arguments)[6]) {
  std::string name;
  for (unsigned i = 0; i < 32; ++i) {
    const char c = static_cast<char>(arguments[1 + i / 8] >> (8 * (i % 8)));
    if (c == '\0') break;
    name += c >= ' ' && c <= '~' ? c : '?';
  }
  return name;
}

void ProcessFamily::hear(const TracepointEvent& event) {
  const auto& a = event.arguments;
  switch (event.number) {
    case abi::Tracepoint::process_switch:
      if (event.site.hart.value >= running_.size()) running_.resize(event.site.hart.value + 1);
      running_[event.site.hart.value] = a[0];
      return;
    case abi::Tracepoint::process_name: members_[a[0]].name = name_in(a); return;
    case abi::Tracepoint::fork_begin: return begin_fork(event);
    case abi::Tracepoint::fork_end: return end_fork(event);
    case abi::Tracepoint::syscall_enter: members_[a[0]].system_call = a[1]; return;
    case abi::Tracepoint::syscall_exit: members_[a[0]].system_call.reset(); return;
    case abi::Tracepoint::exit: members_.erase(a[0]); return;
    default: return;
  }
}

// From here on other threads of the parent may meet pages that this fork has made shared.
void ProcessFamily::begin_fork(const TracepointEvent& event) {
  const std::uint64_t parent = event.arguments[0];
  members_[parent].last_fork = forks_.size();
  forks_.push_back({forks_.size() + 1, parent, 0, event.site.cycle, event.site.cycle});
}

void ProcessFamily::end_fork(const TracepointEvent& event) {
  const auto& a = event.arguments;
  const auto fork = std::find_if(forks_.rbegin(), forks_.rend(), [&](const ForkRecord& record) {
    return record.parent == a[0] && record.end == record.begin;
  });
  if (fork == forks_.rend()) return;
  fork->end = event.site.cycle;
  if (static_cast<std::int64_t>(a[1]) <= 0) return;
  fork->child = a[1];
  Member& child = members_[a[1]];
  child = {members_[a[0]].name, fork->number - 1, {}, {}};
  if (a[4] != 0) child.root = a[4];
}

}  // namespace hartbeat::observe
