// Creating, ending and asking about processes.
#include "guestos/fs/proc_text.hpp"
#include "guestos/mm/address_space.hpp"
#include "guestos/mm/swap.hpp"
#include "guestos/sys/clock.hpp"
#include "guestos/sys/path_argument.hpp"

namespace guestos {

namespace {

i64 sys_clone(const Arguments& call) {
  const CloneRequest request = {
      call.a & ~u64{0xff}, static_cast<u32>(call.a & 0xff), call.b, call.c, call.d, call.e};
  if (request.exit_signal > signal_count) return -EINVAL;
  return clone_current(request);
}

// A NULL-terminated array of texts, packed. Bounded: 2 MiB in all.
class UserTexts {
 public:
  ~UserTexts() { heap_release(list.bytes); }

  i64 read(u64 array) {
    constexpr u64 most = u64{2} << 20;
    for (u64 i = 0; array != 0; ++i) {
      u64 text = 0;
      if (get_user(text, array + i * 8) != 0) return -EFAULT;
      if (text == 0) break;
      i64 size = read_one(text);
      for (; size == -ENAMETOOLONG; size = read_one(text))
        if (capacity_ >= most || !grow()) return capacity_ >= most ? -E2BIG : -ENOMEM;
      if (size < 0) return size;
      list.size += static_cast<u64>(size) + 1;
      ++list.count;
    }
    return list.bytes != nullptr || grow() ? 0 : -ENOMEM;
  }

  TextList list = {};

 private:
  i64 read_one(u64 text) const {
    const u64 room = capacity_ - list.size;
    return room == 0 ? -ENAMETOOLONG : copy_text_from_user(list.bytes + list.size, text, room);
  }

  bool grow() {
    const u64 capacity = capacity_ == 0 ? 1024 : capacity_ * 2;
    if (!grow_array(list.bytes, list.size, capacity)) return false;
    capacity_ = capacity;
    return true;
  }

