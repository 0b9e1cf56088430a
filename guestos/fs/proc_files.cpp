// /proc: what the kernel knows, as text, made at the moment somebody looks.
#include "guestos/arch/hart.hpp"
#include "guestos/fs/file_table.hpp"
#include "guestos/fs/proc_text.hpp"
#include "guestos/mm/commit.hpp"
#include "guestos/mm/fault.hpp"
#include "guestos/mm/swap.hpp"
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
    {"smaps", ProcNode::smaps, S_IFREG | 0444},     {"smaps_rollup", ProcNode::smaps_rollup, S_IFREG | 0444},
    {"pagemap", ProcNode::pagemap, S_IFREG | 0400}, {"mounts", ProcNode::mounts, S_IFREG | 0444},
    {"exe", ProcNode::exe, S_IFLNK | 0777},         {"cwd", ProcNode::cwd, S_IFLNK | 0777},
    {"fd", ProcNode::fd, S_IFDIR | 0500},
};
constexpr NamedNode sys_nodes[] = {{"vm", ProcNode::sys_vm, S_IFDIR | 0555},
                                   {"kernel", ProcNode::sys_kernel, S_IFDIR | 0555}};
constexpr NamedNode kernel_nodes[] = {{"osrelease", ProcNode::osrelease, S_IFREG | 0444},
                                      {"pid_max", ProcNode::pid_max, S_IFREG | 0444}};
constexpr NamedNode vm_nodes[] = {{"overcommit_memory", ProcNode::overcommit, S_IFREG | 0644}};

struct NodeTable {
  const NamedNode* first = nullptr;
  u64 count = 0;
};

template <u64 count>
constexpr NodeTable table(const NamedNode (&nodes)[count]) {
  return {nodes, count};
}

