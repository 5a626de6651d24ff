#pragma once

#include <cstdint>

namespace kiln {

// Hashing follows wyhash (Wang Yi, https://github.com/wangyi-fudan/wyhash, public domain): words are multiplied to 128
// bits, and the halves of the product joined. Compiled code hashes numbers by the same rule as the runtime texts.

constexpr uint64_t hash_seed = 0xa0761d6478bd642f;
constexpr uint64_t hash_multiplier = 0xe7037ed1a0b428db;

inline uint64_t multiply_and_fold(uint64_t a, uint64_t b) {
  __extension__ typedef unsigned __int128 Wide;
  Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product >> 64) ^ static_cast<uint64_t>(product);
}
/// The hash with one more word.
inline uint64_t mix(uint64_t hash, uint64_t word) { return multiply_and_fold(hash ^ word, hash_multiplier); }

} // namespace kiln
