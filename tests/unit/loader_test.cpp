#include "emu/machine/loader.hpp"

#include <libfdt.h>

#include <zlib.h>
#include <catch2/catch.hpp>
#include <cstring>

#include "emu/machine/user_error.hpp"
#include "tests/unit/elf_builder.hpp"
#include "tests/unit/host_pipe.hpp"
#include "tests/unit/recording_board.hpp"

using namespace hartbeat;
using Catch::Matchers::Contains;
using hartbeat::test::ElfBuilder;
using hartbeat::test::HostFile;

namespace {

std::vector<std::uint8_t> elf_at(std::uint64_t address) {
  ElfBuilder builder;
  builder.move_to(address);
  builder.symbols({"_start", "tohost"});
  return builder.build();
}

std::string as_string(const std::vector<std::uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }

struct Setup {
  MachineConfig config = load_machine("virt", std::vector<std::string>{"memory=64M"});
  std::vector<std::uint8_t> firmware = elf_at(0x8000'0000), kernel = elf_at(0x8020'0000);
  BundledImages bundle{firmware, kernel};

  Image load(const RunRequest& request) const { return hartbeat::load(config, request, bundle); }
  void refused(const RunRequest& request, const std::string& why) const {
    REQUIRE_THROWS_AS(load(request), UserError);
    CHECK_THROWS_WITH(load(request), Contains(why));
  }
};

std::uint64_t word(const std::vector<std::uint8_t>& bytes, std::size_t offset) {
  std::uint64_t value = 0;
  REQUIRE(offset + 8 <= bytes.size());
  std::memcpy(&value, &bytes[offset], 8);
  return value;
}

// The boot ROM's data: entry, device tree, then fw_dynamic_info.
std::uint64_t boot_entry(const Image& image) { return word(image.boot_rom, 24); }
std::uint64_t boot_tree(const Image& image) { return word(image.boot_rom, 32); }
std::uint64_t boot_next(const Image& image) { return word(image.boot_rom, 56); }

}  // namespace

