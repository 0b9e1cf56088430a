// Reader of a flattened device tree (Devicetree Specification 0.4, chapter 5), in place, without allocation.
// Reads only: blocks are not changed. The kernel uses it, too, and it is built for the host, for its tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hartbeat::firmware {

// A property that holds strings, each with its terminator.
class StringList {
 public:
  StringList() = default;
  explicit StringList(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  bool contains(std::string_view text) const;

 private:
  std::span<const std::byte> bytes_;
};

// A property that holds 32-bit numbers; beyond its end there are zeros.
class CellList {
 public:
  CellList() = default;
  explicit CellList(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::size_t size() const { return bytes_.size() / 4; }
  std::uint32_t operator[](std::size_t index) const;

 private:
  std::span<const std::byte> bytes_;
};

class DeviceTree {
 public:
  // A node, valid as long as the tree and its blob are. Names come without a terminator; `name` keeps the unit address.
  class Node {
   public:
    std::string_view name() const { return name_; }
    // The property's bytes; nullopt if the node has none of that name.
    std::optional<std::span<const std::byte>> property(std::string_view name) const;
    bool has(std::string_view name) const { return property(name).has_value(); }
    // First string of the property, or "".
    std::string_view text(std::string_view name) const;
    std::optional<std::uint32_t> cell(std::string_view name) const;
    CellList cells(std::string_view name) const;
    // The compatible property; empty if there is none.
    StringList compatible() const;
    bool enabled() const { return !has("status") || text("status") == "okay" || text("status") == "ok"; }
    // A region of the reg property, in the parent's address space: where it starts, and its bytes.
    std::optional<std::uint64_t> reg_address(unsigned index = 0) const;
    std::optional<std::uint64_t> reg_size(unsigned index = 0) const;
    // How many nodes are above it.
    unsigned depth() const { return depth_; }

   private:
    friend class DeviceTree;
    std::optional<std::uint64_t> reg_number(unsigned region, unsigned first_cell, unsigned cells) const;
    std::string_view name_;
    const DeviceTree* tree_ = nullptr;
    std::size_t properties_ = 0;  // offset of the first property's token
    unsigned depth_ = 0;
    unsigned address_cells_ = 2;  // of the parent
    unsigned size_cells_ = 1;
  };

  // nullopt: there is no device tree at `blob` (wrong magic number, or a version that nobody writes any
  // more).
  static std::optional<DeviceTree> at(const void* blob);

  // Calls visit(const Node&) for every node, parents before children.
  template <typename Visit>
  void for_each_node(Visit visit) const {
    Cursor cursor;
    while (next_node(cursor)) visit(static_cast<const Node&>(cursor.node));
  }

  std::size_t size() const { return size_; }

 private:
  static constexpr unsigned max_depth = 16;
  struct Cells {
    unsigned address = 2;
    unsigned size = 1;
  };
  struct Cursor {
    std::size_t offset = 0;
    unsigned depth = 0;
    Cells cells[max_depth];  // cells[d]: what the node at depth d says about its children
    Node node;
  };
  struct Property {
    std::size_t name = 0;  // offset of the name
    std::span<const std::byte> value;
  };

  bool next_node(Cursor& cursor) const;
  void note_cells(Cursor& cursor, const Property& property) const;
  std::uint32_t word(std::size_t offset) const;
  std::string_view string_at(std::size_t offset) const;
  bool string_is(std::size_t offset, std::string_view expected) const;
  // The property whose token is at `offset`, and moves past it.
  Property take_property(std::size_t& offset) const;

  const std::byte* blob_ = nullptr;
  std::size_t size_ = 0;
  std::size_t structure_ = 0;  // offset of the structure block
  std::size_t structure_size_ = 0;
  std::size_t strings_ = 0;  // offset of the strings block
};

}  // namespace hartbeat::firmware
