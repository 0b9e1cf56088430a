#include "emu/machine/fdt_writer.hpp"

#include <libfdt.h>

#include <stdexcept>

namespace hartbeat {
namespace {

void append_big_endian(std::vector<std::uint8_t>& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

}  // namespace

FdtWriter::FdtWriter(std::size_t capacity) : blob_(std::make_unique_for_overwrite<std::uint8_t[]>(capacity)) {
  check(fdt_create(blob_.get(), static_cast<int>(capacity)), "create");
  check(fdt_finish_reservemap(blob_.get()), "reservation map");
  check(fdt_begin_node(blob_.get(), ""), "root");
}

void FdtWriter::check(int result, const char* what) {
  if (result < 0 && error_.empty()) error_ = std::string(what) + ": " + fdt_strerror(result);
}

FdtWriter::Node::Node(FdtWriter& writer, const std::string& name) : writer_(writer) {
  writer_.check(fdt_begin_node(writer_.blob_.get(), name.c_str()), name.c_str());
}

FdtWriter::Node::Node(FdtWriter& writer, const std::string& name, std::uint64_t address, std::uint64_t size)
    : Node(writer, name) {
  writer_.reg(address, size);
}

FdtWriter::Node::~Node() { writer_.check(fdt_end_node(writer_.blob_.get()), "end of a node"); }

void FdtWriter::flag(const char* name) { check(fdt_property(blob_.get(), name, nullptr, 0), name); }

void FdtWriter::text(const char* name, const std::string& value) {
  check(fdt_property(blob_.get(), name, value.c_str(), static_cast<int>(value.size() + 1)), name);
}

void FdtWriter::texts(const char* name, std::span<const std::string> values) {
  std::string list;
  for (const std::string& value : values) list.append(value).push_back('\0');
  check(fdt_property(blob_.get(), name, list.data(), static_cast<int>(list.size())), name);
}

void FdtWriter::cells(const char* name, std::span<const std::uint32_t> values) {
  std::vector<std::uint8_t> bytes;
  for (const std::uint32_t value : values) append_big_endian(bytes, value);
  check(fdt_property(blob_.get(), name, bytes.data(), static_cast<int>(bytes.size())), name);
}

void FdtWriter::cells(const char* name, std::initializer_list<std::uint32_t> values) {
  cells(name, std::span(values.begin(), values.size()));
}

void FdtWriter::reg(std::uint64_t address, std::uint64_t size) {
  const auto high = [](std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); };
  const auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  cells("reg", {high(address), low(address), high(size), low(size)});
}

std::vector<std::uint8_t> FdtWriter::finish() {
  check(fdt_end_node(blob_.get()), "end of the root");
  check(fdt_finish(blob_.get()), "finish");
  if (!error_.empty()) throw std::logic_error("device tree: " + error_);
  return {blob_.get(), blob_.get() + fdt_totalsize(blob_.get())};
}

}  // namespace hartbeat
