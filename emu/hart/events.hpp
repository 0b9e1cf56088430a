// The typed events of a hart: the only way out of the core (DESIGN D6). A listener sees them in the order in which they
// happen, harts interleaved by their clocks, and can change nothing.
#pragma once

#include <cstdint>
#include <span>

#include "emu/hart/counters.hpp"
#include "emu/isa/operands.hpp"
#include "emu/timing/cycle.hpp"
#include "emu/timing/retirement.hpp"
#include "guestos/abi/tracepoints.hpp"
#include "mmu/mmu.hpp"

namespace hartbeat {

// Where and when an event happened.
struct EventSite {
  HartId hart;
  Cycle cycle;                // the hart's clock
  std::uint64_t instret = 0;  // retired before it
  VirtAddr pc;
  mmu::Privilege privilege = mmu::Privilege::machine;
  std::uint64_t satp = 0;
};

struct TrapEvent {
  EventSite site;  // privilege: before the trap
  bool interrupt = false;
  std::uint64_t cause = 0;  // code without the interrupt bit
  std::uint64_t tval = 0;
  mmu::Privilege target = mmu::Privilege::machine;
  const mmu::Walk* walk = nullptr;  // of a page fault: what the walker read and which check failed
};

struct TrapReturnEvent {  // mret, sret
  EventSite site;         // privilege: before
  mmu::Privilege target = mmu::Privilege::user;
};

// How many entries each of a hart's TLBs holds. Between two walks or fences a first level changes only by what it takes
// from a second one.
struct TlbOccupancy {
  std::uint32_t instruction = 0, data = 0, second_level = 0;
  friend bool operator==(const TlbOccupancy&, const TlbOccupancy&) = default;
};

struct WalkEvent {  // one page-table walk, i.e. one TLB miss
  EventSite site;
  VirtAddr address;
  mmu::Access access = mmu::Access::load;
  const mmu::Walk* walk = nullptr;
  TlbOccupancy held = {};  // with what the walk brought
};

struct FenceEvent {  // sfence.vma, sinval.vma
  EventSite site;
  bool has_address = false, has_asid = false;
  VirtAddr address;
  std::uint16_t asid = 0;
  unsigned removed = 0;    // TLB entries that it removed; 0: the fence found nothing to drop
  TlbOccupancy held = {};  // behind it
};

struct IpiEvent {  // a software interrupt was raised for `target` by a device write of site.hart
  EventSite site;
  HartId target;
  bool supervisor = false;  // SSIP (ACLINT SSWI) rather than MSIP
};

struct TracepointEvent {  // the guest kernel's story (guestos/abi/tracepoints.hpp)
  EventSite site;
  abi::Tracepoint number{};
  std::uint64_t arguments[6] = {};  // a0 … a5
};

// One data access of a retired instruction.
struct MemoryEffect {
  VirtAddr address;
  PhysAddr physical;
  std::uint64_t value = 0;  // stored value; for loads what was read
  std::uint8_t size = 0;    // bytes
  bool store = false;
};

struct CsrEffect {
  std::uint16_t address = 0;
  std::uint64_t value = 0;  // after the write
};

// One retired instruction, only produced while somebody listens (a trace, a cycle model).
struct RetireEvent {
  EventSite site;           // privilege: in which it ran
  std::uint32_t bits = 0;   // 16 or 32 bits as fetched
  std::uint8_t length = 0;  // bytes
  const isa::Operands* operands = nullptr;
  VirtAddr next_pc;
  bool writes_x = false, writes_f = false;  // rd, unless x0
  std::uint64_t rd_value = 0;
  std::span<const MemoryEffect> memory;  // AMOs: a load and a store
  std::span<const CsrEffect> csrs;       // CSRs written, fflags/fcsr side effects included
};

// An instruction, or a trap in its place, has left the cycle model's pipeline. Comes later than its RetireEvent, in the
// same order for each hart.
struct CommitEvent {
  HartId hart;
  const timing::TraceRecord& record;  // while the event is told
};

// The cycle model begins or ends: instructions and traps that are told while it is off have no CommitEvent. It is on where
// nothing has been said.
struct ModelEvent {
  bool on = true;
};

// Who takes a hart's retired instructions in short: by what cannot be known from those before, in registers. Each function
// returns false when the RetireEvent itself is wanted; it follows at once. What has been taken is told to nobody else, and
// Machine::counters are not to be asked meanwhile.
class RetireSink {
 public:
  virtual ~RetireSink() = default;
  // One that has touched no memory and written no CSR. `rd_value` is what it wrote to rd, if it did.
  virtual bool on_plain(std::uint32_t bits, std::uint64_t next_pc, std::uint64_t clock,
                        std::uint64_t rd_value) = 0;
  // One that has made this access and no other, and written no CSR.
  virtual bool on_access(std::uint32_t bits, std::uint64_t next_pc, std::uint64_t clock,
                         std::uint64_t rd_value, const MemoryEffect& access) = 0;
};

// Override what you want to hear; `wants` is asked once when the listener is attached.
class Listener {
 public:
  struct Wants {
    bool traps = false, walks = false, fences = false, ipis = false, tracepoints = false, retired = false;
    bool commits = false;  // of a cycle model
  };
  virtual ~Listener() = default;
  virtual Wants wants() const = 0;
  virtual void on(const TrapEvent&) {}
  virtual void on(const TrapReturnEvent&) {}  // with `traps`
  virtual void on(const WalkEvent&) {}
  virtual void on(const FenceEvent&) {}
  virtual void on(const IpiEvent&) {}
  virtual void on(const TracepointEvent&) {}
  virtual void on(const RetireEvent&) {}
  virtual void on(const CommitEvent&) {}
  virtual void on(const ModelEvent&) {}  // with `commits`
  // With `commits`: who takes the hart's commits in place of on(CommitEvent) while nobody else wants any, so that they cost
  // one call. Null: nobody does. Lives as long as the listener.
  virtual timing::TraceSink* commits_of(HartId) { return nullptr; }
  // With `retired`: who takes the hart's instructions under a cycle model in place of on(RetireEvent), while nobody else wants
  // any. Asked whenever the run begins or goes on: until then somebody may have changed the hart. As long as it runs, nothing
  // but a trap, a return and an instruction that writes CSRs changes its privilege and satp, nothing but a retirement its
  // instret, and nothing but these its pc. Null and lifetime as above.
  virtual RetireSink* retirements_of(HartId) { return nullptr; }
};

}  // namespace hartbeat
