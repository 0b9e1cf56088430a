#include <fcntl.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>

#include "emu/machine/user_error.hpp"
#include "emu/observe/spike_log.hpp"
#include "emu/observe/spike_log_reader.hpp"
#include "tests/system/observe/story.hpp"

using namespace hartbeat;
using namespace hartbeat::observe;
using namespace hartbeat::test;

namespace {

// A log in a file of its own, read back as text.
class LogFile {
 public:
  LogFile() {
    const int descriptor = ::mkstemp(path_);
    REQUIRE(descriptor >= 0);
    ::close(descriptor);
  }
  ~LogFile() { ::unlink(path_); }
  const char* path() const { return path_; }
  std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  char path_[32] = "/tmp/hartbeat-log-XXXXXX";
};

struct Retired {
  RetireEvent event;
  isa::Operands operands;
  std::vector<MemoryEffect> memory;
  std::vector<CsrEffect> csrs;

  Retired(std::uint32_t hart, mmu::Privilege privilege, std::uint64_t pc, std::uint32_t bits,
          std::uint8_t length) {
    event.site = site(hart, 0);
    event.site.privilege = privilege;
    event.site.pc = {pc};
    event.bits = bits;
    event.length = length;
  }
  const RetireEvent& get() {
    event.operands = &operands;
    event.memory = memory;
    event.csrs = csrs;
    return event;
  }
};

std::string line_of(Retired retired) {
  LogFile file;
  { SpikeLog(std::make_unique<TraceOutput>(file.path(), TraceOutput::ReportError{})).on(retired.get()); }
  return file.text();
}

using mmu::Privilege;

}  // namespace

TEST_CASE("An integer result is printed as Spike prints it") {
  Retired r(0, Privilege::machine, 0x80000000, 0x00000297, 4);
  r.operands.rd = 5;
  r.event.writes_x = true;
  r.event.rd_value = 0x80000000;
  CHECK(line_of(r) == "core   0: 3 0x0000000080000000 (0x00000297) x5  0x0000000080000000\n");
}

TEST_CASE("A compressed store is printed with four digits, the address and the data as wide as the store") {
  Retired r(12, Privilege::user, 0x10180, 0xe406, 2);
  r.memory = {{.address = {0x3ffffffe48}, .physical = {}, .value = 0x10174, .size = 8, .store = true}};
  CHECK(line_of(r) == "core  12: 0 0x0000000000010180 (0xe406) mem 0x0000003ffffffe48 0x0000000000010174\n");
  r.memory[0].size = 1;
  CHECK(line_of(r) == "core  12: 0 0x0000000000010180 (0xe406) mem 0x0000003ffffffe48 0x74\n");
}

TEST_CASE("A load prints its register and its address only") {
  Retired r(0, Privilege::supervisor, 0xffffffc000000000, 0x0007b503, 4);
  r.operands.rd = 10;
  r.event.writes_x = true;
  r.event.rd_value = 7;
  r.memory = {{.address = {0x1000}, .physical = {}, .value = 7, .size = 8, .store = false}};
  CHECK(line_of(r) ==
        "core   0: 1 0xffffffc000000000 (0x0007b503) x10 0x0000000000000007 mem 0x0000000000001000\n");
}

TEST_CASE("An AMO prints its load before its store") {
  Retired r(0, Privilege::machine, 0x80000000, 0x00b527af, 4);
  r.operands.rd = 15;
  r.event.writes_x = true;
  r.event.rd_value = 1;
  r.memory = {{.address = {0x2000}, .physical = {}, .value = 3, .size = 4, .store = true},
              {.address = {0x2000}, .physical = {}, .value = 1, .size = 4, .store = false}};
  CHECK(line_of(r) ==
        "core   0: 3 0x0000000080000000 (0x00b527af) x15 0x0000000000000001 mem 0x0000000000002000"
        " mem 0x0000000000002000 0x00000003\n");
}

TEST_CASE(
    "Effects are ordered by number times 16 plus kind, so fflags comes before f10 and mstatus behind it") {
  Retired r(0, Privilege::machine, 0x80000000, 0x02b57553, 4);
  r.operands.rd = 10;
  r.event.writes_f = true;
  r.event.rd_value = 0xffffffff3f800000;
  r.csrs = {{0x300, 0x8000000a00006000}, {0x001, 1}};
  CHECK(line_of(r) ==
        "core   0: 3 0x0000000080000000 (0x02b57553) c1_fflags 0x0000000000000001"
        " f10 0xffffffff3f800000 c768_mstatus 0x8000000a00006000\n");
  r.operands.rd = 0;
  CHECK(line_of(r).find("(0x02b57553) f0  0xffffffff3f800000 c1_fflags") != std::string::npos);
}

