#include <algorithm>
#include <utility>

#include "emu/observe/recording/encoder.hpp"

namespace hartbeat::observe::recording {

// --- what is told in short, by a hart's lane.

// A load that finds what is known to be there, or a store, which then is known: false when it is not so, and nothing is
// done.
[[gnu::always_inline]] inline bool EventEncoder::is_foreseen(const HartModel& model,
                                                             const MemoryEffect& access) {
  const std::uint64_t pa = access.physical.value;
  if (!model.pages.knows(access.address.value, pa) || !lines_.holds(pa, access.size)) return false;
  std::uint8_t* const place = lines_.place(pa);
  switch (access.size) {
    case 8: return is_there<std::uint64_t>(place, access);
    case 4: return is_there<std::uint32_t>(place, access);
    case 2: return is_there<std::uint16_t>(place, access);
    case 1: return is_there<std::uint8_t>(place, access);
    default: return false;
  }
}

template <class T>
[[gnu::always_inline]] inline bool EventEncoder::is_there(std::uint8_t* place, const MemoryEffect& access) {
  const T value = static_cast<T>(access.value);
  if (access.store) {
    std::memcpy(place, &value, sizeof value);
    return true;
  }
  T known;
  std::memcpy(&known, place, sizeof known);
  return known == value;
}

// is_expected() when half of the answers are known, and is_full(), and the uncommitted instructions.
template <bool alone>
[[gnu::always_inline]] inline bool EventEncoder::is_on_course(const Lane& lane, const Code& code,
                                                              std::uint32_t bits, std::uint64_t late) const {
  const HartModel& model = lane.model;
  if (!lane.on_course || !is_its_turn<alone>(lane) || out_.is_near_limit()) return false;
  if (code.pc != model.pc || code.bits != bits) return false;
  return late <= most_advance && !model.uncommitted.full();
}

template <bool alone>
[[gnu::always_inline]] inline bool EventEncoder::add_plain(Lane& lane, std::uint32_t bits,
                                                           std::uint64_t next_pc, std::uint64_t clock,
                                                           std::uint64_t rd_value) {
  const Code& code = code_.at(lane.model.pc);
  const std::uint64_t late = clock - lane.model.cycle;
  if (!is_on_course<alone>(lane, code, bits, late) || code.action != Action::plain) [[unlikely]]
    return false;
  put_advance(lane.model, late, clock, {bits, lane.model.privilege});
  leave_behind<alone>(lane, clock, next_pc, rd_value, code.destination, code.writes);
  return true;
}

template <bool alone>
[[gnu::always_inline]] inline bool EventEncoder::add_access(Lane& lane, std::uint32_t bits,
                                                            std::uint64_t next_pc, std::uint64_t clock,
                                                            std::uint64_t rd_value,
                                                            const MemoryEffect& access) {
  HartModel& model = lane.model;
  const Code& code = code_.at(model.pc);
  const std::uint64_t late = clock - model.cycle;
  if (!is_on_course<alone>(lane, code, bits, late) || code.action != Action::memory ||
      !is_foreseen(model, access)) [[unlikely]]
    return false;
  put_advance(model, late, clock, {bits, model.privilege});
  leave_behind<alone>(lane, clock, next_pc, rd_value, code.destination, code.writes);
  return true;
}

template <bool alone>
[[gnu::always_inline]] inline bool EventEncoder::add_commit(Lane& lane, std::uint64_t pc,
                                                            timing::Committed what, std::uint64_t issue_cycle,
                                                            std::uint64_t latency) {
  InFlight& waiting = lane.model.uncommitted;
  if (!is_its_turn<alone>(lane) || waiting.empty() || out_.is_near_limit()) [[unlikely]]
    return false;
  const Uncommitted& oldest = waiting[0];
  const std::uint64_t delay = issue_cycle - oldest.cycle;
  // The words differ by the port alone, whose bit goes to where the token has it.
  const std::uint64_t port = std::rotr(oldest.what.word ^ what.word, 35);
  static_assert(timing::Committed(0, 0, true).word >> 35 == commit_port);
  if (oldest.pc != pc || (port & ~std::uint64_t{commit_port}) != 0 || delay > most_delay ||
      latency > most_commit_latency) [[unlikely]]
    return false;
  waiting.pop();
  lane.committed = issue_cycle + latency;
  out_.put(delay != 0, static_cast<std::uint8_t>(delay_token | delay),
           static_cast<std::uint8_t>(commit_token | port | latency));
  return true;
}

namespace {

Action action_of(const RetireEvent& event) { return actions[event.operands->row]; }

// Where in Registers::all its result goes.
std::uint8_t destination_of(const RetireEvent& event) {
  const unsigned rd = event.operands->rd & 31u;
  if (event.writes_x) return static_cast<std::uint8_t>(rd);
  return static_cast<std::uint8_t>(event.writes_f ? Registers::first_f + rd : Registers::nowhere);
}

void note_csrs(Registers& registers, const RetireEvent& event) {
  for (const CsrEffect& csr : event.csrs) registers.note_csr(csr.address, csr.value);
}

template <bool alone>
class HartLane final : public EventEncoder::Lane {
 public:
  using Lane::Lane;
  bool on_plain(std::uint32_t bits, std::uint64_t next_pc, std::uint64_t clock,
                std::uint64_t rd_value) override {
    return encoder.add_plain<alone>(*this, bits, next_pc, clock, rd_value);
  }
  bool on_access(std::uint32_t bits, std::uint64_t next_pc, std::uint64_t clock, std::uint64_t rd_value,
                 const MemoryEffect& access) override {
    return encoder.add_access<alone>(*this, bits, next_pc, clock, rd_value, access);
  }
  void on_instruction(std::uint64_t pc, timing::Committed what, std::uint64_t issue_cycle,
                      std::uint64_t latency) override {
    if (!encoder.add_commit<alone>(*this, pc, what, issue_cycle, latency)) [[unlikely]]
      add_unexpected(pc, what, issue_cycle, latency);
  }

