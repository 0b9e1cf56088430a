// The view of a hart through which the table's bodies act (vocabulary: emu/isa/row.hpp).
//
// View<Mode::single> and View<Mode::ring> belong to the fast engine; ring is for machines of several harts, where
// stores must see other harts' reservations. View<Mode::observed> also records what the instruction did.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "emu/hart/csr.hpp"
#include "emu/hart/csr_bits.hpp"
#include "emu/hart/memory.hpp"
#include "emu/hart/recorder.hpp"
#include "emu/hart/system.hpp"
#include "emu/hart/trap.hpp"
#include "emu/isa/cache_block.hpp"
#include "emu/isa/row.hpp"

namespace hartbeat {

enum class Mode : std::uint8_t { single, ring, observed };

#define HARTBEAT_INLINE [[gnu::always_inline]] inline

// System instructions, the same for every mode.
struct SystemCalls {
  static isa::Flow csr(Hart& h, const Op* op, isa::CsrOp operation, std::uint64_t source, bool writes);
  static isa::Flow ecall(Hart& h, const Op* op);
  static isa::Flow ebreak(Hart& h, const Op* op);
  static isa::Flow mret(Hart& h, const Op* op);
  static isa::Flow sret(Hart& h, const Op* op);
  static isa::Flow wfi(Hart& h, const Op* op);
  static isa::Flow wait_on_reservation(Hart& h, const Op* op, bool shortly);
  static isa::Flow sfence_vma(Hart& h, const Op* op);
  static isa::Flow sfence_order(Hart& h, const Op* op);
  static isa::Flow fence_i(Hart& h);
  static isa::Flow tracepoint(Hart& h, const Op* op);
  static bool cache_block(Hart& h, const Op* op, isa::CacheBlock operation, std::uint64_t va);
  static isa::Flow illegal(Hart& h, const Op* op);
};

template <Mode M>
struct View {
  Hart* hart;
  const Op* op;

  // --- registers
  HARTBEAT_INLINE std::uint64_t x(unsigned n) const { return hart->x[n]; }
  HARTBEAT_INLINE void set_x(unsigned n, std::uint64_t value) {
    hart->x[n] = value;
    if constexpr (M == Mode::observed) {
      if (n != 32) {
        hart->recorder->event.writes_x = true;
        hart->recorder->event.rd_value = value;
      }
    }
  }
  HARTBEAT_INLINE std::uint64_t f(unsigned n) const { return hart->f[n]; }
  HARTBEAT_INLINE void set_f(unsigned n, std::uint64_t value) {
    hart->f[n] = value;
    fs_dirty();
    if constexpr (M == Mode::observed) {
      hart->recorder->event.writes_f = true;
      hart->recorder->event.rd_value = value;
    }
  }
  HARTBEAT_INLINE std::uint64_t pc() const { return hart->pc_of(op); }
  HARTBEAT_INLINE std::uint64_t next_pc() const { return pc() + op->length; }

  // --- floating point
  HARTBEAT_INLINE bool fp_enabled() {
    if ((hart->csr.mstatus & mstatus::FS) != 0) [[likely]]
      return true;
    return illegal();
  }
  template <class Rounding>
  HARTBEAT_INLINE bool rounding(const isa::Operands& o, Rounding& mode) {
    const unsigned field = o.rm == 7 ? hart->csr.frm : o.rm;
    if (field > 4) [[unlikely]]
      return illegal();
    mode = static_cast<Rounding>(field);
    return true;
  }
  HARTBEAT_INLINE std::uint32_t& fflags() { return hart->csr.fflags; }
  HARTBEAT_INLINE void fs_dirty() { hart->csr.mstatus |= mstatus::FS; }
  bool illegal() {
    SystemCalls::illegal(*hart, op);
    return false;
  }

