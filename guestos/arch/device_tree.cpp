#include "guestos/arch/device_tree.hpp"

#include "guestos/lib/memory.hpp"

namespace guestos {

namespace {

constexpr u32 tree_magic = 0xd00dfeed;
constexpr u32 token_begin_node = 1;
constexpr u32 token_end_node = 2;
constexpr u32 token_property = 3;
constexpr u32 token_nop = 4;
constexpr unsigned deepest = 12;

u32 big_endian(const u8* p) { return u32{p[0]} << 24 | u32{p[1]} << 16 | u32{p[2]} << 8 | p[3]; }

void take_property(TreeNode& node, const char* name, Property property) {
  struct Known {
    const char* name;
    Property TreeNode::*member;
  };
  static constexpr Known known[] = {
      {"riscv,isa", &TreeNode::isa},
      {"compatible", &TreeNode::compatible},
      {"reg", &TreeNode::reg},
      {"device_type", &TreeNode::device_type},
      {"interrupts", &TreeNode::interrupts},
      {"status", &TreeNode::status},
      {"bootargs", &TreeNode::bootargs},
      {"linux,initrd-start", &TreeNode::initrd_start},
      {"linux,initrd-end", &TreeNode::initrd_end},
      {"rng-seed", &TreeNode::rng_seed},
      {"timebase-frequency", &TreeNode::timebase},
  };
  for (const Known& one : known)
    if (equal(name, one.name)) node.*one.member = property;
  if (equal(name, "#address-cells")) node.address_cells = property.cell(0);
  if (equal(name, "#size-cells")) node.size_cells = property.cell(0);
}

}  // namespace

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

bool visit_device_tree(const void* blob, TreeVisitor& visitor) {
  auto* base = static_cast<const u8*>(blob);
  if (big_endian(base) != tree_magic) return false;
  const u8* at = base + big_endian(base + 8);
  const u8* end = base + device_tree_size(blob);
  const char* strings = reinterpret_cast<const char*>(base) + big_endian(base + 12);
  TreeNode path[deepest];
  int depth = -1;
  while (at + 4 <= end) {
    const u32 token = big_endian(at);
    at += 4;
    if (token == token_begin_node) {
      if (++depth >= static_cast<int>(deepest)) return false;
      path[depth] = {};
      path[depth].name = reinterpret_cast<const char*>(at);
      at += align_up(strlen(path[depth].name) + 1, 4);
    } else if (token == token_property && depth >= 0) {
      const u32 size = big_endian(at);
      take_property(path[depth], strings + big_endian(at + 4), {at + 8, size});
      at += 8 + align_up(size, 4);
    } else if (token == token_end_node && depth >= 0) {
      visitor.visit(path, static_cast<unsigned>(depth--));
    } else if (token != token_nop) {
      break;  // the end token, or damage
    }
  }
  return depth == -1;
}

}  // namespace guestos
