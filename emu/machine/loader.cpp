#include "emu/machine/loader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "emu/machine/boot_code.hpp"
#include "emu/machine/device_tree.hpp"
#include "emu/machine/gzip.hpp"
#include "emu/machine/initrd.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat {
namespace {

constexpr std::uint64_t ram_base = PlatformConfig::ram_base.value;
constexpr std::uint64_t payload_base = ram_base + 0x20'0000;  // where firmware enters S-mode
constexpr std::uint64_t low_limit = std::uint64_t{4}
                                    << 30;  // archive and tree stay below: 32-bit pointers reach them

class Loader {
 public:
  Loader(const MachineConfig& config, const RunRequest& request, const BundledImages& bundle)
      : config_(config), request_(request), bundle_(bundle) {}

  Image load() {
    if (!request_.program.empty()) image_.files.push_back(ElfFile::read(request_.program));
    const bool user = has_program() && program().kind() == ElfKind::user;
    image_.user_program = user;
    reject_contradictions(user);
    BootTarget& target = image_.target;
    if (user) {
      target = load_system(true);
      add_archive(user_archive());
    } else {
      target = has_program() ? load_machine_program() : load_system(false);
      if (!request_.initrd.empty()) add_archive(read_file(request_.initrd));
    }
    target.device_tree = add_device_tree();
    image_.boot_rom = boot_code(target);
    check_overlaps();
    return std::move(image_);
  }

 private:
  std::string bootargs() const {
    return image_.user_program ? request_.append + request_.user_append : request_.append;
  }
  bool has_program() const { return !request_.program.empty(); }
  const ElfFile& program() const { return image_.files.front(); }

  void reject_contradictions(bool user) const {
    const auto needs_user = [&](bool given, const char* option) {
      if (given && !user) {
        throw UserError(fmt::format("{} is for Linux programs on the guest OS{}", option,
                                    has_program()
                                        ? fmt::format("; {} runs on the machine itself", request_.program)
                                        : std::string("; no program was given")));
      }
    };
    needs_user(!request_.root.empty(), "--root");
    needs_user(!request_.environment.empty(), "--env");
    needs_user(!request_.arguments.empty(), fmt::format("an argument (\"{}\")", first_argument()).c_str());
    if (has_program() && !user && !request_.kernel.empty()) {
      throw UserError(
          fmt::format("{} runs on the machine itself and --kernel names another kernel: give one of them",
                      request_.program));
    }
    if (user && request_.firmware == "none") {
      throw UserError(fmt::format(
          "{} needs the guest OS, and that needs firmware: leave --firmware none away", request_.program));
    }
    if (!has_program() && request_.kernel.empty() &&
        (request_.firmware.empty() || request_.firmware == "none")) {
      throw UserError("there is nothing to run: give a program, --kernel or --firmware");
    }
  }

  std::string first_argument() const { return request_.arguments.empty() ? "" : request_.arguments.front(); }

  // A bare-metal program starts in M-mode at its entry. One that is linked to where kernels go is entered in
  // S-mode by firmware, unless the user says --firmware none.
  BootTarget load_machine_program() {
    const ElfFile& elf = program();
    std::uint64_t lowest = ~std::uint64_t{0};
    for (const ElfSegment& segment : elf.segments()) lowest = std::min(lowest, segment.physical_address);
    const bool under_firmware =
        request_.firmware != "none" && (!request_.firmware.empty() || lowest >= payload_base);
    place_elf(elf);
    watch_htif(elf);
    if (!under_firmware) return {elf.physical_entry(), 0, 0};
    const std::uint64_t entry = elf.physical_entry();
    return {load_firmware(entry), entry, 0};
  }

  // Firmware and kernel, of the bundle where the user names none.
  BootTarget load_system(bool for_program) {
    const bool wanted = for_program || !request_.kernel.empty();
    const std::uint64_t kernel_entry = wanted ? load_kernel() : 0;
    if (request_.firmware == "none") return {kernel_entry, 0, 0};
    return {load_firmware(wanted ? kernel_entry : payload_base), kernel_entry, 0};
  }

