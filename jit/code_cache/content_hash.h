#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace kiln {

/// 128 bits that name a content (XXH3).
using ContentHash = std::array<uint64_t, 2>;
ContentHash hash_of(std::string_view bytes);
/// 32 hexadecimal digits.
std::string to_text(const ContentHash &hash);

} // namespace kiln
