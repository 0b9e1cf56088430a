// /proc: what the kernel knows, as text, made at the moment somebody looks.
#include "guestos/fs/file_table.hpp"
#include "guestos/fs/proc_text.hpp"
#include "guestos/mm/commit.hpp"
#include "guestos/mm/fault.hpp"
#include "guestos/mm/swap.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/clock.hpp"

namespace guestos {

namespace {

constexpr u64 longest_link = 1024;

// What a descriptor refers to, as readlink tells it. With the tree's mutex held.
void describe_file(Text& text, File& file) {
  HeapBuffer<char> path(longest_link);
  Stat stat;
  file.status(stat);
  const u32 type = stat.st_mode & S_IFMT;
  if (path && file.inode() != nullptr && path_in_tree(file.inode(), path.get(), longest_link) > 0) {
    text << path.get();
  } else if (type == S_IFSOCK || type == S_IFIFO) {
    text << (type == S_IFSOCK ? "socket:[" : "pipe:[") << stat.st_ino << "]";
  } else {
    text << (file.epoll() != nullptr ? "anon_inode:[eventpoll]" : "/ (deleted)");
  }
}

FileTable* files_of(u32 pid) {
  SpinGuard guard(process_lock());
  Process* process = find_process(pid);
  if (process == nullptr || process->files == nullptr) return nullptr;
  process->files->add_reference();
  return process->files;
}

// --- what links point to; with the tree's mutex held

void write_self(Text& text, const Inode&) { text << current_pid(); }

// What there is to say of a process, with process_lock held.
template <void (*write)(Text&, const Process&)>
void of_process(Text& text, const Inode& inode) {
  SpinGuard guard(process_lock());
  if (const Process* process = find_process(inode.proc_pid); process != nullptr) write(text, *process);
}
template <void (*write)(Text&, const Process&, const MemorySizes&)>
void of_memory(Text& text, const Inode& inode) {
  const MemorySizes memory = sizes_of(inode.proc_pid);
  SpinGuard guard(process_lock());
  if (const Process* process = find_process(inode.proc_pid); process != nullptr)
    write(text, *process, memory);
}
u64 parent_of(const Process& process) { return process.parent != nullptr ? process.parent->pid : 0; }

void write_executable(Text& text, const Process& process) {
  if (process.executable != nullptr) text << process.executable;
}

void write_directory(Text& text, const Inode& inode) {
  process_lock().lock();
  const Process* process = find_process(inode.proc_pid);
  const auto directory = InodeReference::share(process != nullptr ? process->directory.get() : nullptr);
  process_lock().unlock();
  HeapBuffer<char> path(longest_link);
  if (directory && path && path_in_tree(directory.get(), path.get(), longest_link) > 0) text << path.get();
}

void write_descriptor(Text& text, const Inode& inode) {
  FileTable* files = files_of(inode.proc_pid);
  File* file = files != nullptr ? files->get(inode.unit) : nullptr;
  if (file != nullptr) {
    describe_file(text, *file);
    file->drop_reference();
  }
  if (files != nullptr) files->drop_reference();
}

// --- what files hold

char state_letter(const Process& process) {
  if (process.zombie) return 'Z';
  if (process.stopped) return 'T';
  const Thread* thread = process.threads.first();
  return thread != nullptr && thread->state == ThreadState::sleeping ? 'S' : 'R';
}

void write_stat(Text& text, const Process& process, const MemorySizes& memory) {
  const u64 hundredths = ticks_to_nanoseconds(process.cpu_ticks) / 10'000'000;
  text << process.pid << " (" << process.name << ") " << state_letter(process) << " " << parent_of(process)
       << " " << process.group << " " << process.session << " 0 -1 0 " << process.minor_faults << " 0 0 0 "
       << hundredths << " 0 0 0 20 0 " << process.thread_count << " 0 "
       << ticks_to_nanoseconds(process.started) / 10'000'000 << " " << memory.pages * page_size << " "
       << memory.resident << " 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

void write_status(Text& text, const Process& process, const MemorySizes& memory) {
  text << "Name:\t" << process.name << "\nState:\t" << state_letter(process) << "\nTgid:\t" << process.pid
       << "\nPid:\t" << process.pid << "\nPPid:\t" << parent_of(process)
       << "\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nVmSize:\t" << memory.pages * 4 << " kB\nVmLck:\t"
       << memory.locked * 4 << " kB\nVmRSS:\t" << memory.resident * 4 << " kB\nVmSwap:\t"
       << memory.swapped * 4 << " kB\nThreads:\t" << process.thread_count << "\n";
}

void write_memory_info(Text& text, const Inode&) {
  FrameTotals totals = frame_totals();
  auto line = [&](const char* name, u64 frames) {
    text << name << Padded{frames * 4, 16 + 7 - strlen(name)} << " kB\n";
  };
  const u64 cached = totals.of(FrameState::page_cache);
  line("MemTotal:", totals.total);
  line("MemFree:", totals.of(FrameState::free));
  line("MemAvailable:", totals.of(FrameState::free) + cached);
  line("Buffers:", 0);
  line("Cached:", cached);
  line("SwapCached:", 0);
  line("AnonPages:", totals.of(FrameState::anonymous));
  line("Shmem:", 0);
  line("Slab:", totals.of(FrameState::kernel));
  line("PageTables:", totals.of(FrameState::page_table));
  line("SwapTotal:", swap_totals().slots);
  line("SwapFree:", swap_totals().free);
  line("CommitLimit:", commit_limit());
  line("Committed_AS:", committed_pages());
}

void write_cpu_info(Text& text, const Inode&) {
  for (u64 rest = online_harts(); rest != 0; rest &= rest - 1)
    text << "processor\t: " << u64{lowest_bit(rest)} << "\nhart\t\t: " << u64{lowest_bit(rest)}
         << "\nisa\t\t: rv64imafdc\nmmu\t\t: sv39\n\n";
}

void write_system_stat(Text& text, const Inode&) {
  text << "cpu  0 0 0 0 0 0 0 0 0 0\n";
  for (u64 rest = online_harts(); rest != 0; rest &= rest - 1)
    text << "cpu" << u64{lowest_bit(rest)} << " 0 0 0 0 0 0 0 0 0 0\n";
  text << "btime " << static_cast<u64>((realtime_nanoseconds() - monotonic_nanoseconds()) / 1'000'000'000)
       << "\nprocesses " << live_threads() << "\n";
}

void write_uptime(Text& text, const Inode&) {
  const u64 hundredths = static_cast<u64>(monotonic_nanoseconds()) / 10'000'000;
  text << hundredths / 100 << "." << hundredths % 100 / 10 << hundredths % 10 << " 0.00\n";
}

void write_frames(Text& text, const Inode&) {
  const FrameTotals totals = frame_totals();
  text << "nr_free_pages " << totals.by_state[0] << "\nnr_anon_pages " << totals.by_state[1]
       << "\nnr_cow_shared " << totals.cow_shared << "\nnr_file_pages " << totals.by_state[2]
       << "\nnr_page_table_pages " << totals.by_state[3] << "\nnr_kernel_pages "
       << totals.by_state[4] + totals.by_state[5] << "\npswpin " << swap_totals().read << "\npswpout "
       << swap_totals().written << "\n";
  static constexpr const char* names[] = {"cow_copy",   "cow_reuse",    "demand_zero", "file_fill",
                                          "stack_grow", "swap_in",      "ad_update",   "spurious",
                                          "protection", "table_attach", "zero_copy"};
  u64 faults = 0;
  for (unsigned i = 0; i < sizeof names / sizeof names[0]; ++i) {
    faults += fault_total(i);
    text << "fault_" << names[i] << " " << fault_total(i) << "\n";
  }
  text << "pgfault " << faults << "\n";
}

void write_statm(Text& text, const Inode& inode) {
  const MemorySizes memory = sizes_of(inode.proc_pid);
  text << memory.pages << " " << memory.resident << " 0 0 0 0 0\n";
}

void write_name(Text& text, const Process& process) { text << process.name << "\n"; }

void write_overcommit(Text& text, const Inode&) { text << static_cast<u64>(overcommit()) << "\n"; }
void write_load(Text& text, const Inode&) { text << "0.00 0.00 0.00 1/" << live_threads() << " 1\n"; }
void write_version(Text& text, const Inode&) {
  text << "Linux version " << kernel_release << " (hartbeat guest OS) #1 SMP\n";
}
void write_release(Text& text, const Inode&) { text << kernel_release << "\n"; }
void write_pid_max(Text& text, const Inode&) { text << "4194304\n"; }
void write_mounts(Text& text, const Inode&) { text << "tmpfs / tmpfs rw 0 0\nproc /proc proc rw 0 0\n"; }
void write_file_systems(Text& text, const Inode&) { text << "nodev\ttmpfs\nnodev\tproc\n"; }

constexpr u32 file = S_IFREG | 0444, link = S_IFLNK | 0777, directory = S_IFDIR | 0555;

constexpr ProcNode vm_nodes[] = {{"overcommit_memory", S_IFREG | 0644, write_overcommit}};
constexpr ProcNode kernel_nodes[] = {{"osrelease", file, write_release}, {"pid_max", file, write_pid_max}};
constexpr ProcNode sys_nodes[] = {{"vm", directory, nullptr, vm_nodes, 1},
                                  {"kernel", directory, nullptr, kernel_nodes, 2}};
constexpr ProcNode process_nodes[] = {
    {"stat", file, of_memory<write_stat>},
    {"status", file, of_memory<write_status>},
    {"cmdline", file, write_command_line},
    {"comm", file, of_process<write_name>},
    {"maps", file, write_maps},
    {"statm", file, write_statm},
    {"smaps", file, write_smaps},
    {"smaps_rollup", file, write_smaps_rollup},
    {"pagemap", S_IFREG | 0400, nullptr},
    {"mounts", file, write_mounts},
    {"exe", link, of_process<write_executable>},
    {"cwd", link, write_directory},
    {"fd", S_IFDIR | 0500, nullptr},
};
constexpr u64 process_node_count = sizeof process_nodes / sizeof(ProcNode);
constexpr const ProcNode& descriptors_node = process_nodes[process_node_count - 1];
constexpr ProcNode process_node = {"", directory, nullptr, process_nodes, process_node_count};
constexpr ProcNode descriptor_node = {"", S_IFLNK | 0700, write_descriptor};
constexpr ProcNode root_nodes[] = {
    {"self", link, write_self},
    {"meminfo", file, write_memory_info},
    {"mounts", file, write_mounts},
    {"stat", file, write_system_stat},
    {"uptime", file, write_uptime},
    {"version", file, write_version},
    {"cpuinfo", file, write_cpu_info},
    {"vmstat", file, write_frames},
    {"loadavg", file, write_load},
    {"filesystems", file, write_file_systems},
    {"sys", directory, nullptr, sys_nodes, 2},
};
constexpr ProcNode root_node = {"proc", directory, nullptr, root_nodes, sizeof root_nodes / sizeof(ProcNode)};

bool is_number(const char* name, u32& number) {
  const char* end = name;
  number = static_cast<u32>(read_decimal(end));
  return end != name && *end == 0 && end - name <= 9;
}

bool descriptor_at(const Inode& directory, u64 position, EntryCopy& copy) {
  FileTable* files = files_of(directory.proc_pid);
  if (files == nullptr) return false;
  File* file = nullptr;
  for (; position < FileTable::capacity && file == nullptr; ++position) file = files->get(position);
  files->drop_reference();
  if (file == nullptr) return false;
  file->drop_reference();
  copy.next = position + 2;
  copy.type = S_IFLNK;
  Text(copy.name, sizeof copy.name) << position - 1;
  return true;
}

// The node that a name in this directory of /proc means; of a process or descriptor, with its number.
const ProcNode* find_node(const Inode& directory, const char* name, u32& number) {
  const ProcNode& node = *directory.proc;
  for (u64 i = 0; i < node.child_count; ++i)
    if (equal(node.children[i].name, name)) return &node.children[i];
  if (!is_number(name, number)) return nullptr;
  if (&node == &descriptors_node) return &descriptor_node;
  SpinGuard guard(process_lock());
  return &node == &root_node && find_process(number) != nullptr ? &process_node : nullptr;
}

}  // namespace

void become_proc_root(Inode& directory) { directory.proc = &root_node; }

InodeReference proc_lookup(Inode& directory, const char* name, i64& error) {
  error = -ENOENT;
  u32 number = 0;
  const ProcNode* node = find_node(directory, name, number);
  if (node == nullptr) return {};
  InodeReference inode(create_inode(node->mode));
  if (!inode) return {};
  inode->proc = node;
  inode->proc_pid = node == &process_node ? number : directory.proc_pid;
  inode->unit = number;
  inode->links = inode->is_directory() ? 2 : 1;
  // Its directory lives on as long as it does: /proc itself is for ever, a process's directory is looked up
  // anew.
  if (directory.proc == &root_node) inode->parent = &directory;
  if (inode->is_link()) {
    inode->target = static_cast<char*>(heap_allocate(longest_link));
    if (inode->target == nullptr) return {};
    Text target(inode->target, longest_link);
    node->write(target, *inode);
    inode->size = target.size();
    if (inode->size == 0) return {};
  }
  error = 0;
  return inode;
}

bool proc_entry_at(Inode& directory, u64 position, EntryCopy& copy) {
  const ProcNode& node = *directory.proc;
  copy.number = position + 100;
  copy.next = position + 3;  // after ".", ".." and this one
  if (position < node.child_count) {
    copy.type = node.children[position].mode & S_IFMT;
    copy_text(copy.name, node.children[position].name, sizeof copy.name);
    return true;
  }
  if (&node == &descriptors_node) return descriptor_at(directory, position, copy);
  if (&node != &root_node) return false;
  position -= node.child_count;
  SpinGuard guard(process_lock());
  Process* process = all_processes().first();
  while (process != nullptr && position-- != 0) process = ProcessList::next(process);
  if (process == nullptr) return false;
  copy.type = S_IFDIR;
  copy.number = 1000 + process->pid;
  Text(copy.name, sizeof copy.name) << process->pid;
  return true;
}

i64 proc_write(const Inode& inode, u64 from, u64 size) {
  char text[16] = {};
  if (inode.proc->write != write_overcommit) return -EIO;
  if (copy_from_user(text, from, min_of(size, sizeof text - 1)) != 0) return -EFAULT;
  if (text[0] < '0' || text[0] > '2' || (text[1] != 0 && text[1] != '\n')) return -EINVAL;
  set_overcommit(static_cast<Overcommit>(text[0] - '0'));
  return static_cast<i64>(size);
}

File* open_proc_file(InodeReference inode) {
  if (inode->proc->write == nullptr) return open_pagemap(static_cast<InodeReference&&>(inode));
  const u64 capacity = (u64{16} << 10) + 768 * sizes_of(inode->proc_pid).ranges;
  auto* bytes = static_cast<char*>(heap_allocate(capacity));
  if (bytes == nullptr) return nullptr;
  Text text(bytes, capacity);
  inode->proc->write(text, *inode);
  File* file = create<TextFile>(static_cast<InodeReference&&>(inode), bytes, text.size());
  if (file == nullptr) heap_release(bytes);
  return file;
}

}  // namespace guestos
