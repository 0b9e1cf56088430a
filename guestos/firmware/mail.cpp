#include "guestos/firmware/mail.hpp"

#include "guestos/abi/tracepoints.hpp"
#include "guestos/firmware/csr.hpp"
#include "guestos/firmware/mmio.hpp"

namespace hartbeat::firmware {
namespace {

constexpr std::uint64_t page_bytes = 4096;
// Above this many pages one fence of everything is cheaper than a fence for each page.
constexpr std::uint64_t most_single_pages = 64;

std::uint64_t msip_register(const Firmware& firmware, unsigned hart_id) {
  return firmware.platform.msip + 4 * std::uint64_t{hart_id};
}

// The tracepoint's first argument is the shootdown's id, which the firmware does not know: 0.
template <abi::Tracepoint number>
void tracepoint() {
  register std::uint64_t id asm("a0") = 0;
  asm volatile("slti x0, x0, %0" : : "i"(static_cast<int>(number)), "r"(id));
}

void fence_all_addresses(const FenceRequest& request) {
  if (request.kind == FenceRequest::Kind::address) {
    asm volatile("sfence.vma" ::: "memory");
  } else {
    asm volatile("sfence.vma x0, %0" : : "r"(request.asid) : "memory");
  }
}

void fence_page(const FenceRequest& request, std::uint64_t address) {
  if (request.kind == FenceRequest::Kind::address) {
    asm volatile("sfence.vma %0, x0" : : "r"(address) : "memory");
  } else {
    asm volatile("sfence.vma %0, %1" : : "r"(address), "r"(request.asid) : "memory");
  }
}

void fence_this_hart(const FenceRequest& request) {
  if (request.kind == FenceRequest::Kind::instruction) {
    asm volatile("fence.i" ::: "memory");
  } else if (request.everything || request.pages > most_single_pages) {
    fence_all_addresses(request);
  } else {
    for (std::uint64_t page = 0; page < request.pages; ++page) {
      fence_page(request, request.first_page + page * page_bytes);
    }
  }
}

// Which event is a fence sent by, and received from, another hart.
struct FenceEvents {
  FirmwareEvent sent, received;
};

FenceEvents events_of(const FenceRequest& request) {
  switch (request.kind) {
    case FenceRequest::Kind::instruction:
      return {FirmwareEvent::fence_i_sent, FirmwareEvent::fence_i_received};
    case FenceRequest::Kind::address:
      return {FirmwareEvent::sfence_vma_sent, FirmwareEvent::sfence_vma_received};
    default: return {FirmwareEvent::sfence_vma_asid_sent, FirmwareEvent::sfence_vma_asid_received};
  }
}

void serve_fences(Firmware& firmware, unsigned hart_id) {
  HartMask senders = firmware.harts[hart_id].fences_from.exchange(0, std::memory_order_acquire);
  const HartMask my_bit = HartMask{1} << hart_id;
  while (senders != 0) {
    Hart& sender = firmware.harts[lowest_hart(senders)];
    senders &= senders - 1;
    tracepoint<abi::Tracepoint::shootdown_fence>();
    firmware.pmu[hart_id].count(events_of(sender.fence).received);
    fence_this_hart(sender.fence);
    sender.unacknowledged.fetch_and(~my_bit, std::memory_order_release);
    tracepoint<abi::Tracepoint::shootdown_ack>();
  }
}

bool may_hold_translations(const Hart& hart) {
  const HartState state = hart.state.load(std::memory_order_acquire);
  return state != HartState::stopped;  // a hart fences everything when it starts
}

template <typename Visit>
void for_each_hart(HartMask harts, Visit visit) {
  for (; harts != 0; harts &= harts - 1) visit(lowest_hart(harts));
}

}  // namespace

void raise_machine_ipi(const Firmware& firmware, unsigned hart_id) {
  if (firmware.platform.msip != 0) mmio_write<std::uint32_t>(msip_register(firmware, hart_id), 1);
}

void serve_mail(Firmware& firmware, unsigned hart_id) {
  // The register first, the mailbox second: mail that comes between the two raises the register again.
  if (firmware.platform.msip != 0) mmio_write<std::uint32_t>(msip_register(firmware, hart_id), 0);
  asm volatile("fence iorw, iorw" ::: "memory");
  serve_fences(firmware, hart_id);
  if (firmware.harts[hart_id].supervisor_ipi.exchange(0, std::memory_order_acquire) != 0) {
    firmware.pmu[hart_id].count(FirmwareEvent::ipi_received);
    set_csr_bits<Csr::mip>(interrupt::ssi);
  }
}

void send_supervisor_ipi(Firmware& firmware, unsigned self, HartMask targets) {
  for_each_hart(targets, [&](unsigned target) {
    if (target == self) {
      set_csr_bits<Csr::mip>(interrupt::ssi);
      return;
    }
    firmware.pmu[self].count(FirmwareEvent::ipi_sent);
    firmware.harts[target].supervisor_ipi.store(1, std::memory_order_release);
    raise_machine_ipi(firmware, target);
  });
}

void fence_harts(Firmware& firmware, unsigned self, HartMask targets, const FenceRequest& request) {
  Hart& me = firmware.harts[self];
  const HartMask my_bit = HartMask{1} << self;
  HartMask others = 0;
  for_each_hart(targets & ~my_bit, [&](unsigned target) {
    if (may_hold_translations(firmware.harts[target])) others |= HartMask{1} << target;
  });
  me.fence = request;
  me.unacknowledged.store(others, std::memory_order_relaxed);
  for_each_hart(others, [&](unsigned target) {
    firmware.pmu[self].count(events_of(request).sent);
    firmware.harts[target].fences_from.fetch_or(my_bit, std::memory_order_release);
    raise_machine_ipi(firmware, target);
  });
  if ((targets & my_bit) != 0) fence_this_hart(request);
  while (me.unacknowledged.load(std::memory_order_acquire) != 0) {
    if (me.fences_from.load(std::memory_order_relaxed) != 0) serve_mail(firmware, self);
  }
}

}  // namespace hartbeat::firmware
