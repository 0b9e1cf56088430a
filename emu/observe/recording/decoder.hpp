// Reads an events block: turns it back into the events that were recorded, for any listeners.
#pragma once

#include <span>
#include <vector>

#include "emu/hart/event_hub.hpp"
#include "emu/isa/decode.hpp"
#include "emu/observe/recording/bytes.hpp"
#include "emu/observe/recording/format.hpp"
#include "emu/observe/recording/model.hpp"
#include "emu/observe/recording/replay_view.hpp"

namespace hartbeat::observe::recording {

class EventDecoder {
 public:
  // `most_retired`: instructions that a block may have.
  EventDecoder(unsigned harts, isa::ExtensionSet extensions,
               std::uint64_t most_retired = usual_event_retired);

  // Throws Damage for anything that no encoder writes. Events before the damage have been told.
  void decode(std::span<const std::uint8_t> raw, const EventHub& hub);

 private:
  struct Code {
    std::uint64_t pc = ~std::uint64_t{0};
    std::uint32_t bits = 0;
    std::uint8_t length = 0;
    isa::Operands operands{};
  };

  void begin_block(ByteReader& in, const EventHub& hub);
  void set_model(bool on, const EventHub& hub);
  void begin_hart(HartModel& model, ByteReader& in);
  void wait_for_commit(HartModel& model, std::uint32_t bits);
  void token(std::uint8_t byte, ByteReader& in, const EventHub& hub);
  void read_site(ByteReader& in);
  void read_detail(ByteReader& in);
  void read_registers(ByteReader& in);
  void read_walk(ByteReader& in);
  TlbOccupancy read_held(std::uint8_t flags, ByteReader& in);
  void retire(const EventHub& hub);
  void execute_system(const Code& code, HartModel& model, Effects& effects);
  void trap(ByteReader& in, const EventHub& hub);
  void walk(ByteReader& in, const EventHub& hub);
  void fence(ByteReader& in, const EventHub& hub);
  void tracepoint(ByteReader& in, const EventHub& hub);
  void known_commit(std::uint8_t byte, ByteReader& in, const EventHub& hub);
  void full_commit(ByteReader& in, const EventHub& hub);
  HartModel& expected() { return models_[turns_.expected()]; }
  EventSite site();

  std::vector<HartModel> models_;
  isa::ExtensionSet extensions_;
  std::uint64_t most_retired_;
  Turns turns_;
  CodeMap<Code> code_;
  MemoryLines lines_;
  Check check_;
  Detail detail_;
  std::uint64_t retired_ = 0;                // in this block
  std::uint64_t delay_ = 0;                  // of the next commit
  bool commits_ = false, modelled_ = false;  // CommitEvents follow, at all and now
  bool told_modelled_ = true;                // by the last ModelEvent
};

}  // namespace hartbeat::observe::recording
