// Writes a flattened device tree node by node; a thin layer over libfdt's sequential writer that cannot be
// misused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hartbeat {

class FdtWriter {
 public:
  // capacity: bytes the finished blob may have.
  explicit FdtWriter(std::size_t capacity);
  // Closes a node at the end of its scope.
  class Node {
   public:
    Node(FdtWriter& writer, const std::string& name);
    Node(FdtWriter& writer, const std::string& name, std::uint64_t address,
         std::uint64_t size);  // with its `reg`
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

   private:
    FdtWriter& writer_;
  };
  [[nodiscard]] Node node(const std::string& name) { return Node(*this, name); }

  void flag(const char* name);
  void text(const char* name, const std::string& value);
  void texts(const char* name, std::span<const std::string> values);
  void cells(const char* name, std::initializer_list<std::uint32_t> values);
  void cells(const char* name, std::span<const std::uint32_t> values);
  // `reg` with two address and two size cells.
  void reg(std::uint64_t address, std::uint64_t size);

  // The finished blob. Throws std::logic_error if libfdt has refused anything on the way.
  std::vector<std::uint8_t> finish();

 private:
  void check(int result, const char* what);
  std::unique_ptr<std::uint8_t[]> blob_;
  std::string error_;
};

}  // namespace hartbeat
