#include "guestos/arch/boot_info.hpp"

#include "guestos/arch/device_tree.hpp"
#include "guestos/arch/layout.hpp"
#include "guestos/lib/memory.hpp"

namespace guestos {

namespace {

constinit BootInfo the_boot_info;

bool has_extension(const char* isa, const char* name) {
  for (; *isa != 0; ++isa)
    if (starts_with(isa, name)) return true;
  return false;
}

// Collects what the kernel wants from each node.
class BootReader final : public TreeVisitor {
 public:
  explicit BootReader(BootInfo& info) : info_(info) {}

  void visit(const TreeNode* path, unsigned depth) override {
    const TreeNode& node = path[depth];
    const TreeNode& parent = path[depth == 0 ? 0 : depth - 1];
    if (node.timebase) info_.timebase = node.timebase.number();
    if (equal(node.name, "chosen")) chosen(node);
    if (node.device_type && equal(node.device_type.text(), "memory")) memory(node, parent);
    if (node.device_type && equal(node.device_type.text(), "cpu")) hart(node, parent);
    if (equal(parent.name, "reserved-memory") && depth == 2) reserve(first_range(node, parent));
    if (node.compatible && node.reg) device(node, parent);
  }

 private:
  static Range first_range(const TreeNode& node, const TreeNode& parent) {
    const u64 start = node.reg.cells(0, parent.address_cells);
    return {start, start + node.reg.cells(parent.address_cells, parent.size_cells)};
  }

  void reserve(Range range) {
    if (range.end > range.start && info_.reserved_count < 16) info_.reserved[info_.reserved_count++] = range;
  }

  void chosen(const TreeNode& node) {
    if (node.bootargs) copy_text(info_.arguments, node.bootargs.text(), sizeof info_.arguments);
    if (node.initrd_start && node.initrd_end)
      info_.initrd = {node.initrd_start.number(), node.initrd_end.number()};
    if (node.rng_seed) info_.random_seed ^= node.rng_seed.cells(0, 2);
  }

  // The widest memory range is used; the others, if any, are left alone.
  void memory(const TreeNode& node, const TreeNode& parent) {
    const Range range = first_range(node, parent);
    if (range.end - range.start > info_.memory.end - info_.memory.start) info_.memory = range;
  }

  void hart(const TreeNode& node, const TreeNode& parent) {
    const u64 id = node.reg.cells(0, parent.address_cells);
    if (id >= max_harts || (node.status && !equal(node.status.text(), "okay"))) return;
    info_.harts |= u64{1} << id;
    const bool svinval = node.isa && has_extension(node.isa.text(), "_svinval");
    info_.svinval = svinval && (info_.hart_count == 0 || info_.svinval);
    const bool svnapot = node.isa && has_extension(node.isa.text(), "_svnapot");
    info_.svnapot = svnapot && (info_.hart_count == 0 || info_.svnapot);
    ++info_.hart_count;
  }

  void device(const TreeNode& node, const TreeNode& parent) {
    const u64 address = first_range(node, parent).start;
    if (node.compatible.lists("sifive,test0")) info_.finisher = address;
    if (node.compatible.lists("ns16550a") && info_.uart == 0) info_.uart = address;
    if (node.compatible.lists("sifive,plic-1.0.0") || node.compatible.lists("riscv,plic0"))
      info_.plic = address;
    if (node.compatible.lists("riscv,aclint-sswi")) info_.sswi = address;
    if (node.compatible.lists("virtio,mmio")) virtio({address, node.interrupts.cell(0)});
  }

  void virtio(VirtioSlot slot) {
    if (info_.virtio_count == 8) return;
    unsigned at = info_.virtio_count++;
    for (; at != 0 && info_.virtio[at - 1].address > slot.address; --at)
      info_.virtio[at] = info_.virtio[at - 1];
    info_.virtio[at] = slot;
  }

  BootInfo& info_;
};

}  // namespace

const BootInfo& boot_info() { return the_boot_info; }

bool read_boot_info(u64 device_tree_physical, u64 boot_hart) {
  BootReader reader(the_boot_info);
  const void* blob = direct(device_tree_physical);
  if (!visit_device_tree(blob, reader)) return false;
  BootInfo& info = the_boot_info;
  info.boot_hart = boot_hart;
  if ((info.harts >> boot_hart & 1) == 0) {
    info.harts |= u64{1} << boot_hart;
    ++info.hart_count;
  }
  info.reserved[info.reserved_count++ % 16] = {device_tree_physical,
                                               device_tree_physical + device_tree_size(blob)};
  if (info.initrd.end > info.initrd.start) info.reserved[info.reserved_count++ % 16] = info.initrd;
  info.log_level = static_cast<unsigned>(boot_number("loglevel", 4));
  info.slice_microseconds = max_of<u64>(boot_number("slice", info.slice_microseconds), 10);
  return info.memory.end > info.memory.start;
}

bool boot_argument(const char* name, char* value, std::size_t capacity) {
  const std::size_t size = strlen(name);
  value[0] = 0;
  for (const char* at = the_boot_info.arguments; *at != 0;) {
    while (*at == ' ') ++at;
    const char* end = at;
    while (*end != 0 && *end != ' ') ++end;
    const bool named = starts_with(at, name);
    if (named && at + size == end) {
      copy_text(value, "1", capacity);
      return true;
    }
    if (named && at[size] == '=') {
      copy_text(value, at + size + 1, min_of(capacity, static_cast<std::size_t>(end - at) - size));
      return true;
    }
    at = end;
  }
  return false;
}

unsigned boot_choice(const char* name, std::initializer_list<const char*> words) {
  char value[24];
  boot_argument(name, value, sizeof value);
  for (unsigned i = 0; i < words.size(); ++i)
    if (equal(value, words.begin()[i])) return i;
  return 0;
}

bool boot_flag(const char* name) {
  char value[8];
  return boot_argument(name, value, sizeof value) && !equal(value, "0") && !equal(value, "off");
}

u64 parse_number(const char* text) {
  if (text[0] != '0' || (text[1] | 0x20) != 'x') return read_decimal(text);
  u64 value = 0;
  for (text += 2;; ++text) {
    const char c = static_cast<char>(*text | 0x20);
    const bool is_digit = *text >= '0' && *text <= '9';
    if (!is_digit && (c < 'a' || c > 'f')) return value;
    value = value * 16 + static_cast<u64>(is_digit ? c - '0' : c - 'a' + 10);
  }
}

u64 boot_number(const char* name, u64 otherwise) {
  char value[24];
  return boot_argument(name, value, sizeof value) ? parse_number(value) : otherwise;
}

}  // namespace guestos
