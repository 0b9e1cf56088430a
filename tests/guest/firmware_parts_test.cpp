// The firmware's parts that need no hart: instruction decoding, misaligned emulation, and the device tree
// reader.
#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "guestos/firmware/device_tree.hpp"
#include "guestos/firmware/memory_instruction.hpp"
#include "guestos/firmware/misaligned.hpp"
#include "guestos/firmware/platform.hpp"
#include "guestos/firmware/pmu_events.hpp"

using namespace hartbeat::firmware;

namespace {

struct Row {
  std::uint32_t bits;
  const char* text;  // as GNU objdump prints it
  bool store;
  bool floating_point;
  bool sign_extend;
  unsigned width, data, base;
  std::int64_t offset;
  unsigned length;
};

// Encodings by riscv64-linux-gnu-as 2.40.
const Row rows[] = {
    {0xffd51583, "lh a1,-3(a0)", false, false, true, 2, 11, 10, -3, 4},
    {0x7ff55f83, "lhu t6,2047(a0)", false, false, false, 2, 31, 10, 2047, 4},
    {0x80012083, "lw ra,-2048(sp)", false, false, true, 4, 1, 2, -2048, 4},
    {0x0015e503, "lwu a0,1(a1)", false, false, false, 4, 10, 11, 1, 4},
    {0x0070b283, "ld t0,7(ra)", false, false, true, 8, 5, 1, 7, 4},
    {0xfea59fa3, "sh a0,-1(a1)", true, false, false, 2, 10, 11, -1, 4},
    {0x7e532fa3, "sw t0,2047(t1)", true, false, false, 4, 5, 6, 2047, 4},
    {0x80a13023, "sd a0,-2048(sp)", true, false, false, 8, 10, 2, -2048, 4},
    {0x00352f87, "flw ft11,3(a0)", false, true, false, 4, 31, 10, 3, 4},
    {0xffd53007, "fld ft0,-3(a0)", false, true, false, 8, 0, 10, -3, 4},
    {0x00b52127, "fsw fa1,2(a0)", true, true, false, 4, 11, 10, 2, 4},
    {0x00b530a7, "fsd fa1,1(a0)", true, true, false, 8, 11, 10, 1, 4},
    {0x4170, "c.lw a2,68(a0)", false, false, true, 4, 12, 10, 68, 2},
    {0x7d70, "c.ld a2,248(a0)", false, false, true, 8, 12, 10, 248, 2},
    {0xdd70, "c.sw a2,124(a0)", true, false, false, 4, 12, 10, 124, 2},
    {0xe530, "c.sd a2,72(a0)", true, false, false, 8, 12, 10, 72, 2},
    {0x2538, "c.fld fa4,72(a0)", false, true, false, 8, 14, 10, 72, 2},
    {0xbd38, "c.fsd fa4,120(a0)", true, true, false, 8, 14, 10, 120, 2},
    {0x50fe, "c.lwsp ra,252(sp)", false, false, true, 4, 1, 2, 252, 2},
    {0x70fe, "c.ldsp ra,504(sp)", false, false, true, 8, 1, 2, 504, 2},
    {0xdf86, "c.swsp ra,252(sp)", true, false, false, 4, 1, 2, 252, 2},
    {0xff86, "c.sdsp ra,504(sp)", true, false, false, 8, 1, 2, 504, 2},
    {0x2512, "c.fldsp fa0,256(sp)", false, true, false, 8, 10, 2, 256, 2},
    {0xa22a, "c.fsdsp fa0,256(sp)", true, true, false, 8, 10, 2, 256, 2},
    {0x8528, "c.lhu a0,2(a0)", false, false, false, 2, 10, 10, 2, 2},
    {0x8568, "c.lh a0,2(a0)", false, false, true, 2, 10, 10, 2, 2},
    {0x8d2c, "c.sh a1,2(a0)", true, false, false, 2, 11, 10, 2, 2},
};

// A program with 64 bytes of memory at `memory_base`, and nothing beyond.
struct FakeProgram {
  static constexpr std::uint64_t memory_base = 0x1000;
  std::array<std::uint64_t, 32> integers{};
  std::array<std::uint64_t, 32> floats{};
  std::array<std::uint8_t, 64> memory{};

