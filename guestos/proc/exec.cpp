// execve: a new address space from a file, the arguments on its stack, and the old one dropped.
#include <initializer_list>

#include "guestos/arch/console_devices.hpp"
#include "guestos/fs/file_table.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/mm/user_memory.hpp"
#include "guestos/proc/elf.hpp"
#include "guestos/proc/process.hpp"
#include "guestos/sys/clock.hpp"

extern "C" char signal_trampoline[];

namespace guestos {

namespace {

constexpr unsigned deepest_script = 4;
constexpr u64 initial_stack = u64{128} << 10;

constexpr u64 AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_FLAGS = 8,
              AT_ENTRY = 9, AT_UID = 11, AT_EUID = 12, AT_GID = 13, AT_EGID = 14, AT_HWCAP = 16,
              AT_CLKTCK = 17, AT_SECURE = 23, AT_RANDOM = 25, AT_EXECFN = 31;
constexpr u64 hwcap_imafdc = 0x112d;  // a bit a letter

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

InodeReference open_program(PathRequest path, i64& error) {
  const InodeReference here = current_directory();
  if (path.start == nullptr) path.start = here.get();
  InodeReference inode = lookup(path, error);
  if (!inode || (inode->is_regular() && (inode->mode & 0111) != 0)) return inode;
  error = -EACCES;
  return {};
}

i64 add_special_ranges(AddressSpace& space, u64 stack_size) {
  if (const i64 error = space.add({.start = stack_top - stack_size,
                                   .end = stack_top,
                                   .protection = PROT_READ | PROT_WRITE,
                                   .grows_down = true});
      error != 0)
    return error;
  return space.add({.start = trampoline_page,
                    .end = trampoline_page + page_size,
                    .protection = PROT_READ | PROT_EXEC,
                    .frame = physical_of(signal_trampoline) >> page_bits});
}

i64 load_image(Inode& file, u64 stack_size, Image& image) {
  image.space = AddressSpace::make();
  if (image.space == nullptr) return -ENOMEM;
  if (const i64 error = load_elf(*image.space, file, pie_base, image.program); error != 0) return error;
  image.entry = image.program.entry;
  image.space->set_program(&file);
  image.space->brk_start = image.space->brk = image.program.end;
  image.space->stack_limit = current_process().limits[RLIMIT_STACK].soft;
  if (const i64 error = add_special_ranges(*image.space, stack_size); error != 0) return error;
  if (image.program.interpreter[0] == 0) return 0;
  i64 error = 0;
  const InodeReference interpreter = open_program({nullptr, image.program.interpreter, true}, error);
  if (!interpreter) return error;
  auto* loaded = create<ElfProgram>();
  error = loaded == nullptr ? -ENOMEM : load_elf(*image.space, *interpreter, 0, *loaded);
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
  kick_others(process);
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
  const u64 path_size = strlen(path) + 1;
  const u64 path_address = stack_top - 8 - path_size;
  bool fine = copy_to_user(path_address, path, path_size) == 0;
  u64 at = path_address;
  block[0] = arguments.count;
  u64 n = 1 + arguments.count;
  block[n++] = 0;
  at = push_texts(at, environment, block.get() + n, fine);
  at = push_texts(at, arguments, block.get() + 1, fine);
  n += environment.count;
  block[n++] = 0;
  current_process().arguments_start = at;
  current_process().arguments_end = at + arguments.size;
  u8 random[16];
  fill_random(random, sizeof random);
  at = align_down(at - sizeof random, 16);
  fine = fine && copy_to_user(at, random, sizeof random) == 0;
  const u64 auxiliary[] = {AT_PHDR,   image.program.headers,
                           AT_PHENT,  56,
                           AT_PHNUM,  image.program.header_count,
                           AT_PAGESZ, page_size,
                           AT_BASE,   image.interpreter_base,
                           AT_FLAGS,  0,
                           AT_ENTRY,  image.program.entry,
                           AT_UID,    0,
                           AT_EUID,   0,
                           AT_GID,    0,
                           AT_EGID,   0,
                           AT_HWCAP,  hwcap_imafdc,
                           AT_CLKTCK, 100,
                           AT_SECURE, 0,
                           AT_RANDOM, at,
                           AT_EXECFN, path_address,
                           AT_NULL,   0};
  memcpy(block.get() + n, auxiliary, sizeof auxiliary);
  n += sizeof auxiliary / sizeof(u64);
  at = align_down(at - n * sizeof(u64), 16);
  return fine && copy_to_user(at, block.get(), n * sizeof(u64)) == 0 ? at : 0;
}

// Cuts the next word off a line; empty at its end.
char* next_word(char*& at, bool to_the_end) {
  while (*at == ' ' || *at == '\t') ++at;
  char* word = at;
  while (*at != 0 && (to_the_end || (*at != ' ' && *at != '\t'))) ++at;
  if (*at != 0) *at++ = 0;
  return word;
}

// "#!interpreter [argument]": the interpreter is run with the script's path. The new list is on the heap.
i64 read_script(Inode& file, const char* path, const TextList& arguments, char* interpreter,
                TextList& fresh) {
  char line[256];
  const u64 size = read_inode(file, 0, line, sizeof line - 1);
  if (size < 3 || line[0] != '#' || line[1] != '!') return -ENOEXEC;
  u64 end = 2;
  while (end < size && line[end] != '\n') ++end;
  while (end > 2 && (line[end - 1] == ' ' || line[end - 1] == '\t')) --end;
  line[end] = 0;
  char* at = line + 2;
  const char* name = next_word(at, false);
  if (*name == 0) return -ENOEXEC;
  copy_text(interpreter, name, 256);
  const u64 skipped = arguments.count != 0 ? strlen(arguments.bytes) + 1 : 0;
  fresh = {static_cast<char*>(heap_allocate(sizeof line + strlen(path) + 3 + arguments.size - skipped)), 0,
           0};
  if (fresh.bytes == nullptr) return -ENOMEM;
  for (const char* part : {name, static_cast<const char*>(next_word(at, true)), path}) {
    if (*part == 0) continue;
    fresh.size += copy_text(fresh.bytes + fresh.size, part, PATH_MAX) + 1;
    ++fresh.count;
  }
  memcpy(fresh.bytes + fresh.size, arguments.bytes + skipped, arguments.size - skipped);
  fresh.size += arguments.size - skipped;
  fresh.count += arguments.count != 0 ? arguments.count - 1 : 0;
  return 0;
}

i64 run_image(Inode& file, const char* path, const TextList& arguments, const TextList& environment) {
  const u64 needed = arguments.size + environment.size + (arguments.count + environment.count) * 8;
  if (needed > default_stack_limit / 4) return -E2BIG;
  auto* image = create<Image>();
  auto* executable = copy_of_text(path);
  Process& process = current_process();
  FileTable* files = process.files;  // its own from here on: what closes on exec stays open for who shared it
  if (files->is_shared()) files = files->copy();
  i64 error = image == nullptr || executable == nullptr || files == nullptr
                  ? -ENOMEM
                  : load_image(file, page_up(needed) + initial_stack, *image);
  if (error == 0 && !stop_other_threads()) error = -EINTR;
  if (error != 0) {
    destroy(image);
    heap_release(executable);
    if (files != nullptr && files != process.files) files->drop_reference();
    return error;
  }
  process_lock().lock();
  char* old_executable = process.executable;
  FileTable* old_files = process.files;
  process.executable = executable;
  process.files = files;
  process_lock().unlock();
  heap_release(old_executable);
  if (old_files != files) old_files->drop_reference();
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
  if (stack == 0)
    send_signal(self, SIGKILL, {SI_KERNEL, 0, 0});  // it ends on its way out, and holds nothing then
  return 0;
}

bool init_thread(void* argument) {
  const InitCommand& command = *static_cast<const InitCommand*>(argument);
  arm_injection();
  const i64 error = execute({nullptr, command.path, true}, command.arguments, command.environment);
  if (error == 0) return true;
  TextBuffer<512> text;
  text << "guestos: cannot run " << command.path << ": error " << static_cast<u64>(-error) << "\n";
  console_write(ConsoleStream::error, text.c_str(), text.size());
  exit_process((error == -ENOENT ? 127u : 126u) << 8);
}

}  // namespace

i64 execute(PathRequest path, const TextList& arguments, const TextList& environment, unsigned depth) {
  i64 error = 0;
  const InodeReference file = open_program(path, error);
  if (!file) return error;
  error = run_image(*file, path.path, arguments, environment);
  if (error == -ENOEXEC && depth < deepest_script) {
    HeapBuffer<char> interpreter(256);
    TextList fresh = {};
    error = interpreter ? read_script(*file, path.path, arguments, interpreter.get(), fresh) : -ENOMEM;
    if (error == 0) {
      error = execute({nullptr, interpreter.get(), true}, fresh, environment, depth + 1);
      heap_release(fresh.bytes);
    }
  }
  return error;
}

i64 start_init(InitCommand& command) {
  auto* process = create<Process>();
  Thread* thread = process == nullptr ? nullptr : create_thread(process, 0, init_thread, &command);
  FileTable* files = thread == nullptr ? nullptr : FileTable::make();
  if (files == nullptr) return -ENOMEM;
  process->files = files;
  for (unsigned i = 0; i < 3; ++i) {
    File* file = open_console(i == 2);
    if (file == nullptr) return -ENOMEM;
    files->add(file, false);
  }
  process->directory = InodeReference::share(root_directory());
  process->started = ticks_now();
  process->limits[RLIMIT_STACK].soft = default_stack_limit;
  process->limits[RLIMIT_CORE].soft = 0;
  process->limits[RLIMIT_NOFILE] = {FileTable::capacity, FileTable::capacity};
  process_lock().lock();
  process->group = process->session = enter_lists(*process, *thread);
  process->exit_signal = 0;
  process_lock().unlock();
  make_runnable(*thread);
  return init_pid;
}

}  // namespace guestos
