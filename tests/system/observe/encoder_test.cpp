// A recording's writer and reader, event by event: what comes out is what went in.
#include "emu/observe/recording/encoder.hpp"

#include <catch2/catch.hpp>

#include "emu/isa/decode.hpp"
#include "emu/observe/recording/decoder.hpp"
#include "tests/isa/all_extensions.hpp"
#include "tests/system/observe/story.hpp"

using namespace hartbeat;
using namespace hartbeat::observe::recording;

namespace {

constexpr std::uint32_t addi_x5_x5_1 = 0x00128293, ld_x6_0_x5 = 0x0002b303, sd_x6_8_x5 = 0x0062b423,
                        csrrw_x7_mscratch_x5 = 0x340293f3, jal_x0_back_8 = 0xff9ff06f;

// One hart that goes on from where it stands.
struct Hart0 {
  std::uint64_t cycle = 0, instret = 0, pc = 0x8000'0000;
  isa::Decoded decoded;
  std::vector<MemoryEffect> memory;
  std::vector<CsrEffect> csrs;

  RetireEvent retire(std::uint32_t bits, std::uint64_t value, bool writes_x = true) {
    decoded = isa::decode(bits, isa::all_extensions());
    RetireEvent event;
    event.site = {HartId{0}, Cycle{cycle++}, instret++, VirtAddr{pc}, mmu::Privilege::machine, 0};
    event.bits = bits;
    event.length = 4;
    event.operands = &decoded.operands;
    event.next_pc = {pc += 4};
    event.writes_x = writes_x;
    event.rd_value = value;
    event.memory = memory;
    event.csrs = csrs;
    return event;
  }
};

// What a listener can tell about an instruction, without pointers.
struct Seen {
  std::uint64_t cycle, instret, pc, next_pc, bits, value, writes_x;
  std::vector<std::uint64_t> memory, csrs;
  bool operator==(const Seen&) const = default;
};

Seen seen(const RetireEvent& e) {
  Seen s{e.site.cycle.value,
         e.site.instret,
         e.site.pc.value,
         e.next_pc.value,
         e.bits,
         e.writes_x ? e.rd_value : 0,
         e.writes_x,
         {},
         {}};
  for (const MemoryEffect& m : e.memory) {
    for (const std::uint64_t n :
         {m.address.value, m.physical.value, m.value, std::uint64_t{m.size}, std::uint64_t{m.store}})
      s.memory.push_back(n);
  }
  for (const CsrEffect& c : e.csrs) {
    s.csrs.push_back(c.address);
    s.csrs.push_back(c.value);
  }
  return s;
}

// The same of a commit.
struct Committed {
  std::uint64_t issue_cycle, commit_cycle, pc, cause;
  std::uint32_t bits;
  std::uint8_t port, privilege;
  bool trapped;
  bool operator==(const Committed&) const = default;
};

Committed seen(const timing::TraceRecord& r) {
  return {r.issue_cycle, r.commit_cycle, r.pc, r.cause, r.bits, r.port, r.privilege, r.trapped};
}

class Reader final : public Listener {
 public:
  Wants wants() const override { return {.walks = true, .fences = true, .retired = true, .commits = true}; }
  void on(const CommitEvent& event) override { committed.push_back(seen(event.record)); }
  void on(const RetireEvent& event) override { retired.push_back(seen(event)); }
  void on(const FenceEvent& event) override { fences.push_back(event); }
  void on(const WalkEvent& event) override { held.push_back(event.held); }
  std::vector<Seen> retired;
  std::vector<Committed> committed;
  std::vector<FenceEvent> fences;
  std::vector<TlbOccupancy> held;  // behind each walk
};

Reader read_back(std::span<const std::uint8_t> raw) {
  Reader reader;
  EventHub hub;
  hub.attach(reader);
  EventDecoder decoder(1, isa::all_extensions());
  decoder.decode(raw, hub);
  return reader;
}

Reader decoded(EventEncoder& encoder) {
  IndexEntry entry;
  return read_back(encoder.end_block(entry));
}

EventEncoder encoder_at(std::uint64_t pc, bool commits = false) {
  Start start;
  start.pc = pc;
  return EventEncoder(std::span(&start, 1), commits);
}

}  // namespace

