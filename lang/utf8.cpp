#include "lang/utf8.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace kiln {

namespace {

struct Range {
  char32_t first, last;
};

template <size_t N>
bool contains(const Range (&table)[N], char32_t value) {
  auto after = std::upper_bound(std::begin(table), std::end(table), value,
                                [](char32_t v, const Range &range) { return v < range.first; });
  return after != std::begin(table) && value <= (after - 1)->last;
}

// Blocks above ASCII that hold no letters: Unicode's general categories P, S, Z and C, by block.
constexpr Range not_letters[] = {
    {0x80, 0xA9},     {0xAB, 0xB4},     {0xB6, 0xB9},       {0xBB, 0xBF},        {0xD7, 0xD7},     {0xF7, 0xF7},
    {0x2C2, 0x2C5},   {0x2D2, 0x2DF},   {0x37E, 0x37E},     {0x387, 0x387},      {0x1680, 0x1680}, {0x2000, 0x2070},
    {0x2072, 0x207E}, {0x2080, 0x208E}, {0x20A0, 0x20CF},   {0x2190, 0x2BFF},    {0x2E00, 0x2E7F}, {0x2FF0, 0x2FFF},
    {0x3000, 0x3004}, {0x3008, 0x3020}, {0x3030, 0x3030},   {0x303D, 0x303F},    {0x30FB, 0x30FB}, {0xD800, 0xF8FF},
    {0xFD3E, 0xFD3F}, {0xFE10, 0xFE1F}, {0xFE30, 0xFE6F},   {0xFEFF, 0xFEFF},    {0xFF00, 0xFF20}, {0xFF3B, 0xFF40},
    {0xFF5B, 0xFF65}, {0xFFE0, 0xFFFF}, {0x1F000, 0x1FAFF}, {0xE0000, 0x10FFFF},
};

constexpr Range combining[] = {
    {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},   {0x64B, 0x65F},   {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF},
};

constexpr Range wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},   {0x25FD, 0x25FE},
    {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26A1, 0x26A1},   {0x2705, 0x2705},   {0x2728, 0x2728},
    {0x274C, 0x274C},   {0x2753, 0x2755},   {0x2795, 0x2797},   {0x2B50, 0x2B50},   {0x2E80, 0x303E},
    {0x3041, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F004, 0x1F004}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

unsigned byte(std::string_view text, size_t at) { return static_cast<unsigned char>(text[at]); }

} // namespace

CodePoint decode_utf8(std::string_view text, size_t at) {
  unsigned lead = byte(text, at);
  if (lead < 0x80) return {lead, 1, true};
  uint32_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return {lead, 1, false};
  char32_t value = lead & (0x7Fu >> length);
  for (uint32_t i = 1; i < length; ++i) {
    unsigned next = byte(text, at + i);
    if ((next & 0xC0) != 0x80) return {lead, 1, false};
    value = value << 6 | (next & 0x3F);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {lead, 1, false};
  return {value, length, true};
}

void append_utf8(std::string &out, char32_t value) {
  auto put = [&](char32_t bits) { out += static_cast<char>(bits); };
  if (value < 0x80) return put(value);
  if (value < 0x800) return put(0xC0 | value >> 6), put(0x80 | (value & 0x3F));
  if (value < 0x10000) return put(0xE0 | value >> 12), put(0x80 | (value >> 6 & 0x3F)), put(0x80 | (value & 0x3F));
  put(0xF0 | value >> 18), put(0x80 | (value >> 12 & 0x3F));
  put(0x80 | (value >> 6 & 0x3F)), put(0x80 | (value & 0x3F));
}

size_t find_invalid_utf8(std::string_view text) {
  constexpr uint64_t high_bits = 0x8080808080808080;
  for (size_t at = 0; at < text.size();) {
    uint64_t eight = high_bits;
    if (at + sizeof eight <= text.size()) std::memcpy(&eight, text.data() + at, sizeof eight);
    if ((eight & high_bits) == 0) { // Eight ASCII characters: nearly all of a program.
      at += sizeof eight;
      continue;
    }
    CodePoint point = decode_utf8(text, at);
    if (!point.valid) return at;
    at += point.length;
  }
  return std::string_view::npos;
}

int display_width(char32_t value) {
  if (value < 0x300) return 1;
  return contains(combining, value) ? 0 : contains(wide, value) ? 2 : 1;
}

bool starts_identifier(char32_t value) {
  if (value < 0x80) return (value >= 'a' && value <= 'z') || (value >= 'A' && value <= 'Z') || value == '_';
  return !contains(not_letters, value) && !contains(combining, value);
}

bool continues_identifier(char32_t value) {
  return starts_identifier(value) || (value >= '0' && value <= '9') || (value >= 0x2080 && value <= 0x208E) ||
         (value >= 0x80 && contains(combining, value) && !(value >= 0x200B && value <= 0x200F));
}

} // namespace kiln
