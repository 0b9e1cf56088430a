#include "guestos/arch/boot_info.hpp"

#include "guestos/arch/layout.hpp"
#include "guestos/firmware/device_tree.hpp"
#include "guestos/lib/memory.hpp"

namespace guestos {

namespace {

using hartbeat::firmware::DeviceTree;
using Node = DeviceTree::Node;

constinit BootInfo info;

Range first_range(const Node& node) {
  const u64 start = node.reg_address().value_or(0);
  return {start, start + node.reg_size().value_or(0)};
}

void reserve(Range range) {
  if (range.end > range.start && info.reserved_count < 16) info.reserved[info.reserved_count++] = range;
}

// A number of one cell or of two.
u64 number(const Node& node, const char* name) {
  const auto cells = node.cells(name);
  return cells.size() == 1 ? cells[0] : u64{cells[0]} << 32 | cells[1];
}

void chosen(const Node& node) {
  const auto arguments = node.text("bootargs");
  const u64 size = min_of(arguments.size(), sizeof info.arguments - 1);
  memcpy(info.arguments, arguments.data(), size);
  info.initrd = {number(node, "linux,initrd-start"), number(node, "linux,initrd-end")};
  info.random_seed ^= number(node, "rng-seed");
}

// The widest memory range is used; the others, if any, are left alone.
void memory(const Node& node) {
  const Range range = first_range(node);
  if (range.end - range.start > info.memory.end - info.memory.start) info.memory = range;
}

void hart(const Node& node) {
  const u64 id = node.reg_address().value_or(max_harts);
  if (id >= max_harts || !node.enabled()) return;
  const bool first = info.harts == 0;
  auto has = [isa = node.text("riscv,isa")](std::string_view extension) {
    for (auto rest = isa; !rest.empty(); rest.remove_prefix(1))
      if (rest.starts_with(extension)) return true;
    return false;
  };
  info.harts |= u64{1} << id;
  info.svinval = (first || info.svinval) && has("_svinval");
  info.svnapot = (first || info.svnapot) && has("_svnapot");
}

void virtio(VirtioSlot slot) {
  if (info.virtio_count == 8) return;
  unsigned at = info.virtio_count++;
  for (; at != 0 && info.virtio[at - 1].address > slot.address; --at) info.virtio[at] = info.virtio[at - 1];
  info.virtio[at] = slot;
}

void device(const Node& node) {
  const u64 address = first_range(node).start;
  const auto compatible = node.compatible();
  if (compatible.contains("sifive,test0")) info.finisher = address;
  if (compatible.contains("ns16550a") && info.uart == 0) info.uart = address;
  if (compatible.contains("sifive,plic-1.0.0") || compatible.contains("riscv,plic0")) info.plic = address;
  if (compatible.contains("riscv,aclint-sswi")) info.sswi = address;
  if (compatible.contains("virtio,mmio")) virtio({address, node.cell("interrupts").value_or(0)});
}

// Collects what the kernel wants from each node. What is reserved is below a node of that name.
void read_node(const Node& node, bool& below_reserved) {
  if (node.depth() == 1) below_reserved = node.name() == "reserved-memory";
  if (node.has("timebase-frequency")) info.timebase = number(node, "timebase-frequency");
  if (node.name() == "chosen") chosen(node);
  if (node.text("device_type") == "memory") memory(node);
  if (node.text("device_type") == "cpu") hart(node);
  if (below_reserved && node.depth() == 2) reserve(first_range(node));
  if (!node.compatible().empty() && node.has("reg")) device(node);
}

}  // namespace

const BootInfo& boot_info() { return info; }

bool read_boot_info(u64 device_tree_physical, u64 boot_hart) {
  const auto tree = DeviceTree::at(direct(device_tree_physical));
  if (!tree) return false;
  bool below_reserved = false;
  tree->for_each_node([&](const Node& node) { read_node(node, below_reserved); });
  info.boot_hart = boot_hart;
  info.harts |= u64{1} << boot_hart;
  reserve({device_tree_physical, device_tree_physical + tree->size()});
  reserve(info.initrd);
  info.log_level = static_cast<unsigned>(boot_number("loglevel", 4));
  info.slice_microseconds = max_of<u64>(boot_number("slice", info.slice_microseconds), 10);
  return info.memory.end > info.memory.start;
}

bool boot_argument(const char* name, char* value, std::size_t capacity) {
  const std::size_t size = strlen(name);
  value[0] = 0;
  for (const char* at = info.arguments; *at != 0;) {
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

u64 boot_number(const char* name, u64 otherwise) {
  char value[24];
  return boot_argument(name, value, sizeof value) ? parse_number(value) : otherwise;
}

}  // namespace guestos
