#include "emu/machine/initrd.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "emu/machine/elf.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat {
namespace {

constexpr std::size_t header_bytes = 110;
constexpr std::string_view magic = "070701", magic_with_sum = "070702", trailer = "TRAILER!!!";

std::size_t aligned(std::size_t offset) { return (offset + 3) & ~std::size_t{3}; }

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// The fields of a newc header in their order, behind the magic (cpio(5)).
enum Field {
  inode,
  mode,
  uid,
  gid,
  links,
  time,
  size,
  dev_major,
  dev_minor,
  rdev_major,
  rdev_minor,
  name_size,
  check
};

// One entry of an archive that somebody else has made.
struct ReadEntry {
  std::string_view name;
  std::span<const std::uint8_t> contents;
  std::uint32_t fields[13];
  std::size_t next;
};

std::optional<ReadEntry> read_entry(std::span<const std::uint8_t> bytes, std::size_t at) {
  if (at > bytes.size() || bytes.size() - at < header_bytes) return std::nullopt;
  const char* text = reinterpret_cast<const char*>(bytes.data()) + at;
  const std::string_view kind(text, magic.size());
  if (kind != magic && kind != magic_with_sum) return std::nullopt;
  ReadEntry entry{};
  for (unsigned i = 0; i < 13; ++i) {
    const char* digits = text + 6 + 8 * i;
    const auto [end, error] = std::from_chars(digits, digits + 8, entry.fields[i], 16);
    if (error != std::errc{} || end != digits + 8) return std::nullopt;
  }
  const std::size_t data = aligned(at + header_bytes + entry.fields[name_size]);
  if (entry.fields[name_size] == 0 || data > bytes.size() || entry.fields[size] > bytes.size() - data) {
    return std::nullopt;
  }
  entry.name = {text + header_bytes, entry.fields[name_size] - 1};
  entry.contents = bytes.subspan(data, entry.fields[size]);
  entry.next = aligned(data + entry.fields[size]);
  return entry;
}

// "./a/b", "/a/b" and "a/b" are one name.
std::string_view relative(std::string_view name) {
  while (name.starts_with("./") || name.starts_with("/")) name.remove_prefix(name.front() == '/' ? 1 : 2);
  return name;
}

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void CpioWriter::pad() { bytes_.resize(aligned(bytes_.size())); }

void CpioWriter::raw(std::string_view name, const Entry& entry, std::uint32_t time_of_entry,
                     std::span<const std::uint8_t> contents) {
  if (contents.size() > 0xffff'ffff) {
    throw UserError(
        fmt::format("{}: {} bytes are too many for an initial archive (4 GiB)", name, contents.size()));
  }
  const std::string header =
      fmt::format("{}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}", magic,
                  entry.inode, entry.mode, 0, 0, entry.links, time_of_entry, contents.size(), 0, 0,
                  entry.device_major, entry.device_minor, name.size() + 1, 0);
  bytes_.insert(bytes_.end(), header.begin(), header.end());
  bytes_.insert(bytes_.end(), name.begin(), name.end());
  bytes_.push_back(0);
  pad();
  bytes_.insert(bytes_.end(), contents.begin(), contents.end());
  pad();
  links_.insert_or_assign(std::string(name),
                          S_ISLNK(entry.mode) ? std::string(as_text(contents)) : std::string());
}

void CpioWriter::add(std::string_view name, const Entry& entry, std::span<const std::uint8_t> contents) {
  raw(name, entry, time_, contents);
}

void CpioWriter::directory(std::string_view name, std::uint32_t permissions) {
  add(name, {S_IFDIR | permissions, next_inode_++, 2}, {});
}

void CpioWriter::file(std::string_view name, std::span<const std::uint8_t> contents,
                      std::uint32_t permissions) {
  add(name, {S_IFREG | permissions, next_inode_++}, contents);
}

void CpioWriter::symlink(std::string_view name, std::string_view target) {
  add(name, {S_IFLNK | 0777, next_inode_++}, bytes_of(target));
}

void CpioWriter::tree(const std::filesystem::path& root) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    throw UserError(
        fmt::format("{} is not a directory; --root takes the directory that becomes /", root.string()));
  }
  std::vector<std::string> names;
  auto walker = fs::recursive_directory_iterator(root, error);
  for (; !error && walker != fs::recursive_directory_iterator(); walker.increment(error)) {
    names.push_back(walker->path().lexically_relative(root).generic_string());
  }
  if (error) throw UserError(fmt::format("cannot read the directory {}: {}", root.string(), error.message()));
  std::sort(names.begin(), names.end());  // the host's order is no order; parents come before their children
  for (const std::string& name : names) host_entry(root / name, name);
}

