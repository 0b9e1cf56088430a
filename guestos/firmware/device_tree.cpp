#include "guestos/firmware/device_tree.hpp"

namespace hartbeat::firmware {
namespace {

constexpr std::uint32_t magic = 0xd00dfeed;
constexpr std::uint32_t oldest_version = 16;
constexpr std::size_t header_bytes = 40;

enum Token : std::uint32_t { begin_node = 1, end_node = 2, property_token = 3, nop = 4 };

std::uint32_t big_endian_word(const std::byte* bytes) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint32_t>(bytes[i]);
  return value;
}

constexpr std::size_t round_up_to_word(std::size_t offset) { return (offset + 3) & ~std::size_t{3}; }

}  // namespace

std::optional<DeviceTree> DeviceTree::at(const void* blob) {
  DeviceTree tree;
  tree.blob_ = static_cast<const std::byte*>(blob);
  tree.size_ = header_bytes;
  if (blob == nullptr || tree.word(0) != magic || tree.word(20) < oldest_version) return std::nullopt;
  tree.size_ = tree.word(4);
  tree.structure_ = tree.word(8);
  tree.strings_ = tree.word(12);
  tree.structure_size_ = tree.size_ > tree.structure_ ? tree.size_ - tree.structure_ : 0;
  return tree;
}

// Beyond the blob's end everything reads as zero, which is no token, so a damaged tree ends the walk.
std::uint32_t DeviceTree::word(std::size_t offset) const {
  return offset + 4 <= size_ ? big_endian_word(blob_ + offset) : 0;
}

std::string_view DeviceTree::string_at(std::size_t offset) const {
  std::size_t length = 0;
  while (offset + length < size_ && blob_[offset + length] != std::byte{0}) ++length;
  return {reinterpret_cast<const char*>(blob_ + offset), length};
}

// Most names differ early: start-up time is spent here, so the string's length is not taken first.
bool DeviceTree::string_is(std::size_t offset, std::string_view expected) const {
  if (offset >= size_ || expected.size() >= size_ - offset) return false;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (static_cast<char>(blob_[offset + i]) != expected[i]) return false;
  }
  return blob_[offset + expected.size()] == std::byte{0};
}

DeviceTree::Property DeviceTree::take_property(std::size_t& offset) const {
  const std::size_t data = offset + 12;
  std::size_t length = word(offset + 4);
  if (data > size_ || length > size_ - data) length = 0;
  Property property{strings_ + word(offset + 8), {blob_ + data, length}};
  offset = data + round_up_to_word(length);
  return property;
}

bool StringList::contains(std::string_view text) const {
  for (std::size_t begin = 0; begin < bytes_.size();) {
    std::size_t length = 0;
    bool equal = true;
    for (; begin + length < bytes_.size() && bytes_[begin + length] != std::byte{0}; ++length) {
      equal = equal && length < text.size() && static_cast<char>(bytes_[begin + length]) == text[length];
    }
    if (equal && length == text.size()) return true;
    begin += length + 1;
  }
  return false;
}

// What a node says about its children's addresses comes before the children (chapter 5.4.2).
void DeviceTree::note_cells(Cursor& cursor, const Property& property) const {
  if (cursor.depth == 0 || cursor.depth > max_depth || property.value.size() < 4) return;
  Cells& cells = cursor.cells[cursor.depth - 1];
  if (string_is(property.name, "#address-cells")) cells.address = big_endian_word(property.value.data());
  if (string_is(property.name, "#size-cells")) cells.size = big_endian_word(property.value.data());
}

bool DeviceTree::next_node(Cursor& cursor) const {
  while (cursor.offset < structure_size_) {
    std::size_t offset = structure_ + cursor.offset;
    const std::uint32_t token = word(offset);
    if (token == begin_node) {
      const Cells parent =
          cursor.depth > 0 && cursor.depth <= max_depth ? cursor.cells[cursor.depth - 1] : Cells{};
      cursor.node.name_ = string_at(offset + 4);
      cursor.node.tree_ = this;
      cursor.node.properties_ = offset + 4 + round_up_to_word(cursor.node.name_.size() + 1);
      cursor.node.depth_ = cursor.depth;
      cursor.node.address_cells_ = parent.address;
      cursor.node.size_cells_ = parent.size;
      cursor.offset = cursor.node.properties_ - structure_;
      if (cursor.depth < max_depth) cursor.cells[cursor.depth] = Cells{};
      ++cursor.depth;
      return true;
    }
    if (token == property_token) {
      note_cells(cursor, take_property(offset));
      cursor.offset = offset - structure_;
    } else if (token == end_node || token == nop) {
      if (token == end_node && cursor.depth > 0) --cursor.depth;
      cursor.offset += 4;
    } else {
      return false;  // the end, or damage
    }
  }
  return false;
}

std::optional<std::span<const std::byte>> DeviceTree::Node::property(std::string_view name) const {
  std::size_t offset = properties_;
  for (;;) {
    const std::uint32_t token = tree_->word(offset);
    if (token == nop) {
      offset += 4;
    } else if (token == property_token) {
      const Property candidate = tree_->take_property(offset);
      if (tree_->string_is(candidate.name, name)) return candidate.value;
    } else {
      return std::nullopt;
    }
  }
}

std::string_view DeviceTree::Node::text(std::string_view name) const {
  const auto value = property(name);
  if (!value) return {};
  std::size_t length = 0;
  while (length < value->size() && (*value)[length] != std::byte{0}) ++length;
  return {reinterpret_cast<const char*>(value->data()), length};
}

std::optional<std::uint32_t> DeviceTree::Node::cell(std::string_view name) const {
  const auto value = property(name);
  if (!value || value->size() < 4) return std::nullopt;
  return big_endian_word(value->data());
}

std::uint32_t CellList::operator[](std::size_t index) const {
  return index < size() ? big_endian_word(bytes_.data() + 4 * index) : 0;
}

CellList DeviceTree::Node::cells(std::string_view name) const {
  const auto value = property(name);
  return value ? CellList(*value) : CellList();
}

StringList DeviceTree::Node::compatible() const {
  const auto value = property("compatible");
  return value ? StringList(*value) : StringList();
}

std::optional<std::uint64_t> DeviceTree::Node::reg_number(unsigned region, unsigned first_cell,
                                                          unsigned cells) const {
  const auto value = property("reg");
  const std::size_t entry_bytes = 4u * (address_cells_ + size_cells_);
  const std::size_t begin = region * entry_bytes;
  if (!value || entry_bytes == 0 || begin + entry_bytes > value->size()) return std::nullopt;
  std::uint64_t number = 0;
  for (unsigned i = first_cell; i < first_cell + cells; ++i) {
    number = number << 32 | big_endian_word(value->data() + begin + 4 * i);
  }
  return number;
}

std::optional<std::uint64_t> DeviceTree::Node::reg_address(unsigned index) const {
  return reg_number(index, 0, address_cells_);
}

std::optional<std::uint64_t> DeviceTree::Node::reg_size(unsigned index) const {
  return reg_number(index, address_cells_, size_cells_);
}

}  // namespace hartbeat::firmware
