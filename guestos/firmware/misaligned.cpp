#include "guestos/firmware/misaligned.hpp"

#include "guestos/firmware/traps.hpp"

extern "C" std::uint64_t read_fp_register(unsigned number);
extern "C" void write_fp_register(unsigned number, std::uint64_t value);

namespace hartbeat::firmware {
namespace {

// The interrupted program: its x registers are in the frame, its f registers still in the hart, its memory is
// what MPRV shows.
class InterruptedProgram {
 public:
  explicit InterruptedProgram(TrapFrame& frame) : frame_(frame) {}

  std::uint64_t x(unsigned number) const { return number == 0 ? 0 : frame_.x[number]; }
  void set_x(unsigned number, std::uint64_t value) {
    if (number != 0) frame_.x[number] = value;
  }
  std::uint64_t f(unsigned number) const { return read_fp_register(number); }
  void set_f(unsigned number, std::uint64_t value) {
    write_fp_register(number, value);
    frame_.mstatus |= status::fs_dirty;
  }
  MisalignedFault load_byte(std::uint64_t address, std::uint8_t& value) const {
    const GuardedLoad loaded = guarded_load_byte(address, View::guest);
    value = static_cast<std::uint8_t>(loaded.value);
    return as_misaligned_fault(loaded.fault);
  }
  MisalignedFault store_byte(std::uint64_t address, std::uint8_t value) const {
    return as_misaligned_fault(guarded_store_byte(address, value, View::guest));
  }

 private:
  static MisalignedFault as_misaligned_fault(const Fault& fault) {
    return {fault.cause != no_fault, fault.cause, fault.value};
  }

  TrapFrame& frame_;
};

}  // namespace

void handle_misaligned(TrapFrame& frame, const Fault& fault) {
  const FetchedInstruction fetched = fetch_instruction(frame);
  if (!fetched.ok()) {
    redirect_to_supervisor(frame, fetched.fault);
    return;
  }
  const auto instruction = decode_memory_instruction(fetched.bits);
  if (!instruction) {  // LR, SC, AMO: the program's own mistake
    redirect_to_supervisor(frame, fault);
    return;
  }
  InterruptedProgram program(frame);
  const MisalignedFault inner = emulate_misaligned(program, *instruction);
  if (inner.happened) {
    redirect_to_supervisor(frame, {inner.cause, inner.value});
    return;
  }
  frame.mepc += instruction->length;
}

}  // namespace hartbeat::firmware