TEST_CASE("x0 is never printed") {
  Retired r(0, Privilege::machine, 0x80000000, 0x00000013, 4);
  r.event.writes_x = true;
  r.event.rd_value = 5;
  CHECK(line_of(r) == "core   0: 3 0x0000000080000000 (0x00000013)\n");
}

TEST_CASE("What the writer writes, the reader reads") {
  std::mt19937_64 random(7);
  LogFile file;
  std::vector<CommitRecord> expected;
  {
    SpikeLog log(std::make_unique<TraceOutput>(file.path(), TraceOutput::ReportError{}));
    for (unsigned i = 0; i < 20000; ++i) {
      const bool compressed = random() % 2 == 0;
      CommitRecord record{.hart = static_cast<unsigned>(random() % 64),
                          .privilege = std::array{0u, 1u, 3u}[random() % 3],
                          .pc = random(),
                          .bits = static_cast<std::uint32_t>(compressed ? random() & 0xffff : random()),
                          .length = compressed ? 2u : 4u,
                          .registers = {},
                          .memory = {}};
      Retired r(record.hart, static_cast<Privilege>(record.privilege), record.pc, record.bits,
                static_cast<std::uint8_t>(record.length));
      if (random() % 2 == 0) {
        r.operands.rd = static_cast<std::uint8_t>(1 + random() % 31);
        r.event.rd_value = random();
        (random() % 2 == 0 ? r.event.writes_x : r.event.writes_f) = true;
        record.registers.push_back({r.event.writes_x ? 'x' : 'f', r.operands.rd, "", r.event.rd_value});
      }
      if (random() % 4 == 0) {
        r.csrs.push_back({0x342, random()});
        record.registers.push_back({'c', 0x342, "mcause", r.csrs[0].value});
      }
      if (random() % 2 == 0) {
        const unsigned size = 1u << random() % 4;
        const std::uint64_t value = random() >> (64 - 8 * size);
        const bool store = random() % 2 == 0;
        r.memory.push_back({{random()}, {}, value, static_cast<std::uint8_t>(size), store});
        CommitRecord::Memory memory{.address = r.memory[0].address.value, .stored = {}, .size = 0};
        if (store) {
          memory.stored = value;
          memory.size = size;
        }
        record.memory.push_back(memory);
      }
      log.on(r.get());
      expected.push_back(record);
    }
    CHECK(log.finish());
  }
  std::ifstream read(file.path());
  std::string line;
  for (const CommitRecord& record : expected) {
    REQUIRE(std::getline(read, line));
    const auto parsed = parse_commit(line);
    REQUIRE(parsed);
    REQUIRE(*parsed == record);
  }
  CHECK_FALSE(std::getline(read, line));
}

TEST_CASE("Lines of a Spike log that are no commits are told apart") {
  CHECK_FALSE(parse_commit("core   0: exception trap_store_page_fault, epc 0x0000000080000000"));
  CHECK_FALSE(parse_commit("core   0: >>>>  _start"));
  CHECK_FALSE(parse_commit("core   0: 0x0000000080000000 (0x00000297) auipc   t0, 0x0"));
  CHECK_FALSE(parse_commit(""));
  CHECK_FALSE(parse_commit("core   0: 3 0x0000000080000000 (0x00000297) x5"));
  CHECK_FALSE(parse_commit("core   0: 3 0x0000000080000000 (0x000297)"));
  CHECK(parse_commit("core   0: 3 0x0000000080000000 (0x00000297) x 5 0x1") == std::nullopt);
}

TEST_CASE("A trace that cannot be written is reported once, and the run goes on") {
  const int full = ::open("/dev/full", O_WRONLY);
  REQUIRE(full >= 0);
  unsigned reports = 0;
  std::string message;
  {
    SpikeLog log(std::make_unique<TraceOutput>(full, "the-trace", [&](const std::string& text) {
      ++reports;
      message = text;
    }));
    Retired r(0, Privilege::machine, 0x80000000, 0x00000013, 4);
    for (unsigned i = 0; i < 100000; ++i) log.on(r.get());
    CHECK_FALSE(log.finish());
  }
  ::close(full);
  CHECK(reports == 1);
  CHECK(message.find("the-trace") != std::string::npos);
}

TEST_CASE("A trace file that cannot be created is the user's to hear about") {
  CHECK_THROWS_AS(TraceOutput("/nonexistent-directory/trace", {}), UserError);
}