  std::uint64_t x(unsigned number) const { return number == 0 ? 0 : integers[number]; }
  void set_x(unsigned number, std::uint64_t value) { integers[number] = number == 0 ? 0 : value; }
  std::uint64_t f(unsigned number) const { return floats[number]; }
  void set_f(unsigned number, std::uint64_t value) { floats[number] = value; }
  MisalignedFault load_byte(std::uint64_t address, std::uint8_t& value) const {
    if (address - memory_base >= memory.size()) return {true, 13, address};
    value = memory[address - memory_base];
    return {};
  }
  MisalignedFault store_byte(std::uint64_t address, std::uint8_t value) {
    if (address - memory_base >= memory.size()) return {true, 15, address};
    memory[address - memory_base] = value;
    return {};
  }
};

MemoryInstruction instruction(bool store, bool floating_point, bool sign, unsigned width) {
  MemoryInstruction result;
  result.store = store;
  result.floating_point = floating_point;
  result.sign_extend = sign;
  result.width = width;
  result.data_register = 9;
  result.base_register = 8;
  return result;
}

// Writes a flattened device tree, to be read.
class TreeWriter {
 public:
  void begin(const std::string& name) {
    word(structure_, 1);
    bytes(structure_, name.data(), name.size() + 1);
  }
  void end() { word(structure_, 2); }
  void nop() { word(structure_, 4); }
  void property(const std::string& name, const std::string& value) {
    word(structure_, 3);
    word(structure_, static_cast<std::uint32_t>(value.size()));
    word(structure_, static_cast<std::uint32_t>(strings_.size()));
    bytes(structure_, value.data(), value.size());
    strings_ += name + '\0';
  }
  void cells(const std::string& name, const std::vector<std::uint32_t>& values) {
    std::string text;
    for (const std::uint32_t value : values) word(text, value);
    property(name, text);
  }
  std::string finish() {
    word(structure_, 9);
    std::string blob;
    const auto strings_at = static_cast<std::uint32_t>(40 + structure_.size());
    const auto total = static_cast<std::uint32_t>(strings_at + strings_.size());
    for (const std::uint32_t value :
         {0xd00dfeedu, total, 40u, strings_at, 40u, 17u, 16u, 0u, static_cast<std::uint32_t>(strings_.size()),
          static_cast<std::uint32_t>(structure_.size())}) {
      word(blob, value);
    }
    return blob + structure_ + strings_;
  }

 private:
  static void word(std::string& to, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<char>(value >> shift));
  }
  static void bytes(std::string& to, const char* data, std::size_t size) {
    to.append(data, size);
    while (to.size() % 4 != 0) to.push_back('\0');
  }
  std::string structure_, strings_;
};

std::string text(const char* value) { return std::string(value) + '\0'; }

void write_cpu(TreeWriter& tree, std::uint32_t id, const char* status, const char* isa) {
  tree.begin("cpu@" + std::to_string(id));
  tree.property("device_type", text("cpu"));
  tree.cells("reg", {id});
  if (status != nullptr) tree.property("status", text(status));
  tree.property("riscv,isa", text(isa));
  tree.end();
}

std::string board(const char* timer, const std::vector<std::uint32_t>& timer_reg) {
  TreeWriter tree;
  tree.begin("");
  tree.cells("#address-cells", {2});
  tree.cells("#size-cells", {2});
  tree.begin("cpus");
  tree.cells("#address-cells", {1});
  tree.cells("#size-cells", {0});
  write_cpu(tree, 3, nullptr, "rv64imafdc_zicsr_svadu");
  write_cpu(tree, 1, "okay", "rv64imafdc_zicsr_svadu");
  write_cpu(tree, 0, "disabled", "rv64imac");
  write_cpu(tree, 64, nullptr, "rv64imac");
  tree.end();
  tree.nop();
  tree.begin("soc");
  tree.cells("#address-cells", {2});
  tree.cells("#size-cells", {2});
  tree.begin("serial@10000000");
  tree.cells("clock-frequency", {3686400});
  tree.cells("reg", {0, 0x10000000, 0, 0x100});
  tree.property("compatible", text("vendor,uart") + text("ns16550a"));
  tree.end();
  tree.begin("timer");
  tree.cells("reg", timer_reg);
  tree.property("compatible", text(timer));
  tree.end();
  tree.begin("test@100000");
  tree.cells("reg", {0, 0x100000, 0, 0x1000});
  tree.property("compatible", text("sifive,test1") + text("sifive,test0") + text("syscon"));
  tree.end();
  tree.end();
  tree.end();
  return tree.finish();
}

}  // namespace

