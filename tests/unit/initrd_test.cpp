#include "emu/machine/initrd.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "emu/machine/user_error.hpp"

using namespace hartbeat;
using Catch::Matchers::Contains;

namespace {

namespace fs = std::filesystem;

struct Entry {
  std::uint32_t inode, mode, links, time;
  std::string contents;
};

// An independent reader of newc archives.
std::map<std::string, Entry> unpack(const std::vector<std::uint8_t>& bytes) {
  std::map<std::string, Entry> entries;
  const std::string text(bytes.begin(), bytes.end());
  for (std::size_t at = 0;;) {
    REQUIRE(text.substr(at, 6) == "070701");
    const auto field = [&](unsigned i) { return std::stoul(text.substr(at + 6 + 8 * i, 8), nullptr, 16); };
    const std::string name = text.substr(at + 110, field(11) - 1);
    if (name == "TRAILER!!!") return entries;
    const std::size_t data = (at + 110 + field(11) + 3) / 4 * 4;
    entries[name] = {static_cast<std::uint32_t>(field(0)), static_cast<std::uint32_t>(field(1)),
                     static_cast<std::uint32_t>(field(4)), static_cast<std::uint32_t>(field(5)),
                     text.substr(data, field(6))};
    at = (data + field(6) + 3) / 4 * 4;
  }
}

struct Directory {
  Directory() {
    char name[] = "/tmp/hartbeat-test-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Directory() { fs::remove_all(path); }
  void file(const std::string& name, const std::string& content) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << content;
  }
  fs::path path;
};

std::span<const std::uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("what is packed is what another reader unpacks") {
  CpioWriter cpio(77);
  cpio.directory("bin");
  cpio.file("bin/prog", bytes("hello"), 0755);
  cpio.file("empty", {}, 0600);
  cpio.symlink("sh", "bin/prog");
  const auto entries = unpack(cpio.finish());
  REQUIRE(entries.size() == 4);
  CHECK(entries.at("bin").mode == (S_IFDIR | 0755));
  CHECK(entries.at("bin/prog").mode == (S_IFREG | 0755));
  CHECK(entries.at("bin/prog").contents == "hello");
  CHECK(entries.at("bin/prog").time == 77);
  CHECK(entries.at("empty").contents.empty());
  CHECK(entries.at("sh").mode == (S_IFLNK | 0777));
  CHECK(entries.at("sh").contents == "bin/prog");
}

TEST_CASE(
    "a host directory becomes the root, links and modes kept, in an order that does not depend on the host") {
  Directory host;
  host.file("etc/passwd", "root");
  host.file("b", "bb");
  host.file("a/x", "xx");
  fs::create_hard_link(host.path / "b", host.path / "hard");
  fs::create_symlink("etc/passwd", host.path / "soft");
  ::chmod((host.path / "b").c_str(), 04711);
  ::mkfifo((host.path / "pipe").c_str(), 0644);
  CpioWriter cpio(0);
  cpio.tree(host.path);
  const std::vector<std::uint8_t> archive = cpio.finish();
  const auto entries = unpack(archive);
  REQUIRE(entries.size() == 8);
  CHECK(entries.at("b").mode == (S_IFREG | 04711));
  CHECK(entries.at("b").inode == entries.at("hard").inode);
  CHECK(entries.at("b").links == 2);
  CHECK(entries.at("b").inode != entries.at("a/x").inode);
  CHECK(entries.at("soft").contents == "etc/passwd");
  CHECK(S_ISFIFO(entries.at("pipe").mode));
  CpioWriter again(0);
  again.tree(host.path);
  CHECK(again.finish() == archive);
}

TEST_CASE("another archive's entries are taken over without its trailer") {
  CpioWriter inner(5);
  inner.directory("./lib");
  inner.file("./lib/one", bytes("1"), 0644);
  const std::vector<std::uint8_t> archive = inner.finish();
  CpioWriter outer(9);
  outer.archive(archive, "inner.cpio");
  outer.file("two", bytes("2"), 0644);
  const auto entries = unpack(outer.finish());
  REQUIRE(entries.size() == 3);
  CHECK(entries.at("lib/one").contents == "1");
  CHECK(entries.at("lib/one").time == 5);
  CHECK(entries.at("two").contents == "2");
  CHECK(entries.at("two").inode != entries.at("lib/one").inode);
}

TEST_CASE("an archive that is compressed, damaged or none is refused") {
  CpioWriter inner(0);
  inner.file("one", bytes("12345678"), 0644);
  const std::vector<std::uint8_t> archive = inner.finish();
  for (std::size_t size = 0; size + 20 < archive.size(); size += 3) {
    CpioWriter outer(0);
    CHECK_THROWS_AS(outer.archive(std::span(archive).first(size), "x"), UserError);
  }
  CpioWriter outer(0);
  CHECK_THROWS_WITH(outer.archive(bytes("\x1f\x8b compressed"), "x.gz"),
                    Contains("x.gz: not an uncompressed cpio"));
}

TEST_CASE("a path is found through links in its middle and at its end, and loops end") {
  CpioWriter cpio(0);
  cpio.directory("usr");
  cpio.directory("usr/lib");
  cpio.file("usr/lib/ld.so.1", bytes("x"), 0755);
  cpio.symlink("lib", "usr/lib");
  cpio.symlink("usr/lib/ld.so", "ld.so.1");
  cpio.symlink("abs", "/usr/lib/ld.so");
  cpio.symlink("loop", "loop");
  CHECK(cpio.contains("/usr/lib/ld.so.1"));
  CHECK(cpio.contains("/lib/ld.so.1"));
  CHECK(cpio.contains("/lib/ld.so"));
  CHECK(cpio.contains("/abs"));
  CHECK(cpio.contains("lib"));
  CHECK_FALSE(cpio.contains("/lib/other"));
  CHECK_FALSE(cpio.contains("/loop"));
}

TEST_CASE("a root that is no directory is refused") {
  CpioWriter cpio(0);
  CHECK_THROWS_WITH(cpio.tree("/etc/passwd"), Contains("/etc/passwd is not a directory"));
  CHECK_THROWS_WITH(cpio.tree("/nonexistent"), Contains("is not a directory"));
}
