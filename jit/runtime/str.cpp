#include "jit/runtime/str.h"

#include "codegen/hash_constants.h"

#include "jit/runtime/array.h"
#include "jit/runtime/calls.h"
#include "jit/runtime/collector.h"
#include "jit/runtime/error.h"

#include <algorithm>
#include <cstring>

namespace kiln {

char *allocate_text(size_t length) {
  char *data = static_cast<char *>(allocate(length + 1, false));
  data[length] = 0;
  return data;
}

StrValue make_str(std::string_view text) {
  if (text.empty()) return {"", 0};
  char *data = allocate_text(text.size());
  std::memcpy(data, text.data(), text.size());
  return {data, static_cast<int64_t>(text.size())};
}

CodePoint decode(std::string_view text) {
  constexpr CodePoint invalid{0xFFFD, 1, false};
  auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  uint32_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return invalid;
  uint32_t value = lead & (0x7Fu >> length);
  for (uint32_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return invalid;
    value = value << 6 | (byte(i) & 0x3F);
  }
  constexpr uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return invalid;
  return {value, length, true};
}

void append_code_point(std::string &out, uint32_t value) {
  if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) value = 0xFFFD;
  auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xC0 | value >> 6), put(0x80 | (value & 0x3F));
  } else if (value < 0x10000) {
    put(0xE0 | value >> 12), put(0x80 | (value >> 6 & 0x3F)), put(0x80 | (value & 0x3F));
  } else {
    put(0xF0 | value >> 18), put(0x80 | (value >> 12 & 0x3F)), put(0x80 | (value >> 6 & 0x3F)),
        put(0x80 | (value & 0x3F));
  }
}

size_t count_code_points(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(decode(text).length);
  return count;
}