 private:
  [[gnu::noinline]] void add_unexpected(std::uint64_t pc, timing::Committed what, std::uint64_t issue_cycle,
                                        std::uint64_t latency) {
    TraceSink::on_instruction(pc, what, issue_cycle, latency);
  }
};

}  // namespace

void EventEncoder::Lane::on_commit(const timing::TraceRecord& record) {
  encoder.add(CommitEvent{HartId{hart}, record});
}

EventEncoder::EventEncoder(std::span<const Start> harts, bool commits, bool instructions)
    : code_(instructions),
      lines_(instructions),
      turns_(static_cast<unsigned>(harts.size())),
      commits_(commits),
      modelled_(commits) {
  for (const Start& start : harts) {
    if (harts.size() == 1)
      lanes_.push_back(std::make_unique<HartLane<true>>(*this));
    else
      lanes_.push_back(std::make_unique<HartLane<false>>(*this));
    Lane& lane = *lanes_.back();
    lane.hart = static_cast<unsigned>(lanes_.size() - 1);
    lane.model.registers = start.registers;
    lane.model.pc = start.pc;
  }
  out_.reserve(usual_event_bytes, spare_bytes);
  begin_block();
}

void EventEncoder::begin_block() {
  out_.clear();
  out_.forget_limit();
  run_ = retired_ = 0;
  first_cycle_ = ~std::uint64_t{0};
  check_ = {};
  turns_.clear();
  code_.clear();
  lines_.clear();
  out_.number(lanes_.size());
  const Commits commits = modelled_ ? Commits::follow : commits_ ? Commits::not_now : Commits::none;
  out_.number(static_cast<std::uint64_t>(commits));
  for (const auto& each : lanes_) {
    Lane& lane = *each;
    HartModel& model = lane.model;
    if (lane.skipping) model.registers = lane.actual;
    lane.skipping = false;
    lane.fresh = true;
    lane.straight = lane.on_course = false;
    lane.committed = 0;
    model.begin_block();
    for (unsigned i = 1; i < 32; ++i) out_.number(model.registers.x(i));
    for (unsigned i = 0; i < 32; ++i) out_.number(model.registers.f(i));
    for (const std::uint64_t v :
         {model.registers.fflags, model.registers.frm, model.cycle, model.instret, model.pc, model.satp,
          std::uint64_t{model.privilege}, std::uint64_t{model.returning}, std::uint64_t{model.after_return},
          std::uint64_t{model.uncommitted.size()}})
      out_.number(v);
    for (std::size_t i = 0; i < model.uncommitted.size(); ++i) {
      const Uncommitted& waiting = model.uncommitted[i];
      for (const std::uint64_t v : {waiting.pc, waiting.cycle, std::uint64_t{waiting.what.bits()},
                                    std::uint64_t{waiting.what.privilege()}})
        out_.number(v);
    }
  }
  begin_size_ = out_.size();
}

std::span<const std::uint8_t> EventEncoder::end_block(IndexEntry& entry) {
  token(Token::end);
  out_.number(check_.sum);
  std::uint64_t last = 0;
  for (const auto& lane : lanes_) {
    if (!lane->fresh) last = std::max(last, lane->model.cycle);
    last = std::max(last, lane->committed);
  }
  entry.first_cycle = std::min(first_cycle_, last);
  entry.last_cycle = last;
  entry.retired = retired_;
  return out_.bytes();
}

void EventEncoder::flush_run() {
  if (run_ == 0) return;
  if (run_ == 1) {  // as a rule so between commits
    out_.byte(advance_token);
  } else {
    out_.byte(static_cast<std::uint8_t>(Token::run));
    out_.number(run_);
  }
  run_ = 0;
}

bool EventEncoder::is_expected(const HartModel& model, const EventSite& site) {
  return site.cycle.value == model.cycle && site.instret == model.instret && site.pc.value == model.pc &&
         site.satp == model.satp && static_cast<std::uint8_t>(site.privilege) == model.privilege;
}

// What follows is of this hart.
EventEncoder::Lane& EventEncoder::turn_to(HartId hart) {
  if (hart.value != turns_.expected()) {
    token(Token::hart);
    out_.number(hart.value);
    turns_.is(hart.value);
  }
  return lane(hart);
}

// The hart's and the site's tokens, as far as the event is not where it was expected.
EventEncoder::Lane& EventEncoder::arrive(const EventSite& site) {
  Lane& lane = turn_to(site.hart);
  lane.on_course = false;
  HartModel& model = lane.model;
  if (lane.skipping) [[unlikely]]
    write_registers(lane);
  if (!is_expected(model, site)) write_site(model, site);
  model.settled_at(site.pc.value);
  if (lane.fresh) first_cycle_ = std::min(first_cycle_, site.cycle.value);
  lane.fresh = false;
  return lane;
}

void EventEncoder::write_site(HartModel& model, const EventSite& site) {
  std::uint8_t mask = 0;
  if (site.cycle.value != model.cycle) mask |= site_field::cycle;
  if (site.instret != model.instret) mask |= site_field::instret;
  if (site.pc.value != model.pc) mask |= site_field::pc;
  if (static_cast<std::uint8_t>(site.privilege) != model.privilege) mask |= site_field::privilege;
  if (site.satp != model.satp) mask |= site_field::satp;
  token(Token::site);
  out_.byte(mask);
  if (mask & site_field::cycle) out_.difference(site.cycle.value, model.cycle);
  if (mask & site_field::instret) out_.difference(site.instret, model.instret);
  if (mask & site_field::pc) out_.difference(site.pc.value, model.pc);
  if (mask & site_field::privilege) out_.byte(static_cast<std::uint8_t>(site.privilege));
  if (mask & site_field::satp) out_.number(site.satp);
  model.cycle = site.cycle.value;
  model.instret = site.instret;
  model.pc = site.pc.value;
  model.privilege = static_cast<std::uint8_t>(site.privilege);
  model.satp = site.satp;
}

// Registers that have changed unseen: numbers 1 … 31 x, 32 … 63 f, 64 fflags, 65 frm.
void EventEncoder::write_registers(Lane& lane) {
  Registers &known = lane.model.registers, &actual = lane.actual;
  ByteWriter changes;
  unsigned count = 0;
  const auto compare = [&](unsigned number, std::uint64_t was, std::uint64_t is) {
    if (was == is) return;
    changes.byte(static_cast<std::uint8_t>(number));
    changes.number(is);
    ++count;
  };
  for (unsigned i = 1; i < 32; ++i) compare(i, known.x(i), actual.x(i));
  for (unsigned i = 0; i < 32; ++i) compare(32 + i, known.f(i), actual.f(i));
  compare(64, known.fflags, actual.fflags);
  compare(65, known.frm, actual.frm);
  lane.skipping = false;
  lane.model.returning = false;
  known = actual;
  token(Token::registers);
  out_.byte(static_cast<std::uint8_t>(count));
  for (const std::uint8_t byte : changes.bytes()) out_.byte(byte);
}

// amocas.q writes two registers.
void EventEncoder::apply_pair(Registers& registers, const RetireEvent& event, Action action) {
  if (action != Action::swap_pair || !event.writes_x || event.memory.size() != 4) return;
  const unsigned rd = event.operands->rd;
  registers.x(rd) = event.memory[0].value;
  registers.x(rd + 1) = event.memory[2].value;
}

void EventEncoder::skipped(const RetireEvent& event) {
  Lane& lane = *lanes_[event.site.hart.value];
  if (!lane.skipping) {
    lane.actual = lane.model.registers;
    lane.skipping = true;
    lane.straight = lane.on_course = false;
  }
  note_csrs(lane.actual, event);
  lane.actual.all[destination_of(event)] = event.rd_value;
  apply_pair(lane.actual, event, action_of(event));
}

inline void EventEncoder::memory_detail(HartModel& model, const RetireEvent& event, Detail& detail) {
  for (std::size_t i = 0; i < event.memory.size(); ++i) {
    const MemoryEffect& access = event.memory[i];
    const std::uint64_t va = access.address.value, pa = access.physical.value;
    if (!model.pages.knows(va, pa)) {
      const std::uint64_t guess = model.pages.guess(va);
      if (guess != pa) {
        detail.physical = static_cast<std::uint8_t>(detail.physical | 1u << i);
        detail.offsets[i] = zigzag(pa - guess);
        detail.mask |= detail_field::physical;
      }
      model.pages.learn(va, pa);
    }
    if (access.store) {
      lines_.write(pa, access.size, access.value);
      continue;
    }
    const std::uint64_t known = lines_.read(pa, access.size);
    const std::uint64_t value = low_bytes(access.value, access.size);
    if (known == value) continue;
    detail.loads = static_cast<std::uint8_t>(detail.loads | 1u << i);
    detail.values[i] = known ^ value;
    detail.mask |= detail_field::loads;
    lines_.write(pa, access.size, value);
  }
}

void EventEncoder::tell_effects(HartModel& model, const RetireEvent& event, const Code& code) {
  Detail detail;
  memory_detail(model, event, detail);
  if (detail.mask != 0) write_detail(model, event, code, detail);
  note_csrs(model.registers, event);
}

// One that goes on as expected, and has touched memory or floating-point flags.
[[gnu::noinline]] void EventEncoder::add_with_effects(const RetireEvent& event) {
  Lane& lane = *lanes_[event.site.hart.value];
  HartModel& model = lane.model;
  const Code& code = code_.at(event.site.pc.value);
  if (event.memory.size() != 1 || !event.csrs.empty() || !is_foreseen(model, event.memory[0])) [[unlikely]]
    tell_effects(model, event, code);
  tell_retired(lane, event, event.site.cycle.value - model.cycle);
  leave_behind(lane, event.site.cycle.value, event.next_pc.value, event.rd_value, code.destination,
               code.writes);
}

[[gnu::noinline]] void EventEncoder::add(const RetireEvent& event) {
  Lane& lane = arrive(event.site);
  HartModel& model = lane.model;
  const Code& code = code_.at(event.site.pc.value);
  tell_detail(model, event, code);
  note_csrs(model.registers, event);
  out_.reserve(out_.size() + 1);
  model.uncommitted.make_room();
  tell_retired(lane, event, 0);
  lane.on_course = lane.on_course && code.action != Action::system;
  leave_behind(lane, event.site.cycle.value, event.next_pc.value, event.rd_value, destination_of(event),
               event.writes_x || event.writes_f);
  apply_pair(model.registers, event, code.action);
  if (model.returning) model.privilege = model.after_return;
  model.returning = false;
  lane.straight = true;
}

// What a reader would get wrong, if anything.
void EventEncoder::tell_detail(HartModel& model, const RetireEvent& event, const Code& code) {
  Detail detail;
  if (code.pc != event.site.pc.value || code.bits != event.bits) [[unlikely]] {
    code_.renew(event.site.pc.value) = {event.site.pc.value, event.bits, action_of(event),
                                        destination_of(event), event.writes_x || event.writes_f};
    detail.mask |= detail_field::code;
  }
  if (!event.memory.empty()) memory_detail(model, event, detail);
  if (code.action >= Action::store_conditional) [[unlikely]]
    system_detail(event, code.action, detail);
  if (detail.mask != 0) write_detail(model, event, code, detail);
}

void EventEncoder::system_detail(const RetireEvent& event, Action action, Detail& detail) {
  if (action == Action::system) {
    if (event.next_pc.value != event.site.pc.value + event.length) detail.mask |= detail_field::next_pc;
    if (event.writes_x) detail.mask |= detail_field::result;
    if (!event.csrs.empty()) detail.mask |= detail_field::csrs;
  } else if (action == Action::store_conditional && event.memory.empty()) {
    detail.mask |= detail_field::failed;
  }
}

void EventEncoder::write_detail(HartModel& model, const RetireEvent& event, const Code& code,
                                const Detail& detail) {
  token(Token::detail);
  out_.byte(detail.mask);
  if (detail.mask & detail_field::code) out_.number(code.bits);
  if (detail.mask & detail_field::next_pc) out_.difference(event.next_pc.value, event.site.pc.value);
  if (detail.mask & detail_field::result) {
    const std::uint64_t last = model.csrs[static_cast<std::uint64_t>(event.operands->imm) & 0xfff];
    out_.number(event.rd_value ^ last);
    model.csrs[static_cast<std::uint64_t>(event.operands->imm) & 0xfff] = event.rd_value;
  }
  if (detail.mask & detail_field::csrs) {
    out_.byte(static_cast<std::uint8_t>(event.csrs.size()));
    for (const CsrEffect& csr : event.csrs) {
      std::uint64_t& last = model.csrs[csr.address & 0xfff];
      out_.number(csr.address & 0xfffu);
      out_.number(csr.value ^ last);
      last = csr.value;
    }
  }
  const auto listed = [&](std::uint8_t mask, const std::array<std::uint64_t, 4>& values) {
    out_.byte(mask);
    for (unsigned i = 0; i < 4; ++i) {
      if (mask >> i & 1) out_.number(values[i]);
    }
  };
  if (detail.mask & detail_field::physical) listed(detail.physical, detail.offsets);
  if (detail.mask & detail_field::loads) listed(detail.loads, detail.values);
}

void EventEncoder::add(const TrapEvent& event) {
  Lane& lane = arrive(event.site);
  HartModel& model = lane.model;
  token(Token::trap);
  const auto target = static_cast<std::uint8_t>(event.target);
  out_.byte(static_cast<std::uint8_t>(event.interrupt | target << 1 | (event.walk != nullptr) << 3));
  out_.number(event.cause);
  out_.number(event.tval);
  if (event.walk != nullptr) write_walk(model, *event.walk);
  if (modelled_)
    model.uncommitted.push(event.site.pc.value, event.site.cycle.value,
                           {0, static_cast<std::uint8_t>(event.site.privilege)});
  model.trapped(event.interrupt, target);
  lane.straight = false;
  if (event.interrupt)
    turns_.stays(event.site.hart.value);
  else
    turns_.ends(event.site.hart.value);
}

void EventEncoder::add(const TrapReturnEvent& event) {
  Lane& lane = arrive(event.site);
  HartModel& model = lane.model;
  token(Token::trap_return);
  model.after_return = static_cast<std::uint8_t>(event.target);
  model.returning = true;
  lane.straight = false;
  out_.byte(model.after_return);
  turns_.stays(event.site.hart.value);
}

// A trap's walk is as a rule the one that has just been told: one byte says so.
void EventEncoder::write_walk(HartModel& model, const mmu::Walk& walk) {
  mmu::Walk& last = model.walk;
  std::uint8_t same_reads = 0;
  for (unsigned i = 0; i < walk.read_count && i < walk.reads.size(); ++i) {
    const mmu::PteRead &now = walk.reads[i], &before = last.reads[i];
    if (now.address == before.address && now.pte == before.pte && now.level == before.level)
      same_reads = static_cast<std::uint8_t>(same_reads | 1u << i);
  }
  out_.byte(static_cast<std::uint8_t>(walk.read_count | same_reads << 3));
  out_.byte(
      static_cast<std::uint8_t>(static_cast<unsigned>(walk.fault) | walk.ad_written << 2 | walk.global << 3));
  out_.byte(static_cast<std::uint8_t>(walk.check));
  out_.number(walk.address.value ^ last.address.value);
  out_.number(walk.pte ^ last.pte);
  out_.byte(walk.level);
  out_.byte(walk.page_shift);
  for (unsigned i = 0; i < walk.read_count && i < walk.reads.size(); ++i) {
    if (same_reads >> i & 1) continue;
    out_.difference(walk.reads[i].address.value, last.reads[i].address.value);
    out_.number(walk.reads[i].pte);
    out_.byte(walk.reads[i].level);
  }
  last = walk;
}

// A byte with what else it says, and the numbers that have changed.
void EventEncoder::write_held(HartModel& model, std::uint8_t flags, const TlbOccupancy& held) {
  const TlbOccupancy last = std::exchange(model.held, held);
  if (held.instruction != last.instruction) flags |= held_field::instruction;
  if (held.data != last.data) flags |= held_field::data;
  if (held.second_level != last.second_level) flags |= held_field::second_level;
  out_.byte(flags);
  if (flags & held_field::instruction) out_.number(held.instruction);
  if (flags & held_field::data) out_.number(held.data);
  if (flags & held_field::second_level) out_.number(held.second_level);
}

void EventEncoder::add(const WalkEvent& event) {
  HartModel& model = arrive(event.site).model;
  token(Token::walk);
  write_held(model, static_cast<std::uint8_t>(event.access), event.held);
  out_.difference(event.address.value, model.walked);
  model.walked = event.address.value;
  write_walk(model, *event.walk);
  turns_.stays(event.site.hart.value);
}

void EventEncoder::add(const FenceEvent& event) {
  HartModel& model = arrive(event.site).model;
  token(Token::fence);
  write_held(model, static_cast<std::uint8_t>(event.has_address | event.has_asid << 1), event.held);
  if (event.has_address) out_.number(event.address.value);
  if (event.has_asid) out_.number(event.asid);
  out_.number(event.removed);
  turns_.stays(event.site.hart.value);
}

void EventEncoder::add(const IpiEvent& event) {
  arrive(event.site);
  token(Token::ipi);
  out_.byte(event.supervisor);
  out_.number(event.target.value);
  turns_.stays(event.site.hart.value);
}

// The arguments are what a0 … a5 hold.
void EventEncoder::add(const TracepointEvent& event) {
  HartModel& model = arrive(event.site).model;
  token(Token::tracepoint);
  out_.number(static_cast<std::uint64_t>(event.number));
  std::uint8_t differs = 0;
  for (unsigned i = 0; i < 6; ++i) {
    if (event.arguments[i] != model.registers.x(10 + i))
      differs = static_cast<std::uint8_t>(differs | 1u << i);
  }
  out_.byte(differs);
  for (unsigned i = 0; i < 6; ++i) {
    if (differs >> i & 1) out_.number(event.arguments[i]);
  }
  turns_.stays(event.site.hart.value);
}

void EventEncoder::add(const ModelEvent& event) {
  token(Token::model);
  out_.byte(event.on);
  modelled_ = event.on && commits_;
  out_.forget_limit();
}

[[gnu::noinline]] void EventEncoder::add(const CommitEvent& event) {
  Lane& lane = turn_to(event.hart);
  lane.committed = event.record.commit_cycle;
  InFlight& waiting = lane.model.uncommitted;
  const Uncommitted expected = waiting.empty() ? Uncommitted{} : waiting[0];
  if (!waiting.empty()) waiting.pop();
  write_commit(event.record, expected);
}

// One that is later than most by its numbers, any other in full.
[[gnu::noinline]] void EventEncoder::write_commit(const timing::TraceRecord& record,
                                                  const Uncommitted& expected) {
  const std::uint64_t delay = record.issue_cycle - expected.cycle;
  const std::uint64_t latency = record.commit_cycle - record.issue_cycle;
  const bool late = expected.pc == record.pc && expected.what.bits() == record.bits &&
                    expected.what.privilege() == record.privilege && record.issue_cycle >= expected.cycle &&
                    record.commit_cycle >= record.issue_cycle && record.port < 2 && !record.trapped;
  if (late) {
    if (delay != 0)
      out_.byte(static_cast<std::uint8_t>(delay_token | std::min<std::uint64_t>(delay, long_delay)));
    if (delay > most_delay) out_.number(delay);
    out_.byte(static_cast<std::uint8_t>(commit_token | record.port * commit_port |
                                        std::min<std::uint64_t>(latency, long_commit_latency)));
    if (latency > most_commit_latency) out_.number(latency);
    return;
  }
  out_.byte(static_cast<std::uint8_t>(Token::commit));
  out_.byte(record.trapped);
  out_.byte(record.port);
  out_.byte(record.privilege);
  out_.number(record.bits);
  out_.difference(record.pc, expected.pc);
  out_.difference(record.issue_cycle, expected.cycle);
  out_.difference(record.commit_cycle, record.issue_cycle);
  out_.number(record.cause);
}

}  // namespace hartbeat::observe::recording
