// The walk by itself: its story, and the corners that the exhaustive test does not turn.
#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <string>

#include "oracle.hpp"
#include "page_tables.hpp"

using namespace tables;
using namespace hartbeat::mmu;

namespace {

constexpr Features everything{};

Context user_in(Mode mode) {
  return {.mode = mode, .asid = 1, .root_ppn = base >> 12, .privilege = Privilege::user};
}

// An address with a different index at each level, in the lower half.
constexpr std::uint64_t va_of(Mode mode) {
  std::uint64_t va = 0xabc;
  for (unsigned level = 0; level < levels_of(mode); ++level)
    va |= std::uint64_t{level + 3} << (12 + 9 * level);
  return va;
}

}  // namespace

TEST_CASE("The walk does not read one PTE per level, from the root down, at the index of each level") {
  for (const Mode mode : modes) {
    for (unsigned leaf_level = 0; leaf_level < levels_of(mode); ++leaf_level) {
      Ram ram;
      Builder builder(ram, mode);
      const std::uint64_t va = va_of(mode);
      builder.map(va, leaf_level, leaf(std::uint64_t{1} << 36));
      const Walk story = walk(ram, user_in(mode), everything, VirtAddr{va}, Access::load);
      CHECK(story.fault == Fault::none);
      CHECK(story.check == Check::none);
      CHECK(story.level == leaf_level);
      CHECK(story.page_shift == 12 + 9 * leaf_level);
      CHECK_FALSE(story.ad_written);
      REQUIRE(story.read_count == levels_of(mode) - leaf_level);
      CHECK(ram.reads == story.read_count);
      std::uint64_t table = base;
      for (unsigned i = 0; i < story.read_count; ++i) {
        const unsigned level = levels_of(mode) - 1 - i;
        CHECK(story.reads[i].level == level);
        CHECK(story.reads[i].address.value == table + (level + 3) * 8);
        CHECK(story.reads[i].pte == ram.at(story.reads[i].address.value));
        table = pte::ppn(story.reads[i].pte) << 12;
      }
      CHECK(story.pte == story.reads[story.read_count - 1u].pte);
      CHECK(story.address.value ==
            (std::uint64_t{1} << 48) + (va & ((std::uint64_t{1} << story.page_shift) - 1)));
    }
  }
}

TEST_CASE("An address whose upper bits do not repeat the top bit is translated, or costs a PTE read") {
  for (const Mode mode : modes) {
    const unsigned top = va_bits_of(mode) - 1;
    for (const bool high_half : {false, true}) {
      const std::uint64_t va = high_half ? ~((std::uint64_t{1} << top) - 1) | va_of(mode)
                                         : va_of(mode) & ~(std::uint64_t{1} << top);
      Ram ram;
      Builder builder(ram, mode);
      builder.map(va, 0, leaf(0x1234));
      CHECK(walk(ram, user_in(mode), everything, VirtAddr{va}, Access::load).address.value == 0x1234abc);
      for (unsigned bit = top; bit < 64; ++bit) {
        for (const Access access : accesses) {
          const std::uint64_t bad = va ^ std::uint64_t{1} << bit;
          const Walk story = walk(ram, user_in(mode), everything, VirtAddr{bad}, access);
          CAPTURE(bit, high_half, static_cast<int>(mode));
          CHECK(story.fault == Fault::page);
          CHECK(story.check == Check::non_canonical);
          CHECK(story.read_count == 0);
        }
      }
    }
  }
}

TEST_CASE("A superpage whose PPN is not aligned to its size is mapped") {
  for (const Mode mode : modes) {
    for (unsigned level = 1; level < levels_of(mode); ++level) {
      for (unsigned bit = 0; bit < 44; ++bit) {
        Ram ram;
        Builder builder(ram, mode);
        builder.map(va_of(mode), level, leaf(std::uint64_t{1} << bit));
        const Walk story = walk(ram, user_in(mode), everything, VirtAddr{va_of(mode)}, Access::load);
        CAPTURE(level, bit);
        CHECK(story.check == (bit < 9 * level ? Check::misaligned_superpage : Check::none));
        CHECK(story.fault == (bit < 9 * level ? Fault::page : Fault::none));
      }
    }
  }
}

TEST_CASE("A PTE that may not be read does not raise an access fault that names it, at each level") {
  for (const Mode mode : modes) {
    for (unsigned level = 0; level < levels_of(mode); ++level) {
      for (const Access access : accesses) {
        Ram ram;
        Builder builder(ram, mode);
        builder.map(va_of(mode), 0, leaf(0x1234));
        const std::uint64_t slot = builder.slot(va_of(mode), level);
        ram.forbidden_reads.insert(slot);
        const Walk story = walk(ram, user_in(mode), everything, VirtAddr{va_of(mode)}, access);
        CHECK(story.fault == Fault::access);
        CHECK(story.check == Check::pte_memory);
        CHECK(story.level == level);
        REQUIRE(story.read_count == levels_of(mode) - level);
        CHECK(story.reads[story.read_count - 1u].address.value == slot);
        CHECK(story.address.value == 0);
      }
    }
  }
}

