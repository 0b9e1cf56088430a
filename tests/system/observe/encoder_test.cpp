// A recording's writer and reader, event by event: what comes out is what went in.
#include "emu/observe/recording/encoder.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <random>

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

// As a core does it.
void tell(timing::TraceSink& sink, const timing::TraceRecord& record) {
  if (record.trapped || record.port > 1) return sink.on_commit(record);
  sink.on_instruction(record.pc, {record.bits, record.privilege, record.port == 1}, record.issue_cycle,
                      record.commit_cycle - record.issue_cycle);
}

EventEncoder encoder_at(std::uint64_t pc, bool commits = false) {
  Start start;
  start.pc = pc;
  return EventEncoder(std::span(&start, 1), commits);
}

// The same run to two writers: one is told everything in whole, the other in short what can be. The program is a loop of eight
// instructions, of which the last is written anew now and then.
class Twins {
 public:
  explicit Twins(unsigned harts) : harts_(harts), whole_(starts(harts), true), short_(starts(harts), true) {
    for (EventEncoder* each : {&whole_, &short_}) each->limit_block(3000);
  }

  void go_on(unsigned hart, std::mt19937& random) {
    Hart& h = harts_[hart];
    if (random() % 50 == 0) h.cycle += random() % 200;
    const unsigned step = h.pc / 4 % 8;
    std::uint32_t bits = addi_x5_x5_1;
    memory_.clear();
    bool writes = true;
    if (step == 2 || step == 5) {
      const std::uint64_t at = 0x1000 + 8 * (random() % 64);
      const bool store = step == 5;
      const unsigned size = random() % 100 == 0 ? 4 : 8;
      if (store) bytes_[at] = random();
      const std::uint64_t moved = random() % 500 == 0 ? 0x10000 : 0;
      memory_ = {{VirtAddr{at}, PhysAddr{0x8000'0000 + at + moved},
                  size == 4 ? bytes_[at] & 0xffff'ffff : bytes_[at], static_cast<std::uint8_t>(size), store}};
      bits = store ? sd_x6_8_x5 : ld_x6_0_x5;
      writes = !store;
    } else if (step == 7) {
      bits = jal_x0_back_28;
      writes = false;
    } else if (step == 6 && random() % 100 == 0) {
      bits = addi_x5_x5_2;
    }
    retire(hart, bits, writes ? random() : 0, writes, step == 7 ? h.pc - 28 : h.pc + 4);
  }
  void write_satp(unsigned hart, std::uint64_t value) {
    memory_.clear();
    csrs_ = {{0x180, value}};
    retire(hart, csrrw_x7_mscratch_x5, 1, true, harts_[hart].pc + 4);
    harts_[hart].satp = value;
    csrs_.clear();
  }
  void trap(unsigned hart, bool interrupt) {
    Hart& h = harts_[hart];
    TrapEvent event;
    event.site = site(hart);
    event.interrupt = interrupt;
    event.cause = 8;
    event.target = h.privilege == mmu::Privilege::user ? mmu::Privilege::machine : h.privilege;
    for (EventEncoder* each : {&whole_, &short_}) add(*each, event);
    if (modelled_) h.waiting.push_back({h.cycle, h.pc, 0, static_cast<std::uint8_t>(h.privilege), true});
    h.privilege = event.target;
    h.pc = 0x8000'0100;
    ++h.cycle;
  }
  void fence(unsigned hart) {
    FenceEvent event;
    event.site = site(hart);
    for (EventEncoder* each : {&whole_, &short_}) add(*each, event);
  }
  void skip(unsigned hart) {
    memory_.clear();
    const RetireEvent event = told(hart, addi_x5_x5_1, 3, true, harts_[hart].pc + 4);
    for (EventEncoder* each : {&whole_, &short_}) each->skipped(event);
    pass(hart, event.next_pc.value);
  }
  // Somebody else, between two runs.
  void somebody_changes(unsigned hart) {
    Hart& h = harts_[hart];
    h.privilege = h.privilege == mmu::Privilege::user ? mmu::Privilege::machine : mmu::Privilege::user;
    h.instret += 5;
    h.pc += 8;
    for (unsigned i = 0; i < harts_.size(); ++i) short_.forget_course(HartId{i});
  }
  void change_model() {
    modelled_ = !modelled_;
    for (EventEncoder* each : {&whole_, &short_}) add(*each, ModelEvent{modelled_});
  }
  void commit_some(unsigned hart, std::mt19937& random) {
    Hart& h = harts_[hart];
    if (random() % 500 == 0) most_waiting_ = most_waiting_ == 4 ? 40 : 4;  // there is room for 16, at first
    for (; h.waiting.size() > most_waiting_; h.waiting.pop_front()) {
      const Waiting& of = h.waiting.front();
      timing::TraceRecord record;
      record.issue_cycle = of.cycle + (random() % 4 == 0 ? random() % 40 : 0);
      record.commit_cycle = record.issue_cycle + random() % 35;
      record.pc = of.pc;
      record.bits = random() % 500 == 0 ? of.bits ^ 4 : of.bits;
      record.privilege = of.privilege;
      record.trapped = of.trapped;
      record.port = static_cast<std::uint8_t>(of.trapped ? 0 : random() % 2);
      whole_.add(CommitEvent{HartId{hart}, record});
      tell(short_.lane(HartId{hart}), record);
    }
  }
  void end_block() {
    for (EventEncoder* each : {&whole_, &short_}) {
      IndexEntry entry;
      const auto raw = each->end_block(entry);
      ends_[each == &short_].assign(raw.begin(), raw.end());
      ends_[each == &short_].push_back(static_cast<std::uint8_t>(entry.last_cycle));
      each->begin_block();
    }
    same = same && ends_[0] == ends_[1];
  }

  bool same = true;
  unsigned short_ways = 0;

 private:
  static constexpr std::uint32_t jal_x0_back_28 = 0xfe5ff06f, addi_x5_x5_2 = 0x00228293;
  struct Waiting {
    std::uint64_t cycle, pc;
    std::uint32_t bits;
    std::uint8_t privilege;
    bool trapped;
  };
  struct Hart {
    std::uint64_t cycle = 0, instret = 0, pc = 0x8000'0000, satp = 0;
    mmu::Privilege privilege = mmu::Privilege::machine;
    std::deque<Waiting> waiting;
  };

  static std::vector<Start> starts(unsigned harts) {
    Start start;
    start.pc = 0x8000'0000;
    return std::vector<Start>(harts, start);
  }
  EventSite site(unsigned hart) const {
    const Hart& h = harts_[hart];
    return {HartId{hart}, Cycle{h.cycle}, h.instret, VirtAddr{h.pc}, h.privilege, h.satp};
  }
  template <class Event>
  void add(EventEncoder& encoder, const Event& event) {
    if (encoder.is_full()) end_block();
    encoder.add(event);
  }
  RetireEvent told(unsigned hart, std::uint32_t bits, std::uint64_t value, bool writes, std::uint64_t next) {
    decoded_ = isa::decode(bits, isa::all_extensions());
    RetireEvent event;
    event.site = site(hart);
    event.bits = bits;
    event.length = 4;
    event.operands = &decoded_.operands;
    event.next_pc = {next};
    event.writes_x = writes;
    event.rd_value = value;
    event.memory = memory_;
    event.csrs = csrs_;
    return event;
  }
  bool in_short(const RetireEvent& event) {
    if (!modelled_ || !csrs_.empty()) return false;
    RetireSink& sink = short_.lane(event.site.hart);
    const std::uint64_t next = event.next_pc.value, clock = event.site.cycle.value;
    return memory_.empty() ? sink.on_plain(event.bits, next, clock, event.rd_value)
                           : sink.on_access(event.bits, next, clock, event.rd_value, memory_[0]);
  }
  void retire(unsigned hart, std::uint32_t bits, std::uint64_t value, bool writes, std::uint64_t next) {
    const RetireEvent event = told(hart, bits, value, writes, next);
    if (in_short(event))
      ++short_ways;
    else if (!short_.add_expected(event))
      add(short_, event);
    if (!whole_.add_expected(event)) add(whole_, event);
    Hart& h = harts_[hart];
    if (modelled_) h.waiting.push_back({h.cycle, h.pc, bits, static_cast<std::uint8_t>(h.privilege), false});
    pass(hart, next);
  }
  void pass(unsigned hart, std::uint64_t next) {
    Hart& h = harts_[hart];
    ++h.cycle;
    ++h.instret;
    h.pc = next;
  }

  std::vector<Hart> harts_;
  EventEncoder whole_, short_;
  bool modelled_ = true;
  std::size_t most_waiting_ = 4;
  std::vector<MemoryEffect> memory_;
  std::vector<CsrEffect> csrs_;
  std::map<std::uint64_t, std::uint64_t> bytes_;
  isa::Decoded decoded_;
  std::vector<std::uint8_t> ends_[2];
};

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
    tell(encoder.lane(HartId{0}), record);
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
      tell(encoder.lane(HartId{0}), record);
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

TEST_CASE(
    "What is told in short is written as if it had been told in whole: harts, traps, CSRs, accesses, "
    "blocks") {
  const unsigned harts = GENERATE(1u, 3u);
  std::mt19937 random(harts);
  Twins twins(harts);
  for (unsigned i = 0; i < 60'000; ++i) {
    const unsigned hart = random() % 20 == 0 ? static_cast<unsigned>(random() % harts) : i % harts;
    switch (random() % 400) {
      case 0: twins.trap(hart, random() % 2 == 0); break;
      case 1: twins.write_satp(hart, random() % 3); break;
      case 2: twins.fence(hart); break;
      case 3: twins.skip(hart); break;
      case 4: twins.somebody_changes(hart); break;
      case 5: twins.change_model(); break;
      default: twins.go_on(hart, random); break;
    }
    twins.commit_some(static_cast<unsigned>(random() % harts), random);
    if (random() % 5000 == 0) twins.end_block();
  }
  twins.end_block();
  CHECK(twins.same);
  CHECK(twins.short_ways > 10'000);
}

TEST_CASE(
    "A block ends behind so many instructions, those that are told while the cycle model is off included") {
  Hart0 hart;
  EventEncoder encoder = encoder_at(hart.pc, true);
  encoder.limit_block(100);
  const auto whole = [&](unsigned instructions) {
    for (unsigned i = 0; i < instructions; ++i) {
      const RetireEvent event = hart.retire(addi_x5_x5_1, 1);
      hart.pc -= 4;
      RetireEvent again = event;
      again.next_pc = event.site.pc;
      if (!encoder.add_expected(again)) encoder.add(again);
    }
  };
  const auto in_short = [&] {
    const bool taken = encoder.lane(HartId{0}).on_plain(addi_x5_x5_1, hart.pc, hart.cycle, 1);
    hart.cycle += taken;
    hart.instret += taken;
    return taken;
  };
  whole(2);
  REQUIRE(in_short());
  encoder.add(ModelEvent{false});
  whole(96);
  encoder.add(ModelEvent{true});
  CHECK(!in_short());
  REQUIRE(!encoder.is_full());
  whole(1);
  CHECK(encoder.is_full());
  CHECK(!in_short());
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
