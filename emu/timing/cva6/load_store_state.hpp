// The registers of the load/store side, from bypass to AXI, in one canonical form: what two moments must agree in for the same
// requests to take the same cycles. Each module names its registers in visit(), once for both ways: LoadStorePacker tells them, and
// LoadStoreRestorer puts them back. Addresses are not in it: it names the access by its age, what is behind a name stands in
// Accesses, and what of the addresses matters (which stores an access falls on, what the D$ holds) is in the form.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace hartbeat::timing::cva6 {

// The number of a load among the loads, or of a store among the stores, in the order of issue.
using Serial = std::uint32_t;
// The last of both.
class Serials {
 public:
  Serial load() const { return last_[1]; }
  Serial store() const { return last_[0]; }
  Serial& of(bool is_load) { return last_[is_load]; }
  Serial of(bool is_load) const { return last_[is_load]; }
  bool operator==(const Serials&) const = default;

 private:
  std::array<Serial, 2> last_{};  // by index, for which it is the host's branches would have to guess
};

// A load or store that has been issued.
struct Access {
  std::uint64_t address = 0, physical = 0, data = 0;
  Serial before = 0;  // the last store before it
  std::uint8_t size_log2 = 0;
  bool is_load = false;
};

// The last of each kind, by their serial number. In flight are fewer: what the queues, the write buffer and the D$ hold.
class Accesses {
 public:
  static constexpr unsigned most = 32;
  Access& load(Serial serial) { return of(true, serial); }
  const Access& store(Serial serial) const { return slots_[0][serial % most]; }
  Access& of(bool is_load, Serial serial) { return slots_[is_load][serial % most]; }
  void put(Serial serial, const Access& access) {
    of(access.is_load, serial) = access;
    if (!access.is_load) last_store_[offset_of(access.address)] = serial;
  }
  // The youngest of these stores that has the page offset of `address`, but for the byte, and that `fits`: its age. `ages` has a bit
  // for each, counted from `newest`. `most`: there is none.
  template <class Fits>
  unsigned youngest(std::uint64_t address, Serial newest, std::uint32_t ages, Fits fits) const {
    const std::uint32_t offset = offset_of(address);
    const auto last =
        static_cast<std::int32_t>(newest - last_store_[offset]);  // all younger ones have another
    if (last >= static_cast<std::int32_t>(most)) return most;
    for (std::uint32_t left = ages & (~0u << std::max(last, 0)); left; left &= left - 1) {
      const auto age = static_cast<unsigned>(std::countr_zero(left));
      const Access& there = store(newest - age);
      if (offset_of(there.address) == offset && fits(there)) return age;
    }
    return most;
  }

 private:
  static std::uint32_t offset_of(std::uint64_t address) { return (address >> 3) & 0x1FF; }

  std::array<std::array<Access, most>, 2> slots_{};  // stores and loads
  // The last store with this page offset, among all there have been.
  std::array<Serial, 0x200> last_store_{};
};

struct LoadStoreState {
  // More than what is told of the longest queues, eight each, and of 16 accesses that move.
  static constexpr unsigned most = 384;
  std::uint32_t stores = 0;  // a bit for each age of a store that is not in memory yet
  std::uint32_t size = 0;    // of `bytes`, a multiple of eight
  std::array<std::uint8_t, most> bytes;
};

// What both ways need to know: the accesses that were given last, the scoreboard's oldest slot, the cycle that begins.
struct LoadStoreFrame {
  Accesses& accesses;
  Serials newest;
  unsigned oldest_slot, slot_mask;
  std::uint64_t cycle;
};

class LoadStorePacker {
 public:
  static constexpr bool restores = false;
  LoadStorePacker(const LoadStoreFrame& frame, LoadStoreState& out)
      : frame_(frame), out_(out), at_(out.bytes.data()) {
    out.stores = 0;
  }

