#include "emu/observe/recording/decoder.hpp"

#include <utility>

#include "emu/isa/table.hpp"
#include "emu/observe/recording/actions.hpp"
#include "emu/observe/recording/execute.hpp"

namespace hartbeat::observe::recording {
namespace {

std::uint8_t privilege_of(std::uint8_t value) {
  if (value != 0 && value != 1 && value != 3) throw Damage("there is no such privilege");
  return value;
}

}  // namespace

EventDecoder::EventDecoder(unsigned harts, isa::ExtensionSet extensions, std::uint64_t most_retired)
    : models_(harts), extensions_(extensions), most_retired_(most_retired), turns_(harts) {}

void EventDecoder::begin_block(ByteReader& in, const EventHub& hub) {
  turns_.clear();
  code_.clear();
  lines_.clear();
  check_ = {};
  detail_ = {};
  retired_ = delay_ = 0;
  if (in.number() != models_.size()) throw Damage("a block is of another number of harts");
  const auto commits = static_cast<Commits>(in.number(2, "a flag"));
  commits_ = commits != Commits::none;
  for (HartModel& model : models_) begin_hart(model, in);
  set_model(commits == Commits::follow, hub);
}

void EventDecoder::begin_hart(HartModel& model, ByteReader& in) {
  model.begin_block();
  for (unsigned i = 1; i < 32; ++i) model.registers.x(i) = in.number();
  for (unsigned i = 0; i < 32; ++i) model.registers.f(i) = in.number();
  model.registers.fflags = in.number(31, "fflags");
  model.registers.frm = in.number(7, "frm");
  model.cycle = in.number();
  model.instret = in.number();
  model.pc = in.number();
  model.satp = in.number();
  model.privilege = privilege_of(static_cast<std::uint8_t>(in.number(3, "a privilege")));
  model.returning = in.number(1, "a flag") != 0;
  model.after_return = privilege_of(static_cast<std::uint8_t>(in.number(3, "a privilege")));
  model.uncommitted.clear();
  for (std::uint64_t left = in.number(most_uncommitted, "the pipeline's depth"); left != 0; --left) {
    const std::uint64_t pc = in.number(), cycle = in.number();
    const auto bits = static_cast<std::uint32_t>(in.number());
    model.uncommitted.push(pc, cycle,
                           {bits, privilege_of(static_cast<std::uint8_t>(in.number(3, "a privilege")))});
  }
}

void EventDecoder::set_model(bool on, const EventHub& hub) {
  modelled_ = on && commits_;
  if (!commits_ || on == told_modelled_) return;
  told_modelled_ = on;
  hub.emit(hub.commits(), ModelEvent{on});
}

// An instruction or a trap (bits 0) at the hart's pc.
void EventDecoder::wait_for_commit(HartModel& model, std::uint32_t bits) {
  if (model.uncommitted.size() == most_uncommitted)
    throw Damage("more instructions are in flight than a pipeline holds");
  model.uncommitted.push(model.pc, model.cycle, {bits, model.privilege});
}

void EventDecoder::decode(std::span<const std::uint8_t> raw, const EventHub& hub) {
  ByteReader in(raw);
  begin_block(in, hub);
  for (;;) {
    const std::uint8_t byte = in.byte();
    if (byte == static_cast<std::uint8_t>(Token::end)) break;
    token(byte, in, hub);
  }
  if (in.number() != check_.sum) throw Damage("what its instructions did is not what was recorded");
  if (!in.at_end()) throw Damage("a block goes on behind its end");
}

void EventDecoder::token(std::uint8_t byte, ByteReader& in, const EventHub& hub) {
  if (byte & advance_token) {
    expected().cycle += byte & most_advance;
    return retire(hub);
  }
  if (byte & commit_token) return known_commit(byte, in, hub);
  if (byte & delay_token) {
    delay_ = byte & long_delay;
    if (delay_ == long_delay) delay_ = in.number();
    return;
  }
  switch (static_cast<Token>(byte)) {
    case Token::run:
      for (std::uint64_t left = in.number(usual_event_retired, "a run"); left != 0; --left) retire(hub);
      return;
    case Token::hart: return turns_.is(static_cast<unsigned>(in.number(models_.size() - 1, "a hart")));
    case Token::site: return read_site(in);
    case Token::detail: return read_detail(in);
    case Token::trap: return trap(in, hub);
    case Token::trap_return: {
      HartModel& model = expected();
      const EventSite at = site();
      model.after_return = privilege_of(in.byte());
      model.returning = true;
      return hub.emit(hub.traps(), TrapReturnEvent{at, static_cast<mmu::Privilege>(model.after_return)});
    }
    case Token::walk: return walk(in, hub);
    case Token::fence: return fence(in, hub);
    case Token::ipi: {
      const EventSite at = site();
      const bool supervisor = in.byte() != 0;
      const auto target = static_cast<std::uint32_t>(in.number(models_.size() - 1, "a hart"));
      return hub.emit(hub.ipis(), IpiEvent{at, HartId{target}, supervisor});
    }
    case Token::tracepoint: return tracepoint(in, hub);
    case Token::commit: return full_commit(in, hub);
    case Token::registers: return read_registers(in);
    case Token::model: return set_model(in.byte() != 0, hub);
    case Token::end: break;
  }
  throw Damage("there is no such token");
}

EventSite EventDecoder::site() {
  HartModel& model = expected();
  model.settled_at(model.pc);
  return {HartId{turns_.expected()},
          Cycle{model.cycle},
          model.instret,
          VirtAddr{model.pc},
          static_cast<mmu::Privilege>(model.privilege),
          model.satp};
}

void EventDecoder::read_site(ByteReader& in) {
  HartModel& model = expected();
  const std::uint8_t mask = in.byte();
  if (mask & ~site_field::known) throw Damage("a site has unknown fields");
  if (mask & site_field::cycle) model.cycle = in.difference(model.cycle);
  if (mask & site_field::instret) model.instret = in.difference(model.instret);
  if (mask & site_field::pc) model.pc = in.difference(model.pc);
  if (mask & site_field::privilege) model.privilege = privilege_of(in.byte());
  if (mask & site_field::satp) model.satp = in.number();
}

void EventDecoder::read_detail(ByteReader& in) {
  HartModel& model = expected();
  detail_ = {};
  detail_.mask = in.byte();
  const std::uint64_t pc = model.pc;
  if (detail_.mask & detail_field::code) {
    detail_.bits = static_cast<std::uint32_t>(in.number(~std::uint32_t{0}, "an instruction"));
    const isa::Decoded decoded = isa::decode(detail_.bits, extensions_);
    if (!decoded.legal) throw Damage("an illegal instruction is said to have retired");
    Code& code = code_.renew(pc);
    code = {pc, detail_.bits, decoded.length, decoded.operands};
    // As in the engines, writes to x0 go to a register nobody reads.
    if (isa::row_infos[code.operands.row].encoding.has(isa::Field::rd) && code.operands.rd == 0)
      code.operands.rd = 32;
  }
  if (detail_.mask & detail_field::next_pc) detail_.next_pc_offset = unzigzag(in.number());
  if (detail_.mask & detail_field::result) detail_.result = in.number();
  if (detail_.mask & detail_field::csrs) {
    detail_.csr_count = in.byte();
    if (detail_.csr_count > detail_.csrs.size())
      throw Damage("one instruction is said to have written many CSRs");
    for (unsigned i = 0; i < detail_.csr_count; ++i) {
      detail_.csrs[i].address = static_cast<std::uint16_t>(in.number(4095, "a CSR"));
      detail_.csrs[i].value = in.number();
    }
  }
  const auto listed = [&](std::uint8_t& mask, std::array<std::uint64_t, 4>& values) {
    mask = in.byte();
    if (mask > 15) throw Damage("one instruction is said to have made many accesses");
    for (unsigned i = 0; i < 4; ++i) {
      if (mask >> i & 1) values[i] = in.number();
    }
  };
  if (detail_.mask & detail_field::physical) listed(detail_.physical, detail_.offsets);
  if (detail_.mask & detail_field::loads) listed(detail_.loads, detail_.values);
}

void EventDecoder::read_registers(ByteReader& in) {
  HartModel& model = expected();
  model.returning = false;
  for (unsigned left = in.byte(); left != 0; --left) {
    const unsigned number = in.byte();
    const std::uint64_t value = in.number();
    if (number == 0 || number > 65) throw Damage("there is no such register");
    if (number < 32)
      model.registers.x(number) = value;
    else if (number < 64)
      model.registers.f(number - 32) = value;
    else
      (number == 64 ? model.registers.fflags : model.registers.frm) = value & 31;
  }
}

// A system instruction's results stand in its detail; CSRs are written as differences from their last values.
void EventDecoder::execute_system(const Code& code, HartModel& model, Effects& effects) {
  if (detail_.mask & detail_field::result) {
    std::uint64_t& last = model.csrs[static_cast<std::uint64_t>(code.operands.imm) & 0xfff];
    last ^= detail_.result;
    model.registers.x(code.operands.rd) = last;
    effects.writes_x = true;
    effects.rd_value = last;
  }
  for (unsigned i = 0; i < detail_.csr_count; ++i) {
    std::uint64_t& last = model.csrs[detail_.csrs[i].address];
    last ^= detail_.csrs[i].value;
    effects.csrs[effects.csr_count++] = {detail_.csrs[i].address, last};
    model.registers.note_csr(detail_.csrs[i].address, last);
  }
}

void EventDecoder::retire(const EventHub& hub) {
  const unsigned hart = turns_.expected();
  HartModel& model = models_[hart];
  const std::uint64_t pc = model.pc;
  const Code& code = code_.at(pc);
  if (code.pc != pc) throw Damage("an instruction retires whose code is not known");
  if (++retired_ > most_retired_) throw Damage("a block has more instructions than one may");
  RetireEvent event;
  event.site = site();
  Effects effects;
  ReplayView view{model, lines_, detail_, effects, pc, code.length};
  const isa::RowInfo& row = isa::row_infos[code.operands.row];
  std::uint64_t next_pc = execute(view, code.operands);
  if (view.impossible) throw Damage("an instruction retires that must have trapped");
  if (row.kind == isa::Kind::system) execute_system(code, model, effects);
  if (row.kind == isa::Kind::fp && view.raised != 0) {
    model.registers.fflags |= view.raised;
    effects.csrs[effects.csr_count++] = {1, model.registers.fflags};
  }
  if (detail_.mask & detail_field::next_pc) next_pc = pc + detail_.next_pc_offset;
  event.bits = code.bits;
  event.length = code.length;
  event.operands = &code.operands;
  event.next_pc = VirtAddr{next_pc};
  event.writes_x = effects.writes_x;
  event.writes_f = effects.writes_f;
  event.rd_value = effects.rd_value;
  event.memory = {effects.memory.data(), effects.memory_count};
  event.csrs = {effects.csrs.data(), effects.csr_count};
  check_.add(next_pc);
  if (effects.writes_x || effects.writes_f) check_.add(effects.rd_value);
  if (modelled_) wait_for_commit(model, code.bits);
  model.retired(model.cycle, next_pc);
  turns_.ends(hart);
  if (detail_.mask != 0) detail_ = {};
  hub.emit(hub.retired(), event);
}

void EventDecoder::read_walk(ByteReader& in) {
  mmu::Walk& walk = expected().walk;
  const std::uint8_t head = in.byte(), flags = in.byte();
  walk.read_count = head & 7;
  if (walk.read_count > walk.reads.size() || (flags & 3) > 2 || flags > 15)
    throw Damage("there is no such walk");
  walk.fault = static_cast<mmu::Fault>(flags & 3);
  walk.ad_written = (flags & 4) != 0;
  walk.global = (flags & 8) != 0;
  const std::uint8_t check = in.byte();
  if (check >= mmu::check_count) throw Damage("there is no such check");
  walk.check = static_cast<mmu::Check>(check);
  walk.address.value ^= in.number();
  walk.pte ^= in.number();
  walk.level = in.byte();
  walk.page_shift = in.byte();
  for (unsigned i = 0; i < walk.read_count; ++i) {
    if (head >> (3 + i) & 1) continue;
    walk.reads[i].address.value = in.difference(walk.reads[i].address.value);
    walk.reads[i].pte = in.number();
    walk.reads[i].level = in.byte();
  }
}

void EventDecoder::trap(ByteReader& in, const EventHub& hub) {
  HartModel& model = expected();
  const unsigned hart = turns_.expected();
  TrapEvent event;
  event.site = site();
  const std::uint8_t flags = in.byte();
  if (flags > 15) throw Damage("there is no such trap");
  event.interrupt = flags & 1;
  event.target = static_cast<mmu::Privilege>(privilege_of(flags >> 1 & 3));
  event.cause = in.number();
  event.tval = in.number();
  if (flags & 8) {
    read_walk(in);
    event.walk = &model.walk;
  }
  if (modelled_) wait_for_commit(model, 0);
  model.trapped(event.interrupt, static_cast<std::uint8_t>(event.target));
  if (event.interrupt)
    turns_.stays(hart);
  else
    turns_.ends(hart);
  hub.emit(hub.traps(), event);
}

TlbOccupancy EventDecoder::read_held(std::uint8_t flags, ByteReader& in) {
  TlbOccupancy& held = expected().held;
  const auto entries = [&] { return static_cast<std::uint32_t>(in.number(~0u, "a count")); };
  if (flags & held_field::instruction) held.instruction = entries();
  if (flags & held_field::data) held.data = entries();
  if (flags & held_field::second_level) held.second_level = entries();
  return held;
}

void EventDecoder::walk(ByteReader& in, const EventHub& hub) {
  HartModel& model = expected();
  WalkEvent event;
  event.site = site();
  const std::uint8_t flags = in.byte(), access = flags & ~held_field::known;
  if (access > 2) throw Damage("there is no such access");
  event.held = read_held(flags, in);
  event.access = static_cast<mmu::Access>(access);
  model.walked = in.difference(model.walked);
  event.address = VirtAddr{model.walked};
  read_walk(in);
  event.walk = &model.walk;
  hub.emit(hub.walks(), event);
}

void EventDecoder::fence(ByteReader& in, const EventHub& hub) {
  FenceEvent event;
  event.site = site();
  const std::uint8_t flags = in.byte();
  if (flags & ~(held_field::known | 3)) throw Damage("there is no such fence");
  event.held = read_held(flags, in);
  event.has_address = flags & 1;
  event.has_asid = flags & 2;
  if (event.has_address) event.address = VirtAddr{in.number()};
  if (event.has_asid) event.asid = static_cast<std::uint16_t>(in.number(0xffff, "an ASID"));
  event.removed = static_cast<unsigned>(in.number(~0u, "a count"));
  hub.emit(hub.fences(), event);
}

void EventDecoder::tracepoint(ByteReader& in, const EventHub& hub) {
  const HartModel& model = expected();
  TracepointEvent event;
  event.site = site();
  event.number = static_cast<abi::Tracepoint>(in.number(0xfff, "a tracepoint"));
  const std::uint8_t differs = in.byte();
  for (unsigned i = 0; i < 6; ++i)
    event.arguments[i] = differs >> i & 1 ? in.number() : model.registers.x(10 + i);
  hub.emit(hub.tracepoints(), event);
}

void EventDecoder::known_commit(std::uint8_t byte, ByteReader& in, const EventHub& hub) {
  InFlight& waiting = expected().uncommitted;
  if (waiting.empty()) throw Damage("a commit without an instruction");
  const Uncommitted& from = waiting[0];
  waiting.pop();
  std::uint64_t latency = byte & long_commit_latency;
  if (latency == long_commit_latency) latency = in.number();
  timing::TraceRecord record;
  record.issue_cycle = from.cycle + std::exchange(delay_, 0);
  record.commit_cycle = record.issue_cycle + latency;
  record.pc = from.pc;
  record.bits = from.what.bits();
  record.port = byte & commit_port ? 1 : 0;
  record.privilege = from.what.privilege();
  hub.emit(hub.commits(), CommitEvent{HartId{turns_.expected()}, record});
}

void EventDecoder::full_commit(ByteReader& in, const EventHub& hub) {
  InFlight& waiting = expected().uncommitted;
  const Uncommitted from = waiting.empty() ? Uncommitted{} : waiting[0];
  if (!waiting.empty()) waiting.pop();
  timing::TraceRecord record;
  record.trapped = in.byte() != 0;
  record.port = in.byte();
  record.privilege = privilege_of(in.byte());
  record.bits = static_cast<std::uint32_t>(in.number(~std::uint32_t{0}, "an instruction"));
  record.pc = in.difference(from.pc);
  record.issue_cycle = in.difference(from.cycle);
  record.commit_cycle = in.difference(record.issue_cycle);
  record.cause = in.number();
  hub.emit(hub.commits(), CommitEvent{HartId{turns_.expected()}, record});
}

}  // namespace hartbeat::observe::recording
