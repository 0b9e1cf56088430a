#include "emu/observe/text_trace.hpp"

#include <cinttypes>
#include <cstdio>

#include "emu/hart/names.hpp"
#include "emu/isa/csr_names.hpp"
#include "emu/isa/disassemble.hpp"
#include "emu/isa/register_names.hpp"
#include "emu/observe/trace_filter.hpp"
#include "emu/observe/trap_names.hpp"

namespace hartbeat::observe {
namespace {

constexpr std::size_t kept_disassemblies = 1u << 14;

std::string hex(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%" PRIx64, value);
  return text;
}

constexpr const char* access_names[] = {"fetch", "load", "store"};

std::string walk_text(const mmu::Walk& walk) {
  std::string text;
  for (unsigned i = 0; i < walk.read_count; ++i)
    text += " [" + hex(walk.reads[i].address.value) + "]=" + hex(walk.reads[i].pte);
  text += walk.fault == mmu::Fault::none ? " -> " + hex(walk.address.value)
                                         : std::string(" fails: ") + mmu::name(walk.check);
  return text;
}

}  // namespace

TextTrace::TextTrace(const TraceContext& context, std::unique_ptr<TraceOutput> output)
    : places_(context),
      extensions_(context.extensions()),
      output_(std::move(output)),
      disassemblies_(kept_disassemblies) {
  output_->write("# cycle hart privilege process pc symbol: instruction  effects; lines with ! are events\n");
}

std::string TextTrace::head(const EventSite& site) {
  const GuestPlaces::Thread thread = places_.on(site.hart);
  const GuestPlaces::Place& place = places_.at(site);
  const GuestPlaces::Function& function = places_.function(place.function);
  std::string process = places_.name_of(thread);
  if (thread.known && thread.pid != 0) process += "(" + std::to_string(thread.pid) + ")";
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, "%10" PRIu64 " h%u %c ", site.cycle.value, site.hart.value,
                privilege_letter(site.privilege));
  std::string text =
      numbers + process + " " + hex(site.pc.value) + " " + function.object + ":" + function.name;
  if (place.offset != 0 && !function.name.starts_with("0x")) text += "+" + hex(place.offset);
  return text;
}

void TextTrace::event_line(const EventSite& site, const std::string& text) {
  output_->write(head(site) + "! " + text + "\n");
}

const std::string& TextTrace::disassembly(std::uint64_t pc, std::uint32_t bits) {
  Disassembly& known = disassemblies_[(pc >> 1) % kept_disassemblies];
  if (known.pc != pc || known.bits != bits) {
    known = {pc, bits, isa::disassemble(bits, pc, extensions_)};
    for (char& c : known.text) {
      if (c == '\t') c = ' ';
    }
  }
  return known.text;
}

void TextTrace::on(const RetireEvent& event) {
  std::string line = head(event.site) + ": " + disassembly(event.site.pc.value, event.bits);
  const unsigned rd = event.operands->rd & 31;
  if (event.writes_x) line += "  " + std::string(isa::x_names[rd]) + "=" + hex(event.rd_value);
  if (event.writes_f) line += "  " + std::string(isa::f_names[rd]) + "=" + hex(event.rd_value);
  for (const CsrEffect& csr : event.csrs)
    line += "  " + std::string(isa::csr_name(csr.address)) + "=" + hex(csr.value);
  for (const MemoryEffect& access : event.memory) {
    line += "  [" + hex(access.address.value);
    if (access.physical.value != access.address.value) line += " at " + hex(access.physical.value);
    line += access.store ? "]<-" : "]->";
    line += hex(access.value) + "/" + std::to_string(access.size);
  }
  output_->write(line + "\n");
}

void TextTrace::on(const TrapEvent& event) {
  std::string text = "trap " + (event.interrupt ? interrupt_name(event.cause) : exception_name(event.cause)) +
                     " to " + privilege_letter(event.target);
  if (!event.interrupt) text += " tval=" + hex(event.tval);
  if (event.walk != nullptr) text += std::string(" because ") + mmu::name(event.walk->check);
  event_line(event.site, text);
}

void TextTrace::on(const TrapReturnEvent& event) {
  event_line(event.site, std::string("return to ") + privilege_letter(event.target));
}

void TextTrace::on(const WalkEvent& event) {
  event_line(event.site, std::string("walk ") + access_names[static_cast<unsigned>(event.access)] + " " +
                             hex(event.address.value) + walk_text(*event.walk));
}

void TextTrace::on(const FenceEvent& event) {
  std::string text = "fence";
  if (event.has_address) text += " address=" + hex(event.address.value);
  if (event.has_asid) text += " asid=" + std::to_string(event.asid);
  event_line(event.site, text + " removed=" + std::to_string(event.removed));
}

void TextTrace::on(const IpiEvent& event) {
  event_line(event.site,
             "ipi to hart " + std::to_string(event.target.value) + (event.supervisor ? " S" : " M"));
}

void TextTrace::on(const TracepointEvent& event) {
  places_.hear(event);
  const std::string_view name = tracepoint_name(event.number);
  std::string text = "tracepoint " +
                     (name.empty() ? std::to_string(static_cast<unsigned>(event.number)) : std::string(name));
  for (const std::uint64_t argument : event.arguments) text += " " + hex(argument);
  event_line(event.site, text);
}

}  // namespace hartbeat::observe