TEST_CASE("Code that has been seen and does what a reader expects costs no byte, however long it runs") {
  const auto encoded = [](unsigned instructions) {
    Hart0 hart;
    EventEncoder encoder = encoder_at(hart.pc);
    const std::uint64_t begin = hart.pc;
    std::vector<Seen> written;
    for (unsigned i = 0; i < instructions; ++i) {  // a loop of three instructions
      const bool turns = i % 3 == 2;
      RetireEvent event =
          turns ? hart.retire(jal_x0_back_8, 0, false) : hart.retire(addi_x5_x5_1, i - i / 3 + 1);
      if (turns) event.next_pc = {hart.pc = begin};
      encoder.add(event);
      written.push_back(seen(event));
    }
    IndexEntry entry;
    const auto raw = encoder.end_block(entry);
    CHECK(read_back(raw).retired == written);
    return raw.size();
  };
  CHECK(encoded(300'000) <= encoded(300) + 4);  // the count and the checksum have more digits
}

TEST_CASE("Loads, stores and CSRs come out as they went in, with addresses that are not what was guessed") {
  Hart0 hart;
  EventEncoder encoder = encoder_at(hart.pc);
  std::vector<Seen> written;
  const auto add = [&](const RetireEvent& event) {
    encoder.add(event);
    written.push_back(seen(event));
  };
  add(hart.retire(addi_x5_x5_1, 1));
  hart.memory = {{VirtAddr{1}, PhysAddr{0x9000'0001}, 0x1122'3344'5566'7788, 8, false}};
  add(hart.retire(ld_x6_0_x5, 0x1122'3344'5566'7788));
  hart.memory = {{VirtAddr{9}, PhysAddr{0x9000'0009}, 0x1122'3344'5566'7788, 8, true}};
  add(hart.retire(sd_x6_8_x5, 0, false));
  hart.memory = {{VirtAddr{1}, PhysAddr{0xa000'0001}, 7, 8, false}};  // the page has moved
  add(hart.retire(ld_x6_0_x5, 7));
  hart.memory.clear();
  hart.csrs = {{0x340, 1}};
  add(hart.retire(csrrw_x7_mscratch_x5, 99));
  CHECK(decoded(encoder).retired == written);
}

TEST_CASE("Jumps in time and place, and events between instructions, are kept") {
  Hart0 hart;
  EventEncoder encoder = encoder_at(hart.pc);
  std::vector<Seen> written;
  for (const std::uint64_t late : {0, 1, 127, 128, 100000}) {
    hart.cycle += late;
    FenceEvent fence;
    fence.site = {HartId{0}, Cycle{hart.cycle}, hart.instret, VirtAddr{hart.pc}, mmu::Privilege::machine, 0};
    fence.has_asid = late == 1;
    fence.asid = late == 1 ? 77 : 0;
    fence.removed = static_cast<unsigned>(late);
    if (late != 127) encoder.add(fence);
    const RetireEvent event = hart.retire(addi_x5_x5_1, written.size() + 1);
    encoder.add(event);
    written.push_back(seen(event));
    hart.pc += late == 128 ? 0x1000 : 0;
  }
  const Reader reader = decoded(encoder);
  CHECK(reader.retired == written);
  REQUIRE(reader.fences.size() == 4);
  CHECK((reader.fences[1].has_asid && reader.fences[1].asid == 77 && reader.fences[1].removed == 1));
  CHECK(reader.fences[3].removed == 100000);
}

TEST_CASE("What the TLBs hold comes out as it went in, from walk to fence to walk") {
  EventEncoder encoder = encoder_at(0);
  const mmu::Walk nothing;
  const std::vector<TlbOccupancy> told = {{1, 0, 1}, {1, 0, 1}, {1, 1, 2}, {16, 300, 70'000}, {0, 1, 0}};
  for (const TlbOccupancy& held : told)
    encoder.add(WalkEvent{test::site(0, 1), VirtAddr{0x1000}, mmu::Access::load, &nothing, held});
  FenceEvent fence;
  fence.site = test::site(0, 2);
  fence.held = {0, 0, 5};
  encoder.add(fence);
  const Reader reader = decoded(encoder);
  CHECK(reader.held == told);
  REQUIRE(reader.fences.size() == 1);
  CHECK(reader.fences[0].held == fence.held);
}

TEST_CASE(
    "What a filter leaves out is missing in a recording, and what follows has its registers all the same") {
  Hart0 hart;
  EventEncoder encoder = encoder_at(hart.pc);
  encoder.add(hart.retire(addi_x5_x5_1, 1));
  encoder.skipped(hart.retire(addi_x5_x5_1, 2));
  encoder.skipped(hart.retire(addi_x5_x5_1, 3));
  const RetireEvent last = hart.retire(addi_x5_x5_1, 4);
  encoder.add(last);
  const Reader reader = decoded(encoder);
  REQUIRE(reader.retired.size() == 2);
  CHECK(reader.retired[1] == seen(last));
}

TEST_CASE("Commits come out as they went in: on time, late, by either port, trapped, many behind") {
  Hart0 hart;
  EventEncoder encoder = encoder_at(hart.pc, true);
  std::vector<Seen> written;
  std::vector<Committed> committed;
  const auto retire = [&] {
    const bool turns = written.size() % 3 == 2;
    RetireEvent event = turns ? hart.retire(jal_x0_back_8, 0, false)
                              : hart.retire(addi_x5_x5_1, written.size() - written.size() / 3 + 1);
    if (turns) event.next_pc = {hart.pc = 0x8000'0000};
    if (!encoder.add_expected(event)) encoder.add(event);
    written.push_back(seen(event));
  };
  const auto commit = [&](std::uint64_t delay, std::uint64_t latency, std::uint8_t port,
                          bool trapped = false) {
    const Seen& of = written[committed.size()];
    timing::TraceRecord record;
    record.issue_cycle = of.cycle + delay;
    record.commit_cycle = record.issue_cycle + latency;
    record.pc = of.pc;
    record.bits = static_cast<std::uint32_t>(of.bits);
    record.port = port;
    record.trapped = trapped;
    record.cause = trapped ? 13 : 0;
    if (!encoder.add_expected(0, record)) encoder.add(CommitEvent{HartId{0}, record});
    committed.push_back(seen(record));
  };
  for (unsigned i = 0; i < 100; ++i) retire();  // more than a pipeline holds
  for (const std::uint64_t delay : {0, 1, 30, 31, 5000}) {
    for (const std::uint64_t latency : {0, 30, 31, 5000}) {
      commit(delay, latency, 0);
      commit(delay, latency, 1);
      hart.cycle += delay;
      retire();
    }
  }
  commit(2, 3, 0, true);
  commit(1, 1, 7);
  const Reader reader = decoded(encoder);
  CHECK(reader.retired == written);
  CHECK(reader.committed == committed);
}

TEST_CASE("Under a cycle model an instruction that does what it did takes two bytes and the short way") {
  Hart0 hart;
  EventEncoder encoder = encoder_at(hart.pc, true);
  unsigned long_ways = 0;
  const auto loop = [&](unsigned instructions) {
    for (unsigned i = 0; i < instructions; ++i) {
      RetireEvent event = hart.retire(i % 2 ? jal_x0_back_8 : addi_x5_x5_1, i / 2, i % 2 == 0);
      if (i % 2) event.next_pc = {hart.pc = 0x8000'0000};
      timing::TraceRecord record;
      record.issue_cycle = event.site.cycle.value;
      record.commit_cycle = record.issue_cycle + 2;
      record.pc = event.site.pc.value;
      record.bits = event.bits;
      if (!encoder.add_expected(event)) {
        encoder.add(event);
        ++long_ways;
      }
      long_ways += !encoder.add_expected(0, record);
    }
    IndexEntry entry;
    return encoder.end_block(entry).size();
  };
  const std::size_t few = loop(100);
  encoder.begin_block();
  const std::size_t many = loop(1100);
  CHECK(many - few <= 2 * 1000 + 16);  // numbers of the beginning and of the checksum have more digits
  CHECK(long_ways == 2 * 2);           // where code is new
}

TEST_CASE("A block is readable by itself: the next one begins with the registers of its first instruction") {
  Hart0 hart;
  EventEncoder encoder = encoder_at(hart.pc);
  encoder.add(hart.retire(addi_x5_x5_1, 1));
  IndexEntry entry;
  encoder.end_block(entry);
  CHECK(entry.retired == 1);
  encoder.begin_block();
  CHECK(encoder.is_empty());
  const RetireEvent event = hart.retire(addi_x5_x5_1, 2);
  encoder.add(event);
  CHECK(decoded(encoder).retired == std::vector<Seen>{seen(event)});
}
