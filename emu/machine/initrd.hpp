// The initial file system of the bundled guest OS: a cpio archive (format "newc") with the user's program,
// its arguments and environment, and whatever directory or archive the user adds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hartbeat {

// Builds a newc archive. The same additions give the same bytes: owner 0, one fixed time, names in byte
// order.
class CpioWriter {
 public:
  // `time`: modification time of every entry, seconds since 1970.
  explicit CpioWriter(std::uint32_t time) : time_(time) {}

  // Names are relative to the root, without leading '/'. A name that is there already is replaced by the
  // later one when the archive is unpacked, as newc does.
  void directory(std::string_view name, std::uint32_t permissions = 0755);
  void file(std::string_view name, std::span<const std::uint8_t> contents, std::uint32_t permissions);
  void symlink(std::string_view name, std::string_view target);
  // A directory of the host with all below it: files, directories, links (also hard links), devices and
  // pipes. Throws UserError for what cannot be read.
  void tree(const std::filesystem::path& root);
  // The entries of an archive. Throws UserError, naming `origin`, unless it is an uncompressed newc archive.
  void archive(std::span<const std::uint8_t> bytes, const std::string& origin);

  // Whether a path leads, links followed, to an entry.
  bool contains(std::string_view path) const;
  std::vector<std::uint8_t> finish();

 private:
  struct Entry {
    std::uint32_t mode = 0, inode = 0, links = 1;
    std::uint32_t device_major = 0, device_minor = 0;
  };
  void add(std::string_view name, const Entry& entry, std::span<const std::uint8_t> contents);
  void raw(std::string_view name, const Entry& entry, std::uint32_t time,
           std::span<const std::uint8_t> contents);
  void host_entry(const std::filesystem::path& path, const std::string& name);
  void pad();

  std::uint32_t time_;
  std::uint32_t next_inode_ = 1;
  std::vector<std::uint8_t> bytes_;
  std::map<std::string, std::string, std::less<>> links_;  // name → target; empty: no link
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint32_t>
      hard_links_;  // host (device, inode) → ours
};

}  // namespace hartbeat
