// The scan that proves the frames' books: boot argument check=frames. Every table of every address space is
// walked, and what the entries say must be what the frames count.
#pragma once

namespace guestos {

void frame_check_open();  // at the end of start-up: takes the memory that the scan needs
// Stops the machine, scans, panics with the first frame whose counts are wrong. Nothing without check=frames.
// With no lock held, at a point where this hart's changes are complete.
void check_frames(const char* when);

}  // namespace guestos
