// A reader of the flattened device tree: visits each node once, after its properties are known.
#pragma once

#include "guestos/lib/types.hpp"

namespace guestos {

// A property's bytes in the blob; numbers in it are big-endian cells of 32 bits.
struct Property {
  const u8* bytes = nullptr;
  u32 size = 0;

  explicit operator bool() const { return bytes != nullptr; }
  u32 cell(u32 index) const;              // 0 beyond the end
  u64 cells(u32 index, u32 count) const;  // one number of `count` cells (0..2)
  u64 number() const { return size == 8 ? cells(0, 2) : cells(0, 1); }
  const char* text() const { return reinterpret_cast<const char*>(bytes); }
  bool lists(const char* text) const;  // one of the strings of a string list
};

struct TreeNode {
  const char* name = "";
  Property compatible, reg, device_type, interrupts, status, bootargs, initrd_start, initrd_end, rng_seed,
      timebase, isa;
  u32 address_cells = 2;
  u32 size_cells = 1;
};

class TreeVisitor {
 public:
  // Called at each node's end, with its ancestors: path[0] is the root, path[depth] the node itself.
  virtual void visit(const TreeNode* path, unsigned depth) = 0;

 protected:
  ~TreeVisitor() = default;
};

// False when `blob` is no flattened device tree or is damaged.
bool visit_device_tree(const void* blob, TreeVisitor& visitor);
u32 device_tree_size(const void* blob);

}  // namespace guestos