NodeTable table_of(ProcNode node) {
  switch (node) {
    case ProcNode::root: return table(root_nodes);
    case ProcNode::process: return table(process_nodes);
    case ProcNode::sys: return table(sys_nodes);
    case ProcNode::sys_kernel: return table(kernel_nodes);
    case ProcNode::sys_vm: return table(vm_nodes);
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

// What a descriptor refers to, as readlink tells it. With the tree's mutex held.
void describe_file(Text& text, File& file, char* path, u64 capacity) {
  Stat stat;
  file.status(stat);
  if (file.inode() != nullptr && path_in_tree(file.inode(), path, capacity)) {
    text << path;
  } else if ((stat.st_mode & S_IFMT) == S_IFSOCK || (stat.st_mode & S_IFMT) == S_IFIFO) {
    text << ((stat.st_mode & S_IFMT) == S_IFSOCK ? "socket:[" : "pipe:[") << stat.st_ino << "]";
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

// The target of one of /proc's symbolic links, on the heap. With the tree's mutex held.
bool set_target(Inode& inode, u64 descriptor) {
  constexpr u64 capacity = 1024;
  HeapBuffer<char> path(capacity);
  auto* text = static_cast<char*>(heap_allocate(capacity));
  inode.target = text;
  if (text == nullptr || !path) return false;
  Text out(text, capacity);
  if (inode.proc == ProcNode::self) {
    out << current_pid();
  } else if (inode.proc == ProcNode::exe) {
    SpinGuard guard(process_lock());
    const Process* process = find_process(inode.proc_pid);
    if (process != nullptr && process->executable != nullptr) out << process->executable;
  } else if (inode.proc == ProcNode::descriptor) {
    FileTable* files = files_of(inode.proc_pid);
    File* file = files != nullptr ? files->get(descriptor) : nullptr;
    if (file != nullptr) describe_file(out, *file, path.get(), capacity);
    if (file != nullptr) file->drop_reference();
    if (files != nullptr) files->drop_reference();
    if (file == nullptr) return false;
  } else if (inode.proc == ProcNode::cwd) {
    process_lock().lock();
    const Process* process = find_process(inode.proc_pid);
    Inode* directory = process != nullptr ? process->directory : nullptr;
    if (directory != nullptr) add_inode_reference(directory);
    process_lock().unlock();
    if (directory != nullptr && path_in_tree(directory, path.get(), capacity)) out << path.get();
    if (directory != nullptr) release_inode(directory);
  } else {
    out << "/";
  }
  inode.size = strlen(text);
  return true;
}

char state_letter(const Process& process) {
  if (process.zombie) return 'Z';
  if (process.stopped) return 'T';
  const Thread* thread = process.threads.first();
  return thread != nullptr && thread->state == ThreadState::sleeping ? 'S' : 'R';
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
  line("SwapTotal:", swap_totals().slots);
  line("SwapFree:", swap_totals().free);
  line("CommitLimit:", commit_limit());
  line("Committed_AS:", committed_pages());
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

void write_text(const Inode& inode, Text& text) {
  switch (inode.proc) {
    case ProcNode::stat: return write_stat(text, inode.proc_pid);
    case ProcNode::status: return write_status(text, inode.proc_pid);
    case ProcNode::maps: return write_maps(text, inode.proc_pid);
    case ProcNode::smaps:
    case ProcNode::smaps_rollup: return write_smaps(text, inode.proc_pid, inode.proc == ProcNode::smaps);
    case ProcNode::osrelease: text << kernel_release << "\n"; return;
    case ProcNode::pid_max: text << "4194304\n"; return;
    case ProcNode::cmdline: return write_command_line(text, inode.proc_pid);
    case ProcNode::meminfo: return write_memory_info(text);
    case ProcNode::cpuinfo: return write_cpu_info(text);
    case ProcNode::system_stat: return write_system_stat(text);
    case ProcNode::uptime: return write_uptime(text);
    case ProcNode::vmstat: return write_frames(text);
    case ProcNode::mounts: text << "tmpfs / tmpfs rw 0 0\nproc /proc proc rw 0 0\n"; return;
    case ProcNode::version:
      text << "Linux version " << kernel_release << " (hartbeat guest OS) #1 SMP\n";
      return;
    case ProcNode::loadavg: text << "0.00 0.00 0.00 1/" << live_threads() << " 1\n"; return;
    case ProcNode::filesystems: text << "nodev\ttmpfs\nnodev\tproc\n"; return;
    case ProcNode::overcommit: text << static_cast<u64>(overcommit()) << "\n"; return;
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

bool descriptor_at(const Inode& directory, u64 position, EntryCopy& copy) {
  FileTable* files = files_of(directory.proc_pid);
  if (files == nullptr) return false;
  bool found = false;
  for (u64 number = position; number < FileTable::capacity && !found; ++number) {
    File* file = files->get(number);
    if (file == nullptr) continue;
    file->drop_reference();
    found = true;
    copy.next = number + 3;
    copy.type = S_IFLNK;
    Text(copy.name, sizeof copy.name) << number;
  }
  files->drop_reference();
  return found;
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
  if (directory.proc == ProcNode::fd && is_number(name, pid))
    inode = make_node(directory, ProcNode::descriptor, S_IFLNK | 0700, directory.proc_pid);
  if (inode == nullptr) return nullptr;
  error = 0;
  if (inode->is_link() && !set_target(*inode, pid)) {
    release_inode(inode);
    error = -ENOENT;
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
  if (directory.proc == ProcNode::fd) return descriptor_at(directory, position, copy);
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

i64 proc_write(const Inode& inode, u64 from, u64 size) {
  char text[16] = {};
  if (inode.proc != ProcNode::overcommit) return -EIO;
  if (copy_from_user(text, from, min_of(size, sizeof text - 1)) != 0) return -EFAULT;
  if (text[0] < '0' || text[0] > '2' || (text[1] != 0 && text[1] != '\n')) return -EINVAL;
  set_overcommit(static_cast<Overcommit>(text[0] - '0'));
  return static_cast<i64>(size);
}

char* proc_text(const Inode& inode, u64& size) {
  const bool per_range = inode.proc == ProcNode::maps || inode.proc == ProcNode::smaps;
  const u64 capacity = (u64{16} << 10) + (per_range ? text_size_of_ranges(inode) : 0);
  auto* bytes = static_cast<char*>(heap_allocate(capacity));
  if (bytes == nullptr) return nullptr;
  Text text(bytes, capacity);
  write_text(inode, text);
  size = text.size();
  return bytes;
}

}  // namespace guestos