TEST_CASE_METHOD(Setup, "a bare-metal program starts at its entry, in M-mode, with a device tree") {
  HostFile program(as_string(elf_at(0x8000'0000)));
  const Image image = load({.program = program.path()});
  CHECK_FALSE(image.user_program);
  CHECK(boot_entry(image) == 0x8000'0000);
  CHECK(boot_next(image) == 0);
  CHECK(image.tohost == PhysAddr{0x8000'0010});
  CHECK(image.files.size() == 1);
  const std::uint64_t tree = boot_tree(image);
  CHECK(tree % 4096 == 0);
  CHECK(tree > 0x8300'0000);
  CHECK(tree + image.device_tree.size() <= 0x8400'0000);
}

TEST_CASE_METHOD(Setup, "a program linked to where kernels go is entered by firmware, unless there is none") {
  HostFile program(as_string(elf_at(0x8020'0000)));
  const Image image = load({.program = program.path()});
  CHECK(boot_entry(image) == 0x8000'0000);
  CHECK(boot_next(image) == 0x8020'0000);
  CHECK(boot_entry(load({.program = program.path(), .firmware = "none"})) == 0x8020'0000);
}

TEST_CASE_METHOD(Setup,
                 "a Linux program boots the guest OS with an archive that holds it and its arguments") {
  HostFile program(as_string(elf_at(0x1'0000)));
  const Image image =
      load({.program = program.path(), .arguments = {"one", "--two"}, .environment = {"A=b"}});
  CHECK(image.user_program);
  CHECK(boot_entry(image) == 0x8000'0000);
  CHECK(boot_next(image) == 0x8020'0000);
  CHECK(image.files.size() == 3);
  std::string archive;
  for (const Placement& placement : image.placements) {
    const std::string text(placement.bytes.begin(), placement.bytes.end());
    if (text.starts_with("070701")) archive = text;
  }
  const std::string name = "/bin/" + program.path().substr(program.path().rfind('/') + 1);
  CHECK_THAT(archive, Contains(name.substr(1) + '\0'));
  CHECK_THAT(archive, Contains(name + '\0' + "one" + '\0' + "--two" + '\0'));
  CHECK_THAT(archive, Contains(std::string(".hartbeat/env\0", 14)));
  CHECK_THAT(archive, Contains(std::string("A=b\0", 4)));
  const int chosen = fdt_path_offset(image.device_tree.data(), "/chosen");
  CHECK(fdt_getprop(image.device_tree.data(), chosen, "linux,initrd-start", nullptr) != nullptr);
  CHECK(fdt_path_offset(image.device_tree.data(), "/reserved-memory/firmware@80000000") >= 0);
}

TEST_CASE_METHOD(Setup,
                 "a raw kernel goes to 0x80200000, or to RAM's beginning without firmware, a Linux Image to "
                 "where its header says") {
  std::string raw(256, 'k');
  HostFile plain(raw);
  const auto kernel_at = [&](const HostFile& file) {
    return boot_next(load({.firmware = "", .kernel = file.path()}));
  };
  CHECK(kernel_at(plain) == 0x8020'0000);
  CHECK(boot_entry(load({.firmware = "none", .kernel = plain.path()})) == 0x8000'0000);
  const std::uint64_t offset = 0x20'0000;
  std::memcpy(raw.data() + 8, &offset, 8);
  std::memcpy(raw.data() + 56, "RSC\x05", 4);
  HostFile linux_image(raw);
  CHECK(kernel_at(linux_image) == 0x8020'0000);
  CHECK(boot_entry(load({.firmware = "none", .kernel = linux_image.path()})) == 0x8020'0000);
}

TEST_CASE_METHOD(Setup, "a gzip'd kernel image is unpacked, and a damaged one refused") {
  const std::string raw = std::string(3 << 20, 'k') + "the end";
  std::string packed(compressBound(raw.size()) + 64, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(raw.data()));
  stream.avail_in = static_cast<uInt>(raw.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  const HostFile whole(packed), cut(packed.substr(0, packed.size() / 2)), damaged([&] {
    std::string bytes = packed;
    bytes[bytes.size() - 6] ^= 1;  // of the checksum
    return bytes;
  }());
  const Image image = load({.firmware = "", .kernel = whole.path()});
  const auto kernel = std::find_if(image.placements.begin(), image.placements.end(),
                                   [](const Placement& p) { return p.address.value == 0x8020'0000; });
  REQUIRE(kernel != image.placements.end());
  CHECK(std::string(kernel->bytes.begin(), kernel->bytes.end()) == raw);
  refused({.kernel = cut.path()}, "cut short");
  refused({.kernel = damaged.path()}, "damaged");
  config.platform.memory = 2 << 20;
  refused({.kernel = whole.path()}, "give the machine more --memory");
}

TEST_CASE_METHOD(Setup, "what cannot be run together is refused") {
  HostFile bare(as_string(elf_at(0x8000'0000))), user(as_string(elf_at(0x1'0000))), text("hello");
  refused({}, "nothing to run");
  refused({.program = text.path()}, "not an ELF file");
  refused({.program = bare.path(), .arguments = {"x"}}, "an argument (\"x\") is for Linux programs");
  refused({.program = bare.path(), .root = "/tmp"}, "--root is for Linux programs");
  refused({.program = bare.path(), .environment = {"A=b"}}, "--env is for Linux programs");
  refused({.program = bare.path(), .kernel = bare.path()}, "give one of them");
  refused({.program = user.path(), .firmware = "none"}, "needs the guest OS");
  refused({.program = user.path(), .firmware = user.path()}, "a Linux program; firmware and kernels");
  refused({.program = user.path(), .initrd = text.path()}, "not an uncompressed cpio archive");
  refused({.program = user.path(), .kernel = bare.path()},
          "the bundled firmware enters the kernel at 0x80200000");
  refused({.program = bare.path(), .device_tree = text.path()}, "not a device tree blob");
  refused({.kernel = "/nonexistent"}, "cannot read /nonexistent");
}

TEST_CASE_METHOD(Setup, "images that overlap or do not fit are refused") {
  HostFile bare(as_string(elf_at(0x8000'0000)));
  HostFile far_away(as_string(elf_at(0x9000'0000)));
  HostFile large(std::string(65 << 20, 'x'));
  refused({.program = bare.path(), .firmware = bare.path()}, "overlap in RAM");
  refused({.program = far_away.path(), .firmware = "none"}, "is outside RAM");
  refused({.firmware = "", .kernel = large.path()}, "does not fit into RAM");
  refused({.program = bare.path(), .initrd = large.path()}, "does not fit into RAM");
}

TEST_CASE("a program without the guest OS inside says what to do") {
  const MachineConfig config = load_machine("virt");
  HostFile user(as_string(elf_at(0x1'0000)));
  CHECK_THROWS_WITH(load(config, {.program = user.path()}, {}), Contains("built without the guest OS"));
}

TEST_CASE_METHOD(Setup, "a dynamic program needs its interpreter in the file system") {
  ElfBuilder builder;
  builder.move_to(0x1'0000);
  builder.attach(PT_INTERP, "/lib/ld.so", 11);
  HostFile program(as_string(builder.build()));
  refused({.program = program.path()}, "needs /lib/ld.so");
}

TEST_CASE_METHOD(Setup, "placing an image puts every byte into RAM and the ROM") {
  HostFile program(as_string(elf_at(0x8000'0000)));
  const Image image = load({.program = program.path()});
  test::RecordingBoard board;
  PlatformConfig platform_config = config.platform;
  platform_config.uart_output = -1;
  Platform platform(platform_config, board);
  place(image, platform);
  CHECK(std::memcmp(platform.ram().host(PhysAddr{boot_tree(image)}), image.device_tree.data(),
                    image.device_tree.size()) == 0);
  CHECK(std::memcmp(platform.fetchable(PhysAddr{0x1000}, 4), image.boot_rom.data(), 4) == 0);
  CHECK(platform.tohost() == PhysAddr{0x8000'0010});
}