void CpioWriter::host_entry(const std::filesystem::path& path, const std::string& name) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    throw UserError(fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
  }
  if (S_ISSOCK(status.st_mode)) return;  // means nothing without its process
  Entry entry{status.st_mode & (S_IFMT | 07777), next_inode_, 1, major(status.st_rdev),
              minor(status.st_rdev)};
  std::vector<std::uint8_t> contents;
  if (S_ISREG(status.st_mode)) {
    const auto [known, fresh] = hard_links_.try_emplace({status.st_dev, status.st_ino}, next_inode_);
    entry.inode = known->second;
    entry.links = static_cast<std::uint32_t>(status.st_nlink);
    if (fresh) ++next_inode_;
    contents = read_file(path);
  } else {
    ++next_inode_;
  }
  if (S_ISDIR(status.st_mode)) entry.links = 2;
  if (S_ISLNK(status.st_mode)) {
    const std::string target = std::filesystem::read_symlink(path).string();
    contents.assign(target.begin(), target.end());
  }
  add(name, entry, contents);
}

void CpioWriter::archive(std::span<const std::uint8_t> bytes, const std::string& origin) {
  std::uint32_t highest = 0;
  const std::uint32_t first_inode = next_inode_;
  for (std::size_t at = 0;;) {
    const auto entry = read_entry(bytes, at);
    if (!entry) {
      throw UserError(
          fmt::format("{}: not an uncompressed cpio archive of format newc (at byte {}); make one with "
                      "find . | cpio -o -H newc, and decompress it",
                      origin, at));
    }
    if (entry->name == trailer) break;
    const Entry copy{entry->fields[mode], first_inode + entry->fields[inode], entry->fields[links],
                     entry->fields[rdev_major], entry->fields[rdev_minor]};
    raw(relative(entry->name), copy, entry->fields[time], entry->contents);
    highest = std::max(highest, entry->fields[inode]);
    at = entry->next;
  }
  next_inode_ = first_inode + highest + 1;
}

bool CpioWriter::contains(std::string_view path) const {
  std::string rest(relative(path)), done;
  for (int links_followed = 0; links_followed < 40;) {
    const std::size_t slash = rest.find('/');
    const std::string step = done.empty() ? rest.substr(0, slash) : done + '/' + rest.substr(0, slash);
    const auto entry = links_.find(step);
    if (entry == links_.end()) return false;
    const std::string behind = slash == std::string::npos ? "" : rest.substr(slash + 1);
    if (entry->second.empty()) {
      if (behind.empty()) return true;
      done = step;
      rest = behind;
      continue;
    }
    ++links_followed;
    const std::filesystem::path base = entry->second.front() == '/' ? "" : std::filesystem::path(done);
    const std::string target = (base / entry->second).lexically_normal().generic_string();
    rest = std::string(relative(target)) + (behind.empty() ? "" : "/" + behind);
    done.clear();
  }
  return false;
}

std::vector<std::uint8_t> CpioWriter::finish() {
  raw(trailer, Entry{}, 0, {});
  return std::move(bytes_);
}

}  // namespace hartbeat
