#include "jit/code_cache/environment.h"

#include "jit/engine.h"
#include "jit/processor.h"

#include <fmt/format.h>

#include <algorithm>
#include <elf.h>
#include <link.h>
#include <span>

namespace kiln {

namespace {

struct Search {
  uintptr_t address; // In the object that is looked for.
  std::string id;
};

/// The build id is a note that the linker leaves: a hash of all that was linked.
std::string build_id_in(const dl_phdr_info &object, const ElfW(Phdr) & segment) {
  const char *at = reinterpret_cast<const char *>(object.dlpi_addr + segment.p_vaddr), *end = at + segment.p_memsz;
  auto padded = [](size_t bytes) { return (bytes + 3) & ~size_t(3); };
  while (at + sizeof(ElfW(Nhdr)) <= end) {
    const auto &note = *reinterpret_cast<const ElfW(Nhdr) *>(at);
    const char *name = at + sizeof note, *contents = name + padded(note.n_namesz);
    if (note.n_type == NT_GNU_BUILD_ID && std::string_view(name, note.n_namesz) == std::string_view("GNU", 4)) return {contents, note.n_descsz};
    at = contents + padded(note.n_descsz);
  }
  return {};
}

int look(dl_phdr_info *object, size_t, void *data) {
  auto &search = *static_cast<Search *>(data);
  std::span segments(object->dlpi_phdr, object->dlpi_phnum);
  auto holds = [&](const ElfW(Phdr) & segment) {
    uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    return segment.p_type == PT_LOAD && search.address >= begin && search.address < begin + segment.p_memsz;
  };
  if (std::ranges::none_of(segments, holds)) return 0;
  for (const auto &segment : segments)
    if (segment.p_type == PT_NOTE && search.id.empty()) search.id = build_id_in(*object, segment);
  return 1;
}

} // namespace

std::string host_environment() {
  Search search{reinterpret_cast<uintptr_t>(&host_environment), {}};
  dl_iterate_phdr(look, &search);
  if (search.id.empty()) return {};
  std::string text = "kiln ";
  for (char byte : search.id) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text + fmt::format(" LLVM {}", llvm_version()) + processor_identity();
}

} // namespace kiln
