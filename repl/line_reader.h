#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kiln {

/// What may stand at the end of a text: where the word to complete begins, and the words it can become.
struct Completions {
  size_t word_begin = 0;
  std::vector<std::string> words;
};

/// Reads lines from a terminal, with editing, history and completion where the terminal can.
class LineReader {
public:
  enum class Result { Line, Interrupted, End };
  using Complete = std::function<Completions(std::string_view before_cursor)>;

  /// `editing` false: prompts go to stderr and the terminal's own line discipline is all there is.
  LineReader(bool editing, Complete complete);
  ~LineReader();
  LineReader(const LineReader &) = delete;
  LineReader &operator=(const LineReader &) = delete;

  /// Reads a line, without its newline. A recalled entry may have several lines.
  Result read(std::string_view prompt, std::string_view color, std::string &line);
  /// What has been typed ahead or is being pasted, up to the first line that is neither empty nor a comment. Nothing is taken.
  std::string ahead();
  /// An entry that the cursor keys recall.
  void remember(const std::string &entry);

private:
  struct Editor;
  struct Input;
  std::unique_ptr<Input> input_;
  std::unique_ptr<Editor> editor_; // Null: no editing.
};

} // namespace kiln
