// From the first C++ instruction to init: opens each part of the kernel in turn.
#include "guestos/arch/console_devices.hpp"
#include "guestos/arch/firmware_console.hpp"
#include "guestos/arch/sbi.hpp"
#include "guestos/devices/disk.hpp"
#include "guestos/fs/file.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/commit.hpp"
#include "guestos/mm/cow.hpp"
#include "guestos/mm/large_page.hpp"
#include "guestos/mm/reclaim.hpp"
#include "guestos/mm/shootdown.hpp"
#include "guestos/mm/swap.hpp"
#include "guestos/sys/clock.hpp"
#include "guestos/sys/system_call.hpp"

extern "C" guestos::u64 kernel_root[];

namespace guestos {

namespace {

// A NUL-separated list from a start-up file; the archive keeps the bytes.
bool read_list(const char* path, TextList& list) {
  i64 error = 0;
  const InodeReference inode = lookup({nullptr, path, true}, error);
  if (!inode || inode->archive == nullptr || inode->archive_size == 0) return false;
  list.size = inode->archive_size;
  list.bytes = static_cast<char*>(heap_allocate(list.size + 1));
  if (list.bytes == nullptr) return false;
  memcpy(list.bytes, inode->archive, list.size);
  if (list.bytes[list.size - 1] != 0) list.bytes[list.size++] = 0;
  for (u64 i = 0; i < list.size; ++i) list.count += list.bytes[i] == 0 ? 1 : 0;
  return true;
}

bool read_command(InitCommand& command) {
  if (boot_argument("init", command.path, sizeof command.path)) {
    command.arguments = {command.path, strlen(command.path) + 1, 1};
  } else if (read_list("/.hartbeat/argv", command.arguments)) {
    copy_text(command.path, command.arguments.bytes, sizeof command.path);
  } else {
    return false;
  }
  if (!read_list("/.hartbeat/env", command.environment)) {
    static char environment[] = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin\0HOME=/\0TERM=vt100";
    command.environment = {environment, sizeof environment, 3};
  }
  return true;
}

void open_file_system() {
  tree_open();
  const Range archive = boot_info().initrd;
  if (archive.end > archive.start)
    if (const i64 error = unpack_archive(direct<const u8>(archive.start), archive.end - archive.start);
        error != 0)
      panic("the initial archive (initrd) is no cpio newc archive or is damaged", static_cast<u64>(-error));
  make_device_nodes();
}

// The identity leaf of entry.S has done its work when every hart runs in the direct map.
void forget_identity_map() {
  for (u64 i = 0; i < 256; ++i) kernel_root[i] = 0;
  fence_all();
  if (other_harts() != 0) sbi::remote_fence(other_harts());
}

unsigned shell_status(u32 wait_status) {
  return (wait_status & 0x7f) != 0 ? 128 + (wait_status & 0x7f) : wait_status >> 8 & 0xff;
}

// The start-up thread: from here on the kernel is whole.
bool start_up(void*) {
  auto* command = create<InitCommand>();
  if (command == nullptr || !read_command(*command))
    panic("no program: neither init=PATH in the boot arguments nor /.hartbeat/argv in the initrd");
  start_other_harts();
  forget_identity_map();
  heap_boot_done();
  frame_check_open();
  const u64 free_at_boot = free_frames();
  trace<Tracepoint::boot_done>(free_at_boot, frame_totals().total);
  trace_frames();
  trace_swap();
  if (start_init(*command) < 0) panic("no memory for init");
  const u32 status = wait_for_the_end();
  forget_since_boot();
  check_frames("at the end");
  trace_frames();
  trace_swap();
  trace<Tracepoint::shutdown>(free_frames(), shell_status(status));
  TextBuffer<160> text;
  text << "guestos: init ended with " << u64{shell_status(status)} << "; free frames " << free_frames()
       << " of " << frame_totals().total << ", at boot " << free_at_boot;
  log_line(text);
  power_off(shell_status(status));
}

}  // namespace

extern "C" [[noreturn]] void kernel_main(u64 hart, u64 device_tree) {
  if (!read_boot_info(device_tree, hart)) panic("no device tree, or it names no memory", device_tree);
  firmware_console_open();
  frames_open();
  harts_open();
  asids_open();
  cow_open();
  large_pages_open();
  shootdown_open();
  scheduler_open();
  clock_open();
  system_calls_open();
  console_devices_open();
  enable_console_interrupts();
  disks_open();
  open_file_system();
  swap_open();
  commit_open();
  reclaim_open();
  Thread* thread = create_thread(nullptr, 0, start_up, nullptr);
  if (thread == nullptr) panic("no memory for the start-up thread");
  Hart& self = this_hart();
  self.current = self.idle;
  make_runnable(*thread);
  // The idle thread's context is saved when it is first switched away from; until then this is it.
  idle_loop();
}

}  // namespace guestos
