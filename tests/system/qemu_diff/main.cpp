// Random programs on QEMU and on Hartbeat, compared trap by trap.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/system/qemu_diff/guest_run.hpp"
#include "tests/system/qemu_diff/image.hpp"
#include "tests/system/qemu_diff/report.hpp"

namespace hartbeat::qemu_diff {

namespace {

constexpr const char* usage =
    "usage: qemu_diff [options]\n"
    "  --hartbeat PATH   the program under test (default: hartbeat)\n"
    "  --qemu PATH       the reference (default: qemu-system-riscv64)\n"
    "  --runtime ELF     the runtime image\n"
    "  --first SEED      default 1\n"
    "  --count N         programs, default 300\n"
    "  --seconds N       stop after so long, default 50; 0 for no limit\n"
    "  --keep DIR        write the images of differing programs there (default: /tmp)\n"
    "  --save-only       only write the images to DIR\n"
    "  --go-on           do not stop at the first difference\n";

struct Options {
  std::string hartbeat = "hartbeat";
  std::string qemu = "qemu-system-riscv64";
  std::string runtime = QEMU_DIFF_RUNTIME;
  std::uint64_t first = 1;
  std::uint64_t count = 300;
  unsigned seconds = 50;
  std::string keep = "/tmp";
  bool save_only = false;
  bool go_on = false;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--save-only")
      options.save_only = true;
    else if (name == "--go-on")
      options.go_on = true;
    else if (i + 1 == argc)
      return false;
    else if (name == "--hartbeat")
      options.hartbeat = argv[++i];
    else if (name == "--qemu")
      options.qemu = argv[++i];
    else if (name == "--runtime")
      options.runtime = argv[++i];
    else if (name == "--first")
      options.first = std::strtoull(argv[++i], nullptr, 0);
    else if (name == "--count")
      options.count = std::strtoull(argv[++i], nullptr, 0);
    else if (name == "--seconds")
      options.seconds = static_cast<unsigned>(std::strtoul(argv[++i], nullptr, 0));
    else if (name == "--keep")
      options.keep = argv[++i];
    else
      return false;
  }
  return true;
}

// Two harts, of which the runtime parks one: with one, QEMU carries out an AMO as a load and a store, and
// reports the load's fault. No Svpbmt: QEMU 7.2 has it without menvcfg.PBMTE.
std::vector<std::string> qemu_command(const Options& options, const std::string& image, bool svnapot) {
  std::vector<std::string> command = {options.qemu, "-M", "virt", "-smp", "2", "-m", "64M", "-bios", "none"};
  command.insert(
      command.end(),
      {"-cpu",
       std::string(
           "rv64,h=false,sstc=false,svpbmt=false,zba=true,zbb=true,zbc=true,zbs=true,Zfh=true,zbkb=true,"
           "zbkx=true,zknd=true,zkne=true,zknh=true,svnapot=") +
           (svnapot ? "true" : "false")});
  command.insert(command.end(),
                 {"-kernel", image, "-display", "none", "-monitor", "none", "-serial", "stdio"});
  return command;
}

std::string report_of(const std::string& image) { return image + ".json"; }

// Hartbeat has more than one way to run a program, and all of them must agree with QEMU: the engine for one
// hart, the one for several (the second hart is parked), the observed one; TLBs that hold everything, and
// TLBs that hold next to nothing.
std::vector<std::string> hartbeat_command(const Options& options, const std::string& image, bool svnapot,
                                          std::uint64_t seed) {
  const std::string isa =
      "hart.isa=\"rv64imafdc_zicntr_zicsr_zifencei_zihpm_zfh_zba_zbb_zbc_zbkb_zbkx_zbs_zknd_zkne_zknh_svadu";
  std::vector<std::string> command = {options.hartbeat, "run", "--quiet", "--memory", "64M"};
  command.insert(command.end(), {"--set", isa + (svnapot ? "_svnapot\"" : "\"")});
  if (seed % 4 == 1) command.insert(command.end(), {"--harts", "2"});
  if (seed % 8 == 2) command.insert(command.end(), {"--trace", "spike:/dev/null"});
  if (seed % 4 == 3) {
    const std::string ways = std::to_string(1 << seed / 4 % 3);
    const char* replacements[] = {"fifo", "lru", "tree_plru", "random"};
    const std::string replacement = replacements[seed / 16 % 4];
    for (const std::string tlb : {"mmu.itlb.", "mmu.dtlb."}) {
      command.insert(command.end(), {"--set", tlb + "entries=4", "--set", tlb + "ways=" + ways});
      command.insert(command.end(), {"--set", tlb + "replacement=\"" + replacement + "\""});
    }
  }
  command.insert(command.end(), {"--stats", "json:" + report_of(image), image});
  return command;
}

struct Tally {
  std::uint64_t programs = 0, different = 0;
  std::uint64_t instructions = 0;  // retired by Hartbeat's first hart; the second is parked
};

// None for a run that had to be ended.
std::uint64_t instructions_of(const std::string& report) {
  std::ifstream file(report);
  const nlohmann::json json = nlohmann::json::parse(file, nullptr, false);
  return json.is_discarded() ? 0 : json.at("harts").at(0).at("instret").get<std::uint64_t>();
}

// Runs one seed; true when both agree.
bool compare_seed(const Options& options, const std::vector<std::uint8_t>& runtime, std::uint64_t seed,
                  Tally& tally) {
  const Program program = generate(seed);
  const std::string image = options.keep + "/qemu_diff_" + std::to_string(seed) + ".elf";
  write_bytes(image, make_image(runtime, program));
  if (options.save_only) {
    std::printf("%s\n", image.c_str());
    return true;
  }
  const GuestRun qemu = run_guest(qemu_command(options, image, program.svnapot), 20);
  const GuestRun hartbeat = run_guest(hartbeat_command(options, image, program.svnapot, seed), 20);
  tally.instructions += instructions_of(report_of(image));
  std::remove(report_of(image).c_str());
  const auto text = difference(parse_report(qemu.output), parse_report(hartbeat.output), program);
  if (!text) {
    std::remove(image.c_str());
    return true;
  }
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), text->c_str());
  std::printf("  qemu status %d%s, hartbeat status %d%s; image kept: %s\n", qemu.status,
              qemu.timed_out ? " (timed out)" : "", hartbeat.status, hartbeat.timed_out ? " (timed out)" : "",
              image.c_str());
  std::fflush(stdout);
  return false;
}

int run(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const std::vector<std::uint8_t> runtime = read_bytes(options.runtime);
  const Clock::time_point begin = Clock::now();
  Tally tally;
  for (; tally.programs < options.count; ++tally.programs) {
    const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin).count();
    if (options.seconds != 0 && elapsed >= options.seconds) break;
    if (!compare_seed(options, runtime, options.first + tally.programs, tally)) ++tally.different;
    if (tally.different != 0 && !options.go_on) break;
  }
  std::printf("%llu programs of %llu instructions together, %llu different\n",
              static_cast<unsigned long long>(tally.programs),
              static_cast<unsigned long long>(tally.instructions),
              static_cast<unsigned long long>(tally.different));
  return tally.different == 0 && tally.programs != 0 ? 0 : 1;
}

}  // namespace

}  // namespace hartbeat::qemu_diff

int main(int argc, char** argv) {
  using namespace hartbeat::qemu_diff;
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(usage, stderr);
    return 2;
  }
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "qemu_diff: %s\n", error.what());
    return 2;
  }
}