  // Returns the firmware's entry. Ours and fw_jump enter a fixed address; only fw_dynamic asks the boot ROM.
  std::uint64_t load_firmware(std::uint64_t next) {
    if (request_.firmware.empty()) {
      require_bundled(bundle_.firmware, "firmware", "--firmware");
      if (next != payload_base) {
        throw UserError(
            fmt::format("the bundled firmware enters the kernel at {:#x}, but the kernel's entry is {:#x}; "
                        "give --firmware fw_dynamic.elf of OpenSBI, or --firmware none",
                        payload_base, next));
      }
      const std::uint64_t entry = add_elf(bundled_elf("bundled firmware", bundle_.firmware));
      reserve_firmware(image_.files.back());
      return entry;
    }
    std::vector<std::uint8_t> bytes = read_file(request_.firmware);
    if (looks_like_elf(bytes)) return place_firmware(ElfFile::parse(request_.firmware, std::move(bytes)));
    add_blob(ram_base, std::move(bytes), "firmware");
    return ram_base;
  }

  // OpenSBI's own ELF is position independent and linked to 0: it goes to the base of RAM and relocates
  // itself.
  std::uint64_t place_firmware(ElfFile elf) {
    const bool linked_low = elf.position_independent() && elf.segments().front().physical_address == 0;
    if (!linked_low) return add_elf(std::move(elf));
    image_.files.push_back(std::move(elf));
    const ElfFile& file = image_.files.back();
    for (const ElfSegment& segment : file.segments()) {
      const std::uint64_t address = ram_base + segment.physical_address;
      if (segment.physical_address > payload_base - ram_base ||
          segment.memory_size > payload_base - address) {
        throw UserError(fmt::format("{} reaches to {:#x}, but firmware must end below the kernel at {:#x}",
                                    file.name(), address + segment.memory_size, payload_base));
      }
      image_.placements.push_back({PhysAddr{address}, file.contents(segment)});
      taken_.push_back({address, segment.memory_size, file.name()});
    }
    return ram_base + file.entry();
  }

  // OpenSBI adds itself to the device tree; ours relies on being there.
  void reserve_firmware(const ElfFile& firmware) {
    firmware_start_ = ~std::uint64_t{0};
    for (const ElfSegment& segment : firmware.segments()) {
      firmware_start_ = std::min(firmware_start_, segment.physical_address & ~page_offset_mask);
      const std::uint64_t end = segment.physical_address + segment.memory_size;
      firmware_end_ = std::max(firmware_end_, (end + page_offset_mask) & ~page_offset_mask);
    }
  }

  std::uint64_t load_kernel() {
    if (request_.kernel.empty()) {
      require_bundled(bundle_.kernel, "kernel", "--kernel");
      return add_elf(bundled_elf("bundled kernel", bundle_.kernel));
    }
    std::vector<std::uint8_t> bytes = read_file(request_.kernel);
    if (looks_gzipped(bytes)) bytes = gunzip(request_.kernel, bytes, config_.platform.memory);
    if (looks_like_elf(bytes)) return add_elf(ElfFile::parse(request_.kernel, std::move(bytes)));
    const std::uint64_t offset = image_text_offset(bytes);
    add_blob(ram_base + offset, std::move(bytes), "kernel image");
    return ram_base + offset;
  }

  // Linux, Documentation/arch/riscv/boot-image-header.rst: text_offset at 8 where "RSC\x05" stands at 56.
  // Other raw binaries go to where firmware enters, and without firmware to where it would be (U-Boot for M-mode).
  std::uint64_t image_text_offset(std::span<const std::uint8_t> bytes) const {
    std::uint64_t offset = request_.firmware == "none" ? 0 : payload_base - ram_base;
    if (bytes.size() >= 64 && std::memcmp(&bytes[56], "RSC\x05", 4) == 0) std::memcpy(&offset, &bytes[8], 8);
    return offset;
  }

