#include "jit/code_cache/content_hash.h"

#include <fmt/format.h>
#include <llvm/Support/xxhash.h>

namespace kiln {

ContentHash hash_of(std::string_view bytes) {
  auto hash = llvm::xxh3_128bits(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  return {hash.high64, hash.low64};
}

std::string to_text(const ContentHash &hash) { return fmt::format("{:016x}{:016x}", hash[0], hash[1]); }

} // namespace kiln
