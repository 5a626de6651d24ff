#pragma once

#include "lang/source.h"

#include <fmt/format.h>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kiln {

enum class Severity : uint8_t { Error, Warning };

enum class Diag : uint16_t {
#define KILN_ERROR(name, text) name,
#define KILN_WARNING(name, text) name,
#include "lang/diagnostics.def"
};

struct DiagInfo {
  Severity severity;
  std::string_view name;
  std::string_view text;
};

inline constexpr DiagInfo diag_table[] = {
#define KILN_ERROR(name, text) {Severity::Error, #name, text},
#define KILN_WARNING(name, text) {Severity::Warning, #name, text},
#include "lang/diagnostics.def"
};

/// The number of arguments that a message text takes: one more than its highest {N}.
constexpr size_t diag_arity(std::string_view text) {
  size_t arity = 0;
  for (size_t i = 0; i + 2 < text.size(); ++i)
    if (text[i] == '{' && text[i + 1] >= '0' && text[i + 1] <= '9' && text[i + 2] == '}')
      arity = std::max<size_t>(arity, static_cast<size_t>(text[i + 1] - '0') + 1);
  return arity;
}

/// A remark that belongs to a diagnostic: an origin (with a span) or a help text (without).
struct DiagNote {
  Span span;
  std::string message;
};

/// A text that goes into a message, cut in its middle where it is longer than people read.
std::string shortened(std::string_view text);

/// How a message shows an argument: types and the like by their own to_string, found by argument-dependent lookup.
template <typename T> decltype(auto) message_argument(const T &value) {
  if constexpr (std::is_convertible_v<const T &, std::string_view>)
    return shortened(value);
  else if constexpr (std::is_pointer_v<T>)
    return shortened(to_string(value));
  else
    return (value);
}

/// One finished message to the user.
struct Diagnostic {
  Diag code;
  Severity severity;
  Span span;
  std::string message;
  std::vector<DiagNote> notes;

  Diagnostic &note(Span at, std::string_view text) {
    notes.push_back({at, shortened(text)});
    return *this;
  }
  /// A way out: "write `//` for integer division".
  Diagnostic &help(std::string_view text) { return note({}, text); }
};

/// Collects diagnostics in the order they are found. Cheap to make, so that a trial can be thrown away.
class Diagnostics {
public:
  template <Diag code, typename... Args> Diagnostic &report(Span span, const Args &...args) {
    constexpr DiagInfo info = diag_table[static_cast<size_t>(code)];
    static_assert(diag_arity(info.text) == sizeof...(Args), "wrong number of arguments for this diagnostic");
    return add({code, info.severity, span, fmt::format(fmt::runtime(info.text), message_argument(args)...), {}});
  }
  Diagnostic &add(Diagnostic diagnostic) {
    if (diagnostic.severity == Severity::Error)
      ++errors_;
    return list_.emplace_back(std::move(diagnostic));
  }
  const std::vector<Diagnostic> &list() const { return list_; }
  Diagnostic &at(size_t i) { return list_[i]; }
  /// Takes back all but the first `count`: of a trial.
  void truncate(size_t count) {
    for (; list_.size() > count; list_.pop_back())
      if (list_.back().severity == Severity::Error)
        --errors_;
  }
  bool has_errors() const { return errors_ != 0; }
  size_t error_count() const { return errors_; }
  void clear() { list_.clear(), errors_ = 0; }

private:
  std::vector<Diagnostic> list_;
  size_t errors_ = 0;
};

/// How diagnostics are drawn.
struct RenderStyle {
  bool color = false;
};

/// The message as people see it: `file:line:column: error: text`, the source line, the span underlined, the notes.
std::string render(const Diagnostic &diagnostic, const Sources &sources, RenderStyle style = {});

/// "1 argument", "2 arguments". `many` is the plural where it is not `one` and an "s".
std::string counted(uint64_t count, std::string_view one, std::string_view many = {});

/// The candidate closest to `word` by edit distance, when it is close enough to be a plausible typo.
std::optional<std::string_view> closest(std::string_view word, const std::vector<std::string_view> &candidates);

} // namespace kiln