  static ElfFile bundled_elf(const char* name, std::span<const std::uint8_t> bytes) {
    return ElfFile::parse(name, {bytes.begin(), bytes.end()});
  }

  static void require_bundled(std::span<const std::uint8_t> bytes, const char* what, const char* option) {
    if (!bytes.empty()) return;
    throw UserError(
        fmt::format("this hartbeat was built without the guest OS (HARTBEAT_GUESTS=OFF), so it has no {} of "
                    "its own: give {} FILE, or build with the guests",
                    what, option));
  }

  // The file system that the guest OS starts with: the user's, then the program, its arguments and
  // environment.
  std::vector<std::uint8_t> user_archive() {
    CpioWriter cpio(static_cast<std::uint32_t>(config_.platform.rtc_epoch));
    if (!request_.initrd.empty()) cpio.archive(read_file(request_.initrd), request_.initrd);
    if (!request_.root.empty()) cpio.tree(request_.root);
    for (const char* name : {"bin", ".hartbeat"}) {
      if (!cpio.contains(name)) cpio.directory(name);
    }
    if (!cpio.contains("tmp")) cpio.directory("tmp", 01777);
    const std::string path = "/bin/" + request_.program.substr(request_.program.rfind('/') + 1);
    cpio.file(path.substr(1), program().bytes(), 0755);
    std::string arguments = path + '\0', environment;
    for (const std::string& argument : request_.arguments) arguments += argument + '\0';
    for (const std::string& variable : request_.environment) environment += variable + '\0';
    cpio.file(".hartbeat/argv", as_bytes(arguments), 0644);
    cpio.file(".hartbeat/env", as_bytes(environment), 0644);
    require_interpreter(cpio);
    return cpio.finish();
  }

  void require_interpreter(const CpioWriter& cpio) const {
    const std::string& interpreter = program().interpreter();
    if (interpreter.empty() || cpio.contains(interpreter)) return;
    throw UserError(
        fmt::format("{} is dynamically linked and needs {}, which the guest's file system does not have; "
                    "link with -static, or give --root DIR of a riscv64 system",
                    request_.program, interpreter));
  }

  static std::span<const std::uint8_t> as_bytes(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  }

  // The archive's place depends on its size only; the tree is put below it.
  void add_archive(std::vector<std::uint8_t> archive) {
    archive_size_ = archive.size();
    archive_start_ = reserve_high(archive.size(), "the initial archive");
    add_blob(archive_start_, std::move(archive), "initial archive");
  }

  std::uint64_t add_device_tree() {
    if (request_.device_tree.empty()) {
      image_.device_tree = device_tree(config_, {bootargs(), archive_start_, archive_start_ + archive_size_,
                                                 firmware_start_, firmware_end_});
    } else {
      image_.device_tree = read_file(request_.device_tree);
      constexpr std::uint8_t magic[] = {0xd0, 0x0d, 0xfe, 0xed};
      if (image_.device_tree.size() < 40 || std::memcmp(image_.device_tree.data(), magic, 4) != 0) {
        throw UserError(request_.device_tree +
                        ": not a device tree blob (it does not begin with d0 0d fe ed); compile "
                        "a source file with dtc");
      }
    }
    // As QEMU does, on a 2 MiB boundary: boot loaders (U-Boot) copy some KiB more than the tree's size.
    constexpr std::uint64_t slack = 2u << 20;
    const std::uint64_t at =
        reserve_high(image_.device_tree.size() + slack, "the device tree") & ~(slack - 1);
    add_blob(at, image_.device_tree, "device tree");
    return at;
  }

