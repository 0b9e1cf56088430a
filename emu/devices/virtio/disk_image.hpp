// A host file as a disk, in sectors of 512 bytes. By default what the guest writes stays in memory and is
// forgotten.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>

namespace hartbeat::virtio {

class DiskImage {
 public:
  static constexpr std::uint64_t sector_bytes = 512;

  // Takes over the file descriptor of a file of `bytes` bytes; a last sector that is not full is padded with
  // zeros. `write_through`: writes go to the file (its size must then be a multiple of the sector size).
  DiskImage(int descriptor, std::uint64_t bytes, bool write_through);
  ~DiskImage();
  DiskImage(const DiskImage&) = delete;
  DiskImage& operator=(const DiskImage&) = delete;

  std::uint64_t sectors() const { return (bytes_ + sector_bytes - 1) / sector_bytes; }
  // `offset` and the length are in bytes and lie inside the disk. False: the host reported an error.
  bool read(std::uint64_t offset, std::span<std::uint8_t> into);
  bool write(std::uint64_t offset, std::span<const std::uint8_t> from);
  bool flush();

 private:
  static constexpr std::uint64_t page_bytes = 4096;
  using Page = std::array<std::uint8_t, page_bytes>;

  bool read_file(std::uint64_t offset, std::span<std::uint8_t> into) const;
  bool write_file(std::uint64_t offset, std::span<const std::uint8_t> from) const;
  Page* own_page(std::uint64_t number);

  int descriptor_;
  std::uint64_t bytes_;
  bool write_through_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Page>> written_;  // by page number; never iterated
};

}  // namespace hartbeat::virtio
