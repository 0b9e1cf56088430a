// Module csr_regfile, as far as time depends on it: which CSR instructions flush, translation, pending
// interrupts.
#pragma once

#include <cstdint>

#include "emu/timing/cva6/cva6_ptw.hpp"
#include "emu/timing/cva6/decoder.hpp"
#include "emu/timing/retirement.hpp"

namespace hartbeat::timing::cva6 {

// A write of this CSR flushes the pipeline ("this instruction has side effects").
constexpr bool csr_write_flushes(std::uint16_t address) {
  switch (address) {
    case 0x001:
    case 0x002:
    case 0x003:  // fflags, frm, fcsr
    case 0x800:  // ftran
    case 0x100:
    case 0x300:  // sstatus, mstatus
    case 0x180:  // satp
      return true;
    default: return false;
  }
}

// The CSRs as an instruction has left them.
struct CsrAfter {
  std::uint64_t satp = 0, mstatus = 0, mie = 0, mideleg = 0, mip = 0;
  std::uint8_t privilege = 3, frm = 0;
  CsrAfter() = default;
  explicit CsrAfter(const Retirement& r)
      : satp(r.satp),
        mstatus(r.mstatus),
        mie(r.mie),
        mideleg(r.mideleg),
        mip(r.mip),
        privilege(r.privilege_after),
        frm(r.frm) {}
};

class CsrState {
 public:
  const TranslationState& translation() const { return translation_; }
  std::uint64_t mie() const { return mie_; }

  // Loads and stores of f registers are illegal.
  bool fpu_off() const { return (mstatus_ & (std::uint64_t{3} << 13)) == 0; }
  // Is an instruction that exists illegal as things stand? (decoder.sv; accesses to CSRs are found out at commit.)
  bool forbids(const Decoded& d) const {
    switch (d.op) {
      case Op::mret: return forbids_mret();
      case Op::sfence_vma: return trapped_by(20);
      case Op::wfi: return trapped_by(21);
      case Op::sret: return trapped_by(22);
      default: return (d.uses_fpu && fpu_off()) || (d.rounds_by_frm && frm_ > 4);
    }
  }
  // All that it depends on, of instructions that a node may hold: a bit for each.
  std::uint8_t forbidden() const {
    return static_cast<std::uint8_t>((fpu_off() ? 1u : 0u) | (forbids_mret() ? 2u : 0u) |
                                     (trapped_by(20) ? 4u : 0u) | (trapped_by(22) ? 8u : 0u));
  }

  // The state after an instruction that may have changed it has committed.
  void apply(const CsrAfter& r) {
    mstatus_ = r.mstatus;
    mie_ = r.mie;
    mideleg_ = r.mideleg;
    software_mip_ = r.mip & 0x222;
    frm_ = r.frm;
    TranslationState& t = translation_;
    t.privilege = r.privilege;
    const bool sv39 = r.satp >> 60 == 8;
    const bool mprv = (mstatus_ >> 17) & 1;
    const std::uint8_t mpp = (mstatus_ >> 11) & 3;
    t.fetch = sv39 && t.privilege != 3;
    t.data_privilege = mprv ? mpp : t.privilege;
    t.data = mprv && sv39 && mpp != 3 ? true : t.fetch;
    t.sum = (mstatus_ >> 18) & 1;
    t.mxr = (mstatus_ >> 19) & 1;
    t.asid = static_cast<std::uint16_t>(r.satp >> 44);
    t.root = (r.satp & ((std::uint64_t{1} << 44) - 1)) << 12;
  }
  // Would apply() change nothing?
  bool is_like(const CsrAfter& r) const {
    CsrState after = *this;
    after.apply(r);
    return after == *this;
  }
  bool operator==(const CsrState&) const = default;
  // SSIP, STIP or SEIP changed by a device, not by an instruction of this hart.
  void set_software_mip(std::uint64_t mip) { software_mip_ = mip & 0x222; }
  // mip_q: software bits and the wires of the previous cycle.
  std::uint64_t pending(std::uint64_t wires) const { return software_mip_ | wires; }

  // The interrupt that the decoder attaches to an instruction now, or -1 (decoder.sv, interrupt control).
  int interrupt(std::uint64_t wires) const {
    const std::uint64_t candidates = pending(wires) & mie_;
    if (candidates == 0) return -1;
    static constexpr int order[] = {11, 3, 7, 9, 1, 5};
    int cause = -1;
    for (const int bit : order) {
      if ((candidates >> bit) & 1) {
        cause = bit;
        break;
      }
    }
    const std::uint8_t privilege = translation_.privilege;
    const bool global = privilege != 3 || ((mstatus_ >> 3) & 1);
    if (cause < 0 || !global) return -1;
    if (!((mideleg_ >> cause) & 1)) return cause;
    const bool sie = (mstatus_ >> 1) & 1;
    return (sie && privilege == 1) || privilege == 0 ? cause : -1;
  }

 private:
  bool forbids_mret() const { return translation_.privilege != 3; }
  // In S mode forbidden by a bit of mstatus, TVM, TW or TSR, in U mode always.
  bool trapped_by(unsigned bit) const {
    return translation_.privilege == 0 || (translation_.privilege == 1 && ((mstatus_ >> bit) & 1));
  }

  std::uint64_t mstatus_ = 0, mie_ = 0, mideleg_ = 0, software_mip_ = 0;
  std::uint8_t frm_ = 0;
  TranslationState translation_;
};

}  // namespace hartbeat::timing::cva6
