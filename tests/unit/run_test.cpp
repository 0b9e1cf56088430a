// The run command on small bare-metal programs made by hand.
#include <spdlog/spdlog.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "emu/cli/commands.hpp"
#include "emu/machine/user_error.hpp"
#include "tests/unit/elf_builder.hpp"
#include "tests/unit/host_pipe.hpp"

using namespace hartbeat;
using Catch::Matchers::Contains;
using hartbeat::test::ElfBuilder;
using hartbeat::test::HostFile;

namespace {

// A program of these instructions at the beginning of RAM.
std::string program(std::initializer_list<std::uint32_t> code) {
  ElfBuilder builder;
  std::memcpy(builder.body.data(), code.begin(), code.size() * 4);
  const std::vector<std::uint8_t> file = builder.build();
  return {file.begin(), file.end()};
}

// Stores `value` to the test finisher.
std::string finish_with(std::uint32_t upper, std::uint32_t lower) {
  return program({0x0010'02b7,                // lui t0, 0x100
                  upper << 12 | 0x337,        // lui t1, upper
                  lower << 20 | 0x0003'031b,  // addiw t1, t1, lower
                  0x0062'a023,                // sw t1, 0(t0)
                  0x0000'006f});              // j .
}

int run(const std::string& elf, cli::RunOptions options = {}) {
  const HostFile file(elf);
  options.request.program = file.path();
  options.stats.push_back({"none", ""});
  options.quiet = true;
  spdlog::set_level(spdlog::level::err);
  return cli::run(options);
}

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("the exit status is the guest's") {
  CHECK(run(finish_with(5, 0x555)) == 0);
  CHECK(run(finish_with(3 << 4 | 3, 0x333)) == 3);  // 3 << 16 | 0x3333
  CHECK(run(finish_with(0x1003, 0x333)) == 1);      // status 256 must not look like success
}

TEST_CASE("a limit ends an endless program with status 124") {
  cli::RunOptions options;
  SECTION("of instructions") { options.max_instret = 1000; }
  SECTION("of cycles") { options.max_cycles = 1000; }
  SECTION("of host time") { options.timeout = 0.05; }
  CHECK(run(program({0x0000'006f}), options) == 124);
}

TEST_CASE("harts that sleep for ever and harts that trap for ever end the run with status 125") {
  CHECK(run(program({0x1050'0073, 0xffdf'f06f})) == 125);  // wfi; j .-4
  CHECK(run(program({0x0000'0000})) == 125);               // mtvec is 0: nothing is there
}

TEST_CASE("the spike trace and the JSON report are written where they were asked for") {
  const HostFile trace(""), report("");
  const HostFile file(finish_with(5, 0x555));
  cli::RunOptions options;
  options.request.program = file.path();
  options.traces.push_back({"spike", trace.path()});
  options.stats.push_back({"json", report.path()});
  CHECK(cli::run(options) == 0);
  CHECK_THAT(content(trace.path()),
             Contains("core   0: 3 0x0000000080000000 (0x001002b7) x5  0x0000000000100000"));
  CHECK_THAT(content(report.path()), Contains("\"schema\"") && Contains("\"instret\""));
}

TEST_CASE("a report and a trace do not change the run") {
  const HostFile trace("");
  const std::string elf = program({0x0000'0297, 0x0052'8313, 0xfff3'0313, 0xfe03'1ee3, 0x0000'0000});
  cli::RunOptions quiet, traced;
  quiet.max_instret = traced.max_instret = 5000;
  traced.traces.push_back({"spike", trace.path()});
  CHECK(run(elf, quiet) == run(elf, traced));
}

TEST_CASE("the device tree can be written without running anything") {
  const HostFile blob("");
  cli::RunOptions options;
  options.dump_dtb = blob.path();
  CHECK(cli::run(options) == 0);
  CHECK(blob.content().substr(0, 4) == std::string("\xd0\x0d\xfe\xed"));
  options.dump_dtb = "/nonexistent/x.dtb";
  CHECK_THROWS_WITH(cli::run(options), Contains("cannot write /nonexistent/x.dtb"));
}

TEST_CASE("a disk that cannot be a disk is refused") {
  const HostFile file(finish_with(5, 0x555)), empty(""), odd("abc");
  const auto refused = [&](const std::string& disk, const std::string& why) {
    cli::RunOptions options;
    options.request.program = file.path();
    options.disks = {disk};
    CHECK_THROWS_WITH(cli::run(options), Contains("--disk ") && Contains(why));
    CHECK_THROWS_AS(cli::run(options), UserError);
  };
  refused("/nonexistent", "cannot open");
  refused("/tmp", "neither a file nor a block device");
  refused(empty.path(), "empty");
  refused(odd.path() + ",rw", "not a whole number of 512-byte sectors");
  cli::RunOptions many;
  many.request.program = file.path();
  many.disks.assign(9, odd.path());
  CHECK_THROWS_WITH(cli::run(many), Contains("9 disks are too many; this machine has room for 8"));
}

TEST_CASE("a machine that does not exist or cannot be is refused before anything runs") {
  cli::RunOptions options;
  options.machine = "nope";
  CHECK_THROWS_AS(run(finish_with(5, 0x555), options), UserError);
  options.machine = "virt";
  options.overrides = {"timing=nope"};
  CHECK_THROWS_WITH(run(finish_with(5, 0x555), options),
                    Contains("found \"nope\", expected one of: none, cva6"));
}
