// /proc: what the kernel knows, as text, made at the moment somebody looks.
#include "guestos/arch/boot_info.hpp"
#include "guestos/arch/hart.hpp"
#include "guestos/fs/file_table.hpp"
#include "guestos/fs/inode.hpp"
#include "guestos/lib/memory.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/address_space.hpp"
#include "guestos/mm/heap.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/clock.hpp"

namespace guestos {

namespace {

struct NamedNode {
  const char* name;
  ProcNode node;
  u32 mode;
};

constexpr NamedNode root_nodes[] = {
    {"self", ProcNode::self, S_IFLNK | 0777},       {"meminfo", ProcNode::meminfo, S_IFREG | 0444},
    {"mounts", ProcNode::mounts, S_IFREG | 0444},   {"stat", ProcNode::system_stat, S_IFREG | 0444},
    {"uptime", ProcNode::uptime, S_IFREG | 0444},   {"version", ProcNode::version, S_IFREG | 0444},
    {"cpuinfo", ProcNode::cpuinfo, S_IFREG | 0444}, {"vmstat", ProcNode::vmstat, S_IFREG | 0444},
    {"loadavg", ProcNode::loadavg, S_IFREG | 0444}, {"filesystems", ProcNode::filesystems, S_IFREG | 0444},
    {"sys", ProcNode::sys, S_IFDIR | 0555},
};
constexpr NamedNode process_nodes[] = {
    {"stat", ProcNode::stat, S_IFREG | 0444},       {"status", ProcNode::status, S_IFREG | 0444},
    {"cmdline", ProcNode::cmdline, S_IFREG | 0444}, {"comm", ProcNode::comm, S_IFREG | 0444},
    {"maps", ProcNode::maps, S_IFREG | 0444},       {"statm", ProcNode::statm, S_IFREG | 0444},
    {"mounts", ProcNode::mounts, S_IFREG | 0444},   {"exe", ProcNode::exe, S_IFLNK | 0777},
    {"cwd", ProcNode::cwd, S_IFLNK | 0777},         {"fd", ProcNode::fd, S_IFDIR | 0500},
};
constexpr NamedNode sys_nodes[] = {{"vm", ProcNode::sys_vm, S_IFDIR | 0555}};
constexpr NamedNode vm_nodes[] = {{"overcommit_memory", ProcNode::overcommit, S_IFREG | 0444}};

struct NodeTable {
  const NamedNode* first = nullptr;
  u64 count = 0;
};

NodeTable table_of(ProcNode node) {
  switch (node) {
    case ProcNode::root: return {root_nodes, sizeof root_nodes / sizeof root_nodes[0]};
    case ProcNode::process: return {process_nodes, sizeof process_nodes / sizeof process_nodes[0]};
    case ProcNode::sys: return {sys_nodes, 1};
    case ProcNode::sys_vm: return {vm_nodes, 1};
    default: return {};
  }
}

Inode* make_node(Inode& directory, ProcNode node, u32 mode, u32 pid) {
  Inode* inode = create_inode(mode);
  if (inode == nullptr) return nullptr;
  inode->proc = node;
  inode->proc_pid = pid;
  inode->links = inode->is_directory() ? 2 : 1;
  inode->parent = &directory;
  return inode;
}

bool is_number(const char* name, u32& number) {
  number = 0;
  if (*name == 0 || strlen(name) > 9) return false;
  for (; *name != 0; ++name) {
    if (*name < '0' || *name > '9') return false;
    number = number * 10 + static_cast<u32>(*name - '0');
  }
  return true;
}

// The target of one of /proc's symbolic links, on the heap.
bool set_target(Inode& inode) {
  constexpr u64 capacity = 1024;
  auto* text = static_cast<char*>(heap_allocate(capacity));
  if (text == nullptr) return false;
  text[0] = 0;
  if (inode.proc == ProcNode::self) {
    Text(text, capacity) << current_pid();
  } else if (inode.proc == ProcNode::exe) {
    SpinGuard guard(process_lock());
    const Process* process = find_process(inode.proc_pid);
    if (process != nullptr && process->executable != nullptr) copy_text(text, process->executable, capacity);
  } else {
    copy_text(text, "/", capacity);
  }
  inode.target = text;
  inode.size = strlen(text);
  return true;
}

char state_letter(const Process& process) {
  if (process.zombie) return 'Z';
  if (process.stopped) return 'T';
  const Thread* thread = process.threads.first();
  return thread != nullptr && thread->state == ThreadState::sleeping ? 'S' : 'R';
}

// Copies of what other processes' address spaces say, taken with a reference so that they cannot go away.
AddressSpace* space_of(u32 pid) {
  SpinGuard guard(process_lock());
  Process* process = find_process(pid);
  if (process == nullptr || process->space == nullptr) return nullptr;
  process->space->add_reference();
  return process->space;
}

void sizes_of(u32 pid, u64& virtual_pages, u64& resident) {
  virtual_pages = resident = 0;
  AddressSpace* space = space_of(pid);
  if (space == nullptr) return;
  space->mutex.lock();
  for (const Vma* vma = space->vmas.first(); vma != nullptr; vma = VmaList::next(vma))
    virtual_pages += vma->pages();
  resident = space->resident;
  space->mutex.unlock();
  space->drop_reference();
}

void write_stat(Text& text, u32 pid) {
  u64 virtual_pages = 0;
  u64 resident = 0;
  sizes_of(pid, virtual_pages, resident);
  SpinGuard guard(process_lock());
  const Process* process = find_process(pid);
  if (process == nullptr) return;
  const u64 hundredths = ticks_to_nanoseconds(process->cpu_ticks) / 10'000'000;
  const u64 parent = process->parent != nullptr ? process->parent->pid : 0;
  text << u64{pid} << " (" << process->name << ") ";
  text.character(state_letter(*process))
      << " " << parent << " " << process->group << " " << process->session << " 0 -1 0 "
      << process->minor_faults << " 0 0 0 " << hundredths << " 0 0 0 20 0 " << process->thread_count << " 0 "
      << ticks_to_nanoseconds(process->started) / 10'000'000 << " " << virtual_pages * page_size << " "
      << resident << " 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
}

void write_status(Text& text, u32 pid) {
  u64 virtual_pages = 0;
  u64 resident = 0;
  sizes_of(pid, virtual_pages, resident);
  SpinGuard guard(process_lock());
  const Process* process = find_process(pid);
  if (process == nullptr) return;
  text << "Name:\t" << process->name << "\nState:\t";
  text.character(state_letter(*process))
      << "\nTgid:\t" << pid << "\nPid:\t" << pid << "\nPPid:\t"
      << (process->parent != nullptr ? process->parent->pid : 0)
      << "\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nVmSize:\t" << virtual_pages * 4 << " kB\nVmRSS:\t"
      << resident * 4 << " kB\nThreads:\t" << process->thread_count << "\n";
}

void write_maps(Text& text, u32 pid) {
  AddressSpace* space = space_of(pid);
  if (space == nullptr) return;
  space->mutex.lock();
  for (const Vma* vma = space->vmas.first(); vma != nullptr; vma = VmaList::next(vma)) {
    text.hex(vma->start, 8).character('-').hex(vma->end, 8).character(' ');
    text.character((vma->protection & PROT_READ) != 0 ? 'r' : '-')
        .character((vma->protection & PROT_WRITE) != 0 ? 'w' : '-');
    text.character((vma->protection & PROT_EXEC) != 0 ? 'x' : '-')
        .character(vma->shared ? 's' : 'p')
        .character(' ');
    text.hex(vma->offset, 8) << " 00:01 " << (vma->inode != nullptr ? vma->inode->number : 0);
    if (vma->frame != no_frame) text << " [vdso]";
    if (vma->grows_down) text << " [stack]";
    if (vma->start == space->brk_start && vma->inode == nullptr) text << " [heap]";
    text << "\n";
  }
  space->mutex.unlock();
  space->drop_reference();
}

// Only the process itself can read its arguments where they are; for others its name must do.
void write_command_line(Text& text, u32 pid) {
  if (pid == current_pid()) {
    const Process& self = current_process();
    const u64 size = min_of<u64>(self.arguments_end - self.arguments_start, 2048);
    HeapBuffer<char> bytes(size + 1);
    if (!bytes || copy_from_user(bytes.get(), self.arguments_start, size) != 0) return;
    for (u64 i = 0; i < size; ++i) text.character(bytes[i]);
    return;
  }
  SpinGuard guard(process_lock());
  const Process* process = find_process(pid);
  if (process == nullptr || process->zombie) return;
  text << process->name;
  text.character(0);
}

void write_memory_info(Text& text) {
  const FrameTotals totals = frame_totals();
  auto line = [&](const char* name, u64 frames) {
    text << name;
    text.padded(frames * 4, 16 + 7 - static_cast<unsigned>(strlen(name))) << " kB\n";
  };
  const u64 free = totals.by_state[static_cast<unsigned>(FrameState::free)];
  const u64 cached = totals.by_state[static_cast<unsigned>(FrameState::page_cache)];
  line("MemTotal:", totals.total);
  line("MemFree:", free);
  line("MemAvailable:", free + cached);
  line("Buffers:", 0);
  line("Cached:", cached);
  line("SwapCached:", 0);
  line("AnonPages:", totals.by_state[static_cast<unsigned>(FrameState::anonymous)]);
  line("Shmem:", 0);
  line("Slab:", totals.by_state[static_cast<unsigned>(FrameState::kernel)]);
  line("PageTables:", totals.by_state[static_cast<unsigned>(FrameState::page_table)]);
  line("SwapTotal:", 0);
  line("SwapFree:", 0);
}

void write_cpu_info(Text& text) {
  for (u64 rest = online_harts(); rest != 0; rest &= rest - 1)
    text << "processor\t: " << u64{lowest_bit(rest)} << "\nhart\t\t: " << u64{lowest_bit(rest)}
         << "\nisa\t\t: rv64imafdc\nmmu\t\t: sv39\n\n";
}

void write_system_stat(Text& text) {
  text << "cpu  0 0 0 0 0 0 0 0 0 0\n";
  for (u64 rest = online_harts(); rest != 0; rest &= rest - 1)
    text << "cpu" << u64{lowest_bit(rest)} << " 0 0 0 0 0 0 0 0 0 0\n";
  text << "btime "
       << static_cast<u64>((realtime_nanoseconds() - static_cast<i64>(monotonic_nanoseconds())) /
                           1'000'000'000)
       << "\nprocesses " << live_threads() << "\n";
}

void write_uptime(Text& text) {
  const u64 hundredths = monotonic_nanoseconds() / 10'000'000;
  text << hundredths / 100 << "." << hundredths % 100 / 10 << hundredths % 10 << " 0.00\n";
}

void write_frames(Text& text) {
  const FrameTotals totals = frame_totals();
  text << "nr_free_pages " << totals.by_state[0] << "\nnr_anon_pages " << totals.by_state[1]
       << "\nnr_cow_shared " << totals.cow_shared << "\nnr_file_pages " << totals.by_state[2]
       << "\nnr_page_table_pages " << totals.by_state[3] << "\nnr_kernel_pages "
       << totals.by_state[4] + totals.by_state[5] << "\n";
}

void write_text(const Inode& inode, Text& text) {
  switch (inode.proc) {
    case ProcNode::stat: return write_stat(text, inode.proc_pid);
    case ProcNode::status: return write_status(text, inode.proc_pid);
    case ProcNode::maps: return write_maps(text, inode.proc_pid);
    case ProcNode::cmdline: return write_command_line(text, inode.proc_pid);
    case ProcNode::meminfo: return write_memory_info(text);
    case ProcNode::cpuinfo: return write_cpu_info(text);
    case ProcNode::system_stat: return write_system_stat(text);
    case ProcNode::uptime: return write_uptime(text);
    case ProcNode::vmstat: return write_frames(text);
    case ProcNode::mounts: text << "tmpfs / tmpfs rw 0 0\nproc /proc proc rw 0 0\n"; return;
    case ProcNode::version: text << "Linux version 6.1.0-hartbeat (hartbeat guest OS) #1 SMP\n"; return;
    case ProcNode::loadavg: text << "0.00 0.00 0.00 1/1 1\n"; return;
    case ProcNode::filesystems: text << "nodev\ttmpfs\nnodev\tproc\n"; return;
    case ProcNode::overcommit: text << "1\n"; return;
    case ProcNode::statm: {
      u64 virtual_pages = 0;
      u64 resident = 0;
      sizes_of(inode.proc_pid, virtual_pages, resident);
      text << virtual_pages << " " << resident << " 0 0 0 0 0\n";
      return;
    }
    case ProcNode::comm: {
      SpinGuard guard(process_lock());
      const Process* process = find_process(inode.proc_pid);
      if (process != nullptr) text << process->name << "\n";
      return;
    }
    default: return;
  }
}

}  // namespace

Inode* proc_lookup(Inode& directory, const char* name, i64& error) {
  error = -ENOENT;
  Inode* inode = nullptr;
  u32 pid = 0;
  const NodeTable table = table_of(directory.proc);
  for (u64 i = 0; i < table.count; ++i)
    if (equal(table.first[i].name, name))
      inode = make_node(directory, table.first[i].node, table.first[i].mode, directory.proc_pid);
  if (directory.proc == ProcNode::root && inode == nullptr && is_number(name, pid)) {
    process_lock().lock();
    const bool found = find_process(pid) != nullptr;
    process_lock().unlock();
    if (found) inode = make_node(directory, ProcNode::process, S_IFDIR | 0555, pid);
  }
  if (inode == nullptr) return nullptr;
  error = 0;
  if (inode->is_link() && !set_target(*inode)) {
    release_inode(inode);
    error = -ENOMEM;
    return nullptr;
  }
  // Its directory lives on as long as it does: /proc itself is for ever, a process's directory is looked up
  // anew.
  if (directory.proc != ProcNode::root) inode->parent = nullptr;
  return inode;
}

bool proc_entry_at(Inode& directory, u64 position, EntryCopy& copy) {
  const NodeTable table = table_of(directory.proc);
  copy.number = position + 100;
  copy.next = position + 3;  // after ".", ".." and this one
  if (position < table.count) {
    copy.type = table.first[position].mode & S_IFMT;
    copy_text(copy.name, table.first[position].name, sizeof copy.name);
    return true;
  }
  if (directory.proc != ProcNode::root) return false;
  position -= table.count;
  SpinGuard guard(process_lock());
  Process* process = all_processes().first();
  while (process != nullptr && position-- != 0) process = ProcessList::next(process);
  if (process == nullptr) return false;
  copy.type = S_IFDIR;
  copy.number = 1000 + process->pid;
  Text(copy.name, sizeof copy.name) << process->pid;
  return true;
}

char* proc_text(const Inode& inode, u64& size) {
  constexpr u64 capacity = u64{16} << 10;
  auto* bytes = static_cast<char*>(heap_allocate(capacity));
  if (bytes == nullptr) return nullptr;
  Text text(bytes, capacity);
  write_text(inode, text);
  size = text.size();
  return bytes;
}

}  // namespace guestos
