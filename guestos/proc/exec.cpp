// execve: a new address space from a file, the arguments on its stack, and the old one dropped.
#include "guestos/arch/console_devices.hpp"
#include "guestos/arch/csr.hpp"
#include "guestos/arch/hart.hpp"
#include "guestos/arch/tracepoint.hpp"
#include "guestos/fs/file_table.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/asid.hpp"
#include "guestos/mm/commit.hpp"
#include "guestos/mm/injection.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/proc/elf.hpp"
#include "guestos/proc/scheduler.hpp"
#include "guestos/proc/signal.hpp"
#include "guestos/sys/clock.hpp"

extern "C" char signal_trampoline[];

namespace guestos {

namespace {

constexpr unsigned deepest_script = 4;
constexpr u64 initial_stack = u64{128} << 10;

enum Auxiliary : u64 {
  AT_NULL = 0,
  AT_PHDR = 3,
  AT_PHENT = 4,
  AT_PHNUM = 5,
  AT_PAGESZ = 6,
  AT_BASE = 7,
  AT_FLAGS = 8,
  AT_ENTRY = 9,
  AT_UID = 11,
  AT_EUID = 12,
  AT_GID = 13,
  AT_EGID = 14,
  AT_HWCAP = 16,
  AT_CLKTCK = 17,
  AT_SECURE = 23,
  AT_RANDOM = 25,
  AT_EXECFN = 31,
};
constexpr u64 hwcap_imafdc = 1 << ('I' - 'A') | 1 << ('M' - 'A') | 1 << ('A' - 'A') | 1 << ('F' - 'A') |
                             1 << ('D' - 'A') | 1 << ('C' - 'A');

// What is about to become the process.
struct Image {
  AddressSpace* space = nullptr;
  ElfProgram program;
  u64 entry = 0;
  u64 interpreter_base = 0;

