#include "guestos/proc/process.hpp"

#include "guestos/fs/inode.hpp"
#include "guestos/mm/heap.hpp"

namespace guestos {

namespace {

constexpr u32 largest_pid = 4'194'303;

constinit SpinLock the_process_lock;
constinit ProcessList processes;
constinit u32 last_pid = 0;

}  // namespace

SpinLock& process_lock() { return the_process_lock; }
ProcessList& all_processes() { return processes; }

u32 current_pid() {
  const Process* process = current_thread().process;
  return process != nullptr ? process->pid : 0;
}

InodeReference current_directory() {
  SpinGuard guard(the_process_lock);
  return InodeReference::share(current_process().directory);
}

void set_current_directory(InodeReference directory) {
  the_process_lock.lock();
  const InodeReference old(current_process().directory);
  current_process().directory = directory.take();
  the_process_lock.unlock();
}

Process& current_process() { return *current_thread().process; }

Process* find_process(u32 pid) {
  for (Process* process = processes.first(); process != nullptr; process = ProcessList::next(process))
    if (process->pid == pid) return process;
  return nullptr;
}

Thread* find_thread(u32 tid) {
  for (Process* process = processes.first(); process != nullptr; process = ProcessList::next(process))
    for (Thread* thread = process->threads.first(); thread != nullptr; thread = process->threads.next(thread))
      if (thread->tid == tid) return thread;
  return nullptr;
}

u32 allocate_pid() {
  do {
    last_pid = last_pid >= largest_pid ? 2 : last_pid + 1;
  } while (last_pid > 300 && (find_process(last_pid) != nullptr || find_thread(last_pid) != nullptr));
  return last_pid;
}

void release_process(Process* process) {
  heap_release(process->executable);
  destroy(process);
}

}  // namespace guestos
