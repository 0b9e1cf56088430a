// RFENCE: when a remote fence returns, no hart that was asked uses the old translation or the old code.
#include "payload.hpp"

namespace payload {
namespace {

enum Function : std::uint64_t { fence_i = 0, sfence_vma = 1, sfence_vma_asid = 2 };
constexpr std::uint64_t all_harts = ~std::uint64_t{0};
constexpr unsigned generations = 25;
constexpr unsigned storms = 50;

struct Frame {
  alignas(4096) volatile std::uint64_t words[512];
};
Frame frames[2];
std::atomic<std::uint64_t> generation{0};
std::atomic<std::uint64_t> stale_reads{0};
std::atomic<std::uint64_t> readers{0};
unsigned watched_page;

// Reads the window for ever: what it finds may be newer, but never older, than the last generation announced.
void watch_window(std::uint64_t last_generation) {
  paging_on();
  const auto* word = reinterpret_cast<const volatile std::uint64_t*>(window + 4096ull * watched_page);
  ++readers;
  for (unsigned reads = 1;; ++reads) {
    const std::uint64_t announced = generation.load(std::memory_order_acquire);
    if (*word < announced) ++stale_reads;
    if (reads % 100 == 0) nap();
    if (announced == last_generation) break;
  }
  paging_off();
}

template <typename Fence>
bool old_translations_vanish(unsigned page, Fence fence) {
  const std::uint64_t harts = hart_count();
  watched_page = page;
  readers = 0;
  stale_reads = 0;
  generation = 0;
  frames[0].words[0] = 0;
  map_window(page, &frames[0]);
  for (std::uint64_t id = 0; id < harts; ++id) {
    if (id != this_hart()) begin_work(id, watch_window, generations);
  }
  while (readers != harts - 1) nap();
  bool answered = true;
  for (std::uint64_t next = 1; next <= generations; ++next) {
    Frame& frame = frames[next % 2];
    frame.words[0] = next;
    map_window(page, &frame);
    answered = answered && fence().error == 0;
    generation.store(next, std::memory_order_release);
  }
  for (std::uint64_t id = 0; id < harts; ++id) {
    if (id != this_hart()) finish_work(id);
  }
  return answered && stale_reads == 0;
}

Answer fence_page(Function function, std::uint64_t first_page, std::uint64_t pages) {
  return sbi(extension::remote_fence, function, 0, all_harts, window + 4096 * first_page, 4096 * pages, 0);
}

void check_translations() {
  law(old_translations_vanish(0, [] { return fence_page(sfence_vma, 0, 1); }),
      "a remote sfence.vma of one page is done when it returns");
  law(old_translations_vanish(9, [] { return fence_page(sfence_vma, 5, 5); }),
      "a remote sfence.vma of a range reaches its last page");
  law(old_translations_vanish(300, [] { return fence_page(sfence_vma, 1, 400); }), "and so in a long range");
  law(old_translations_vanish(
          2, [] { return sbi(extension::remote_fence, sfence_vma, 0, all_harts, window + 8192 + 4095, 1); }),
      "a range that begins inside a page fences that page");
  law(old_translations_vanish(7, [] { return sbi(extension::remote_fence, sfence_vma, 0, all_harts, 0, 0); }),
      "start 0 and size 0 fence everything");
  law(old_translations_vanish(
          7, [] { return sbi(extension::remote_fence, sfence_vma, 0, all_harts, 4096, all_harts); }),
      "and so does size -1");
  law(old_translations_vanish(4, [] { return fence_page(sfence_vma_asid, 4, 1); }),
      "with an ASID the same holds");
  law(old_translations_vanish(4, [] { return sbi(6, 0, 0, window, 8 * 4096); }), "with the legacy call, too");
}

void check_errors() {
  const std::uint64_t harts = hart_count();
  law(sbi(extension::remote_fence, sfence_vma, 1, harts, 0, 0).error == error::invalid_param,
      "a remote fence of a hart that does not exist is invalid");
  law(sbi(extension::remote_fence, sfence_vma, 0, all_harts, all_harts - 4095, 8192).error ==
          error::invalid_address,
      "a range over the end of the address space is invalid");
  law(sbi(extension::remote_fence, 3, 0, all_harts, 0, 0).error == error::not_supported,
      "the hypervisor's fences are not supported");
  law(sbi(extension::remote_fence, sfence_vma, 1, this_hart(), window, 4096).error == 0,
      "a hart may fence itself");
}

alignas(4096) std::uint32_t code[2] = {0x00000513, 0x00008067};  // li a0, 0; ret

std::uint64_t run_code() {
  using Function = std::uint64_t();
  return reinterpret_cast<Function*>(code)();
}

std::atomic<std::uint64_t> wrong_code{0};
std::atomic<std::uint64_t> runs{0};

// Runs each generation of the code once. (Not while it is written: QEMU may then keep the old code, which no
// program may mind, but its fence.i does not drop it either.)
void run_new_code(std::uint64_t last) {
  for (std::uint64_t wanted = 1; wanted <= last; ++wanted) {
    while (generation.load(std::memory_order_acquire) < wanted) nap();
    if (run_code() != wanted) ++wrong_code;
    ++runs;
  }
}

void check_code() {
  constexpr std::uint64_t last = 20;
  const std::uint64_t harts = hart_count();
  generation = 0;
  runs = 0;
  for (std::uint64_t id = 0; id < harts; ++id) {
    if (id != this_hart()) begin_work(id, run_new_code, last);
  }
  for (std::uint64_t next = 1; next <= last; ++next) {
    std::atomic_ref<std::uint32_t>(code[0]).store(0x00000513u | static_cast<std::uint32_t>(next) << 20);
    sbi(extension::remote_fence, fence_i, 0, all_harts);
    generation.store(next, std::memory_order_release);
    while (runs != next * (harts - 1)) nap();
  }
  for (std::uint64_t id = 0; id < harts; ++id) {
    if (id != this_hart()) finish_work(id);
  }
  law(wrong_code == 0 && run_code() == last, "a remote fence.i is done when it returns, here and there");
}

// Every hart fences every hart at once; nobody else answers for a hart that waits.
void storm(std::uint64_t) {
  for (unsigned i = 0; i < storms; ++i)
    fence_page(i % 3 == 0 ? sfence_vma_asid : sfence_vma, i % 8, 1 + i % 3);
}

void check_storm() {
  const std::uint64_t harts = hart_count();
  for (std::uint64_t id = 0; id < harts; ++id) {
    if (id != this_hart()) begin_work(id, storm, 0);
  }
  storm(0);
  for (std::uint64_t id = 0; id < harts; ++id) {
    if (id != this_hart()) finish_work(id);
  }
  law(true, "harts that fence each other at once do not wait for each other for ever");
}

}  // namespace

void check_fences() {
  check_errors();
  check_translations();
  check_code();
  check_storm();
}

}  // namespace payload
