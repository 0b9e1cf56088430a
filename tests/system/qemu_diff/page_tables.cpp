#include "tests/system/qemu_diff/page_tables.hpp"

#include <cstring>

namespace hartbeat::qemu_diff {

namespace {

constexpr std::uint64_t V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128;
constexpr std::uint64_t N = std::uint64_t{1} << 63;
constexpr std::uint64_t hole = 0x1'0000'0000;  // no device and no memory there, on either machine

// Pages of the tables' region.
enum : unsigned {
  root_a,
  root_b,
  kernel1,
  kernel0,
  window1_a,
  window1_b,
  window0_a,
  window0_b,
  shared0,
  upper1,
  top3_a,
  top3_b,
  top4_a,
  top4_b
};

constexpr std::uint64_t entry(std::uint64_t physical, std::uint64_t flags) {
  return physical >> 12 << 10 | flags;
}

// Groups of 16 entries in a level-0 table that are one Svnapot page; run-time updates leave them alone.
constexpr bool is_napot_group(unsigned index) { return index / 16 == 5; }

std::uint64_t random_permissions(Random& random, std::uint64_t allowed) {
  std::uint64_t flags = random.bits() & (R | W | X) & allowed;
  if (flags == 0) flags = R;
  // Writable without readable is reserved: keep some.
  if ((flags & (R | W)) == W && random.chance(80)) flags |= R;
  return flags;
}

}  // namespace

PageTables::PageTables(bool svnapot, bool holes) : svnapot_(svnapot), holes_(holes), bytes_(TABLES_SIZE) {
  const std::uint64_t kernel_data = V | R | W | A | D | G;
  for (const unsigned root : {root_a, root_b}) set(root, 2, pointer(kernel1));
  set(kernel1, 0, pointer(kernel0));
  for (const unsigned index : {0u, 511u}) {
    for (unsigned root = 0; root < roots; ++root) {
      set(top3_a + root, index, pointer(root_a + root));
      set(top4_a + root, index, pointer(top3_a + root));
    }
  }
  for (const std::uint64_t base : {TABLES_BASE, DATA_BASE, RETURNS_BASE}) {
    set(kernel1, static_cast<unsigned>(base >> 21 & 511), entry(base, kernel_data));
  }
  for (unsigned page = 0; page < (CONFIG_BASE - RUNTIME_BASE) / 4096; ++page) {
    set(kernel0, page, entry(RUNTIME_BASE + 4096 * page, kernel_data | X));
  }
}

void PageTables::set(unsigned page, unsigned index, std::uint64_t value) {
  std::memcpy(bytes_.data() + 4096 * page + 8 * index, &value, sizeof value);
}

std::uint64_t PageTables::pointer(unsigned page) { return entry(table(page), V); }

std::uint64_t PageTables::satp(unsigned root, Depth depth) {
  constexpr unsigned tops[3][roots] = {{root_a, root_b}, {top3_a, top3_b}, {top4_a, top4_b}};
  const auto mode = static_cast<std::uint64_t>(depth);
  return mode << 60 | asid(root) << 44 | table(tops[mode - 8][root]) >> 12;
}

void PageTables::map_code(std::uint64_t address, bool user) {
  set(kernel0, static_cast<unsigned>(address >> 12 & 511),
      entry(address, V | R | X | A | D | (user ? U : 0)));
}

std::uint64_t PageTables::random_attributes(Random& random, bool may_be_global) const {
  std::uint64_t flags = random.chance(96) ? V : 0;
  flags |= random.bits() & (U | std::uint64_t{3} << 8);
  if (may_be_global) flags |= random.bits() & G;
  if (random.chance(70)) flags |= A;
  if (random.chance(70)) flags |= D;
  if (!svnapot_ && random.chance(4)) flags |= std::uint64_t{1} << (54 + random.below(10));
  return flags;
}

// Data pages are never executable and pages of returns never writable, so that nothing random is executed.
std::uint64_t PageTables::random_leaf(Random& random, bool may_be_global) const {
  const std::uint64_t attributes = random_attributes(random, may_be_global);
  const std::uint64_t roll = random.below(100);
  if (roll < 75) {
    return entry(DATA_BASE + 4096 * random.below(DATA_SIZE / 4096),
                 attributes | random_permissions(random, R | W));
  }
  if (roll < 95) {
    return entry(RETURNS_BASE + 4096 * random.below(RETURNS_SIZE / 4096),
                 attributes | random_permissions(random, R | X));
  }
  if (roll < 98 && holes_) return entry(hole, attributes | random_permissions(random, R | W | X));
  // Svnapot with a reserved size. QEMU 7.2 sets A and D before it finds out, so they are set already.
  return entry(DATA_BASE, attributes | A | D | N | R | W);
}

void PageTables::randomise_level0(Random& random, unsigned page, bool may_be_global) {
  for (unsigned index = 0; index < 512; ++index) set(page, index, random_leaf(random, may_be_global));
  if (!svnapot_) return;
  // 64 KiB pages: 16 equal entries. A and D are set, because which of the 16 the hardware would update is
  // open.
  const std::uint64_t napot = entry(DATA_BASE + 0x8000, V | R | A | D | (random.bits() & (U | W))) | N;
  for (unsigned index = 0; index < 512; ++index) {
    if (is_napot_group(index)) set(page, index, napot);
  }
}

void PageTables::randomise_level1(Random& random, unsigned page, unsigned level0) {
  const auto attributes = [&] { return random_attributes(random, false); };
  for (unsigned index = 8; index < 32; ++index) {
    set(page, index, entry(DATA_BASE, attributes() | random_permissions(random, R | W)));
  }
  set(page, 0, pointer(level0));
  set(page, 1, pointer(shared0));
  set(page, 2, entry(RETURNS_BASE, attributes() | random_permissions(random, R | X)));
  set(page, 3, entry(DATA_BASE + 0x1000, attributes() | R | W));   // misaligned superpage
  set(page, 4, pointer(level0) | (random.bits() & (U | A | D)));   // reserved in a pointer
  set(page, 6, entry(DATA_BASE, V | W | A | D));                   // writable, not readable
  set(page, 7, entry(DATA_BASE + 0x8000, V | R | W | A | D) | N);  // Svnapot superpage: reserved
}

void PageTables::randomise(Random& random) {
  randomise_level0(random, window0_a, false);
  randomise_level0(random, window0_b, false);
  randomise_level0(random, shared0, true);
  randomise_level1(random, window1_a, window0_a);
  randomise_level1(random, window1_b, window0_b);
  set(upper1, 511, pointer(shared0));
  // Not global: each root has a copy of its own, and A and D of the one that is not walked stay as they are.
  // Not global: each root has a copy of its own, and A and D of the one that is not walked stay as they are.
  const std::uint64_t giga =
      entry(0x8000'0000, random_attributes(random, false) | random_permissions(random, R | W));
  for (const unsigned root : {root_a, root_b}) {
    set(root, 64, pointer(root == root_a ? window1_a : window1_b));
    set(root, 65, giga);
    set(root, 66, entry(0x8000'0000 + DATA_BASE % 0x4000'0000, V | R | W | A | D));  // misaligned gigapage
    set(root, 68, pointer(kernel1) | (A << random.below(2)));
    set(root, 511, pointer(upper1));
  }
}

std::uint64_t PageTables::random_address(Random& random, std::uint64_t offset) {
  const std::uint64_t roll = random.below(100);
  if (roll < 55) return window + 4096 * random.below(512) + offset;
  if (roll < 70) return window + (1 << 21) + 4096 * random.below(512) + offset;
  if (roll < 85) return window + (random.below(33) << 21) + 4096 * random.below(16) + offset;
  if (roll < 90) return ~std::uint64_t{0} - (1 << 21) + 1 + 4096 * random.below(512) + offset;
  if (roll < 96) {
    return window + (random.below(6) << 30) + (DATA_BASE & 0x3fff'ffff) + 4096 * random.below(16) + offset;
  }
  return (window | std::uint64_t{1} << (38 + random.below(26))) + 4096 * random.below(512) +
         offset;  // not canonical
}

PageTables::Update PageTables::random_update(Random& random, unsigned root) {
  const unsigned page = root == 0 ? window0_a : window0_b;
  unsigned index = static_cast<unsigned>(random.below(512));
  if (is_napot_group(index)) index += 16;
  return {table(page) + 8 * index, window + 4096 * std::uint64_t{index}, random_leaf(random, false)};
}

}  // namespace hartbeat::qemu_diff
