#include "emu/observe/fault_sentence.hpp"

#include <cinttypes>
#include <cstdio>

#include "emu/observe/trap_names.hpp"

namespace hartbeat::observe {
namespace {

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[160];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

const char* name_of(mmu::Privilege privilege) {
  switch (privilege) {
    case mmu::Privilege::user: return "user";
    case mmu::Privilege::supervisor: return "supervisor";
    default: return "machine";
  }
}

std::string walk_lines(const mmu::Walk& walk) {
  std::string text;
  if (walk.read_count == 0 && walk.check != mmu::Check::non_canonical) {
    return format("\n  no walk: the TLB holds this translation, PTE 0x%016" PRIx64, walk.pte);
  }
  for (unsigned i = 0; i < walk.read_count; ++i) {
    const mmu::PteRead& read = walk.reads[i];
    text += format("\n  level %u PTE at 0x%" PRIx64 " = 0x%016" PRIx64, unsigned{read.level},
                   read.address.value, read.pte);
  }
  return text;
}

}  // namespace

std::string fault_sentence(const TrapEvent& event) {
  const EventSite& site = event.site;
  const std::string name =
      event.interrupt ? interrupt_name(event.cause) + " interrupt" : exception_name(event.cause);
  std::string text = format("hart %" PRIu32 ": ", site.hart.value) + name;
  if (!event.interrupt && event.tval != 0) {
    text += format(event.cause == 2 ? ", instruction 0x%" PRIx64 : " at 0x%" PRIx64, event.tval);
  }
  text += format(" (pc 0x%" PRIx64 ", %s mode)", site.pc.value, name_of(site.privilege));
  if (event.walk == nullptr || event.walk->check == mmu::Check::none) return text;
  return text + ": " + mmu::sentence(event.walk->check) + walk_lines(*event.walk);
}

}  // namespace hartbeat::observe
