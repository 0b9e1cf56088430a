#include "emu/cli/disks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "emu/devices/virtio/disk_image.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat::cli {

DiskSlot open_disk(const std::string& text) {
  constexpr std::string_view suffix = ",rw";
  const bool write_through = text.ends_with(suffix);
  const std::string path = write_through ? text.substr(0, text.size() - suffix.size()) : text;
  const int descriptor = ::open(path.c_str(), (write_through ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  if (descriptor < 0) throw UserError(fmt::format("--disk {}: cannot open: {}", path, std::strerror(errno)));
  const auto refuse = [&](const std::string& why) {
    ::close(descriptor);
    throw UserError(fmt::format("--disk {}: {}", path, why));
  };
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) refuse(std::strerror(errno));
  const off_t end = ::lseek(descriptor, 0, SEEK_END);  // also the size of a block device
  if ((!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) || end < 0)
    refuse("neither a file nor a block device");
  if (end == 0) refuse("empty: a disk has at least one sector of 512 bytes");
  const auto bytes = static_cast<std::uint64_t>(end);
  if (write_through && bytes % virtio::DiskImage::sector_bytes != 0) {
    refuse(fmt::format("{} bytes are not a whole number of 512-byte sectors, which writing to it (,rw) needs",
                       end));
  }
  return {std::make_shared<virtio::DiskImage>(descriptor, bytes, write_through)};
}

}  // namespace hartbeat::cli
