// What the device tree says about this machine and this boot, read once before anything else.
#pragma once

#include <initializer_list>

#include "guestos/lib/types.hpp"

namespace guestos {

struct Range {
  u64 start = 0;
  u64 end = 0;
};

struct VirtioSlot {
  u64 address = 0;
  u32 interrupt = 0;
};

struct BootInfo {
  Range memory;
  Range reserved[16];  // firmware, device tree, initrd; not the kernel's own image
  unsigned reserved_count = 0;
  u64 harts = 0;  // bit n: hart n exists and may be used
  u64 boot_hart = 0;
  u64 timebase = 10'000'000;
  Range initrd;
  u64 uart = 0;
  u64 finisher = 0;
  u64 plic = 0;
  u64 sswi = 0;          // ACLINT SSWI: a store raises another hart's software interrupt; 0: ask the firmware
  bool svinval = false;  // every hart has it
  bool svnapot = false;  // likewise
  VirtioSlot virtio[8];  // in order of address
  unsigned virtio_count = 0;
  u64 random_seed = 0x9e37'79b9'7f4a'7c15;
  char arguments[1024] = {};  // bootargs
  unsigned log_level = 4;
  u64 slice_microseconds = 10'000;  // a thread's time slice; boot argument slice=N
};

const BootInfo& boot_info();
// Reads the flattened device tree (Devicetree Specification 0.4, chapter 5). False when it is not one.
bool read_boot_info(u64 device_tree_physical, u64 boot_hart);

// The value of `name=value` among the boot arguments: copied to `value`, which is empty when it is absent. A
// bare word `name` yields "1". Returns whether it is there.
bool boot_argument(const char* name, char* value, std::size_t capacity);
// Which of these words the argument is; 0, the default, if it is none.
unsigned boot_choice(const char* name, std::initializer_list<const char*> words);
u64 boot_number(const char* name, u64 otherwise);

}  // namespace guestos
