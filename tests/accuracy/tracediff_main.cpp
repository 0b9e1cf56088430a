// hartbeat_tracediff A B: where two per-instruction traces begin to drift apart, and what kind of instruction
// it was.
#include <cstdlib>
#include <iostream>

#include "emu/machine/machine.hpp"
#include "emu/timing/cva6/decoder.hpp"
#include "tests/accuracy/trace_file.hpp"

namespace {

using namespace hartbeat;
using timing::cva6::Decoded;
using timing::cva6::Fu;
using timing::cva6::Op;

const char* kind(const Decoded& d) {
  switch (d.op) {
    case Op::branch: return "branch";
    case Op::jal: return "jump";
    case Op::jalr: return "indirect jump";
    case Op::mul: return "multiply";
    case Op::div: return "divide";
    case Op::csr_read:
    case Op::csr_write: return "CSR";
    case Op::mret:
    case Op::sret: return "xRET";
    case Op::fence:
    case Op::fence_i:
    case Op::sfence_vma: return "fence";
    case Op::fp_div:
    case Op::fp_sqrt: return "FP divide or square root";
    case Op::fp_addmul:
    case Op::fp_noncomp:
    case Op::fp_conv: return "FP";
    case Op::wfi: return "wfi";
    case Op::illegal: return "illegal";
    default: break;
  }
  if (d.is_amo()) return "atomic";
  if (d.fu == Fu::load) return "load";
  if (d.fu == Fu::store) return "store";
  return "ALU";
}

// What the cycles that were gained or lost in this instruction point to.
std::string mechanism(const timing::TraceRecord& before, const timing::TraceRecord& a,
                      const timing::TraceRecord& b, std::int64_t drift, isa::ExtensionSet isa) {
  const auto issue =
      static_cast<std::int64_t>(b.issue_cycle) - static_cast<std::int64_t>(a.issue_cycle) - drift;
  const Decoded own = timing::cva6::decode(a.bits, isa), previous = timing::cva6::decode(before.bits, isa);
  if (issue == 0) return std::string("its own completion or commit (") + kind(own) + ")";
  const bool redirected = before.trapped || a.pc != before.pc + previous.length || previous.op == Op::branch;
  if (redirected) return std::string("the front end after a ") + (before.trapped ? "trap" : kind(previous));
  if ((a.pc & 15) == 0 || ((a.pc & 15) == 2 && own.length == 4))
    return "the front end at a new I$ line, or a hazard at issue";
  return std::string("a hazard or bubble at issue (") + kind(own) + " behind " + kind(previous) + ")";
}

int run(const std::string& first, const std::string& second) {
  const isa::ExtensionSet isa = load_machine("cva6").hart.extensions;
  const auto a = accuracy::read_trace(first), b = accuracy::read_trace(second);
  std::int64_t drift = 0;
  unsigned shown = 0;
  std::size_t exact = 0;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i].pc != b[i].pc || a[i].trapped != b[i].trapped) {
      std::cout << "the paths part at line " << i + 1 << "\n  A " << accuracy::format(a[i]) << "\n  B "
                << accuracy::format(b[i]) << "\n";
      return 1;
    }
    const auto now =
        static_cast<std::int64_t>(b[i].commit_cycle) - static_cast<std::int64_t>(a[i].commit_cycle);
    const auto issue =
        static_cast<std::int64_t>(b[i].issue_cycle) - static_cast<std::int64_t>(a[i].issue_cycle);
    exact += now == 0 && issue == 0;
    if ((now != drift || issue != drift) && shown < 20) {
      ++shown;
      std::cout << "line " << i + 1 << ": B drifts by " << now - drift << " (now " << now
                << "): " << mechanism(i ? a[i - 1] : a[i], a[i], b[i], drift, isa) << "\n  A "
                << accuracy::format(a[i]) << "\n  B " << accuracy::format(b[i]) << "\n";
    }
    drift = now;
  }
  std::cout << exact << " of " << a.size() << " lines equal";
  if (a.size() != b.size()) std::cout << "; A has " << a.size() << " lines, B " << b.size();
  std::cout << "\n";
  return exact == a.size() && a.size() == b.size() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: hartbeat_tracediff A B\n";
    return 2;
  }
  try {
    return run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::cerr << "hartbeat_tracediff: " << error.what() << "\n";
    return 2;
  }
}