  // --- memory
  template <class T>
  HARTBEAT_INLINE bool load_x(const isa::Operands& o, std::uint64_t va) {
    const FastEntry& entry = hart->fast->read[FastTable::index(va)];
    if (!hits<T>(entry, va)) [[unlikely]]
      return slow_load_x<T>(o, va);
    const T value = fast_load<T>(entry, va);
    set_x(o.rd, extended(value));
    return true;
  }
  template <class T>
  HARTBEAT_INLINE bool load_f(const isa::Operands& o, std::uint64_t va) {
    const FastEntry& entry = hart->fast->read[FastTable::index(va)];
    if (!hits<T>(entry, va)) [[unlikely]]
      return slow_load_f<T>(o, va);
    set_f(o.rd, boxed(fast_load<T>(entry, va)));
    return true;
  }
  template <class T>
  HARTBEAT_INLINE bool store(std::uint64_t va, std::uint64_t value) {
    const FastEntry& entry = hart->fast->write[FastTable::index(va)];
    if (!hits<T>(entry, va) || others_reserve()) [[unlikely]]
      return slow_store_from<T>(va, value);
    const T narrow = static_cast<T>(value);
    std::memcpy(reinterpret_cast<void*>(va + entry.addend), &narrow, sizeof narrow);
    ++hart->fast->stores;
    record_fast(va, entry.addend, static_cast<std::make_unsigned_t<T>>(narrow), sizeof(T), true);
    return true;
  }
  template <class T, class F>
  HARTBEAT_INLINE bool amo(const isa::Operands& o, std::uint64_t va, F fn) {
    const T operand = static_cast<T>(x(o.rs2));
    const FastEntry& entry = hart->fast->write[FastTable::index(va)];
    if (hits<T>(entry, va) && !others_reserve()) [[likely]] {
      auto* place = reinterpret_cast<std::uint8_t*>(va + entry.addend);
      ++hart->fast->stores;
      set_x(o.rd, update<T>(place, operand, fn, va, host_to_physical(place)));
      return true;
    }
    PhysAddr physical;
    std::uint8_t* place = atomic_place(slow(), hart->now(op), va, sizeof(T), mmu::Access::store, physical);
    if (place == nullptr) return false;
    set_x(o.rd, update<T>(place, operand, fn, va, physical));
    return store_done(*hart, hart->now(op), physical, sizeof(T));
  }
  template <class T>
  bool load_reserved(const isa::Operands& o, std::uint64_t va) {
    PhysAddr physical;
    const auto access = hart->config.lr_sc_as_stores ? mmu::Access::store : mmu::Access::load;
    const std::uint8_t* place = atomic_place(slow(), hart->now(op), va, sizeof(T), access, physical);
    if (place == nullptr) return false;
    T value;
    std::memcpy(&value, place, sizeof value);
    set_reservation(*hart, physical);
    set_x(o.rd, static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
    record(va, physical, static_cast<std::uint64_t>(value), sizeof(T), false);
    return hart->pending == Pending::none;
  }
  template <class T>
  bool store_conditional(const isa::Operands& o, std::uint64_t va) {
    if ((va & (sizeof(T) - 1)) != 0) {
      raise(*hart, cause::store_misaligned, va);
      return false;
    }
    const bool reserved = hart->reservation_valid;
    if (reserved || hart->config.lr_sc_as_stores) {
      PhysAddr physical;
      std::uint8_t* place = atomic_place(slow(), hart->now(op), va, sizeof(T), mmu::Access::store, physical);
      if (place == nullptr) return false;
      clear_reservation(*hart);
      if (reserved && (physical.value & ~(reservation_granule - 1)) == hart->reservation) {
        const T value = static_cast<T>(x(o.rs2));
        std::memcpy(place, &value, sizeof value);
        set_x(o.rd, 0);
        record(va, physical, static_cast<std::uint64_t>(value), sizeof(T), true);
        return store_done(*hart, hart->now(op), physical, sizeof(T));
      }
    }
    ++hart->counters.sc_failed;
    set_x(o.rd, 1);
    return true;
  }

  // amocas.q. A pair that begins with x0 reads as zero and is not written.
  bool compare_and_swap_pair(const isa::Operands& o, std::uint64_t va) {
    PhysAddr physical;
    std::uint8_t* place = atomic_place(slow(), hart->now(op), va, 16, mmu::Access::store, physical);
    if (place == nullptr) return false;
    const bool to_x0 = (o.rd & 31) == 0;
    const std::uint64_t expected[2] = {to_x0 ? 0 : x(o.rd), to_x0 ? 0 : x(o.rd + 1u)};
    const std::uint64_t source[2] = {x(o.rs2), o.rs2 == 0 ? 0 : x(o.rs2 + 1u)};
    std::uint64_t old[2];
    std::memcpy(old, place, sizeof old);
    const bool equal = old[0] == expected[0] && old[1] == expected[1];
    const std::uint64_t* fresh = equal ? source : old;
    std::memcpy(place, fresh, sizeof old);
    for (unsigned i = 0; i < 2; ++i) {
      const PhysAddr at{physical.value + 8 * i};
      if (!to_x0) set_x(o.rd + i, old[i]);
      record(va + 8 * i, at, old[i], 8, false);
      record(va + 8 * i, at, fresh[i], 8, true);
    }
    return store_done(*hart, hart->now(op), physical, 16);
  }

  bool cache_block(isa::CacheBlock operation, std::uint64_t va) {
    const bool done = SystemCalls::cache_block(slow(), op, operation, va);
    if (hart->pending != Pending::trap && operation == isa::CacheBlock::zero) {
      record(va & ~(isa::cache_block_bytes - 1), hart->last_physical, 0, isa::cache_block_bytes, true);
    }
    return done;
  }

  // --- system
  isa::Flow csr(const isa::Operands&, isa::CsrOp operation, std::uint64_t source, bool writes) {
    return SystemCalls::csr(*hart, op, operation, source, writes);
  }
  isa::Flow ecall() { return SystemCalls::ecall(*hart, op); }
  isa::Flow ebreak() { return SystemCalls::ebreak(*hart, op); }
  isa::Flow mret() { return SystemCalls::mret(*hart, op); }
  isa::Flow sret() { return SystemCalls::sret(*hart, op); }
  isa::Flow wfi() { return SystemCalls::wfi(*hart, op); }
  isa::Flow sfence_vma(const isa::Operands&) { return SystemCalls::sfence_vma(*hart, op); }
  isa::Flow sfence_order() { return SystemCalls::sfence_order(*hart, op); }
  isa::Flow fence_i() { return SystemCalls::fence_i(*hart); }
  isa::Flow pause() { return isa::Flow::next; }
  isa::Flow wait_on_reservation(bool shortly) { return SystemCalls::wait_on_reservation(*hart, op, shortly); }
  isa::Flow tracepoint(const isa::Operands&) { return SystemCalls::tracepoint(*hart, op); }
  // Memory is sequentially consistent: harts interleave by instruction.
  isa::Flow fence(const isa::Operands&) { return isa::Flow::next; }

 private:
  template <class T>
  HARTBEAT_INLINE static bool hits(const FastEntry& entry, std::uint64_t va) {
    return (va & (~page_offset_mask | (sizeof(T) - 1))) == entry.tag;
  }
  template <class T>
  HARTBEAT_INLINE static std::uint64_t extended(T value) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  }
  template <class T>
  HARTBEAT_INLINE static std::uint64_t boxed(T value) {
    constexpr std::uint64_t box = sizeof(T) == 8 ? 0 : ~std::uint64_t{0} << (8 * (sizeof(T) % 8));
    return static_cast<std::make_unsigned_t<T>>(value) | box;
  }
  template <class T>
  HARTBEAT_INLINE T fast_load(const FastEntry& entry, std::uint64_t va) {
    T value;
    std::memcpy(&value, reinterpret_cast<const void*>(va + entry.addend), sizeof value);
    ++hart->fast->loads;
    record_fast(va, entry.addend, static_cast<std::make_unsigned_t<T>>(value), sizeof(T), false);
    return value;
  }
  template <class T>
  [[gnu::noinline]] bool slow_load_x(const isa::Operands& o, std::uint64_t va) {
    const AccessResult result = slow_load(slow(), hart->now(op), va, sizeof(T));
    if (result == AccessResult::trapped) return false;
    record_slow(va, hart->slow_value, sizeof(T), false);
    set_x(o.rd, extended(static_cast<T>(hart->slow_value)));
    return result == AccessResult::done;
  }
  template <class T>
  [[gnu::noinline]] bool slow_load_f(const isa::Operands& o, std::uint64_t va) {
    const AccessResult result = slow_load(slow(), hart->now(op), va, sizeof(T));
    if (result == AccessResult::trapped) return false;
    record_slow(va, hart->slow_value, sizeof(T), false);
    set_f(o.rd, boxed(static_cast<T>(hart->slow_value)));
    return result == AccessResult::done;
  }
  template <class T>
  [[gnu::noinline]] bool slow_store_from(std::uint64_t va, std::uint64_t value) {
    const auto narrow = static_cast<std::make_unsigned_t<T>>(value);
    const AccessResult result = slow_store(slow(), hart->now(op), va, sizeof(T), narrow);
    if (result == AccessResult::trapped) return false;
    record_slow(va, narrow, sizeof(T), true);
    return result == AccessResult::done;
  }
  template <class T, class F>
  HARTBEAT_INLINE std::uint64_t update(std::uint8_t* place, T operand, F fn, std::uint64_t va,
                                       PhysAddr physical) {
    T old;
    std::memcpy(&old, place, sizeof old);
    const T fresh = static_cast<T>(fn(old, operand));
    std::memcpy(place, &fresh, sizeof fresh);
    record(va, physical, static_cast<std::uint64_t>(old), sizeof(T), false);
    record(va, physical, static_cast<std::uint64_t>(fresh), sizeof(T), true);
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(old));
  }
  HARTBEAT_INLINE bool others_reserve() const {
    if constexpr (M == Mode::single) return false;
    return (hart->system->reserving_harts & ~(std::uint64_t{1} << hart->id.value)) != 0;
  }
  Hart& slow() {
    hart->current_pc = pc();
    return *hart;
  }
  PhysAddr host_to_physical(const std::uint8_t* place) const {
    if constexpr (M != Mode::observed) return {};
    const Ram& ram = hart->system->ram;
    return {static_cast<std::uint64_t>(place - ram.host(ram.base())) + ram.base().value};
  }
  HARTBEAT_INLINE void record(std::uint64_t va, PhysAddr physical, std::uint64_t value, unsigned size,
                              bool is_store) {
    if constexpr (M == Mode::observed) {
      hart->recorder->memory_effect(
          {VirtAddr{va}, physical, value, static_cast<std::uint8_t>(size), is_store});
    }
  }
  HARTBEAT_INLINE void record_fast(std::uint64_t va, std::uint64_t addend, std::uint64_t value, unsigned size,
                                   bool is_store) {
    if constexpr (M == Mode::observed) {
      record(va, host_to_physical(reinterpret_cast<const std::uint8_t*>(va + addend)), value, size, is_store);
    }
  }
  HARTBEAT_INLINE void record_slow(std::uint64_t va, std::uint64_t value, unsigned size, bool is_store) {
    if constexpr (M == Mode::observed) record(va, hart->last_physical, value, size, is_store);
  }
};

#undef HARTBEAT_INLINE

}  // namespace hartbeat