  // The next free page-aligned place below what is at the top already.
  std::uint64_t reserve_high(std::uint64_t size, const char* what) {
    if (top_ == 0) top_ = std::min(ram_base + config_.platform.memory, low_limit);
    if (size > top_ - ram_base) {
      throw UserError(
          fmt::format("{} ({} bytes) does not fit into RAM; give the machine more --memory", what, size));
    }
    top_ = (top_ - size) & ~page_offset_mask;
    return top_;
  }

  std::uint64_t add_elf(ElfFile elf) {
    image_.files.push_back(std::move(elf));
    return place_elf(image_.files.back());
  }

  // Returns the entry's physical address.
  std::uint64_t place_elf(const ElfFile& elf) {
    if (elf.kind() == ElfKind::user) {
      throw UserError(elf.name() +
                      ": a Linux program; firmware and kernels are linked to addresses in RAM "
                      "(0x80000000 and above)");
    }
    elf.require_inside(ram_base, config_.platform.memory);
    for (const ElfSegment& segment : elf.segments()) {
      image_.placements.push_back({PhysAddr{segment.physical_address}, elf.contents(segment)});
      taken_.push_back({segment.physical_address, segment.memory_size, elf.name()});
    }
    return elf.physical_entry();
  }

  void add_blob(std::uint64_t address, std::vector<std::uint8_t> bytes, const char* what) {
    image_.blobs.push_back(std::move(bytes));
    const std::vector<std::uint8_t>& blob = image_.blobs.back();
    image_.placements.push_back({PhysAddr{address}, blob});
    taken_.push_back({address, blob.size(), what});
    const std::uint64_t offset = address - ram_base;
    if (offset > config_.platform.memory || blob.size() > config_.platform.memory - offset) {
      throw UserError(
          fmt::format("the {} ({} bytes at {:#x}) does not fit into RAM; give the machine more --memory",
                      what, blob.size(), address));
    }
  }

  void watch_htif(const ElfFile& elf) {
    const auto inside = [&](std::optional<std::uint64_t> address) {
      return address && *address >= ram_base && *address - ram_base <= config_.platform.memory - 8;
    };
    const auto tohost = elf.symbol("tohost"), fromhost = elf.symbol("fromhost");
    if (inside(tohost)) image_.tohost = PhysAddr{*tohost};
    if (inside(fromhost)) image_.fromhost = PhysAddr{*fromhost};
  }

  struct Taken {
    std::uint64_t address, size;
    std::string what;
  };

  void check_overlaps() {
    std::stable_sort(taken_.begin(), taken_.end(),
                     [](const Taken& a, const Taken& b) { return a.address < b.address; });
    for (std::size_t i = 1; i < taken_.size(); ++i) {
      const Taken &low = taken_[i - 1], &high = taken_[i];
      if (high.address - low.address >= low.size || high.size == 0) continue;
      throw UserError(fmt::format(
          "{} [{:#x}, {:#x}) and {} [{:#x}, {:#x}) overlap in RAM; give the machine more --memory "
          "or link one of them elsewhere",
          low.what, low.address, low.address + low.size, high.what, high.address, high.address + high.size));
    }
  }

  const MachineConfig& config_;
  const RunRequest& request_;
  const BundledImages& bundle_;
  Image image_;
  std::vector<Taken> taken_;
  std::uint64_t top_ = 0;  // lowest address taken at the top of RAM
  std::uint64_t firmware_start_ = 0, firmware_end_ = 0;
  std::uint64_t archive_start_ = 0, archive_size_ = 0;
};

}  // namespace

Image load(const MachineConfig& config, const RunRequest& request, const BundledImages& bundle) {
  return Loader(config, request, bundle).load();
}

void place(const Image& image, Platform& platform) {
  platform.boot_rom().load(image.boot_rom);
  for (const Placement& placement : image.placements) {
    if (placement.bytes.empty()) continue;
    std::memcpy(platform.ram().host(placement.address), placement.bytes.data(), placement.bytes.size());
  }
  if (image.tohost) platform.enable_htif(*image.tohost, image.fromhost.value_or(PhysAddr{0}));
}

}  // namespace hartbeat
