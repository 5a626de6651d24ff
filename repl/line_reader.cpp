#include "repl/line_reader.h"

#include "repl/line_input.h"

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <histedit.h>
#include <langinfo.h>
#include <unistd.h>

namespace kiln {

namespace {

constexpr int entries_kept = 1000;
// Terminals that know it put a paste between these (behind an escape), so that its tabs do not complete names.
constexpr std::string_view paste_begins = "[200~", paste_ends = "[201~";
constexpr const char *ask_for_paste_marks = "\033[?2004h", *no_paste_marks = "\033[?2004l";
constexpr char escape_mark = '\1'; // Around what the prompt's width does not count.

size_t common_prefix(const std::vector<std::string> &words) {
  size_t length = words[0].size();
  for (const std::string &word : words) {
    auto [at, other] = std::mismatch(words[0].begin(), words[0].end(), word.begin(), word.end());
    length = std::min(length, static_cast<size_t>(at - words[0].begin()));
  }
  while (length > 0 && length < words[0].size() && (words[0][length] & 0xC0) == 0x80) --length; // Whole characters.
  return length;
}

/// The words in columns, as wide as the terminal usually is.
std::string in_columns(const std::vector<std::string> &words) {
  size_t width = 0;
  for (const std::string &word : words) width = std::max(width, word.size() + 2);
  const size_t columns = std::max<size_t>(1, 78 / width);
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    text += words[i];
    const bool last = i + 1 == words.size() || (i + 1) % columns == 0;
    text.append(last ? 0 : width - words[i].size(), ' ');
    if (last) text += '\n';
  }
  return text;
}

} // namespace

struct LineReader::Input : LineInput {};

/// The line editor: libedit, fed by us so that Ctrl-C only ends the line.
struct LineReader::Editor {
  Editor(LineInput &input, Complete complete);
  ~Editor() {
    el_end(edit);
    history_end(history);
  }
  Editor(const Editor &) = delete;
  Editor &operator=(const Editor &) = delete;

  static Editor &of(EditLine *edit) {
    void *self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return *static_cast<Editor *>(self);
  }
  static char *prompt_of(EditLine *edit) { return of(edit).prompt.data(); }
  static int read_char(EditLine *edit, wchar_t *result);
  static unsigned char complete_word(EditLine *edit, int key);
  void stop();

  LineInput &input;
  Complete complete;
  EditLine *edit;
  History *history;
  HistEvent event{};
  std::string prompt;
  bool interrupted = false;
  bool pasting = false;
};

