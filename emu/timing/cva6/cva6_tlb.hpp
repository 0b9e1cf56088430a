// Module cva6_tlb: a fully associative first-level TLB with tree-PLRU, without the hypervisor's parts.
#pragma once

#include <array>
#include <cstdint>

namespace hartbeat::timing::cva6 {

// A page-table entry's bits as the privileged specification numbers them.
struct Pte {
  std::uint64_t bits = 0;
  bool v() const { return bits & 1; }
  bool r() const { return bits & 2; }
  bool w() const { return bits & 4; }
  bool x() const { return bits & 8; }
  bool u() const { return bits & 16; }
  bool g() const { return bits & 32; }
  bool a() const { return bits & 64; }
  bool d() const { return bits & 128; }
  bool n() const { return bits >> 63; }
  std::uint64_t ppn() const { return (bits >> 10) & ((std::uint64_t{1} << 44) - 1); }
  std::uint64_t reserved() const { return (bits >> 54) & 0x1FF; }
};

struct TlbUpdate {
  bool valid = false;
  bool napot_64k = false;
  std::uint8_t level = 2;  // of the leaf: 0 is 1 GiB, 1 is 2 MiB, 2 is 4 KiB
  std::uint16_t asid = 0;
  std::uint64_t vpn = 0;  // 27 bits
  Pte pte;
};

struct TlbHit {
  bool hit = false;
  std::uint8_t level = 2;
  Pte pte;  // the PPN patched for a 64 KiB page
};

struct TlbFlush {
  std::uint64_t address = 0;  // 0: every address
  std::uint16_t asid = 0;     // 0: every address space, global entries too
};

class Cva6Tlb {
 public:
  static constexpr unsigned entries = 16;

  // The look-up of a cycle. With `access`, a hit is marked as recently used. Without translation (`enabled`
  // false) the ASID does not matter, and the result is not used, but the replacement is touched all the same.
  TlbHit lookup(std::uint64_t address, std::uint16_t asid, bool enabled, bool access) {
    if (used_ == 0) return {};
    const std::uint64_t vpn = vpn_of(address);
    for (unsigned i = 0; i < entries; ++i) {
      const unsigned entry = (last_ + i) % entries;
      if (!matches(entry, vpn, asid, enabled)) continue;
      last_ = entry;
      if (access) touch(entry);
      TlbHit out{true, entries_[entry].level, entries_[entry].pte};
      if (entries_[entry].napot_64k)
        out.pte.bits = (out.pte.bits & ~(std::uint64_t{15} << 10)) | ((vpn & 15) << 10);
      return out;
    }
    return {};
  }
  // Is there a translation, without touching anything?
  TlbHit probe(std::uint64_t address, std::uint16_t asid) const {
    Cva6Tlb copy = *this;
    return copy.lookup(address, asid, true, false);
  }

  // The walker's answer. Refused while the look-up of the same cycle hits (the RTL's condition).
  void update(const TlbUpdate& update, bool lookup_hits);
  void flush(const TlbFlush& flush);
  bool empty() const { return used_ == 0; }

 private:
  struct Entry {
    std::uint64_t vpn = 0;
    Pte pte;
    std::uint16_t asid = 0;
    std::uint8_t level = 2;
    bool napot_64k = false;
    bool valid = false;
  };

  static constexpr std::uint64_t vpn_of(std::uint64_t address) { return (address >> 12) & 0x7FF'FFFF; }
  static constexpr unsigned shift_of(unsigned level, bool napot) {
    return level == 0 ? 18 : level == 1 ? 9 : napot ? 4 : 0;
  }
  bool matches(unsigned i, std::uint64_t vpn, std::uint16_t asid, bool enabled) const {
    const Entry& e = entries_[i];
    if (!e.valid) return false;
    const unsigned shift = shift_of(e.level, e.napot_64k);
    if ((e.vpn ^ vpn) >> shift) return false;
    return !enabled || e.asid == asid || e.pte.g();
  }
  void touch(unsigned entry) {
    // Nodes on the path are set to point away from the entry.
    for (unsigned level = 0; level < 4; ++level) {
      const unsigned node = (1u << level) - 1 + (entry >> (4 - level));
      const unsigned away = ~(entry >> (3 - level)) & 1;
      tree_ = (tree_ & ~(1u << node)) | (away << node);
    }
  }
  unsigned victim() const {
    unsigned node = 0, entry = 0;
    for (unsigned level = 0; level < 4; ++level) {
      const unsigned bit = (tree_ >> node) & 1;
      entry = entry * 2 + bit;
      node = 2 * node + 1 + bit;
    }
    return entry;
  }

  std::array<Entry, entries> entries_{};
  std::uint32_t tree_ = 0;
  unsigned used_ = 0, last_ = 0;
};

}  // namespace hartbeat::timing::cva6
