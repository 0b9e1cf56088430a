
#include "guestos/arch/boot_info.hpp"
#include "guestos/arch/console_devices.hpp"
#include "guestos/arch/hart.hpp"
#include "guestos/arch/tracepoint.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/address_space.hpp"
#include "guestos/mm/injection.hpp"
#include "guestos/mm/reclaim.hpp"
#include "guestos/proc/scheduler.hpp"
#include "guestos/proc/signal.hpp"

namespace guestos {

namespace {

constexpr u64 batch = 32;           // frames worth having before the next try
constexpr u64 patience_parts = 10;  // of a second: how long a victim may take before there is another
constexpr unsigned most_rows = 32;

struct Row {
  u32 pid = 0;
  char name[32] = {};
  u64 pages = 0;  // mapped or in swap, those shared with others too
};

struct Table {
  Row rows[most_rows];
  unsigned count = 0;
  u64 others = 0;  // processes that did not fit
};

constinit Mutex killer;
constinit Table table;  // with `killer` held
constinit u64 victims = 0;

bool is_candidate(const Process& process) {
  return !process.zombie && process.space != nullptr && !process.ending;
}

// Init goes last: with it, everything ends. Of two that are equal, the younger one goes.
bool is_worse(const Process& a, const Process& b) {
  if ((a.pid == init_pid) != (b.pid == init_pid)) return b.pid == init_pid;
  return a.space->resident >= b.space->resident;
}

// With process_lock held. The table, and who is to go; nullptr: nobody is left.
Process* choose() {
  Process* victim = nullptr;
  table.count = 0;
  table.others = 0;
  for (Process* process = all_processes().first(); process != nullptr; process = ProcessList::next(process)) {
    if (!is_candidate(*process)) continue;
    if (table.count == most_rows) {
      ++table.others;
    } else {
      Row& row = table.rows[table.count++];
      row.pid = process->pid;
      copy_text(row.name, process->name, sizeof row.name);
      row.pages = process->space->resident;
    }
    if (!process->oom_victim && (victim == nullptr || is_worse(*process, *victim))) victim = process;
  }
  return victim;
}

u64 score_of(u64 pages) { return pages * 1000 / frame_totals().total; }

void print_line(const Text& text) { console_write(ConsoleStream::error, text.c_str(), text.size()); }

void print_table(u32 asking, u32 chosen) {
  TextBuffer<160> title;
  title << "guestos: out of memory: process " << asking << " needs a frame, " << free_frames() << " of "
        << frame_totals().total << " are free\nguestos:      pid     pages  score  name\n";
  print_line(title);
  for (unsigned i = 0; i < table.count; ++i) {
    const Row& row = table.rows[i];
    TextBuffer<120> line;
    line << "guestos: ";
    line.padded(row.pid, 8).padded(row.pages, 10).padded(score_of(row.pages), 7)
        << "  " << row.name << (row.pid == chosen ? "  <- killed\n" : "\n");
    print_line(line);
  }
  if (table.others == 0) return;
  TextBuffer<80> rest;
  rest << "guestos: and " << table.others << " more\n";
  print_line(rest);
}

// The victim, and whoever shares its memory: otherwise nothing would come free.
void kill(Process& victim) {
  const AddressSpace* space = victim.space;
  for (Process* process = all_processes().first(); process != nullptr; process = ProcessList::next(process)) {
    if (process->zombie || process->space != space) continue;
    process->oom_victim = true;
    send_signal_locked(*process, SIGKILL, {SI_KERNEL, 0, 0});
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
  process_lock().lock();
  Process* victim = choose();
  const u32 pid = victim != nullptr ? victim->pid : 0;
  const u64 pages = victim != nullptr ? victim->space->resident : 0;
  if (victim != nullptr) kill(*victim);
  process_lock().unlock();
  if (victim == nullptr) return false;
  __atomic_fetch_add(&victims, 1, __ATOMIC_RELAXED);
  trace<Tracepoint::oom_kill>(pid, pages, score_of(pages), current_pid());
  print_table(current_pid(), pid);
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