TEST_CASE("every load and store that can be misaligned is decoded as the assembler encodes it") {
  for (const Row& row : rows) {
    INFO(row.text);
    const auto decoded = decode_memory_instruction(row.bits);
    REQUIRE(decoded);
    CHECK(decoded->store == row.store);
    CHECK(decoded->floating_point == row.floating_point);
    if (row.width < 8) CHECK(decoded->sign_extend == row.sign_extend);
    CHECK(decoded->width == row.width);
    CHECK(decoded->data_register == row.data);
    CHECK(decoded->base_register == row.base);
    CHECK(decoded->offset == row.offset);
    CHECK(decoded->length == row.length);
  }
}

TEST_CASE("what is no plain load or store is left to S-mode") {
  const std::uint32_t others[] = {
      0x00050583,  // lb
      0x00054583,  // lbu
      0x00b50023,  // sb
      0x00057503,  // load with funct3 = 7: reserved
      0x1005252f,  // lr.w
      0x18b5252f,  // sc.w
      0x00b5252f,  // amoadd.w
      0x00b54023,  // store with funct3 = 4: reserved
      0x8168,      // c.lbu
      0x8928,      // c.sb
      0x4002,      // c.lwsp with rd = x0: reserved
      0x0000,      // c.illegal
      0x0141,      // c.addi
      0x8082,      // c.jr
  };
  for (const std::uint32_t bits : others) {
    INFO(std::hex << bits);
    CHECK_FALSE(decode_memory_instruction(bits));
  }
}

TEST_CASE("a misaligned load extends as its instruction says") {
  FakeProgram program;
  for (unsigned i = 0; i < program.memory.size(); ++i)
    program.memory[i] = static_cast<std::uint8_t>(0x80 + i);
  program.integers[8] = FakeProgram::memory_base + 1;
  CHECK_FALSE(emulate_misaligned(program, instruction(false, false, true, 2)).happened);
  CHECK(program.integers[9] == 0xffffffffffff8281);
  emulate_misaligned(program, instruction(false, false, false, 2));
  CHECK(program.integers[9] == 0x8281);
  emulate_misaligned(program, instruction(false, false, true, 4));
  CHECK(program.integers[9] == 0xffffffff84838281);
  emulate_misaligned(program, instruction(false, false, false, 4));
  CHECK(program.integers[9] == 0x84838281);
  emulate_misaligned(program, instruction(false, false, true, 8));
  CHECK(program.integers[9] == 0x8887868584838281);
  emulate_misaligned(program, instruction(false, true, false, 4));
  CHECK(program.floats[9] == 0xffffffff84838281);
  emulate_misaligned(program, instruction(false, true, false, 8));
  CHECK(program.floats[9] == 0x8887868584838281);
}

TEST_CASE("a misaligned store writes its bytes and no others") {
  for (const bool floating_point : {false, true}) {
    FakeProgram program;
    program.integers[8] = FakeProgram::memory_base + 3;
    (floating_point ? program.floats : program.integers)[9] = 0x8877665544332211;
    CHECK_FALSE(emulate_misaligned(program, instruction(true, floating_point, false, 4)).happened);
    CHECK(program.memory[2] == 0);
    CHECK(program.memory[3] == 0x11);
    CHECK(program.memory[6] == 0x44);
    CHECK(program.memory[7] == 0);
  }
}

TEST_CASE("a fault inside the emulation names its byte and changes no register") {
  FakeProgram program;
  program.integers[8] = FakeProgram::memory_base + 61;
  program.integers[9] = 77;
  const MisalignedFault load = emulate_misaligned(program, instruction(false, false, true, 8));
  CHECK(load.happened);
  CHECK(load.cause == 13);
  CHECK(load.value == FakeProgram::memory_base + 64);
  CHECK(program.integers[9] == 77);
  const MisalignedFault store = emulate_misaligned(program, instruction(true, false, false, 4));
  CHECK(store.cause == 15);
  CHECK(store.value == FakeProgram::memory_base + 64);
}