LineReader::Editor::Editor(LineInput &input, Complete complete) : input(input), complete(std::move(complete)) {
  // Names may be in any script; a locale without UTF-8 would show them as escapes.
  if (!std::setlocale(LC_CTYPE, "") || std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
    std::setlocale(LC_CTYPE, "C.UTF-8");
  history = history_init();
  ::history(history, &event, H_SETSIZE, entries_kept);
  edit = el_init("kiln", stdin, stdout, stderr);
  el_set(edit, EL_CLIENTDATA, this);
  el_set(edit, EL_SIGNAL, 0);
  el_set(edit, EL_EDITOR, "emacs");
  el_set(edit, EL_HIST, ::history, history);
  el_set(edit, EL_GETCFN, read_char);
  el_set(edit, EL_PROMPT_ESC, prompt_of, escape_mark);
  el_set(edit, EL_ADDFN, "kiln-complete", "Complete a name", complete_word);
  constexpr const char *bindings[][2] = {
      {"^I", "kiln-complete"},      {"^R", "em-inc-search-prev"}, {"\\e[H", "ed-move-to-beg"},
      {"\\eOH", "ed-move-to-beg"},  {"\\e[1~", "ed-move-to-beg"}, {"\\e[F", "ed-move-to-end"},
      {"\\eOF", "ed-move-to-end"},  {"\\e[4~", "ed-move-to-end"}, {"\\e[3~", "ed-delete-next-char"},
      {"\\e[1;5D", "ed-prev-word"}, {"\\e[1;5C", "em-next-word"}, {"^W", "ed-delete-prev-word"},
      {"\\e[A", "ed-prev-history"}, {"\\e[B", "ed-next-history"}, {"\\e[C", "ed-next-char"},
      {"\\e[D", "ed-prev-char"},
  };
  for (const auto &binding : bindings) el_set(edit, EL_BIND, binding[0], binding[1], nullptr);
  el_source(edit, nullptr); // ~/.editrc
}

/// Ctrl-Z: the shell gets the terminal as it was, and we take it again afterwards.
void LineReader::Editor::stop() {
  el_set(edit, EL_PREP_TERM, 0);
  kill(0, SIGSTOP);
  el_set(edit, EL_PREP_TERM, 1);
  el_set(edit, EL_REFRESH);
}

int LineReader::Editor::read_char(EditLine *edit, wchar_t *result) {
  Editor &self = of(edit);
  uint32_t code = 0;
  for (int missing = -1; missing != 0;) {
    unsigned char byte = 0;
    switch (self.input.next(byte)) {
    case LineInput::Event::Byte: break;
    case LineInput::Event::End: return 0;
    case LineInput::Event::Interrupted: self.interrupted = true; return -1;
    case LineInput::Event::Stopped: self.stop(); continue;
    case LineInput::Event::Resized: el_resize(edit); continue;
    }
    if (byte == '\033') {
      const bool begins = self.input.take(paste_begins);
      if (begins || self.input.take(paste_ends)) {
        self.pasting = begins;
        continue;
      }
    }
    if ((byte & 0xC0) == 0x80 && missing > 0) {
      code = code << 6 | (byte & 0x3F);
      --missing;
    } else if (byte >= 0xC0 && byte < 0xF8) {
      missing = byte >= 0xF0 ? 3 : byte >= 0xE0 ? 2 : 1;
      code = byte & (0x3F >> missing);
    } else {
      code = byte;
      missing = 0;
    }
  }
  *result = static_cast<wchar_t>(code);
  return 1;
}

unsigned char LineReader::Editor::complete_word(EditLine *edit, int) {
  Editor &self = of(edit);
  const LineInfo *line = el_line(edit);
  const std::string_view before(line->buffer, static_cast<size_t>(line->cursor - line->buffer));
  if (self.pasting || before.find_first_not_of(" \t") == std::string_view::npos)
    return el_insertstr(edit, "  ") == 0 ? CC_REFRESH : CC_ERROR; // A paste, or indentation.
  const Completions found = self.complete(before);
  if (found.words.empty()) return CC_REFRESH_BEEP;
  const size_t have = before.size() - found.word_begin;
  const size_t common = common_prefix(found.words);
  if (common > have || found.words.size() == 1) {
    const std::string more = found.words[0].substr(have, common - have);
    return more.empty() || el_insertstr(edit, more.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
  }
  std::fputc('\n', stdout);
  std::fputs(in_columns(found.words).c_str(), stdout);
  std::fflush(stdout);
  return CC_REDISPLAY;
}

LineReader::LineReader(bool editing, Complete complete) : input_(std::make_unique<Input>()) {
  if (editing) editor_ = std::make_unique<Editor>(*input_, std::move(complete));
}

LineReader::~LineReader() = default;

LineReader::Result LineReader::read(std::string_view prompt, std::string_view color, std::string &line) {
  line.clear();
  CatchStop catch_stop;
  if (!editor_) {
    std::fwrite(prompt.data(), 1, prompt.size(), stderr);
    for (unsigned char byte = 0;;) {
      const LineInput::Event event = input_->next(byte);
      if (event == LineInput::Event::Interrupted) return Result::Interrupted;
      if (event == LineInput::Event::Stopped) kill(0, SIGSTOP);
      if (event == LineInput::Event::End) return line.empty() ? Result::End : Result::Line;
      if (event != LineInput::Event::Byte) continue;
      if (byte == '\n') return Result::Line;
      line += static_cast<char>(byte);
    }
  }
  auto escaped = [](std::string_view sequence) { return escape_mark + std::string(sequence) + escape_mark; };
  editor_->prompt = prompt;
  if (!color.empty()) {
    // libedit writes an escape sequence together with the character behind it: the space at the end comes last.
    const size_t space = prompt.size() - 1;
    editor_->prompt =
        escaped(color) + std::string(prompt.substr(0, space)) + escaped("\033[0m") + std::string(prompt.substr(space));
  }
  editor_->interrupted = false;
  int length = 0;
  std::fputs(ask_for_paste_marks, stdout);
  el_set(editor_->edit, EL_PREP_TERM, 1); // Before the prompt: libedit would let the terminal echo until the first key.
  const char *text = el_gets(editor_->edit, &length);
  std::fputs(no_paste_marks, stdout);
  if (editor_->interrupted) {
    input_->drop();
    std::fputs("^C\n", stdout);
    return Result::Interrupted;
  }
  if (!text || length <= 0) {
    std::fputc('\n', stdout);
    return Result::End;
  }
  line.assign(text, static_cast<size_t>(length));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return Result::Line;
}

std::string LineReader::ahead() {
  constexpr int patience = 100; // Milliseconds between two blocks of one paste.
  const bool pasting = editor_ && editor_->pasting;
  // What the terminal keeps for a line that is not complete comes only without its own line discipline.
  if (editor_) el_set(editor_->edit, EL_PREP_TERM, 1);
  std::string text;
  size_t line = 0;
  while (std::optional<unsigned char> byte = input_->peek(text.size(), pasting ? patience : 0)) {
    if (*byte == '\033') break; // The end of the paste, or a key.
    text += *byte == '\r' ? '\n' : static_cast<char>(*byte);
    if (text.back() != '\n') continue;
    const size_t first = text.find_first_not_of(" \t\n", line);
    if (first != std::string::npos && text[first] != '#') break;
    line = text.size();
  }
  if (editor_) el_set(editor_->edit, EL_PREP_TERM, 0);
  return text;
}

void LineReader::remember(const std::string &entry) {
  if (editor_) ::history(editor_->history, &editor_->event, H_ENTER, entry.c_str());
}

} // namespace kiln
