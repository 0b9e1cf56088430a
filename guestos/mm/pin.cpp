#include "guestos/mm/pin.hpp"

#include "guestos/devices/disk.hpp"
#include "guestos/mm/fault.hpp"
#include "guestos/mm/large_page.hpp"

namespace guestos {

struct Pin {
  Pin* next = nullptr;
  u64 number = 0;
  u64 pages = 0;
  bool writable = false;
  u32 transfers = 0;  // going on now
  FrameNumber frames[pin_page_limit] = {};
};

namespace {

constinit SpinLock lock;  // Frame::pins: two processes may pin one page
constinit u64 last_number = 0;
constexpr u8 most_pins = 255;

bool add_pin(FrameNumber number) {
  SpinGuard guard(lock);
  Frame& frame = frame_of(number);
  if (frame.pins == most_pins || !add_reference(number)) return false;
  ++frame.pins;
  return true;
}

void drop_pin(FrameNumber number) {
  lock.lock();
  --frame_of(number).pins;
  lock.unlock();
  drop_reference(number);
}

void release(Pin* pin) {
  for (u64 i = 0; i < pin->pages; ++i) drop_pin(pin->frames[i]);
  destroy(pin);
}

Pin* find(const AddressSpace& space, u64 number) {
  Pin* pin = space.pins;
  while (pin != nullptr && pin->number != number) pin = pin->next;
  return pin;
}

// Calls move(bytes of a frame, offset in the request, size) for each piece of the request.
template <typename Move>
i64 each_piece(const Pin& pin, PinnedRange range, Move move) {
  const u64 end = pin.pages << page_bits;
  if (range.offset > end || range.size > end - range.offset) return -EINVAL;
  each_page_part(range.offset, range.size, [&](u64 at, u64 done, u64 part) {
    move(direct_page<u8>(pin.frames[at >> page_bits]) + (at & (page_size - 1)), done, part);
    return part;
  });
  return static_cast<i64>(range.size);
}

}  // namespace

i64 pin_pages(AddressSpace& space, u64 address, u64 pages, bool writable) {
  if ((address & (page_size - 1)) != 0 || pages == 0 || pages > pin_page_limit) return -EINVAL;
  Pin* pin = create<Pin>();
  if (pin == nullptr) return -ENOMEM;
  pin->writable = writable;
  MutexGuard guard(space.mutex);
  for (; pin->pages < pages; ++pin->pages) {
    const u64 page = address + (pin->pages << page_bits);
    i64 error = page < user_end ? provide_page(space, page, writable) : -EFAULT;
    const FrameNumber frame = error == 0 ? find_leaf(space.root, page).frame_at(page) : no_frame;
    if (error == 0 && !add_pin(frame)) error = -EAGAIN;
    if (error != 0) {
      release(pin);
      return error;
    }
    pin->frames[pin->pages] = frame;
  }
  pin->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
  pin->next = space.pins;
  space.pins = pin;
  return static_cast<i64>(pin->number);
}

i64 unpin_pages(AddressSpace& space, u64 number) {
  MutexGuard guard(space.mutex);
  for (Pin** at = &space.pins; *at != nullptr; at = &(*at)->next) {
    if ((*at)->number != number) continue;
    Pin* pin = *at;
    if (pin->transfers != 0) return -EBUSY;
    *at = pin->next;
    release(pin);
    return 0;
  }
  return -EINVAL;
}

i64 device_access(AddressSpace& space, u64 number, PinnedRange range, u8* kernels, bool write) {
  MutexGuard guard(space.mutex);
  const Pin* pin = find(space, number);
  if (pin == nullptr) return -EINVAL;
  if (write && !pin->writable) return -EACCES;
  return each_piece(*pin, range, [&](u8* bytes, u64 done, u64 part) {
    memcpy(write ? bytes : kernels + done, write ? kernels + done : bytes, part);
  });
}

i64 disk_transfer(AddressSpace& space, u64 number, PinnedRange range, Disk& disk, u64 sector, bool write) {
  static_assert(pin_page_limit <= Disk::most_buffers);
  DiskBuffer buffers[pin_page_limit];
  unsigned count = 0;
  space.mutex.lock();
  Pin* pin = find(space, number);
  i64 error = pin == nullptr ? -EINVAL : !write && !pin->writable ? -EACCES : 0;
  if (error == 0)
    error = each_piece(*pin, range, [&](const u8* bytes, u64, u64 part) {
      buffers[count++] = {physical_of(bytes), static_cast<u32>(part)};
    });
  if (error >= 0) ++pin->transfers;
  space.mutex.unlock();
  if (error < 0) return error;
  error = disk.transfer(sector, buffers, count, write);
  MutexGuard guard(space.mutex);
  --pin->transfers;
  return error;
}

void release_pins(AddressSpace& space) {
  while (Pin* pin = space.pins) {
    space.pins = pin->next;
    release(pin);
  }
}

}  // namespace guestos
