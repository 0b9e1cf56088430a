// BASE (SBI 2.0, chapter 4): who we are and what we can.
#include "guestos/firmware/csr.hpp"
#include "guestos/firmware/sbi.hpp"

namespace hartbeat::firmware {
namespace {

constexpr std::uint64_t specification_version = 2u << 24;  // 2.0
constexpr std::uint64_t implementation_id = 0x48425431;    // "HBT1": not a registered number
constexpr std::uint64_t implementation_version = 0x00010000;

}  // namespace

SbiResult sbi_base(const SbiCall& call) {
  switch (call.function()) {
    case 0: return SbiResult::of(specification_version);
    case 1: return SbiResult::of(implementation_id);
    case 2: return SbiResult::of(implementation_version);
    case 3: return SbiResult::of(sbi_extension_exists(call.firmware, call.argument(0)));
    case 4: return SbiResult::of(read_csr<Csr::mvendorid>());
    case 5: return SbiResult::of(read_csr<Csr::marchid>());
    case 6: return SbiResult::of(read_csr<Csr::mimpid>());
    default: return SbiError::not_supported;
  }
}

}  // namespace hartbeat::firmware
