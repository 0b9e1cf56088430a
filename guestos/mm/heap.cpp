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
constinit FrameState state = FrameState::boot;  // of new frames; later: kernel
// The slabs of each class that have a free object (link_frame).
constinit u32 partial[class_count] = {};

constexpr u64 size_of_class(unsigned index) { return u64{1} << (smallest_bits + index); }

bool new_slab(unsigned index) {
  const u64 number = allocate_frame(state);
  if (number == no_frame) return false;
  frame_of(number).slab_class = static_cast<u8>(index + 1);
  const u64 size = size_of_class(index);
  u8* page = direct_page<u8>(number);
  for (u64 at = 0; at < page_size; at += size)
    *reinterpret_cast<u16*>(page + at) = at + size < page_size ? static_cast<u16>(at + size) : free_end;
  link_frame(partial[index], number);
  return true;
}

void* allocate_small(unsigned index) {
  if (partial[index] == 0 && !new_slab(index)) return nullptr;
  const u64 number = partial[index];
  Frame& frame = frame_of(number);
  u8* object = direct_page<u8>(number) + frame.slab_free;
  frame.slab_free = *reinterpret_cast<u16*>(object);
  ++frame.slab_used;
  if (frame.slab_free == free_end) unlink_frame(partial[index], number);
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
    if (was_full) link_frame(partial[index], number);
    return;
  }
  if (!was_full) unlink_frame(partial[index], number);
  drop_reference(number);
}

unsigned order_for(u64 size) {
  unsigned order = 0;
  while (order <= max_order && (page_size << order) < size) ++order;
  return order;
}

}  // namespace

void* heap_allocate(u64 size) {
  SpinGuard guard(lock);
  unsigned index = 0;
  while (index < class_count && size_of_class(index) < size) ++index;
  if (index < class_count) return allocate_small(index);
  const u64 number = allocate_frames(order_for(size), state);
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
  state = FrameState::kernel;
  memset(partial, 0, sizeof partial);  // what is free in start-up slabs stays so
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
