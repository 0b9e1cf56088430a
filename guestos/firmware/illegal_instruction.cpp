// rdtime for cores whose `time` CSR does not exist: it traps, and the answer is the CLINT's mtime.
#include "guestos/firmware/timer.hpp"
#include "guestos/firmware/traps.hpp"

namespace hartbeat::firmware {
namespace {

constexpr std::uint32_t system_opcode = 0x73;
constexpr std::uint64_t scounteren_tm = 1u << 1;

// A CSR instruction that reads `time` and writes nothing: CSRRS, CSRRC and their immediate forms with rs1 =
// 0. Writes of a read-only CSR are illegal on every core.
bool reads_time(std::uint32_t bits) {
  const std::uint32_t funct3 = bits >> 12 & 7;
  const bool set_or_clear = (funct3 & 3) >= 2;
  const bool writes_nothing = (bits >> 15 & 31) == 0;
  return (bits & 0x7f) == system_opcode && set_or_clear && writes_nothing &&
         bits >> 20 == static_cast<std::uint32_t>(Csr::time);
}

// U-mode may read what S-mode lets it (scounteren, 12.1.5).
bool may_read_time(const TrapFrame& frame) {
  const bool user = (frame.mstatus & status::mpp) == 0;
  return !user || (read_csr<Csr::scounteren>() & scounteren_tm) != 0;
}

}  // namespace

void handle_illegal_instruction(Firmware& firmware, TrapFrame& frame, const Fault& fault) {
  // mtval may be the instruction or 0 (3.1.16).
  FetchedInstruction instruction;
  if (fault.value != 0) {
    instruction.bits = static_cast<std::uint32_t>(fault.value);
  } else {
    instruction = fetch_instruction(frame);
  }
  if (!instruction.ok()) {
    redirect_to_supervisor(frame, instruction.fault);
    return;
  }
  if (firmware.platform.mtime == 0 || !reads_time(instruction.bits) || !may_read_time(frame)) {
    redirect_to_supervisor(frame, fault);
    return;
  }
  if (const unsigned rd = instruction.bits >> 7 & 31; rd != 0) frame.x[rd] = read_time(firmware);
  frame.mepc += 4;
}

}  // namespace hartbeat::firmware