TEST_CASE("the platform is read from the device tree: harts, CLINT, UART, finisher") {
  const std::string blob = board("sifive,clint0", {0, 0x2000000, 0, 0x10000});
  const auto tree = DeviceTree::at(blob.data());
  REQUIRE(tree);
  const Platform platform = read_platform(*tree);
  CHECK(platform.harts == 0b1010);  // neither the disabled hart nor the 65th
  CHECK(platform.msip == 0x2000000);
  CHECK(platform.mtimecmp == 0x2004000);
  CHECK(platform.mtime == 0x200bff8);
  CHECK(platform.finisher == 0x100000);
  CHECK(platform.uart.address == 0x10000000);
  CHECK(platform.uart.clock_hertz == 3686400);
  CHECK(platform.uart.register_width == 1);
  CHECK(platform.hardware_updates_accessed_dirty == true);
  CHECK_FALSE(platform.emulate_time);
}

TEST_CASE("an ACLINT timer names mtime and mtimecmp in two regions") {
  const std::string blob = board("riscv,aclint-mtimer", {0, 0x200bff8, 0, 8, 0, 0x2004000, 0, 0x7ff8});
  const Platform platform = read_platform(*DeviceTree::at(blob.data()));
  CHECK(platform.mtime == 0x200bff8);
  CHECK(platform.mtimecmp == 0x2004000);
}

TEST_CASE("the lowest hart of a mask is found at every place") {
  for (unsigned id = 0; id < 64; ++id) {
    CHECK(lowest_hart(HartMask{1} << id) == id);
    CHECK(lowest_hart(~HartMask{0} << id) == id);
  }
}

TEST_CASE("what is no device tree is refused, and a damaged one ends without reading beyond its end") {
  CHECK_FALSE(DeviceTree::at(nullptr));
  const std::string zeros(64, '\0');
  CHECK_FALSE(DeviceTree::at(zeros.data()));
  const std::string good = board("riscv,clint0", {0, 0x2000000, 0, 0x10000});
  for (std::size_t at = 40; at < good.size(); ++at) {
    // A copy on the heap, exactly as long as the blob says: sanitizers see every byte beyond.
    std::vector<char> damaged(good.begin(), good.end());
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    const auto tree = DeviceTree::at(damaged.data());
    REQUIRE(tree);
    read_platform(*tree);
    std::size_t nodes = 0;
    tree->for_each_node([&](const DeviceTree::Node&) { ++nodes; });
    REQUIRE(nodes <= good.size() / 8);  // a node takes two words at least
  }
}

TEST_CASE("performance events are mapped as the binding riscv,pmu says") {
  TreeWriter tree;
  tree.begin("");
  tree.begin("pmu");
  tree.property("compatible", std::string("riscv,pmu\0", 10));
  tree.cells("riscv,event-to-mhpmevent", {0x10019, 0x1, 0x11});
  tree.cells("riscv,event-to-mhpmcounters", {1, 2, 0xfff8, 0x10019, 0x10021, 0xff0});
  tree.cells("riscv,raw-event-to-mhpmcounters", {0, 0x100, 0xffffffff, 0xffffff00, 0x30});
  tree.end();
  tree.end();
  const std::string blob = tree.finish();
  const auto device_tree = DeviceTree::at(blob.data());
  REQUIRE(device_tree);
  std::optional<DeviceTree::Node> node;
  read_platform(*device_tree, &node);
  REQUIRE(node);
  PmuEvents events;
  CHECK(events.counters_of({pmu_cycles_event}) == 1);  // without a node: mcycle
  events.read(*node);
  CHECK(events.counters_of({pmu_cycles_event}) == 0xfff9);
  CHECK(events.counters_of({pmu_instructions_event}) == 0xfffc);
  CHECK(events.counters_of({3}) == 0);
  CHECK(events.counters_of({0x10018}) == 0);
  CHECK(events.counters_of({0x10020}) == 0xff0);
  CHECK(events.selector_of({0x10019}) == 0x1'0000'0011);
  CHECK(events.selector_of({0x10020}) == 0x10020);  // no row: the event itself
  CHECK(events.counters_of({0x20000, 0x1ab}) == 0x30);
  CHECK(events.counters_of({0x20000, 0x2ab}) == 0);
  CHECK(events.selector_of({0x20000, 0x1ab}) == 0x1ab);
}