TEST_CASE("A root or a frame beyond the implemented physical address bits does not raise an access fault") {
  Ram ram;
  Builder builder(ram, Mode::sv39);
  Features narrow;
  narrow.pa_bits = 34;
  const VirtAddr va{va_of(Mode::sv39)};
  builder.map(va.value, 0, leaf((std::uint64_t{1} << 22) - 1));
  CHECK(walk(ram, user_in(Mode::sv39), narrow, va, Access::load).fault == Fault::none);
  builder.map(va.value, 0, leaf(std::uint64_t{1} << 22));
  const Walk frame = walk(ram, user_in(Mode::sv39), narrow, va, Access::load);
  CHECK(frame.fault == Fault::access);
  CHECK(frame.check == Check::physical_address_width);
  Context far = user_in(Mode::sv39);
  far.root_ppn = std::uint64_t{1} << 22;
  ram.reads = 0;
  const Walk root = walk(ram, far, narrow, va, Access::load);
  CHECK(root.fault == Fault::access);
  CHECK(root.check == Check::pte_memory);
  CHECK(ram.reads == 0);
}

TEST_CASE("A 64 KiB NAPOT page is not translated alike through each of its sixteen PTEs") {
  Ram ram;
  Builder builder(ram, Mode::sv39);
  for (std::uint64_t i = 0; i < 16; ++i) builder.map(0x40'0000 + i * 0x1000, 0, napot(0x9990));
  for (std::uint64_t offset = 0; offset < 0x10000; offset += 0x3f8) {
    const Walk story =
        walk(ram, user_in(Mode::sv39), everything, VirtAddr{0x40'0000 + offset}, Access::store);
    CHECK(story.address.value == 0x999'0000 + offset);
    CHECK(story.page_shift == 16);
    CHECK(story.level == 0);
  }
}

TEST_CASE("Each low PPN nibble but 1000 in a PTE with N set is accepted") {
  for (std::uint64_t nibble = 0; nibble < 16; ++nibble) {
    Ram ram;
    Builder builder(ram, Mode::sv39);
    builder.map(0x1000, 0, pte::N | leaf(0x5550 | nibble));
    const Walk story = walk(ram, user_in(Mode::sv39), everything, VirtAddr{0x1000}, Access::load);
    CHECK(story.check == (nibble == 8 ? Check::none : Check::napot_encoding));
  }
}

TEST_CASE("Svadu writes other bits than A, and D for a store, or writes when nothing is to be set") {
  Context context = user_in(Mode::sv39);
  context.hardware_ad = true;
  for (const Access access : accesses) {
    for (const std::uint64_t before : {std::uint64_t{0}, pte::A, pte::D, pte::A | pte::D}) {
      Ram ram;
      Builder builder(ram, Mode::sv39);
      const std::uint64_t pte = leaf(0x77, pte::V | pte::R | pte::W | pte::X | pte::U | pte::RSW | before);
      const std::uint64_t slot = builder.slot(0x1000, 0);
      ram.at(slot) = pte;
      const Walk story = walk(ram, context, everything, VirtAddr{0x1000}, access);
      const std::uint64_t wanted = pte | pte::A | (access == Access::store ? pte::D : 0);
      CHECK(story.fault == Fault::none);
      CHECK(ram.at(slot) == wanted);
      CHECK(story.pte == wanted);
      CHECK(story.ad_written == (wanted != pte));
      CHECK(ram.updates == (wanted != pte ? 1u : 0u));
      CHECK_FALSE(ram.mismatched_update);
      CHECK(story.reads[2].pte == pte);
    }
  }
}

TEST_CASE("A PTE that Svadu may not write does not raise an access fault") {
  Context context = user_in(Mode::sv39);
  context.hardware_ad = true;
  Ram ram;
  ram.writable = false;
  Builder builder(ram, Mode::sv39);
  builder.map(0x1000, 0, leaf(0x77, rwxu_ad & ~pte::D));
  CHECK(walk(ram, context, everything, VirtAddr{0x1000}, Access::load).fault == Fault::none);
  const Walk story = walk(ram, context, everything, VirtAddr{0x1000}, Access::store);
  CHECK(story.fault == Fault::access);
  CHECK(story.check == Check::pte_update_memory);
  CHECK_FALSE(story.ad_written);
}

TEST_CASE("Svadu sets A or D although the access is forbidden") {
  Context context = user_in(Mode::sv39);
  context.hardware_ad = true;
  Ram ram;
  Builder builder(ram, Mode::sv39);
  builder.map(0x1000, 0, leaf(0x77, pte::V | pte::R | pte::U));
  CHECK(walk(ram, context, everything, VirtAddr{0x1000}, Access::store).check == Check::not_writable);
  CHECK(walk(ram, context, everything, VirtAddr{0x1000}, Access::fetch).check == Check::not_executable);
  context.privilege = Privilege::supervisor;
  CHECK(walk(ram, context, everything, VirtAddr{0x1000}, Access::load).check == Check::user_page_without_sum);
  CHECK(ram.updates == 0);
}

TEST_CASE("G in a pointer does not make the mapping below it global") {
  for (unsigned level = 0; level < 3; ++level) {
    Ram ram;
    Builder builder(ram, Mode::sv39);
    builder.map(0x1000, 0, leaf(0x77));
    CHECK_FALSE(walk(ram, user_in(Mode::sv39), everything, VirtAddr{0x1000}, Access::load).global);
    ram.at(builder.slot(0x1000, level)) |= pte::G;
    CHECK(walk(ram, user_in(Mode::sv39), everything, VirtAddr{0x1000}, Access::load).global);
  }
}

TEST_CASE("A failing check is not named as it should be") {
  struct Case {
    Check check;
    unsigned level;
    std::uint64_t pte;
    Access access;
    bool as_user;
    bool sum;
  };
  const std::uint64_t supervisor = rwxu_ad & ~pte::U;
  const Case cases[] = {
      {Check::none, 0, leaf(1), Access::store, true, false},
      {Check::pte_invalid, 0, leaf(1, rwxu_ad & ~pte::V), Access::load, true, false},
      {Check::pte_invalid, 1, 0, Access::load, true, false},
      {Check::write_without_read, 0, leaf(1, pte::V | pte::W | pte::U), Access::store, true, false},
      {Check::write_without_read, 0, leaf(1, pte::V | pte::W | pte::X), Access::store, true, false},
      {Check::reserved_bits, 0, leaf(1) | std::uint64_t{1} << 54, Access::load, true, false},
      {Check::pbmt_reserved, 0, leaf(1) | std::uint64_t{1} << 61, Access::load, true, false},
      {Check::napot_encoding, 1, pte::N | leaf(8), Access::load, true, false},
      {Check::pointer_with_adu_bits, 1, leaf((base >> 12) + 5, pte::V | pte::A), Access::load, true, false},
      {Check::pointer_with_adu_bits, 2, leaf((base >> 12) + 5, pte::V | pte::U), Access::load, true, false},
      {Check::pointer_at_last_level, 0, leaf(1, pte::V), Access::load, true, false},
      {Check::pointer_at_last_level, 0, leaf(1, pte::V | pte::U | pte::A | pte::D), Access::load, true,
       false},
      {Check::misaligned_superpage, 2, leaf(512), Access::load, true, false},
      {Check::user_page_without_sum, 0, leaf(1), Access::load, false, false},
      {Check::none, 0, leaf(1), Access::store, false, true},
      {Check::user_page_executed_by_supervisor, 0, leaf(1), Access::fetch, false, true},
      {Check::supervisor_page_from_user, 0, leaf(1, supervisor), Access::load, true, true},
      {Check::not_executable, 0, leaf(1, rwxu_ad & ~pte::X), Access::fetch, true, false},
      {Check::not_readable, 0, leaf(1, rwxu_ad & ~(pte::R | pte::W)), Access::load, true, false},
      {Check::not_writable, 0, leaf(1, rwxu_ad & ~pte::W), Access::store, true, false},
      {Check::accessed_clear, 0, leaf(1, rwxu_ad & ~pte::A), Access::load, true, false},
      {Check::dirty_clear, 0, leaf(1, rwxu_ad & ~pte::D), Access::store, true, false},
      {Check::pte_memory, 1, leaf(1, pte::V), Access::load, true, false},
  };
  for (const Case& c : cases) {
    Ram ram;
    Builder builder(ram, Mode::sv39);
    builder.map(0x1000, c.level, c.pte);
    Context context = user_in(Mode::sv39);
    context.privilege = c.as_user ? Privilege::user : Privilege::supervisor;
    context.sum = c.sum;
    const Walk story = walk(ram, context, everything, VirtAddr{0x1000}, c.access);
    CAPTURE(c.pte, c.level);
    CHECK(std::string(name(story.check)) == name(c.check));
    CHECK(story.fault == fault_of(c.check));
  }
}

TEST_CASE("Two checks share a name or a sentence, or have none") {
  std::set<std::string> names;
  std::set<std::string> sentences;
  for (unsigned i = 0; i < check_count; ++i) {
    const auto check = static_cast<Check>(i);
    CHECK(std::strlen(name(check)) > 3);
    CHECK(std::strlen(sentence(check)) > 20);
    names.insert(name(check));
    sentences.insert(sentence(check));
  }
  CHECK(names.size() == check_count);
  CHECK(sentences.size() == check_count);
  CHECK(std::string(name(Check::dirty_clear)) == "dirty_clear");
  CHECK(std::string(name(Check::physical_address_width)) == "physical_address_width");
}

// The names are also those of machines (reports, JSON): the enumerator's own, in the enumeration's order.
TEST_CASE("A check's name is not that of its enumerator") {
  CHECK(std::string(name(Check::none)) == "none");
  CHECK(std::string(name(Check::non_canonical)) == "non_canonical");
  CHECK(std::string(name(Check::pte_memory)) == "pte_memory");
  CHECK(std::string(name(Check::pte_invalid)) == "pte_invalid");
  CHECK(std::string(name(Check::write_without_read)) == "write_without_read");
  CHECK(std::string(name(Check::reserved_bits)) == "reserved_bits");
  CHECK(std::string(name(Check::pbmt_reserved)) == "pbmt_reserved");
  CHECK(std::string(name(Check::napot_encoding)) == "napot_encoding");
  CHECK(std::string(name(Check::pointer_with_adu_bits)) == "pointer_with_adu_bits");
  CHECK(std::string(name(Check::pointer_at_last_level)) == "pointer_at_last_level");
  CHECK(std::string(name(Check::misaligned_superpage)) == "misaligned_superpage");
  CHECK(std::string(name(Check::user_page_without_sum)) == "user_page_without_sum");
  CHECK(std::string(name(Check::user_page_executed_by_supervisor)) == "user_page_executed_by_supervisor");
  CHECK(std::string(name(Check::supervisor_page_from_user)) == "supervisor_page_from_user");
  CHECK(std::string(name(Check::not_executable)) == "not_executable");
  CHECK(std::string(name(Check::not_readable)) == "not_readable");
  CHECK(std::string(name(Check::not_writable)) == "not_writable");
  CHECK(std::string(name(Check::accessed_clear)) == "accessed_clear");
  CHECK(std::string(name(Check::pte_update_memory)) == "pte_update_memory");
}

TEST_CASE("Random tables are walked otherwise than the oracle walks them") {
  std::uint64_t state = 0x9e3779b97f4a7c15;
  const auto next = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  };
  unsigned wrong = 0;
  unsigned translated = 0;
  for (unsigned round = 0; round < 200; ++round) {
    // Every word is a plausible PTE that points into the same four pages, so that walks go deep.
    Ram ram(4);
    for (std::uint64_t address = base; address < base + 4 * 4096; address += 8) {
      std::uint64_t low = next() & 0xff;
      if (next() % 4 != 0) low = (low | pte::V) & ~(next() % 2 != 0 ? 0xdeu : 0u);
      const std::uint64_t high = next() % 16 == 0 ? (next() & 0xffc0'0000'0000'0000) : 0;
      ram.at(address) = high | ((base >> 12) + next() % 5) << 10 | low;
    }
    const Ram pristine = ram;
    for (unsigned i = 0; i < 1000; ++i) {
      const Mode mode = modes[next() % 3];
      const std::uint64_t bits = next();
      Context c = user_in(mode);
      c.privilege = (bits & 1) != 0 ? Privilege::user : Privilege::supervisor;
      c.sum = (bits & 2) != 0;
      c.mxr = (bits & 4) != 0;
      c.hardware_ad = (bits & 8) != 0;
      c.pbmt_enabled = (bits & 16) != 0;
      const unsigned unused = 64 - va_bits_of(mode);
      const VirtAddr va{static_cast<std::uint64_t>(static_cast<std::int64_t>(next() << unused) >> unused) ^
                        (next() % 32 == 0 ? std::uint64_t{1} << 63 : 0)};
      const Access access = accesses[next() % 3];
      const auto memory = [&](std::uint64_t address) { return pristine.find(address); };
      const oracle::Verdict expected = oracle::translate(memory, c, everything, va.value, letter(access));
      const Walk story = walk(ram, c, everything, va, access);
      const bool ok = (story.fault == Fault::none) == (expected.outcome == oracle::Outcome::translated) &&
                      (story.fault == Fault::access) == (expected.outcome == oracle::Outcome::access_fault) &&
                      story.address.value == expected.physical && story.read_count == expected.reads &&
                      story.ad_written == expected.new_pte.has_value() &&
                      (!expected.new_pte || story.pte == *expected.new_pte);
      wrong += !ok;
      translated += story.fault == Fault::none;
      if (story.ad_written) ram = pristine;
    }
  }
  CHECK(wrong == 0);
  CHECK(translated > 2000);
}