  u64 capacity_ = 0;
};

i64 execve(u64 directory, u64 path_address, u64 arguments_address, u64 environment_address) {
  const PathArgument path(directory, path_address);
  UserTexts arguments;
  UserTexts environment;
  if (path.error() != 0) return path.error();
  if (const i64 error = arguments.read(arguments_address); error != 0) return error;
  if (const i64 error = environment.read(environment_address); error != 0) return error;
  return execute(path.request(true), arguments.list, environment.list);
}

i64 sys_execve(const Arguments& call) { return execve(static_cast<u64>(AT_FDCWD), call.a, call.b, call.c); }
i64 sys_execveat(const Arguments& call) { return execve(call.a, call.b, call.c, call.d); }

i64 sys_exit(const Arguments& call) {
  Process& process = current_process();
  process_lock().lock();
  const bool last = process.thread_count == 1 && !process.ending;
  if (last) process.wait_status = static_cast<u32>(call.a & 0xff) << 8;
  process_lock().unlock();
  thread_exit();
}

i64 sys_exit_group(const Arguments& call) { exit_process(static_cast<u32>(call.a & 0xff) << 8); }

i64 sys_wait4(const Arguments& call) {
  // WNOHANG, WUNTRACED, WCONTINUED and __W*.
  constexpr u64 known = 1 | 2 | 8 | 0x20000000 | 0x40000000 | 0x80000000;
  if ((static_cast<u32>(call.c) & ~known) != 0) return -EINVAL;
  u32 status = 0;
  u64 ticks = 0;
  const i64 pid = wait_for_child(static_cast<i32>(call.a), call.c & 0xf, status, ticks);
  if (pid <= 0) return pid;
  if (call.b != 0 && put_user(call.b, status) != 0) return -EFAULT;
  return call.d != 0 && put_usage(call.d, ticks, 0) != 0 ? -EFAULT : pid;
}

i64 sys_waitid(const Arguments& call) {
  constexpr u64 WNOHANG = 1, WEXITED = 4, WNOWAIT = 0x1000000;
  const i64 which = call.a == 0   ? -1
                    : call.a == 1 ? static_cast<i32>(call.b)
                    : call.a == 2 ? -static_cast<i64>(call.b)
                                  : 0;
  if (call.a > 2 || (call.d & WEXITED) == 0) return -EINVAL;
  u32 status = 0;
  u64 ticks = 0;
  const i64 pid = wait_for_child(which, call.d & (WNOHANG | 2 | 8 | WNOWAIT), status, ticks);
  if (pid < 0) return pid;
  const SignalInfo child = child_info(static_cast<u32>(pid), status);
  u32 info[32] = {};
  if (pid > 0) {
    info[0] = SIGCHLD, info[2] = static_cast<u32>(child.code);
    info[4] = child.pid, info[6] = static_cast<u32>(child.value);
  }
  return call.c != 0 && put_user(call.c, info) != 0 ? -EFAULT : 0;
}

i64 sys_getpid(const Arguments&) { return current_pid(); }
i64 sys_gettid(const Arguments&) { return current_thread().tid; }
i64 sys_getppid(const Arguments&) {
  SpinGuard guard(process_lock());
  const Process* parent = current_process().parent;
  return parent != nullptr ? parent->pid : 0;
}
i64 sys_zero(const Arguments&) { return 0; }
i64 sys_getgroups(const Arguments& call) { return static_cast<i32>(call.a) < 0 ? -EINVAL : 0; }
i64 sys_not_permitted(const Arguments&) { return -EPERM; }

i64 sys_set_tid_address(const Arguments& call) {
  current_thread().clear_child_tid = call.a;
  return current_thread().tid;
}

i64 sys_futex(const Arguments& call) {
  return futex_call(call.a, call.b, static_cast<u32>(call.c), call.d, static_cast<u32>(call.f));
}

i64 sys_sched_yield(const Arguments&) {
  yield();
  return 0;
}

i64 sys_sched_getaffinity(const Arguments& call) {
  if (call.b < 8 || call.b % 8 != 0) return -EINVAL;
  process_lock().lock();
  const bool found = call.a == 0 || find_thread(static_cast<u32>(call.a)) != nullptr;
  process_lock().unlock();
  if (!found) return -ESRCH;
  return put_user(call.c, online_harts()) != 0 ? -EFAULT : 8;
}

i64 sys_getcpu(const Arguments& call) {
  const u32 hart = static_cast<u32>(this_hart().id);
  if (call.a != 0 && put_user(call.a, hart) != 0) return -EFAULT;
  return call.b != 0 ? put_user(call.b, u32{0}) : 0;
}

// Of the process with that number; 0 is the current one.
i64 number_of(u64 pid, u32 Process::*member) {
  SpinGuard guard(process_lock());
  const Process* process = pid == 0 ? &current_process() : find_process(static_cast<u32>(pid));
  return process == nullptr ? -ESRCH : static_cast<i64>(process->*member);
}
i64 sys_getpgid(const Arguments& call) { return number_of(call.a, &Process::group); }
i64 sys_getsid(const Arguments& call) { return number_of(call.a, &Process::session); }

i64 sys_setpgid(const Arguments& call) {
  SpinGuard guard(process_lock());
  Process& self = current_process();
  Process* process = call.a == 0 ? &self : find_process(static_cast<u32>(call.a));
  if (process == nullptr || (process != &self && process->parent != &self)) return -ESRCH;
  if (static_cast<i32>(call.b) < 0) return -EINVAL;
  if (process->session == process->pid || process->session != self.session) return -EPERM;
  const u32 group = call.b == 0 ? process->pid : static_cast<u32>(call.b);
  const Process* member = group == process->pid ? process : find_member(group);
  if (member == nullptr || member->session != self.session) return -EPERM;
  process->group = group;
  return 0;
}

i64 sys_setsid(const Arguments&) {
  SpinGuard guard(process_lock());
  Process& self = current_process();
  if (find_member(self.pid) != nullptr) return -EPERM;
  self.session = self.group = self.pid;
  return self.pid;
}

i64 sys_umask(const Arguments& call) {
  Process& self = current_process();
  const u32 old = self.umask;
  self.umask = static_cast<u32>(call.a) & 0777;
  return old;
}

i64 sys_uname(const Arguments& call) {
  struct Names {
    char text[6][65];
  };
  static constexpr const char* texts[6] = {"Linux",  "hartbeat", kernel_release,
                                           "#1 SMP", "riscv64",  "(none)"};
  Names names = {};
  for (unsigned i = 0; i < 6; ++i) copy_text(names.text[i], texts[i], 65);
  return put_user(call.a, names);
}

i64 sys_sysinfo(const Arguments& call) {
  struct {  // struct sysinfo
    u64 uptime, loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    u16 procs, pad;
    u64 totalhigh, freehigh;
    u32 mem_unit;
  } info = {};
  info.uptime = static_cast<u64>(monotonic_nanoseconds()) / 1'000'000'000;
  info.totalram = frame_totals().total, info.freeram = free_frames();
  info.totalswap = swap_totals().slots, info.freeswap = swap_totals().free;
  info.procs = static_cast<u16>(live_threads());
  info.mem_unit = page_size;
  return put_user(call.a, info);
}

i64 sys_prlimit64(const Arguments& call) {
  Process& self = current_process();
  if (call.a != 0 && call.a != self.pid) return -ESRCH;
  if (call.b >= limit_count) return -EINVAL;
  Process::Limit& limit = self.limits[call.b];
  const Process::Limit old = limit;
  if (Process::Limit wanted; call.c != 0) {
    if (get_user(wanted, call.c) != 0) return -EFAULT;
    if (wanted.soft > wanted.hard) return -EINVAL;
    if (call.b == RLIMIT_NOFILE && wanted.hard > FileTable::capacity) return -EPERM;
    limit = wanted;
    if (call.b == RLIMIT_STACK) self.space->stack_limit = wanted.soft;
  }
  return call.d != 0 ? put_user(call.d, old) : 0;
}

i64 sys_getrlimit(const Arguments& call) { return sys_prlimit64({0, call.a, 0, call.b, 0, 0, call.frame}); }
i64 sys_setrlimit(const Arguments& call) { return sys_prlimit64({0, call.a, call.b, 0, 0, 0, call.frame}); }

i64 sys_prctl(const Arguments& call) {
  constexpr u64 PR_SET_NAME = 15, PR_GET_NAME = 16;
  char name[16] = {};
  Process& self = current_process();
  if (call.a == PR_SET_NAME) {
    if (const i64 size = copy_text_from_user(name, call.b, sizeof name); size == -EFAULT) return -EFAULT;
    name[15] = 0;
    if (current_thread().tid == self.pid) copy_text(self.name, name, sizeof self.name);
    return 0;
  }
  if (call.a == PR_GET_NAME) {
    copy_text(name, self.name, sizeof name);
    return put_user(call.b, name);
  }
  return -EINVAL;
}

// Without effect: set_robust_list, sched_{set,get}{param,scheduler}, sched_setaffinity, {set,get}priority, set{,re}[gu]id,
// {get,set}groups. Refused: capget, capset.
// clang-format off
constexpr SystemCallRow rows[] = {
    {90, sys_not_permitted, 91}, {93, sys_exit},            {94, sys_exit_group},
    {95, sys_waitid},            {96, sys_set_tid_address}, {98, sys_futex},
    {99, sys_zero},              {118, sys_zero, 122},      {123, sys_sched_getaffinity},
    {124, sys_sched_yield},      {125, sys_zero, 126},      {140, sys_zero, 141},
    {144, sys_zero},             {146, sys_zero, 147},      {149, sys_zero},      {159, sys_zero},
    {154, sys_setpgid},          {155, sys_getpgid},        {156, sys_getsid},
    {157, sys_setsid},           {158, sys_getgroups},       {160, sys_uname},
    {163, sys_getrlimit},        {164, sys_setrlimit},      {166, sys_umask},
    {167, sys_prctl},            {168, sys_getcpu},         {172, sys_getpid},
    {173, sys_getppid},          {174, sys_zero, 177},      {178, sys_gettid},
    {179, sys_sysinfo},          {220, sys_clone},          {221, sys_execve},
    {260, sys_wait4},            {261, sys_prlimit64},      {268, sys_not_permitted},
    {281, sys_execveat},
};
// clang-format on

}  // namespace

constinit const SystemCallRows process_calls = rows;

}  // namespace guestos
