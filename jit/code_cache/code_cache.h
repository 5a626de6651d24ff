#pragma once

#include "jit/code_cache/cache_folder.h"
#include "jit/code_cache/code_description.h"
#include "jit/code_cache/code_image.h"
#include "jit/engine.h"
#include "jit/orc.h"

#include <map>

namespace kiln {

class LineTable;

/// Machine code of earlier runs. An entry is a module as it was linked, under the name of its root's description (code_description.h);
/// where it was compiled together with others, it says with which, and what all of them together were.
/// Belongs to the program's thread, but for store().
class CodeCache {
public:
  using Resolver = std::function<void *(std::string_view)>;
  /// `resolve`: the address of what is not Kiln's own (lower.h).
  CodeCache(Inference &inference, const EngineOptions &options, std::function<bool(Specialisation &)> is_copied, Resolver resolve);
  ~CodeCache();

  /// Whether there is a folder to look into. Sees to it at the first call.
  bool is_open();

  /// Code that was found: each function with its entry.
  struct Found {
    std::vector<std::pair<Specialisation *, void *>> functions;
    size_t bytes = 0;
  };
  /// What was compiled for a function, and perhaps others with it. None when nothing is stored that fits.
  std::optional<Found> find(Specialisation &root);
  /// The same for the rest of a function from the header of a loop on.
  std::optional<Found> find(Specialisation &continued, const Block &header);
  /// Forgets what was found out of one that is freed. Code that was found stays.
  void erase(const Specialisation &function) { roots_.erase(&function); }
  /// The continuation that the interpreter goes on with at a loop's header; null when it has no such loop.
  std::function<Specialisation *(Specialisation &continued, uint32_t header)> resumption;

  /// A place in the source.
  struct Place {
    uint32_t source, line, column;
  };
  /// An entry without its code.
  struct Draft;
  /// For a group that is to be compiled, and the names that its module refers to. Null for what cannot be kept.
  std::shared_ptr<Draft> draft(std::span<Specialisation *const> group, std::span<const std::string> names);
  /// Stores an entry: on the thread that made the code.
  void store(const Draft &draft, CodeImage image);

  /// Whether the address is in code that was found here, and where that came from, innermost first.
  bool has(const void *address) const;
  std::vector<CodePlace> places(const void *address);

  uint64_t found = 0, stored = 0, code_bytes = 0;
  double seconds = 0; // To look for code and to put it into memory.

private:
  struct Entry;
  struct Placed;
  std::optional<Found> load(const std::string &name, Specialisation &root);
  /// A function that was looked for.
  struct Root {
    std::string name;
    std::optional<CodeDescription> description; // Until it is used.
  };
  Root &root_of(Specialisation &function);
  CodeDescription description_of(Specialisation &function);
  std::string continuation_name(Specialisation &continued, uint32_t header) { return root_of(continued).name + "-" + std::to_string(header); }
  const std::string &environment();

  Inference &inference_;
  const EngineOptions &options_;
  const std::function<bool(Specialisation &)> is_copied_;
  const Resolver resolve_;
  bool tried_ = false;
  std::unique_ptr<CacheFolder> folder_;
  std::string environment_;
  std::unordered_map<const Specialisation *, Root> roots_;
  Slabs slabs_{Slab::Writer::OneThread};
  std::map<uintptr_t, std::unique_ptr<Placed>> placed_; // By where their text ends.
};

} // namespace kiln
