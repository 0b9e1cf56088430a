
#include "guestos/arch/console_devices.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/address_space.hpp"
#include "guestos/mm/reclaim.hpp"
#include "guestos/proc/process.hpp"

namespace guestos {

namespace {

constexpr u64 batch = 32;           // frames worth having before the next try
constexpr u64 patience_parts = 10;  // of a second: how long a victim may take before there is another
constinit Mutex killer;
constinit u64 victims = 0;

bool is_candidate(const Process& process) {
  return !process.zombie && process.space != nullptr && !process.ending;
}

// Init goes last: with it, everything ends. Of two that are equal, the younger one goes.
bool is_worse(const Process& a, const Process& b) {
  if ((a.pid == init_pid) != (b.pid == init_pid)) return b.pid == init_pid;
  return a.space->resident >= b.space->resident;
}

// With process_lock held. Who is to go; nullptr: nobody is left.
Process* choose() {
  Process* victim = nullptr;
  for (Process* process = all_processes().first(); process != nullptr; process = ProcessList::next(process))
    if (is_candidate(*process) && !process->oom_victim && (victim == nullptr || is_worse(*process, *victim)))
      victim = process;
  return victim;
}

u64 score_of(u64 pages) { return pages * 1000 / frame_totals().total; }

void print_line(const Text& text) { console_write(ConsoleStream::error, text.c_str(), text.size()); }

// With process_lock held: pages mapped or in swap, those shared with others, too.
void print_table(const Process& victim) {
  TextBuffer<160> title;
  title << "guestos: out of memory: process " << current_pid() << " needs a frame, " << free_frames()
        << " of " << frame_totals().total << " are free\nguestos:      pid     pages  score  name\n";
  print_line(title);
  for (const Process& process : all_processes()) {
    if (!is_candidate(process)) continue;
    const u64 pages = process.space->resident;
    TextBuffer<120> line;
    line << "guestos: " << Padded{process.pid, 8} << Padded{pages, 10} << Padded{score_of(pages), 7} << "  "
         << process.name << (&process == &victim ? "  <- killed\n" : "\n");
    print_line(line);
  }
}

// The victim, and whoever shares its memory: otherwise nothing would come free.
void kill(Process& victim) {
  const AddressSpace* space = victim.space;
  for (Process& process : all_processes()) {
    if (process.zombie || process.space != space) continue;
    process.oom_victim = true;
    send_signal_locked(process, SIGKILL, {SI_KERNEL, 0, 0});
  }
}

// A victim that has not let go of its memory yet.
bool somebody_is_dying() {
  SpinGuard guard(process_lock());
  for (Process* process = all_processes().first(); process != nullptr; process = ProcessList::next(process))
    if (process->oom_victim && process->space != nullptr) return true;
  return false;
}

bool current_is_dying() { return current_process().oom_victim || current_process().ending; }

// Not for ever: it may itself wait for something that the current process holds.
void wait_for_victims() {
  const u64 end = ticks_now() + boot_info().timebase / patience_parts;
  while (somebody_is_dying() && !current_is_dying() && ticks_now() < end) yield();
}

// Unless somebody else has been faster: `seen` victims were known when this was found necessary. False: nobody
// is left.
bool choose_and_kill(u64 seen) {
  MutexGuard guard(killer);
  if (victims != seen) return true;
  SpinGuard family(process_lock());
  Process* victim = choose();
  if (victim == nullptr) return false;
  const u64 pages = victim->space->resident;
  trace<Tracepoint::oom_kill>(victim->pid, pages, score_of(pages), current_pid());
  print_table(*victim);
  kill(*victim);
  __atomic_fetch_add(&victims, 1, __ATOMIC_RELAXED);
  return true;
}

bool kill_somebody() {
  const u64 seen = __atomic_load_n(&victims, __ATOMIC_RELAXED);
  if (somebody_is_dying()) {
    wait_for_victims();
    if (!somebody_is_dying()) return !current_is_dying();
  }
  if (!current_is_dying() && !choose_and_kill(seen)) return false;
  wait_for_victims();
  return !current_is_dying();
}

}  // namespace

bool make_room_or_kill() {
  if (current_is_dying()) return false;
  const bool injected = take_injected_failure();
  const Reclaimed got = reclaim(batch);
  if (injected) return kill_somebody();
  if (got.frames != 0 || free_frames() > batch) return true;
  if (!got.busy) return kill_somebody();
  yield();
  return true;
}

}  // namespace guestos