  ~Image() {
    if (space != nullptr) space->drop_reference();
  }
};

// Where a relative path starts, with a reference; nullptr: no such descriptor.
Inode* starting_directory(i64 directory) {
  if (directory == AT_FDCWD) return current_directory();
  File* file = current_process().files->get(static_cast<u64>(directory));
  if (file == nullptr) return nullptr;
  Inode* inode = file->inode();
  if (inode != nullptr) add_inode_reference(inode);
  file->drop_reference();
  return inode;
}

Inode* open_program(i64 directory, const char* path, i64& error) {
  Inode* start = path[0] == '/' ? nullptr : starting_directory(directory);
  error = -EBADF;
  if (start == nullptr && path[0] != '/') return nullptr;
  Inode* inode = lookup({start, path, true}, error);
  if (start != nullptr) release_inode(start);
  if (inode == nullptr) return nullptr;
  error = !inode->is_regular() || (inode->mode & 0111) == 0 ? -EACCES : 0;
  if (error == 0) return inode;
  release_inode(inode);
  return nullptr;
}

i64 add_special_ranges(AddressSpace& space, u64 stack_size) {
  Vma* stack = create<Vma>();
  Vma* trampoline = create<Vma>();
  if (stack == nullptr || trampoline == nullptr) {
    destroy(stack);
    destroy(trampoline);
    return -ENOMEM;
  }
  stack->start = stack_top - stack_size;
  stack->end = stack_top;
  stack->protection = PROT_READ | PROT_WRITE;
  stack->grows_down = true;
  const bool promised = commit_range(*stack);
  space.insert(stack);
  trampoline->start = trampoline_page;
  trampoline->end = trampoline_page + page_size;
  trampoline->protection = PROT_READ | PROT_EXEC;
  trampoline->frame = physical_of(signal_trampoline) >> page_bits;
  space.insert(trampoline);
  return promised ? 0 : -ENOMEM;
}

i64 load_image(Inode& file, u64 stack_size, Image& image) {
  image.space = AddressSpace::make();
  if (image.space == nullptr) return -ENOMEM;
  if (const i64 error = load_elf(*image.space, file, pie_base, image.program); error != 0) return error;
  image.entry = image.program.entry;
  image.space->set_program(&file);
  image.space->brk_start = image.space->brk = image.program.end;
  if (const i64 error = add_special_ranges(*image.space, stack_size); error != 0) return error;
  if (!image.program.needs_interpreter) return 0;
  i64 error = 0;
  Inode* interpreter = open_program(AT_FDCWD, image.program.interpreter, error);
  if (interpreter == nullptr) return error;
  auto* loaded = create<ElfProgram>();
  error = loaded == nullptr ? -ENOMEM : load_elf(*image.space, *interpreter, 0, *loaded);
  release_inode(interpreter);
  if (error == 0) {
    image.entry = loaded->entry;
    image.interpreter_base = loaded->bias;
  }
  destroy(loaded);
  return error == -ENOEXEC ? -EACCES : error;
}

// Execve wants the process for itself. False: the process is ending anyway.
bool stop_other_threads() {
  Thread& self = current_thread();
  Process& process = *self.process;
  SpinGuard guard(process_lock());
  if (process.ending || process.sole_thread != nullptr) return false;
  process.sole_thread = &self;
  for (Thread* thread = process.threads.first(); thread != nullptr; thread = process.threads.next(thread))
    if (thread != &self) kick(*thread);
  while (process.thread_count != 1) process.thread_wait.sleep(process_lock(), false);
  process.sole_thread = nullptr;
  self.tid = process.pid;
  return !process.ending;
}

void take_over(Image& image, const char* path) {
  Thread& self = current_thread();
  Process& process = *self.process;
  AddressSpace* old = process.space;
  process_lock().lock();
  process.space = image.space;
  image.space = nullptr;
  activate_space(this_hart(), process.space);
  const char* base = path;
  for (const char* p = path; *p != 0; ++p)
    if (*p == '/' && p[1] != 0) base = p + 1;
  memset(process.name, 0, sizeof process.name);
  copy_text(process.name, base, sizeof process.name);
  for (SignalAction& action : process.actions)
    if (action.handler != SIG_IGN) action = {};
  process_lock().unlock();
  if (old != nullptr) old->drop_reference();
  complete_vfork(self);
  process.files->close_on_exec();
  self.clear_child_tid = 0;
  self.signal_stack = {};
  u64 words[4];
  memcpy(words, process.name, sizeof words);
  trace<Tracepoint::process_name>(process.pid, words[0], words[1], words[2], words[3]);
}

// Copies a list's texts to the stack and returns where each begins, in `pointers`.
u64 push_texts(u64 at, const TextList& list, u64* pointers, bool& fine) {
  at -= list.size;
  fine = fine && copy_to_user(at, list.bytes, list.size) == 0;
  u64 offset = 0;
  for (u64 i = 0; i < list.count; ++i) {
    pointers[i] = at + offset;
    offset += strlen(list.bytes + offset) + 1;
  }
  return at;
}

// The initial process stack (psABI, "Process Initialization"). Returns the stack pointer, 0 when memory ran
// out.
u64 build_stack(const Image& image, const char* path, const TextList& arguments,
                const TextList& environment) {
  const u64 words = 1 + arguments.count + 1 + environment.count + 1 + 2 * 18;
  HeapBuffer<u64> block(words);
  if (!block) return 0;
  bool fine = true;
  u64 at = stack_top - 8;
  const u64 path_size = strlen(path) + 1;
  at -= path_size;
  const u64 path_address = at;
  fine = copy_to_user(at, path, path_size) == 0;
  u64 n = 0;
  block[n++] = arguments.count;
  u64* environment_slots = block.get() + 1 + arguments.count + 1;
  at = push_texts(at, environment, environment_slots, fine);
  at = push_texts(at, arguments, block.get() + 1, fine);
  current_process().arguments_start = at;
  current_process().arguments_end = at + arguments.size;
  n += arguments.count;
  block[n++] = 0;
  n += environment.count;
  block[n++] = 0;
  u8 random[16];
  fill_random(random, sizeof random);
  at = align_down(at - sizeof random, 16);
  fine = fine && copy_to_user(at, random, sizeof random) == 0;
  const u64 auxiliary[][2] = {{AT_PHDR, image.program.headers},
                              {AT_PHENT, 56},
                              {AT_PHNUM, image.program.header_count},
                              {AT_PAGESZ, page_size},
                              {AT_BASE, image.interpreter_base},
                              {AT_FLAGS, 0},
                              {AT_ENTRY, image.program.entry},
                              {AT_UID, 0},
                              {AT_EUID, 0},
                              {AT_GID, 0},
                              {AT_EGID, 0},
                              {AT_HWCAP, hwcap_imafdc},
                              {AT_CLKTCK, 100},
                              {AT_SECURE, 0},
                              {AT_RANDOM, at},
                              {AT_EXECFN, path_address},
                              {AT_NULL, 0}};
  for (const auto& [key, value] : auxiliary) {
    block[n++] = key;
    block[n++] = value;
  }
  at = align_down(at - n * sizeof(u64), 16);
  return fine && copy_to_user(at, block.get(), n * sizeof(u64)) == 0 ? at : 0;
}

// "#!interpreter [argument]": the interpreter is run with the script's path. The new list is on the heap.
i64 read_script(Inode& file, const char* path, const TextList& arguments, char* interpreter,
                TextList& fresh) {
  char line[256];
  const u64 size = read_inode(file, 0, line, sizeof line - 1);
  line[size] = 0;
  if (size < 3 || line[0] != '#' || line[1] != '!') return -ENOEXEC;
  u64 end = 2;
  while (end < size && line[end] != '\n') ++end;
  while (end > 2 && (line[end - 1] == ' ' || line[end - 1] == '\t')) --end;
  line[end] = 0;
  char* name = line + 2;
  while (*name == ' ' || *name == '\t') ++name;
  if (*name == 0) return -ENOEXEC;
  char* option = name;
  while (*option != 0 && *option != ' ' && *option != '\t') ++option;
  if (*option != 0) *option++ = 0;
  while (*option == ' ' || *option == '\t') ++option;
  copy_text(interpreter, name, 256);
  const u64 skipped = arguments.count != 0 ? strlen(arguments.bytes) + 1 : 0;
  const char* parts[3] = {name, option, path};
  fresh.bytes = static_cast<char*>(heap_allocate(sizeof line + strlen(path) + 3 + arguments.size - skipped));
  if (fresh.bytes == nullptr) return -ENOMEM;
  fresh.size = 0;
  fresh.count = 0;
  for (const char* part : parts) {
    if (*part == 0) continue;
    const u64 length = strlen(part) + 1;
    memcpy(fresh.bytes + fresh.size, part, length);
    fresh.size += length;
    ++fresh.count;
  }
  memcpy(fresh.bytes + fresh.size, arguments.bytes + skipped, arguments.size - skipped);
  fresh.size += arguments.size - skipped;
  fresh.count += arguments.count != 0 ? arguments.count - 1 : 0;
  return 0;
}

i64 run_image(Inode& file, const char* path, const TextList& arguments, const TextList& environment) {
  const u64 needed = arguments.size + environment.size + (arguments.count + environment.count) * 8;
  if (needed > stack_limit / 4) return -E2BIG;
  auto* image = create<Image>();
  auto* executable = static_cast<char*>(heap_allocate(strlen(path) + 1));
  i64 error = image == nullptr || executable == nullptr
                  ? -ENOMEM
                  : load_image(file, page_up(needed) + initial_stack, *image);
  if (error == 0 && !stop_other_threads()) error = -EINTR;
  if (error != 0) {
    destroy(image);
    if (executable != nullptr) heap_release(executable);
    return error;
  }
  Process& process = current_process();
  memcpy(executable, path, strlen(path) + 1);
  process_lock().lock();
  char* old_executable = process.executable;
  process.executable = executable;
  process_lock().unlock();
  if (old_executable != nullptr) heap_release(old_executable);
  take_over(*image, path);  // from here on there is nothing to return to
  const u64 stack = build_stack(*image, path, arguments, environment);
  Thread& self = current_thread();
  TrapFrame& frame = self.frame();
  frame = {};
  frame.sstatus = csr::sstatus_spie | csr::sstatus_fs_clean;
  frame.sepc = image->entry;
  frame.x[sp] = stack;
  memset(self.fp, 0, sizeof self.fp);
  self.fp_hart = nullptr;
  reload_floating_point(self);
  destroy(image);
  fence_instructions();
  if (stack == 0) force_signal(SIGKILL, {SI_KERNEL, 0, 0});
  return 0;
}

i64 execute_nested(i64 directory, const char* path, const TextList& arguments, const TextList& environment,
                   unsigned depth) {
  i64 error = 0;
  Inode* file = open_program(directory, path, error);
  if (file == nullptr) return error;
  error = run_image(*file, path, arguments, environment);
  if (error == -ENOEXEC && depth < deepest_script) {
    HeapBuffer<char> interpreter(256);
    TextList fresh = {};
    error = interpreter ? read_script(*file, path, arguments, interpreter.get(), fresh) : -ENOMEM;
    if (error == 0) {
      error = execute_nested(AT_FDCWD, interpreter.get(), fresh, environment, depth + 1);
      heap_release(fresh.bytes);
    }
  }
  release_inode(file);
  return error;
}

struct InitRequest {
  const char* path;
  const TextList* arguments;
  const TextList* environment;
};
constinit InitRequest init_request = {};

bool init_thread(void*) {
  arm_injection();
  const i64 error = execute(AT_FDCWD, init_request.path, *init_request.arguments, *init_request.environment);
  if (error == 0) return true;
  TextBuffer<512> text;
  text << "guestos: cannot run " << init_request.path << ": error " << -error << "\n";
  console_write(ConsoleStream::error, text.c_str(), text.size());
  exit_process((error == -ENOENT ? 127u : 126u) << 8);
}

}  // namespace

i64 execute(i64 directory, const char* path, const TextList& arguments, const TextList& environment) {
  return execute_nested(directory, path, arguments, environment, 0);
}

i64 start_init(const char* path, const TextList& arguments, const TextList& environment) {
  auto* process = create<Process>();
  Thread* thread = process == nullptr ? nullptr : create_thread(process, 0, init_thread, nullptr);
  FileTable* files = thread == nullptr ? nullptr : FileTable::make();
  if (files == nullptr) return -ENOMEM;
  init_request = {path, &arguments, &environment};
  process->files = files;
  for (unsigned i = 0; i < 3; ++i) {
    File* file = open_console(i == 2);
    if (file == nullptr) return -ENOMEM;
    files->add(file, false);
  }
  process->directory = root_directory();
  add_inode_reference(process->directory);
  process->started = ticks_now();
  process_lock().lock();
  process->pid = process->group = process->session = thread->tid = allocate_pid();
  process->exit_signal = 0;
  process->threads.push_back(thread);
  process->thread_count = 1;
  all_processes().push_back(process);
  process_lock().unlock();
  make_runnable(*thread);
  return init_pid;
}

}  // namespace guestos
