#include "lang/diagnostics.h"

#include <algorithm>

namespace kiln {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// The number of edits (insert, delete, replace, swap of neighbours) from `a` to `b`; a change of case costs nothing.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), previous(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t replace = previous[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));
      row[j] = std::min({replace, previous[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, row);
  }
  return previous[b.size()];
}

} // namespace

std::string shortened(std::string_view text) {
  constexpr size_t longest = 200, head = 120, tail = 40;
  if (text.size() <= longest) return std::string(text);
  auto inside = [&](size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80; }; // Of a character.
  size_t first = head, last = text.size() - tail;
  while (inside(first)) --first;
  while (last < text.size() && inside(last)) ++last;
  return fmt::format("{}...{}", text.substr(0, first), text.substr(last));
}

std::string counted(uint64_t count, std::string_view one, std::string_view many) {
  if (count == 1) return fmt::format("1 {}", one);
  return many.empty() ? fmt::format("{} {}s", count, one) : fmt::format("{} {}", count, many);
}

std::optional<std::string_view> closest(std::string_view word, const std::vector<std::string_view> &candidates) {
  constexpr size_t longest = 64; // A longer word is no typo of a name.
  if (word.empty() || word.size() > longest) return std::nullopt;
  // One edit in short words, one in three letters of longer ones; a word of one letter resembles everything.
  size_t allowed = word.size() < 2 ? 0 : std::max<size_t>(1, word.size() / 3);
  std::optional<std::string_view> best;
  size_t best_distance = allowed + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > word.size() + allowed || candidate.size() + allowed < word.size() || candidate == word)
      continue;
    size_t distance = edit_distance(word, candidate);
    // Two letters against two others share nothing worth suggesting.
    if (distance < best_distance && distance < candidate.size()) best_distance = distance, best = candidate;
  }
  return best;
}

} // namespace kiln
