#include "emu/observe/spike_log.hpp"

#include <array>
#include <cstring>

#include "emu/isa/csr_names.hpp"

namespace hartbeat::observe {
namespace {

constexpr std::size_t most_bytes_before_effects = 64;
constexpr std::size_t most_bytes_per_effect = 96;

// The two hexadecimal digits of every byte: a line is mostly these.
constexpr auto hex_pairs = [] {
  std::array<char, 512> pairs{};
  constexpr char digits[] = "0123456789abcdef";
  for (unsigned byte = 0; byte < 256; ++byte) {
    pairs[2 * byte] = digits[byte >> 4];
    pairs[2 * byte + 1] = digits[byte & 15];
  }
  return pairs;
}();

char* put_hex(char* out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) {
    std::memcpy(out, &hex_pairs[2 * (value >> (8 * i) & 0xff)], 2);
    out += 2;
  }
  return out;
}

char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put_decimal(char* out, std::uint32_t value, unsigned width, bool left) {
  char digits[10];
  unsigned count = 0;
  do {
    digits[count++] = static_cast<char>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  const unsigned blanks = width > count ? width - count : 0;
  if (!left) out = static_cast<char*>(std::memset(out, ' ', blanks)) + blanks;
  while (count > 0) *out++ = digits[--count];
  if (left) out = static_cast<char*>(std::memset(out, ' ', blanks)) + blanks;
  return out;
}

char* put_register(char* out, char kind, unsigned number, std::uint64_t value) {
  *out++ = ' ';
  *out++ = kind;
  out = put_decimal(out, number, 2, true);
  out = put(out, " 0x");
  return put_hex(out, value, 8);
}

}  // namespace

SpikeLog::SpikeLog(std::unique_ptr<TraceOutput> output) : output_(std::move(output)), csr_prefixes_(4096) {}

const std::string& SpikeLog::csr_prefix(std::uint16_t address) {
  std::string& prefix = csr_prefixes_[address & 0xfff];
  if (prefix.empty()) prefix = " c" + std::to_string(address) + "_" + isa::csr_name(address) + " 0x";
  return prefix;
}

void SpikeLog::on(const RetireEvent& event) {
  const std::size_t most_effects = 2 + event.memory.size() + event.csrs.size();
  const std::size_t most_bytes = most_bytes_before_effects + most_effects * most_bytes_per_effect;
  char* out = put(output_->room_for(most_bytes), "core");
  out = put_decimal(out, event.site.hart.value, 4, false);
  out = put(out, ": ");
  *out++ = static_cast<char>('0' + static_cast<unsigned>(event.site.privilege));
  out = put(out, " 0x");
  out = put_hex(out, event.site.pc.value, 8);
  out = put(out, " (0x");
  out = put_hex(out, event.bits, event.length);
  *out++ = ')';
  out = effects(out, event);
  *out++ = '\n';
  output_->filled(out);
}

// Spike keeps register effects in a map whose key is number × 16 + kind: x 0, f 1, CSR 4.
char* SpikeLog::effects(char* out, const RetireEvent& event) {
  const unsigned rd = event.operands != nullptr ? event.operands->rd : 0;
  bool x_left = event.writes_x && rd != 0, f_left = event.writes_f;
  unsigned last_csr = 0;
  for (std::size_t done = 0; done < event.csrs.size(); ++done) {
    const CsrEffect* next = nullptr;  // the lowest address not yet printed: there are two or three
    for (const CsrEffect& csr : event.csrs) {
      if (csr.address + 1u > last_csr && (next == nullptr || csr.address <= next->address)) next = &csr;
    }
    if (next == nullptr) break;
    last_csr = next->address + 1u;
    const unsigned key = next->address * 16u + 4;
    if (x_left && rd * 16 < key) {
      out = put_register(out, 'x', rd, event.rd_value);
      x_left = false;
    }
    if (f_left && rd * 16 + 1 < key) {
      out = put_register(out, 'f', rd, event.rd_value);
      f_left = false;
    }
    out = put(out, csr_prefix(next->address));
    out = put_hex(out, next->value, 8);
  }
  if (x_left) out = put_register(out, 'x', rd, event.rd_value);
  if (f_left) out = put_register(out, 'f', rd, event.rd_value);
  for (const MemoryEffect& access : event.memory) {
    if (access.store) continue;
    out = put(out, " mem 0x");
    out = put_hex(out, access.address.value, 8);
  }
  for (const MemoryEffect& access : event.memory) {
    if (!access.store) continue;
    out = put(out, " mem 0x");
    out = put_hex(out, access.address.value, 8);
    out = put(out, " 0x");
    out = put_hex(out, access.value, access.size <= 8 ? access.size : 8);
  }
  return out;
}

}  // namespace hartbeat::observe
