#include "guestos/arch/boot_info.hpp"

#include "guestos/arch/layout.hpp"
#include "guestos/lib/memory.hpp"

namespace guestos {

namespace {

// --- A reader of the flattened device tree: visits each node once, after its properties are known.

// A property's bytes in the blob; numbers in it are big-endian cells of 32 bits.
struct Property {
  const u8* bytes = nullptr;
  u32 size = 0;

  explicit operator bool() const { return bytes != nullptr; }
  u32 cell(u32 index) const;              // 0 beyond the end
  u64 cells(u32 index, u32 count) const;  // one number of `count` cells (0..2)
  u64 number() const { return size == 8 ? cells(0, 2) : cells(0, 1); }
  const char* text() const { return bytes != nullptr ? reinterpret_cast<const char*>(bytes) : ""; }
  bool lists(const char* text) const;  // one of the strings of a string list
};

struct TreeNode {
  const char* name = "";
  const u8* properties = nullptr;  // where they begin in the blob

  Property operator[](const char* wanted) const;  // an empty one if it is not there
  u32 address_cells() const { return (*this)["#address-cells"] ? (*this)["#address-cells"].cell(0) : 2; }
  u32 size_cells() const { return (*this)["#size-cells"] ? (*this)["#size-cells"].cell(0) : 1; }
};

// Called at each node's end, with its ancestors: path[0] is the root, path[depth] the node itself.
using TreeVisitor = void (*)(const TreeNode* path, unsigned depth);

constexpr u32 tree_magic = 0xd00dfeed, token_begin_node = 1, token_end_node = 2, token_property = 3,
              token_nop = 4;
constexpr unsigned deepest = 12;
constinit const char* property_names = nullptr;

u32 big_endian(const u8* p) { return u32{p[0]} << 24 | u32{p[1]} << 16 | u32{p[2]} << 8 | p[3]; }

// Moves `at` behind the property that it stands on, nops before it included; false: there is none.
bool next_property(const u8*& at, const char*& name, Property& property) {
  while (big_endian(at) == token_nop) at += 4;
  if (big_endian(at) != token_property) return false;
  property = {at + 12, big_endian(at + 4)};
  name = property_names + big_endian(at + 8);
  at += 12 + align_up(property.size, 4);
  return true;
}

Property TreeNode::operator[](const char* wanted) const {
  const char* found = "";
  Property property;
  for (const u8* at = properties; next_property(at, found, property);)
    if (equal(found, wanted)) return property;
  return {};
}

u32 Property::cell(u32 index) const { return index * 4 + 4 <= size ? big_endian(bytes + index * 4) : 0; }

u64 Property::cells(u32 index, u32 count) const {
  u64 value = 0;
  for (u32 i = 0; i < count; ++i) value = value << 32 | cell(index + i);
  return value;
}

bool Property::lists(const char* wanted) const {
  for (u32 at = 0; at < size; at += static_cast<u32>(strlen(text() + at)) + 1)
    if (equal(text() + at, wanted)) return true;
  return false;
}

u32 device_tree_size(const void* blob) { return big_endian(static_cast<const u8*>(blob) + 4); }

// False when `blob` is no flattened device tree or is damaged.
bool visit_device_tree(const void* blob, TreeVisitor visit) {
  auto* base = static_cast<const u8*>(blob);
  if (big_endian(base) != tree_magic) return false;
  const u8* at = base + big_endian(base + 8);
  const u8* end = base + device_tree_size(blob);
  property_names = reinterpret_cast<const char*>(base) + big_endian(base + 12);
  TreeNode path[deepest];
  int depth = -1;
  while (at + 4 <= end) {
    const u32 token = big_endian(at);
    at += 4;
    if (token == token_begin_node) {
      if (++depth >= static_cast<int>(deepest)) return false;
      const char* name = reinterpret_cast<const char*>(at);
      at += align_up(strlen(name) + 1, 4);
      path[depth] = {name, at};
    } else if (token == token_property && depth >= 0) {
      at += 8 + align_up(big_endian(at), 4);
    } else if (token == token_end_node && depth >= 0) {
      visit(path, static_cast<unsigned>(depth--));
    } else if (token != token_nop) {
      break;  // the end token, or damage
    }
  }
  return depth == -1;
}

// --- What the kernel wants of it.

constinit BootInfo info;

bool has_extension(const char* isa, const char* name) {
  for (; *isa != 0; ++isa)
    if (starts_with(isa, name)) return true;
  return false;
}

Range first_range(const TreeNode& node, const TreeNode& parent) {
  const u32 cells = parent.address_cells();
  const u64 start = node["reg"].cells(0, cells);
  return {start, start + node["reg"].cells(cells, parent.size_cells())};
}

void reserve(Range range) {
  if (range.end > range.start && info.reserved_count < 16) info.reserved[info.reserved_count++] = range;
}

void chosen(const TreeNode& node) {
  copy_text(info.arguments, node["bootargs"].text(), sizeof info.arguments);
  info.initrd = {node["linux,initrd-start"].number(), node["linux,initrd-end"].number()};
  info.random_seed ^= node["rng-seed"].cells(0, 2);
}

// The widest memory range is used; the others, if any, are left alone.
void memory(const TreeNode& node, const TreeNode& parent) {
  const Range range = first_range(node, parent);
  if (range.end - range.start > info.memory.end - info.memory.start) info.memory = range;
}

void hart(const TreeNode& node, const TreeNode& parent) {
  const u64 id = node["reg"].cells(0, parent.address_cells());
  if (id >= max_harts || (node["status"] && !equal(node["status"].text(), "okay"))) return;
  const bool first = info.harts == 0;
  const char* isa = node["riscv,isa"].text();
  info.harts |= u64{1} << id;
  info.svinval = (first || info.svinval) && has_extension(isa, "_svinval");
  info.svnapot = (first || info.svnapot) && has_extension(isa, "_svnapot");
}

void virtio(VirtioSlot slot) {
  if (info.virtio_count == 8) return;
  unsigned at = info.virtio_count++;
  for (; at != 0 && info.virtio[at - 1].address > slot.address; --at) info.virtio[at] = info.virtio[at - 1];
  info.virtio[at] = slot;
}

void device(const TreeNode& node, const TreeNode& parent) {
  const u64 address = first_range(node, parent).start;
  const Property compatible = node["compatible"];
  if (compatible.lists("sifive,test0")) info.finisher = address;
  if (compatible.lists("ns16550a") && info.uart == 0) info.uart = address;
  if (compatible.lists("sifive,plic-1.0.0") || compatible.lists("riscv,plic0")) info.plic = address;
  if (compatible.lists("riscv,aclint-sswi")) info.sswi = address;
  if (compatible.lists("virtio,mmio")) virtio({address, node["interrupts"].cell(0)});
}

// Collects what the kernel wants from each node.
void read_node(const TreeNode* path, unsigned depth) {
  const TreeNode& node = path[depth];
  const TreeNode& parent = path[depth == 0 ? 0 : depth - 1];
  const Property timebase = node["timebase-frequency"], device_type = node["device_type"];
  if (timebase) info.timebase = timebase.number();
  if (equal(node.name, "chosen")) chosen(node);
  if (equal(device_type.text(), "memory")) memory(node, parent);
  if (equal(device_type.text(), "cpu")) hart(node, parent);
  if (equal(parent.name, "reserved-memory") && depth == 2) reserve(first_range(node, parent));
  if (node["compatible"] && node["reg"]) device(node, parent);
}

}  // namespace

const BootInfo& boot_info() { return info; }

bool read_boot_info(u64 device_tree_physical, u64 boot_hart) {
  const void* blob = direct(device_tree_physical);
  if (!visit_device_tree(blob, read_node)) return false;
  info.boot_hart = boot_hart;
  info.harts |= u64{1} << boot_hart;
  reserve({device_tree_physical, device_tree_physical + device_tree_size(blob)});
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
