// What passages stand on: the canonical form of the load/store side, and their memo. That they take the cycles which they stand for
// is held by system.determinism.cva6.*, whose runs with a trace have none.
#include <catch2/catch.hpp>

#include <vector>

#include "emu/timing/cva6/awaited_lines.hpp"
#include "emu/timing/cva6/passage_memo.hpp"
#include "emu/timing/cva6/passage_pauses.hpp"
#include "emu/timing/cva6/rr_arb_tree.hpp"

using namespace hartbeat::timing::cva6;

namespace {

struct Form {
  Accesses accesses;
  LoadStoreState state;
  LoadStoreFrame frame{accesses, {}, 0, 7, 100};
};

Serials serials(Serial loads, Serial stores) {
  Serials out;
  out.of(true) = loads;
  out.of(false) = stores;
  return out;
}

// Two that are shown the same from here on decide the same.
bool decide_alike(LockedRoundRobin a, LockedRoundRobin b) {
  for (const auto& [requests, granted] : std::vector<std::pair<std::uint32_t, bool>>{
           {0b1111, true}, {0b0110, false}, {0b1110, true}, {0b1001, true}, {0b0101, true}}) {
    if (a.pick(requests) != b.pick(requests)) return false;
    a.clock(requests, granted);
    b.clock(requests, granted);
  }
  return true;
}

}  // namespace

TEST_CASE(
    "the youngest store with the offset of an access is found, also when numbers come round or are given "
    "anew") {
  const auto any = [](const Access&) { return true; };
  for (const Serial newest : {31u, 63u, 64u, 69u, 0u - 1}) {
    Accesses accesses;
    for (unsigned age = Accesses::most; age-- > 0;) {
      accesses.put(newest - age, {0x1000 + 8 * (age % 5), age, 0, 0, 3, false});
      accesses.put(newest - age, {0x1010, 0, 0, 0, 3, true});  // loads are none of them
    }
    CAPTURE(newest);
    CHECK(accesses.youngest(0x7010, newest, ~0u, any) == 2);
    CHECK(accesses.youngest(0x7014, newest, ~0u << 3, any) == 7);
    CHECK(accesses.youngest(0x7010, newest, ~0u, [](const Access& store) { return store.physical == 17; }) ==
          17);
    CHECK(accesses.youngest(0x7010, newest, 1u << 3, any) == Accesses::most);
    CHECK(accesses.youngest(0x7028, newest, ~0u, any) == Accesses::most);
    CHECK(accesses.youngest(0x7010, newest - 3, ~0u, any) == 4);  // the last ones have not come yet
    CHECK(accesses.youngest(0x7010, newest + 31, ~0u, any) == Accesses::most);
  }
}

TEST_CASE("an arbiter that is put back decides as the one that was told") {
  for (unsigned granted = 0; granted < 4; ++granted) {
    for (std::uint32_t held = 0; held < 16; ++held) {
      LockedRoundRobin arbiter(4);
      arbiter.clock(1u << granted, true);
      if (held != 0) arbiter.clock(held, false);
      Form form;
      LoadStorePacker packer(form.frame, form.state);
      arbiter.visit(packer);
      packer.end();
      REQUIRE(packer.told());
      LockedRoundRobin restored(4);
      LoadStoreRestorer restorer(form.frame, form.state.bytes.data());
      restored.visit(restorer);
      CAPTURE(granted, held);
      CHECK(decide_alike(arbiter, restored));
    }
  }
}

TEST_CASE("slots, cycles and accesses come back as they were told, in another cycle and place") {
  Form form;
  LoadStorePacker packer({form.accesses, serials(50, 40), 6, 7, 1000}, form.state);
  packer.slot(1);
  packer.when(1020);
  packer.when(990);
  packer.access(false, 33);
  packer.access(true, 33);
  packer.end();
  REQUIRE(packer.told());
  CHECK(form.state.size % 8 == 0);
  LoadStoreRestorer restorer({form.accesses, serials(90, 540), 3, 7, 5000}, form.state.bytes.data());
  std::uint8_t slot = 0;
  std::uint64_t wait = 0, past = 0;
  Serial store = 0, load = 0;
  restorer.slot(slot);
  restorer.when(wait);
  restorer.when(past);
  restorer.access(false, store);
  restorer.access(true, load);
  CHECK(slot == 6);
  CHECK(wait == 5020);
  CHECK(past == 5000);
  CHECK(store == 533);
  CHECK(load == 73);
}

TEST_CASE("an access that is older than the accesses reach, or a wait that is too long, is not told") {
  Form form;
  form.frame.newest = serials(300, 0);
  SECTION("an access") {
    LoadStorePacker packer(form.frame, form.state);
    packer.access(true, 300 - 256);
    CHECK_FALSE(packer.told());
  }
  SECTION("a wait") {
    LoadStorePacker packer(form.frame, form.state);
    packer.when(form.frame.cycle + 0x10000);
    CHECK_FALSE(packer.told());
  }
}

TEST_CASE("a node is kept from the second time on, and its passages by their keys") {
  PassageMemo memo;
  PipelineNode pipeline;
  PassageNode like;
  like.pipeline = &pipeline;
  LoadStoreState state;
  state.size = 8;
  state.bytes.fill(0);
  CHECK(memo.node(like, state) == nullptr);
  PassageNode* const node = memo.node(like, state);
  REQUIRE(node != nullptr);
  CHECK(memo.node(like, state) == node);
  state.bytes[3] = 1;
  CHECK(memo.node(like, state) == nullptr);

  PassageKey key, other;
  other.given = PassageKey::record;
  Passage passage;
  passage.next = node;
  passage.cycles = 3;
  CHECK(node->find(key) == nullptr);
  memo.link(*node, key, passage, {});
  passage.cycles = 5;
  PassageExtras extras;
  extras.causes_count = 1;
  memo.link(*node, other, passage, extras);
  REQUIRE(node->find(key) != nullptr);
  REQUIRE(node->find(other) != nullptr);
  CHECK(node->find(key)->cycles == 3);
  CHECK(node->find(other)->cycles == 5);
  CHECK(node->find(other)->has_extras);
  const std::size_t size = memo.size();
  passage.cycles = 7;
  memo.link(*node, other, passage, extras);  // in the place of what was there
  CHECK(node->find(other)->cycles == 7);
  CHECK(memo.size() == size);
}

TEST_CASE("a core leaves passages alone while they are short, and tries them again") {
  PassagePauses pauses;
  std::uint64_t cycle = 0;
  const auto pass = [&](std::uint64_t passages, std::uint64_t cycles) {
    pauses.come(cycle, true);
    pauses.leave(cycle += cycles, passages);
  };
  while (cycle < 100'000) pass(100, 400);
  CHECK(pauses.over(cycle));
  unsigned times = 0;
  while (pauses.over(cycle) && ++times < 1000) pass(100, 110);
  CHECK_FALSE(pauses.over(cycle));
  CHECK(pauses.over(cycle + (1u << 23)));
}

TEST_CASE("lines come in the order of the loads that miss") {
  AwaitedLines lines;
  lines.push(0x1000);
  lines.push(0x2000);
  CHECK(lines.front() == 0x1000);
  lines.ask();
  lines.come();
  CHECK_FALSE(lines.asked());
  CHECK(lines.front() == 0x2000);
  CHECK(lines.any_of([](std::uint64_t line) { return line == 0x2000; }));
  CHECK_FALSE(lines.any_of([](std::uint64_t line) { return line == 0x1000; }));
}
