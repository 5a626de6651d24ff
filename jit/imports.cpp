#include "jit/imports.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>

namespace kiln {

namespace {

bool is_private(std::string_view name) { return name.starts_with('_'); }

/// Called by the language itself, or written as an operator: what a file defines of it holds for its types everywhere.
bool belongs_to_nobody(std::string_view name) {
  bool is_word = std::isalpha(static_cast<unsigned char>(name[0])) || name[0] == '_' || static_cast<unsigned char>(name[0]) >= 0x80;
  return !is_word || name == "xor" || name == "str" || name == "iterate";
}

const Imports::File::Definition *public_definition(const Imports::File &file, std::string_view name) {
  if (is_private(name))
    return nullptr;
  auto found = file.defined.find(name);
  return found == file.defined.end() ? nullptr : &found->second;
}

} // namespace

Imports::File *Imports::file_of(uint32_t source) {
  auto found = by_source_.find(source);
  return found == by_source_.end() ? &files_.front() : found->second;
}

Imports::File *Imports::find(const std::string &path) {
  auto found = std::ranges::find(files_, path, &File::path);
  return found == files_.end() ? nullptr : &*found;
}

void Imports::set_program(const std::string &path) {
  program_ = path;
  files_.front().path.clear();
}

void Imports::find_program() {
  std::error_code code;
  std::string path = std::exchange(program_, {});
  if (std::filesystem::is_regular_file(path, code)) files_.front().path = std::filesystem::weakly_canonical(path, code).string();
}

Imports::File &Imports::add(std::string path) {
  File &file = files_.emplace_back();
  std::string stem = std::filesystem::path(path).stem().string();
  file.path = std::move(path);
  file.name = stem;
  auto is_taken = [&](const File &other) { return &other != &file && other.name == file.name; };
  for (int i = 2; std::ranges::any_of(files_, is_taken); ++i)
    file.name = fmt::format("{}{}", stem, i);
  return file;
}

std::string_view Imports::define(File &file, std::string_view name, bool is_function) {
  if (auto known = file.defined.find(name); known != file.defined.end() && known->second.is_function == is_function)
    return known->second.key;
  std::string_view key = types_.intern(name);
  if (!file.name.empty() && !belongs_to_nobody(name))
    key = types_.intern(fmt::format("{}.{}", file.name, name));
  for (const File *other : file.merged)
    if (const File::Definition *theirs = public_definition(*other, name); theirs && theirs->is_function == is_function)
      key = theirs->key;
  file.defined[types_.intern(name)] = {key, is_function};
  return key;
}

std::string_view Imports::resolve(std::string_view name, uint32_t source) {
  const File *file = file_of(source);
  if (!file)
    return name;
  if (auto own = file->defined.find(name); own != file->defined.end())
    return own->second.key;
  for (size_t i = file->merged.size(); i-- > 0;)
    if (const File::Definition *theirs = public_definition(*file->merged[i], name))
      return theirs->key;
  return name;
}

bool Imports::is_file(std::string_view name, uint32_t source) {
  const File *file = file_of(source);
  return file && file->aliases.contains(name) && !file->defined.contains(name);
}

std::string_view Imports::member(std::string_view alias, std::string_view name, Span name_span, uint32_t source,
                                 Diagnostics &diagnostics) {
  const File &file = *file_of(source)->aliases.at(alias);
  if (const File::Definition *found = public_definition(file, name))
    return found->key;
  std::string shown = std::filesystem::path(file.path).filename().string();
  if (file.defined.contains(name)) {
    diagnostics.report<Diag::PrivateName>(name_span, name, shown);
    return {};
  }
  Diagnostic &error = diagnostics.report<Diag::NotInFile>(name_span, name, shown);
  std::vector<std::string_view> names;
  for (auto &[defined, definition] : file.defined)
    if (!is_private(defined))
      names.push_back(defined);
  std::ranges::sort(names);
  if (auto near = closest(name, names))
    error.help(fmt::format("did you mean `{}.{}`?", alias, *near));
  return {};
}

} // namespace kiln
