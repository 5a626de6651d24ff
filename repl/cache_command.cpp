#include "repl/cache_command.h"

#include "jit/code_cache/cache_folder.h"
#include "repl/terminal.h"

#include <fmt/format.h>

namespace kiln {

int show_cache(const Options &options) {
  constexpr int usage_error = 2;
  if (options.engine.cache.empty()) {
    complain("no machine code is kept: there is no home folder; --cache takes a folder, as in --cache=/tmp/kiln");
    return usage_error;
  }
  std::string error;
  std::unique_ptr<CacheFolder> folder = CacheFolder::open(options.engine.cache, options.engine.cache_bytes, error);
  if (!folder) {
    complain(error);
    return usage_error;
  }
  if (options.clear) {
    uint64_t removed = folder->clear();
    return finish_output(0, fmt::format("{}: {} {} removed\n", folder->path().string(), removed, removed == 1 ? "entry" : "entries"));
  }
  CacheFolder::Usage usage = folder->usage();
  return finish_output(0, fmt::format("{}: {} {}, {:.1f} of {} MB\n", folder->path().string(), usage.entries, usage.entries == 1 ? "entry" : "entries",
                                      static_cast<double>(usage.bytes) / (1 << 20), options.engine.cache_bytes >> 20));
}

} // namespace kiln
