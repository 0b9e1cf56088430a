#include "guestos/proc/process.hpp"

#include "guestos/fs/file_table.hpp"
#include "guestos/mm/address_space.hpp"

namespace guestos {

static constinit SpinLock the_process_lock;
static constinit ProcessList processes;
static constinit u32 last_pid = 0;

SpinLock& process_lock() { return the_process_lock; }
ProcessList& all_processes() { return processes; }

u32 current_pid() {
  const Process* process = current_thread().process;
  return process != nullptr ? process->pid : 0;
}

InodeReference current_directory() {
  SpinGuard guard(the_process_lock);
  return InodeReference::share(current_process().directory.get());
}

void set_current_directory(InodeReference directory) {
  InodeReference old;
  SpinGuard guard(the_process_lock);  // which ends before `old` does
  old = static_cast<InodeReference&&>(current_process().directory);
  current_process().directory = static_cast<InodeReference&&>(directory);
}

Process& current_process() { return *current_thread().process; }

static Process* find_by(u32 Process::*number, u32 value) {
  for (Process& process : processes)
    if (process.*number == value) return &process;
  return nullptr;
}
Process* find_process(u32 pid) { return find_by(&Process::pid, pid); }
Process* find_member(u32 group) { return find_by(&Process::group, group); }

Thread* find_thread(u32 tid) {
  for (Process& process : processes)
    for (Thread& thread : process.threads)
      if (thread.tid == tid) return &thread;
  return nullptr;
}

u32 allocate_pid() {
  constexpr u32 largest_pid = 4'194'303;
  do {
    last_pid = last_pid >= largest_pid ? 2 : last_pid + 1;
  } while (last_pid > 300 && (find_process(last_pid) != nullptr || find_thread(last_pid) != nullptr));
  return last_pid;
}

u32 enter_lists(Process& process, Thread& thread) {
  process.pid = thread.tid = allocate_pid();
  process.threads.push_back(&thread);
  process.thread_count = 1;
  processes.push_back(&process);
  return process.pid;
}

Process::~Process() {
  if (space != nullptr) space->drop_reference();
  if (files != nullptr) files->drop_reference();
  heap_release(executable);
}

}  // namespace guestos
