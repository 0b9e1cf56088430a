#include "tests/system/qemu_diff/generator.hpp"

#include <cstring>

namespace hartbeat::qemu_diff {

namespace {

constexpr std::uint64_t fs_dirty = 0x6000;
constexpr std::uint64_t tvm = 1 << 20, tw = 1 << 21, tsr = 1 << 22;

template <class T>
void put(std::vector<std::uint8_t>& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

const Pools& shared_pools() {
  static const Pools pools;
  return pools;
}

}  // namespace

Program generate(std::uint64_t seed) { return Generator(seed).generate(); }

Generator::Generator(std::uint64_t seed)
    : random_(seed),
      aligned_only_(random_.chance(30)),
      pools_(shared_pools()),
      tables_(seed % 2 != 0, aligned_only_) {
  program_.svnapot = seed % 2 != 0;
}

unsigned Generator::reg_except(unsigned a, unsigned b) {
  for (;;) {
    const unsigned n = random_.reg_not_zero();
    if (n != a && n != b) return n;
  }
}

// Entry 15 admits everything; the entries before it take rights away from S and U mode on pages of the data.
void Generator::choose_pmp() {
  Config& config = program_.config;
  constexpr std::uint64_t tor = 1 << 3, napot = 3 << 3, all = 7;
  config.pmpaddr[15] = ~std::uint64_t{0} >> 10;
  config.pmpcfg[1] = (napot | all) << 56;
  if (!aligned_only_) return;
  for (unsigned i = 0; i < 6; i += 2) {
    const std::uint64_t page = DATA_BASE + 4096 * random_.below(DATA_SIZE / 4096);
    const std::uint64_t rights = random_.below(8);
    const bool writable_only = (rights & 3) == 2;  // reserved
    const std::uint64_t legal = writable_only ? 1 : rights;
    if (random_.chance(50)) {
      config.pmpaddr[i] = page >> 2 | 0x1ff;
      config.pmpcfg[0] |= (napot | legal) << (8 * i);
    } else {
      config.pmpaddr[i] = page >> 2;
      config.pmpaddr[i + 1] = (page + 4096 * random_.below(4)) >> 2;
      config.pmpcfg[0] |= (tor | legal) << (8 * (i + 1));
    }
  }
}

void Generator::choose_configuration() {
  Config& config = program_.config;
  paging_ = random_.chance(65);
  root_ = 0;
  constexpr PageTables::Depth depths[] = {PageTables::Depth::sv39, PageTables::Depth::sv39,
                                          PageTables::Depth::sv48, PageTables::Depth::sv57};
  depth_ = random_.pick(depths);
  if (paging_) config.satp = PageTables::satp(root_, depth_);
  // Calls stay with the machine handler, which carries out the changes of mode.
  if (random_.chance(50)) config.medeleg = random_.bits() & 0xb0ff;
  // The runtime corrects one cause of the pair (level_atomic), which must not change who handles it.
  config.medeleg = (config.medeleg & ~std::uint64_t{0x20}) | (config.medeleg >> 2 & 0x20);
  if (random_.chance(50)) config.mideleg = 2;
  trap_virtual_memory_ = random_.chance(20);
  trap_wait_ = random_.chance(30);
  // The supervisor handler itself returns by sret.
  trap_sret_ = config.medeleg == 0 && config.mideleg == 0 && random_.chance(30);
  config.mstatus =
      fs_dirty | (trap_virtual_memory_ ? tvm : 0) | (trap_wait_ ? tw : 0) | (trap_sret_ ? tsr : 0);
  config.mstatus |= random_.bits() & 0xc0000;  // SUM, MXR
  config.fcsr = random_.below(5) << 5 | random_.below(32);
  for (auto& value : config.x) value = random_.corner();
  for (auto& value : config.f)
    value = random_.chance(50) ? random_.bits() : random_.bits() | 0xffff'ffff'0000'0000;
  choose_pmp();
}

void Generator::call_mark(unsigned request) {
  emit(row("ecall"), {});
  emit(row("lui"),
       {.imm = static_cast<std::int64_t>(std::int32_t{MARK | static_cast<std::int32_t>(request)} << 12)});
}

void Generator::segment(unsigned snippets) {
  for (unsigned i = 0; i < snippets; ++i) snippet();
}

void Generator::snippet() {
  const std::uint64_t roll = random_.below(1000);
  if (roll < 330) return compute(code_);
  if (roll < 400) return corner_operand();
  if (roll < 440) return forward_branch();
  if (roll < 460) return compressed_forward();
  if (roll < 470) return loop();
  if (roll < 490) return jump_over();
  if (roll < 510) return illegal();
  if (roll < 516) return environment();
  if (roll < 522) return fence();
  if (roll < 640) return load_store();
  if (roll < 670) return compressed_memory();
  if (roll < 700) return atomic();
  if (roll < 710) return reservation();
  if (roll < 712) return rewrite_code();
  if (roll < 722) return wild_jump();
  if (roll < 735) return machine_access_as_lower();
  if (roll < 745) return replace_mapping();
  if (roll < 749) return switch_root();
  if (roll < 810) return float_operand();
  if (roll < 920) return float_operation();
  if (roll < 930) return rounding_mode();
  if (roll < 933) return float_off();
  if (roll < 960) return csr_access();
  if (roll < 970) return csr_forbidden();
  if (roll < 982) return status_bits();
  if (roll < 989) return privileged_forbidden();
  if (roll < 995) return return_to_same_mode();
  return software_interrupt();
}

Program Generator::generate() {
  choose_configuration();
  tables_.randomise(random_);
  constexpr Mode modes[] = {Mode::user, Mode::supervisor, Mode::machine};
  const unsigned segments = 3 + static_cast<unsigned>(random_.below(6));
  mode_ = random_.pick(modes);
  program_.config.mstatus |= static_cast<std::uint64_t>(mode_) << 11;
  Code whole;
  for (unsigned i = 0; i < segments; ++i) {
    code_ = Code();
    segment(60 + static_cast<unsigned>(random_.below(200)));
    const Mode here = mode_;
    mode_ = random_.pick(modes);
    call_mark(i + 1 == segments ? MARK_END : static_cast<unsigned>(mode_));
    while (code_.size() % 4096 != 0) code_.half(static_cast<std::uint16_t>(random_.bits()));
    for (std::size_t at = 0; at < code_.size(); at += 4096) {
      tables_.map_code(PROGRAM_BASE + whole.size() + at, here == Mode::user);
    }
    whole.append(code_);
  }
  program_.code = whole.bytes();
  program_.tables = tables_.bytes();
  program_.data.resize(DATA_SIZE);
  for (std::size_t at = 0; at < DATA_SIZE; at += 8) put(program_.data, at, random_.corner());
  return program_;
}

}  // namespace hartbeat::qemu_diff
