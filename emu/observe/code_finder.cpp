#include "emu/observe/code_finder.hpp"

#include <filesystem>
#include <map>
#include <memory>

#include "emu/machine/elf.hpp"
#include "emu/machine/user_error.hpp"

namespace hartbeat::observe {
namespace {

constexpr std::uint64_t kernel_half = std::uint64_t{1} << 63;
constexpr std::uint64_t pie_base = 0x2a'aaaa'a000;  // guestos/arch/layout.hpp
constexpr std::size_t longest_process_name = 31;    // as the guest kernel tells it

class CodeFinder {
 public:
  CodeFinder(std::vector<std::shared_ptr<const ElfFile>> files, std::string root)
      : files_(std::move(files)), root_(std::move(root)) {}

  CodePlace at(const std::string& program, std::uint64_t pc) {
    const bool user = !files_.empty() && files_.front()->kind() == ElfKind::user && pc < kernel_half;
    const CodeMap* map = find(user ? program : std::string(), pc);
    return map == nullptr ? CodePlace{} : map->at(pc);
  }

 private:
  // An empty name: whatever file of the image has the address.
  const CodeMap* find(const std::string& program, std::uint64_t pc) {
    for (std::size_t i = 0; i < files_.size(); ++i) {
      const ElfFile& file = *files_[i];
      const bool fits = program.empty() ? holds(file, pc) : i == 0 && name_of(file.name()) == program;
      if (fits) return &map_of(file);
    }
    if (program.empty() || root_.empty()) return nullptr;
    return executed(program);
  }

  static std::string name_of(const std::string& path) {
    return std::filesystem::path(path).filename().string().substr(0, longest_process_name);
  }

  static bool holds(const ElfFile& file, std::uint64_t pc) {
    for (const ElfSegment& segment : file.segments()) {
      if (pc - segment.virtual_address < segment.memory_size ||
          pc - segment.physical_address < segment.memory_size)
        return segment.executable;
    }
    return false;
  }

  const CodeMap& map_of(const ElfFile& file) {
    const auto found = maps_.find(file.name());
    if (found != maps_.end()) return found->second;
    const std::uint64_t bias = file.position_independent() ? pie_base : 0;
    return maps_.emplace(file.name(), CodeMap(file.bytes(), bias)).first->second;
  }

  const CodeMap* executed(const std::string& program) {
    for (const char* directory : {"", "bin", "usr/bin", "sbin", "usr/sbin"}) {
      const std::filesystem::path path = std::filesystem::path(root_) / directory / program;
      std::error_code error;
      if (!std::filesystem::is_regular_file(path, error)) continue;
      const auto [entry, fresh] = others_.try_emplace(path.string());
      try {
        if (fresh) entry->second = std::make_unique<ElfFile>(ElfFile::read(path.string()));
      } catch (const UserError&) {
        continue;  // a script, say
      }
      if (entry->second) return &map_of(*entry->second);
    }
    return nullptr;
  }

  std::vector<std::shared_ptr<const ElfFile>> files_;
  std::string root_;
  std::map<std::string, CodeMap> maps_;                     // by file
  std::map<std::string, std::unique_ptr<ElfFile>> others_;  // by path; null: no ELF file
};

}  // namespace

FindCode code_finder(std::vector<std::shared_ptr<const ElfFile>> files, std::string root) {
  const auto finder = std::make_shared<CodeFinder>(std::move(files), std::move(root));
  return [finder](const std::string& program, std::uint64_t pc) { return finder->at(program, pc); };
}

}  // namespace hartbeat::observe