namespace {

template <typename Word>
uint64_t read(const char *from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// Short ones in two words that overlap: most texts are short, and a call of memcmp costs more than they do.
bool equal_bytes(const char *a, const char *b, size_t count) {
  if (count > 16) return std::memcmp(a, b, count) == 0;
  auto differ = [&]<typename Word>(Word, size_t at) { return read<Word>(a + at) ^ read<Word>(b + at); };
  if (count >= 8) return (differ(uint64_t(), 0) | differ(uint64_t(), count - 8)) == 0;
  if (count >= 4) return (differ(uint32_t(), 0) | differ(uint32_t(), count - 4)) == 0;
  if (count == 0) return true;
  return (differ(uint8_t(), 0) | differ(uint8_t(), count / 2) | differ(uint8_t(), count - 1)) == 0;
}

/// A text that a concatenation made, and the room that there is for it. What is appended to it, if nothing was yet, goes there: so
/// a text that grows piece by piece is copied a few times only. Shorter ones of those that share the bytes do not see it.
struct GrowingText {
  const char *data = nullptr;
  size_t length = 0, capacity = 0;
  uint64_t collection = 0; // Collections so far: the next may give its memory to another.

  /// By where they lie: one that meets another's place is copied.
  static GrowingText &at(const char *data) { return table[reinterpret_cast<uintptr_t>(data) * hash_multiplier >> 60]; }
  bool is(StrValue text) const { return data == text.data && length == static_cast<size_t>(text.length) && collection == collections(); }

private:
  static GrowingText table[16];
};
GrowingText GrowingText::table[16];
constexpr size_t least_growing = 128; // Bytes: to copy less costs little.
constexpr size_t most_room = size_t(64) << 20;

} // namespace

namespace calls {

extern "C" STR kiln_str_slice(STR text, I64 first, I64 last, I64 step) {
  int64_t count = check_slice({first, last, step}, text.length, "a str", text.length == 1 ? " byte" : " bytes");
  if (count == 0) return {"", 0};
  if (step == 1) return make_str(view(text).substr(static_cast<size_t>(first), static_cast<size_t>(count)));
  char *data = allocate_text(static_cast<size_t>(count));
  for (int64_t k = 0; k < count; ++k) data[k] = text.data[first + k * step];
  return {data, count};
}

extern "C" STR kiln_str_view(STR text, I64 first, I64 last, I64 step) {
  if (step != 1) return kiln_str_slice(text, first, last, step);
  int64_t count = check_slice({first, last, step}, text.length, "a str", text.length == 1 ? " byte" : " bytes");
  return {count == 0 ? "" : text.data + first, count};
}

extern "C" STR kiln_str_from_bytes(PTR bytes) {
  auto *array = static_cast<const ArrayHeader *>(bytes);
  return make_str({static_cast<const char *>(array->data), static_cast<size_t>(array->length)});
}

extern "C" PTR kiln_str_to_c(STR text) {
  if (text.length == 0) return const_cast<char *>("");
  return const_cast<char *>(text.data[text.length] == 0 ? text.data : make_str(view(text)).data);
}

extern "C" PTR kiln_str_chars(STR text) {
  std::string_view bytes = view(text);
  auto *array = static_cast<ArrayHeader *>(allocate(header_size(1), true));
  array->length = array->capacity = static_cast<int64_t>(count_code_points(bytes));
  if (array->length == 0) return array;
  auto *points = static_cast<uint32_t *>(allocate(static_cast<size_t>(array->length) * sizeof(uint32_t), false));
  array->data = points;
  while (!bytes.empty()) {
    CodePoint point = decode(bytes);
    *points++ = point.value;
    bytes.remove_prefix(point.length);
  }
  return array;
}

extern "C" STR kiln_str_from_c(PTR text) {
  return text ? make_str(static_cast<const char *>(text)) : StrValue{"", 0};
}

extern "C" STR kiln_str_concat(PTR parts_, I64 count) {
  auto *parts = static_cast<const StrValue *>(parts_);
  size_t length = 0;
  const StrValue *only =
      nullptr; // The one that is not empty, when there is just one: strings are immutable, so share it.
  for (int64_t i = 0; i < count; ++i) {
    if (parts[i].length == 0) continue;
    only = length == 0 ? &parts[i] : nullptr;
    length += static_cast<size_t>(parts[i].length);
  }
  if (length == 0) return {"", 0};
  if (only) return *only;
  const StrValue &first = parts[0];
  const bool grows = static_cast<size_t>(first.length) >= least_growing && GrowingText::at(first.data).is(first);
  size_t capacity = grows ? GrowingText::at(first.data).capacity : length;
  const bool in_place = grows && length <= capacity;
  if (grows && !in_place) capacity = length + std::min(length, most_room);
  char *data = in_place ? const_cast<char *>(first.data) : allocate_text(capacity);
  char *end = in_place ? data + first.length : std::copy_n(first.data, first.length, data);
  for (int64_t i = 1; i < count; ++i) end = std::copy_n(parts[i].data, parts[i].length, end);
  *end = 0;
  if (length >= least_growing) GrowingText::at(data) = {data, length, capacity, collections()};
  return {data, static_cast<int64_t>(length)};
}

extern "C" I64 kiln_str_compare(STR a, STR b) {
  int order = view(a).compare(view(b)); // Bytes as unsigned.
  return order < 0 ? -1 : order > 0;
}

// Short texts in two words that overlap, long ones sixteen bytes at a time (see hash_constants.h).
extern "C" I64 kiln_str_hash(STR text) {
  const char *at = text.data;
  auto left = static_cast<size_t>(text.length);
  uint64_t hash = hash_seed, a = 0, b = 0;
  for (; left > 16; at += 16, left -= 16)
    hash = multiply_and_fold(read<uint64_t>(at) ^ hash_multiplier, read<uint64_t>(at + 8) ^ hash);
  if (left >= 4) {
    size_t middle = left / 8 * 4;
    a = read<uint32_t>(at) << 32 | read<uint32_t>(at + middle);
    b = read<uint32_t>(at + left - 4) << 32 | read<uint32_t>(at + left - 4 - middle);
  } else if (left > 0) {
    a = read<uint8_t>(at) << 16 | read<uint8_t>(at + left / 2) << 8 | read<uint8_t>(at + left - 1);
  }
  uint64_t joined = multiply_and_fold(a ^ hash_multiplier, b ^ hash);
  return static_cast<int64_t>(multiply_and_fold(hash_multiplier ^ static_cast<uint64_t>(text.length), joined));
}

extern "C" I1 kiln_str_equal(STR a, STR b) {
  return a.length == b.length && equal_bytes(a.data, b.data, static_cast<size_t>(a.length));
}

} // namespace calls
} // namespace kiln
