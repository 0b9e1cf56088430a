#include "guestos/mm/heap.hpp"

#include "guestos/arch/layout.hpp"
#include "guestos/lib/print.hpp"
#include "guestos/mm/frames.hpp"
#include "guestos/proc/spin_lock.hpp"

namespace guestos {

namespace {

constexpr unsigned smallest_bits = 5;  // 32 bytes
constexpr unsigned class_count = 7;    // 32 … 2048
constexpr u16 free_end = 0xffff;

constinit SpinLock lock;
constinit bool booting = true;
constinit u64 boot_next = 0;  // start-up objects are cut from here, address by address
constinit u64 boot_end = 0;
// First slab of each class that has a free object, as a frame number. Slabs are linked through their frame's Origin
// (frame numbers; RAM ends far below 2^32 frames).
constinit u32 partial[class_count] = {};

constexpr u64 size_of_class(unsigned index) { return u64{1} << (smallest_bits + index); }

void link_slab(u64 number, unsigned index) {
  origin_of(number) = {0, partial[index], 0};
  if (partial[index] != 0) origin_of(partial[index]).slot = static_cast<u32>(number);
  partial[index] = static_cast<u32>(number);
}

void unlink_slab(u64 number, unsigned index) {
  const Origin links = origin_of(number);
  if (links.index != 0) origin_of(links.index).slot = links.slot;
  (links.slot != 0 ? origin_of(links.slot).index : partial[index]) = links.index;
  origin_of(number) = {};
}

bool new_slab(unsigned index) {
  const u64 number = allocate_frame(FrameState::kernel);
  if (number == no_frame) return false;
  Frame& frame = frame_of(number);
  frame.slab_class = static_cast<u8>(index + 1);
  frame.slab_used = 0;
  frame.slab_free = 0;
  const u64 size = size_of_class(index);
  u8* page = direct_page<u8>(number);
  for (u64 at = 0; at < page_size; at += size)
    *reinterpret_cast<u16*>(page + at) = at + size < page_size ? static_cast<u16>(at + size) : free_end;
  link_slab(number, index);
  return true;
}

void* allocate_small(unsigned index) {
  if (partial[index] == 0 && !new_slab(index)) return nullptr;
  const u64 number = partial[index];
  Frame& frame = frame_of(number);
  u8* object = direct_page<u8>(number) + frame.slab_free;
  frame.slab_free = *reinterpret_cast<u16*>(object);
  ++frame.slab_used;
  if (frame.slab_free == free_end) unlink_slab(number, index);
  return object;
}

void release_small(u64 number, void* object) {
  Frame& frame = frame_of(number);
  const unsigned index = frame.slab_class - 1u;
  const bool was_full = frame.slab_free == free_end;
  *static_cast<u16*>(object) = frame.slab_free;
  frame.slab_free = static_cast<u16>(reinterpret_cast<u64>(object) & (page_size - 1));
  --frame.slab_used;
  if (frame.slab_used != 0) {
    if (was_full) link_slab(number, index);
    return;
  }
  if (!was_full) unlink_slab(number, index);
  drop_reference(number);
}

unsigned order_for(u64 size) {
  unsigned order = 0;
  while (order <= max_order && (page_size << order) < size) ++order;
  return order;
}

void* allocate_boot(u64 size) {
  size = align_up(size, 16);
  if (boot_next + size > boot_end) {
    const unsigned order = order_for(max_of(size, u64{16} * page_size));
    const u64 number = allocate_frames(order, FrameState::boot);
    if (number == no_frame) return nullptr;
    for (u64 i = 0; i < u64{1} << order; ++i) frame_of(number + i).state = FrameState::boot;
    boot_next = number << page_bits;
    boot_end = boot_next + (page_size << order);
  }
  void* object = direct(boot_next);
  boot_next += size;
  return object;
}

}  // namespace

void* heap_allocate(u64 size) {
  SpinGuard guard(lock);
  if (booting) return allocate_boot(size);
  unsigned index = 0;
  while (index < class_count && size_of_class(index) < size) ++index;
  if (index < class_count) return allocate_small(index);
  const u64 number = allocate_frames(order_for(size), FrameState::kernel);
  return number == no_frame ? nullptr : direct_page(number);
}

void heap_release(void* object) {
  if (object == nullptr) return;
  SpinGuard guard(lock);
  const u64 number = physical_of(object) >> page_bits;
  Frame& frame = frame_of(number);
  if (frame.state == FrameState::boot) return;
  if (frame.state != FrameState::kernel)
    panic("released an object that the heap does not own", physical_of(object));
  if (frame.slab_class != 0) {
    release_small(number, object);
  } else {
    drop_reference(number);
  }
}

char* copy_of_text(const char* text) {
  const u64 size = strlen(text) + 1;
  auto* copy = static_cast<char*>(heap_allocate(size));
  return copy != nullptr ? static_cast<char*>(memcpy(copy, text, size)) : nullptr;
}

void heap_boot_done() {
  SpinGuard guard(lock);
  booting = false;
}

bool heap_is_boot_object(const void* object) {
  return frame_of(physical_of(object) >> page_bits).state == FrameState::boot;
}

}  // namespace guestos

// The compiler's virtual destructors refer to these; objects are released by destroy() and
// File::drop_reference.
void operator delete(void* object, std::size_t) noexcept { guestos::heap_release(object); }
void operator delete(void* object) noexcept { guestos::heap_release(object); }
extern "C" [[noreturn]] void __cxa_pure_virtual() { guestos::panic("pure virtual call"); }
