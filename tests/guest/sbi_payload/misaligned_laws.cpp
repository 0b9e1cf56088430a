// Misaligned loads and stores work, by the core or by the firmware's emulation, and fault where they must.
#include "payload.hpp"

extern "C" {
using Load = std::uint64_t(std::uint64_t address);
using Store = void(std::uint64_t address, std::uint64_t value);
Load load_h, load_hu, load_w, load_wu, load_d, load_d_full, load_w_full, load_cw, load_cd, load_fw, load_fd,
    load_cfd, load_sp_w, load_sp_d;
Store store_h, store_cw, store_cd, store_w_full, store_d_full, store_fw, store_fd, store_cfd, store_sp_w,
    store_sp_d;
}

namespace payload {
namespace {

constexpr unsigned buffer_bytes = 1024;
alignas(4096) std::uint8_t buffer[4096];

std::uint64_t base() { return reinterpret_cast<std::uint64_t>(buffer); }

std::uint8_t pattern(std::uint64_t offset) { return static_cast<std::uint8_t>(offset * 37 + 0x81); }

void fill() {
  for (unsigned i = 0; i < buffer_bytes; ++i) buffer[i] = pattern(i);
}

enum class Extend { zero, sign, ones };

std::uint64_t expected_load(std::uint64_t offset, unsigned bytes, Extend extend) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value |= std::uint64_t{pattern(offset + i)} << (8 * i);
  if (bytes == 8 || extend == Extend::zero) return value;
  const bool ones = extend == Extend::ones || (value >> (8 * bytes - 1) & 1) != 0;
  return ones ? value | ~std::uint64_t{0} << (8 * bytes) : value;
}

bool loads(Load* load, std::int64_t offset, unsigned bytes, Extend extend) {
  for (std::uint64_t start = 100; start < 116; ++start) {
    if (load(base() + start) != expected_load(start + static_cast<std::uint64_t>(offset), bytes, extend))
      return false;
  }
  return true;
}

// Neighbours must not change.
bool stores(Store* store, std::uint64_t offset, unsigned bytes) {
  constexpr std::uint64_t value = 0xf1e2d3c4b5a69788;
  for (std::uint64_t start = 200; start < 216; ++start) {
    fill();
    store(base() + start, value);
    for (std::uint64_t i = 0; i < buffer_bytes; ++i) {
      const std::uint64_t at = i - (start + offset);
      const std::uint8_t wanted = at < bytes ? static_cast<std::uint8_t>(value >> (8 * at)) : pattern(i);
      if (buffer[i] != wanted) return false;
    }
  }
  fill();
  return true;
}

bool faults_in_second_page(std::uint64_t cause, std::uint64_t exceptions) {
  const Traps& mine = traps_of(this_hart());
  return mine.exceptions == exceptions + 1 && mine.cause == cause && mine.value >> 12 == (window >> 12) + 1;
}

void check_faults() {
  map_window(0, buffer);
  map_window(1, nullptr);
  paging_on();
  const std::uint64_t edge = window + 4096 - 3;
  const Traps& mine = traps_of(this_hart());
  std::uint64_t before = mine.exceptions;
  load_d_full(edge);
  law(faults_in_second_page(13, before),
      "a misaligned load into an unmapped page is a load page fault there");
  before = mine.exceptions;
  store_d_full(edge, 0);
  law(faults_in_second_page(15, before),
      "a misaligned store into an unmapped page is a store page fault there");
  before = mine.exceptions;
  store_cd(edge - 16, 0);
  law(faults_in_second_page(15, before), "and so is a compressed one");
  alignas(4096) static std::uint8_t second[4096];
  map_window(1, second);
  asm volatile("sfence.vma" ::: "memory");
  store_d_full(edge, 0x0807060504030201);
  law(buffer[4095] == 3 && second[0] == 4 && second[4] == 8 && load_d_full(edge) == 0x0807060504030201,
      "over two mapped pages it works");
  paging_off();
}

}  // namespace

void check_misaligned() {
  fill();
  law(loads(load_h, 0, 2, Extend::sign) && loads(load_hu, 0, 2, Extend::zero),
      "lh and lhu load at any address");
  law(loads(load_w, -4, 4, Extend::sign) && loads(load_wu, 4, 4, Extend::zero),
      "lw and lwu load at any address");
  law(loads(load_w_full, 0, 4, Extend::sign) && loads(load_d_full, 0, 8, Extend::zero) &&
          loads(load_d, 8, 8, Extend::zero),
      "lw and ld load at any address, compressed or not");
  law(loads(load_cw, 64, 4, Extend::sign) && loads(load_cd, 72, 8, Extend::zero),
      "c.lw and c.ld load at any address");
  law(stores(store_h, 0, 2) && stores(store_w_full, 0, 4) && stores(store_d_full, 0, 8),
      "sh, sw and sd store at any address");
  law(stores(store_cw, 4, 4) && stores(store_cd, 16, 8), "c.sw and c.sd store at any address");
  law(loads(load_sp_w, 68, 4, Extend::sign) && loads(load_sp_d, 264, 8, Extend::zero),
      "c.lwsp and c.ldsp do");
  law(stores(store_sp_w, 132, 4) && stores(store_sp_d, 200, 8), "c.swsp and c.sdsp do");
  asm volatile("csrs sstatus, %0" : : "r"(1u << 13));  // FS = Initial
  law(loads(load_fw, 0, 4, Extend::ones) && loads(load_fd, -8, 8, Extend::zero) &&
          loads(load_cfd, 40, 8, Extend::zero),
      "flw, fld and c.fld load at any address, NaN-boxed");
  law(stores(store_fw, 12, 4) && stores(store_fd, 0, 8) && stores(store_cfd, 24, 8),
      "fsw, fsd and c.fsd store at any address");
  std::uint64_t status;
  asm volatile("csrr %0, sstatus" : "=r"(status));
  law((status >> 13 & 3) == 3, "loads of f registers make FS dirty");
  asm volatile("csrc sstatus, %0" : : "r"(3u << 13));
  const std::uint64_t before = traps_of(this_hart()).exceptions;
  load_fd(base() + 101);
  law(traps_of(this_hart()).exceptions > before && traps_of(this_hart()).cause == 2,
      "with FS off they are illegal, misaligned or not");
  check_faults();
}

}  // namespace payload
