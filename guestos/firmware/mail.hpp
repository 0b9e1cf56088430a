// What harts ask of each other: supervisor IPIs and remote fences. Each hart has a mailbox (struct Hart);
// raising the hart's MSIP makes it look. No locks: a sender owns its request until every target has
// acknowledged, and a target keeps one bit per sender.
#pragma once

#include <cstdint>

#include "guestos/firmware/firmware.hpp"

namespace hartbeat::firmware {

// Makes `hart_id` look into its mailbox (or leave wfi).
void raise_machine_ipi(const Firmware& firmware, unsigned hart_id);

// Does everything that lies in this hart's mailbox. Called at a machine software interrupt, and by harts that
// wait.
void serve_mail(Firmware& firmware, unsigned hart_id);

// Sets SSIP on each hart of `targets`, this one included.
void send_supervisor_ipi(Firmware& firmware, unsigned self, HartMask targets);

// Does `request` on each hart of `targets` that may hold something to flush, this one included, and returns
// when all have done it. Serves incoming mail while it waits: two harts that fence each other at once do not
// deadlock.
void fence_harts(Firmware& firmware, unsigned self, HartMask targets, const FenceRequest& request);

}  // namespace hartbeat::firmware