  template <class T>
  void bits(const T& value) {
    *at_++ = static_cast<std::uint8_t>(value);
  }
  void slot(std::uint8_t id) { bits((id - frame_.oldest_slot) & frame_.slot_mask); }
  // A cycle to come; what is past is the same whenever it was.
  void when(std::uint64_t cycle) {
    const std::uint64_t wait = cycle > frame_.cycle ? cycle - frame_.cycle : 0;
    need(wait < 0x10000);
    bits(wait);
    bits(wait >> 8);
  }
  void access(bool is_load, Serial serial) {
    need(age(is_load, serial) < Accesses::most);
    bits(age(is_load, serial));
  }
  // One whose address is still to be compared with those of stores, or to be looked up.
  void moving(bool is_load, Serial serial) {
    access(is_load, serial);
    comes(is_load, serial);
  }
  // The same of one that has not come here yet.
  void comes(bool is_load, Serial serial) {
    (is_load ? moving_loads_ : moving_stores_) |= bit(is_load, serial);
    need(std::popcount(moving_loads_) + std::popcount(moving_stores_) <= most_moving);
  }
  // A store that has been translated: its physical address is known, and may not be asked for again, under what is now the
  // translation.
  void placed(Serial serial, std::uint64_t physical) {
    moving(false, serial);
    store(serial);
    placed_ |= bit(false, serial);
    of(false, serial).physical = physical;
  }
  // A load that has been looked up, and is not there.
  void missed(Serial serial) {
    access(true, serial);
    missed_ |= bit(true, serial);
  }
  void store(Serial serial) { out_.stores |= bit(false, serial); }
  // A queue of this length is to be told: false, when it is too long for that.
  bool fits(unsigned length) {
    need(length <= longest_queue);
    return length <= longest_queue;
  }
  void need(bool condition) { told_ &= condition; }
  std::uint64_t cycle() const { return frame_.cycle; }
  bool told() const { return told_; }
  Access& of(bool is_load, Serial serial) { return frame_.accesses.of(is_load, serial); }

  void end() {
    while ((at_ - out_.bytes.data()) % 8 != 0) *at_++ = 0;
    out_.size = static_cast<std::uint32_t>(at_ - out_.bytes.data());
  }
  static constexpr unsigned longest_queue = 8;
  // A bit for each age of what is moving() or comes(), of them what is placed(), and of what has missed().
  std::uint32_t moving_loads() const { return moving_loads_; }
  std::uint32_t moving_stores() const { return moving_stores_; }
  std::uint32_t placed_stores() const { return placed_; }
  std::uint32_t missed_loads() const { return missed_; }

 private:
  static constexpr int most_moving = 16;
  Serial age(bool is_load, Serial serial) const { return frame_.newest.of(is_load) - serial; }
  std::uint32_t bit(bool is_load, Serial serial) const {
    return 1u << (age(is_load, serial) % Accesses::most);
  }

  LoadStoreFrame frame_;
  LoadStoreState& out_;
  std::uint8_t* at_;
  std::uint32_t moving_loads_ = 0, moving_stores_ = 0, placed_ = 0, missed_ = 0;
  bool told_ = true;
};

class LoadStoreRestorer {
 public:
  static constexpr bool restores = true;
  LoadStoreRestorer(const LoadStoreFrame& frame, const std::uint8_t* bytes) : frame_(frame), at_(bytes) {}

  template <class T>
  void bits(T& value) {
    value = static_cast<T>(next());
  }
  void slot(std::uint8_t& id) {
    id = static_cast<std::uint8_t>((next() + frame_.oldest_slot) & frame_.slot_mask);
  }
  void when(std::uint64_t& cycle) {
    const unsigned low = next();
    cycle = frame_.cycle + (low | unsigned{next()} << 8);
  }
  void access(bool is_load, Serial& serial) { serial = frame_.newest.of(is_load) - next(); }
  void moving(bool is_load, Serial& serial) { access(is_load, serial); }
  void placed(Serial& serial, std::uint64_t) { access(false, serial); }
  void missed(Serial& serial) { access(true, serial); }
  void store(Serial) {}
  void need(bool) {}
  bool fits(unsigned) { return true; }
  const Access& of(bool is_load, Serial serial) const { return frame_.accesses.of(is_load, serial); }

 private:
  std::uint8_t next() { return *at_++; }

  LoadStoreFrame frame_;
  const std::uint8_t* at_;
};

}  // namespace hartbeat::timing::cva6
