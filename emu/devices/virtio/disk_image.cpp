#include "emu/devices/virtio/disk_image.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hartbeat::virtio {

DiskImage::DiskImage(int descriptor, std::uint64_t bytes, bool write_through)
    : descriptor_(descriptor), bytes_(bytes), write_through_(write_through) {}

DiskImage::~DiskImage() { ::close(descriptor_); }

bool DiskImage::read_file(std::uint64_t offset, std::span<std::uint8_t> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got =
        ::pread(descriptor_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) {
      if (offset + done < bytes_) return false;  // somebody has truncated it
      break;                                     // behind the disk's end: zeros
    }
    done += static_cast<std::size_t>(got);
  }
  std::fill(into.begin() + static_cast<std::ptrdiff_t>(done), into.end(), std::uint8_t{0});
  return true;
}

bool DiskImage::write_file(std::uint64_t offset, std::span<const std::uint8_t> from) const {
  // A file that somebody has truncated is not to grow again.
  if (::lseek(descriptor_, 0, SEEK_END) < static_cast<off_t>(bytes_)) return false;
  std::size_t done = 0;
  while (done < from.size()) {
    const ssize_t put =
        ::pwrite(descriptor_, from.data() + done, from.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    done += static_cast<std::size_t>(put);
  }
  return true;
}

// The page as the guest has written it; made from the file at the first write.
DiskImage::Page* DiskImage::own_page(std::uint64_t number) {
  std::unique_ptr<Page>& page = written_[number];
  if (!page) {
    auto fresh = std::make_unique<Page>();
    if (!read_file(number * page_bytes, *fresh)) return nullptr;
    page = std::move(fresh);
  }
  return page.get();
}

bool DiskImage::read(std::uint64_t offset, std::span<std::uint8_t> into) {
  while (!into.empty()) {
    const std::uint64_t inside = offset % page_bytes;
    const std::size_t count = std::min<std::size_t>(into.size(), page_bytes - inside);
    const auto own = written_.find(offset / page_bytes);
    if (own != written_.end() && own->second) {
      std::memcpy(into.data(), own->second->data() + inside, count);
    } else if (!read_file(offset, into.first(count))) {
      return false;
    }
    offset += count;
    into = into.subspan(count);
  }
  return true;
}

bool DiskImage::write(std::uint64_t offset, std::span<const std::uint8_t> from) {
  if (write_through_) return write_file(offset, from);
  while (!from.empty()) {
    const std::uint64_t inside = offset % page_bytes;
    const std::size_t count = std::min<std::size_t>(from.size(), page_bytes - inside);
    Page* page = own_page(offset / page_bytes);
    if (page == nullptr) return false;
    std::memcpy(page->data() + inside, from.data(), count);
    offset += count;
    from = from.subspan(count);
  }
  return true;
}

bool DiskImage::flush() { return !write_through_ || ::fsync(descriptor_) == 0; }

}  // namespace hartbeat::virtio
