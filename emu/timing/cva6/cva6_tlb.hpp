// Module cva6_tlb: a fully associative first-level TLB (16 entries in the RTL) with tree-PLRU, without the
// hypervisor's parts.
#pragma once

#include <cstdint>
#include <vector>

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
  // A power of two from 2 to 64: the tree's nodes are the bits of a word.
  explicit Cva6Tlb(unsigned entries);

  // The look-up of a cycle. With `access`, a hit is marked as recently used. Without translation (`enabled`
  // false) the ASID does not matter, and the result is not used, but the replacement is touched all the same.
  TlbHit lookup(std::uint64_t address, std::uint16_t asid, bool enabled, bool access) {
    const int entry = find(address, asid, enabled);
    if (entry < 0) return {};
    last_ = static_cast<unsigned>(entry);
    if (access) touch(last_);
    return answer(last_, address);
  }
  // Is there a translation, without touching anything?
  TlbHit probe(std::uint64_t address, std::uint16_t asid) const {
    const int entry = find(address, asid, true);
    return entry < 0 ? TlbHit{} : answer(static_cast<unsigned>(entry), address);
  }

  // The walker's answer. Refused while the look-up of the same cycle hits (the RTL's condition).
  void update(const TlbUpdate& update, bool lookup_hits);
  // False: it held nothing of that.
  bool flush(const TlbFlush& flush);
  bool empty() const { return used_ == 0; }
  // Two of its entries may translate the same address for the same address space: which one a look-up finds depends on those
  // before it.
  bool ambiguous() const { return ambiguous_; }

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
  // The entry that matches; -1: none. The last one that did is tried first.
  int find(std::uint64_t address, std::uint16_t asid, bool enabled) const {
    if (used_ == 0) return -1;
    const std::uint64_t vpn = vpn_of(address);
    if (matches(last_, vpn, asid, enabled)) return static_cast<int>(last_);
    const std::uint64_t key = vpn << 17 | std::uint64_t{asid} << 1 | (enabled ? 1u : 0u);
    if (key == absent_) return -1;
    const int other = find_other(vpn, asid, enabled);
    if (other < 0) absent_ = key;
    return other;
  }
  int find_other(std::uint64_t vpn, std::uint16_t asid, bool enabled) const;
  TlbHit answer(unsigned entry, std::uint64_t address) const {
    TlbHit out{true, entries_[entry].level, entries_[entry].pte};
    if (entries_[entry].napot_64k)
      out.pte.bits = (out.pte.bits & ~(std::uint64_t{15} << 10)) | ((vpn_of(address) & 15) << 10);
    return out;
  }
  bool overlaps(const TlbUpdate& update, unsigned victim) const;
  void touch(unsigned entry) { tree_ = (tree_ & ~paths_[entry].nodes) | paths_[entry].away; }
  unsigned victim() const {
    unsigned node = 0, entry = 0;
    for (unsigned level = 0; level < levels_; ++level) {
      const unsigned bit = (tree_ >> node) & 1;
      entry = entry * 2 + bit;
      node = 2 * node + 1 + bit;
    }
    return entry;
  }

  // The tree's nodes above an entry, and their bits when all of them point away from it.
  struct Path {
    std::uint64_t nodes = 0, away = 0;
  };
  std::vector<Entry> entries_;
  std::vector<Path> paths_;
  unsigned mask_, levels_;
  std::uint64_t tree_ = 0;
  unsigned used_ = 0, last_ = 0;
  bool ambiguous_ = false;
  // The last look-up that found nothing, until an entry comes in; a walk asks it in every cycle.
  static constexpr std::uint64_t nothing = ~std::uint64_t{0};
  mutable std::uint64_t absent_ = nothing;
};

}  // namespace hartbeat::timing::cva6
