#include <catch2/catch.hpp>

#include <numeric>

#include "emu/observe/shootdown_story.hpp"
#include "tests/system/observe/story.hpp"

namespace hartbeat::test {

using namespace observe;
using enum abi::Tracepoint;

namespace {

std::uint64_t sum(const ShootdownFigures& figures) {
  return std::accumulate(figures.phases.begin(), figures.phases.end(), std::uint64_t{0});
}

}  // namespace

TEST_CASE("A shootdown's phases are those of its slowest target and add up to its latency") {
  ShootdownStory story;
  story.on(tracepoint(shootdown_begin, 0, 100, {1, 7, 0x1000, 1, 0b111}));
  story.on(ipi(0, 1, 110));
  story.on(ipi(0, 2, 120));
  story.on(software_interrupt(1, 112));
  story.on(tracepoint(shootdown_fence, 1, 115, {1}));
  story.on(fence(1, 116, 1));
  story.on(tracepoint(shootdown_ack, 1, 118, {1}));
  story.on(software_interrupt(2, 130));
  story.on(tracepoint(shootdown_fence, 2, 145, {1}));
  story.on(fence(2, 150, 0));
  story.on(tracepoint(shootdown_ack, 2, 160, {1}));
  story.on(tracepoint(shootdown_end, 0, 175, {1, 7}));
  const ShootdownFigures& f = story.figures();
  CHECK(f.initiated == 1);
  CHECK(f.targets == 2);
  CHECK(f.ipis_sent == 2);
  CHECK(f.ipis_received == 2);
  CHECK(f.acknowledged == 2);
  CHECK(f.wasted == 1);
  CHECK(f.latency == 75);
  CHECK(f.phases == ShootdownCycles{20, 10, 15, 5, 10, 15});
  CHECK(sum(f) == f.latency);
}

TEST_CASE("The firmware's tracepoints have no id and still belong to their shootdown") {
  ShootdownStory story;
  story.on(tracepoint(shootdown_begin, 1, 100, {8, 7, 0, 0, 0b100}));
  story.on(tracepoint(shootdown_begin, 0, 101, {9, 6, 0, 0, 0b100}));
  story.on(ipi(1, 2, 105));
  story.on(ipi(0, 2, 106));
  story.on(software_interrupt(2, 110));
  // The lowest sender is served first.
  story.on(tracepoint(shootdown_fence, 2, 120, {0}));
  story.on(fence(2, 121, 2));
  story.on(tracepoint(shootdown_ack, 2, 122, {0}));
  story.on(tracepoint(shootdown_end, 0, 130, {9, 6}));
  story.on(tracepoint(shootdown_fence, 2, 140, {0}));
  story.on(fence(2, 141, 0));
  story.on(tracepoint(shootdown_ack, 2, 142, {0}));
  story.on(tracepoint(shootdown_end, 1, 150, {8, 7}));
  const ShootdownFigures& f = story.figures();
  CHECK(f.initiated == 2);
  CHECK(f.acknowledged == 2);
  CHECK(f.wasted == 1);
  CHECK(f.latency == 29 + 50);
  CHECK(f.latency_most == 50);
  CHECK(sum(f) == f.latency);
}

TEST_CASE("A firmware without tracepoints is followed by its fences in machine mode") {
  ShootdownStory story;
  story.on(tracepoint(shootdown_begin, 0, 100, {1, 7, 0, 0, 0b10}));
  story.on(ipi(0, 1, 110));
  story.on(software_interrupt(1, 120));
  story.on(fence(1, 130, 0));
  story.on(tracepoint(shootdown_end, 0, 150, {1, 7}));
  CHECK(story.figures().acknowledged == 1);
  CHECK(story.figures().wasted == 1);
  CHECK(sum(story.figures()) == 50);
}

TEST_CASE("A shootdown without another hart is avoided, not initiated") {
  ShootdownStory story;
  story.on(tracepoint(shootdown_begin, 3, 100, {1, 7, 0, 0, 0b1000}));
  story.on(tracepoint(shootdown_end, 3, 101, {1, 7}));
  story.on(tracepoint(shootdown_begin, 3, 102, {2, 7, 0, 0, 0}));
  CHECK(story.figures().avoided == 2);
  CHECK(story.figures().initiated == 0);
  CHECK(story.figures().completed == 0);
}

TEST_CASE("An interrupt for another purpose is no shootdown's") {
  ShootdownStory story;
  story.on(ipi(0, 1, 10));
  story.on(software_interrupt(1, 12));
  story.on(tracepoint(shootdown_fence, 1, 15, {0}));
  story.on(tracepoint(shootdown_ack, 1, 16, {0}));
  CHECK(story.figures().ipis_sent == 0);
  CHECK(story.figures().acknowledged == 0);
}

}  // namespace hartbeat::test
