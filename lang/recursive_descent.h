#pragma once

#include "lang/ast.h"
#include "lang/parser.h"

#include <optional>

namespace kiln {

/// The parser proper: one function for each rule of the grammar, which stands above it. The files parser_*.cpp hold the
/// functions, by construct.
///
/// Errors: the first one in a construct is reported and starts a panic, in which nothing more is reported and every
/// rule returns quickly. The panic ends at the closing bracket of the construct, if it has one, or at the next line.
class Parser {
public:
  Parser(const Sources &sources, uint32_t source, TokenList tokens, Ast &ast, Diagnostics &diagnostics);
  void parse_source();
  std::optional<Signature> parse_signature();
  /// True when the first error was that the text ended too early.
  bool unfinished() const { return unfinished_; }

private:
  // A rule that can nest in itself: counts the depth of the recursion and of the tree, and stops at a limit.
  class Nesting {
  public:
    explicit Nesting(Parser &parser) : parser_(parser), height_(parser.height_) {
      ++parser.depth_;
      parser.height_ = 0;
    }
    ~Nesting() {
      --parser_.depth_;
      parser_.height_ = std::max(height_, parser_.height_ + 1);
    }
    Nesting(const Nesting &) = delete;

  private:
    Parser &parser_;
    uint32_t height_;
  };
  // Inside brackets: whether newlines count, and whether a `:` may follow an expression.
  class Bracket {
  public:
    Bracket(Parser &parser, bool newlines_count, bool colon_follows = false)
        : parser_(parser), opener_(parser.at_), newlines_count_(parser.newlines_count_),
          colon_follows_(parser.colon_follows_) {
      parser.newlines_count_ = newlines_count;
      parser.colon_follows_ = colon_follows;
      parser.advance();
    }
    ~Bracket() { restore(); }
    Bracket(const Bracket &) = delete;
    /// Takes the closing bracket. Reports what stands in its place, and goes on behind it.
    void close(std::string_view expected) {
      parser_.close_bracket(opener_, expected);
      restore();
    }
    void restore() {
      parser_.newlines_count_ = newlines_count_;
      parser_.colon_follows_ = colon_follows_;
    }

  private:
    Parser &parser_;
    uint32_t opener_;
    bool newlines_count_, colon_follows_;
  };

  // --- tokens (parser.cpp) ---
  const Token &token(uint32_t ahead = 0) const { return tokens_[std::min<size_t>(at_ + ahead, tokens_.size() - 1)]; }
  TokenKind kind(uint32_t ahead = 0) const { return token(ahead).kind; }
  /// The kind of a token that would continue what stands before it: End where a newline ends that.
  TokenKind next() const { return newlines_count_ && token().newline_before ? TokenKind::End : kind(); }
  bool next_is(TokenKind kind) const { return next() == kind && !panicking_; }
  /// The operator that would continue what stands before: of `.+` the `+`.
  TokenKind next_operator() const { return next() == TokenKind::Broadcast ? token().dotted : next(); }
  bool operator_is(TokenKind kind) const { return next_operator() == kind && !panicking_; }
  bool at_broadcast() const { return kind() == TokenKind::Broadcast; }
  bool accept(TokenKind kind);
  const Token &advance();
  /// Takes a token of this kind, or reports that it was expected.
  bool expect(TokenKind kind, std::string_view expected);
  std::string_view text(const Token &token) const { return text_.substr(token.begin, token.end - token.begin); }
  std::string_view text(Span span) const { return text_.substr(span.begin, span.end - span.begin); }
  Span span(const Token &token) const { return {source_, token.begin, token.end}; }
  /// From the start of a construct to the end of the token before this one.
  Span since(uint32_t begin) const { return {source_, begin, std::max(begin, end_)}; }
  bool adjacent(uint32_t ahead) const { return token(ahead).begin == token(ahead - 1).end; }
  bool is_word(const Token &token, std::string_view word) const {
    return token.kind == TokenKind::Identifier && text(token) == word;
  }

  // --- errors and recovery (parser.cpp, parser_hints.cpp) ---
  /// Reports and panics.
  template <Diag code, typename... Args>
  Diagnostic &error(Span span, const Args &...args) {
    bool silent = panicking_ || broken_string_ || kind() == TokenKind::Invalid;
    panicking_ = true;
    return silent ? silenced() : diagnostics_.report<code>(span, args...);
  }
  /// Reports; parsing goes on as if what was meant stood there.
  template <Diag code, typename... Args>
  Diagnostic &complain(Span span, const Args &...args) {
    return panicking_ || broken_string_ ? silenced() : diagnostics_.report<code>(span, args...);
  }
  Diagnostic &silenced() {
    silenced_.notes.clear();
    return silenced_;
  }
  void note_unfinished();
  void expected(std::string_view what);
  /// Also notes that the text is unfinished, if it ends here: what is expected may stand on the next line.
  void expected_next(std::string_view what);
  void add_hint(Diagnostic &report);
  std::string describe(const Token &token) const;
  void close_bracket(uint32_t opener, std::string_view expected);
  void report_unclosed(uint32_t opener);
  uint32_t suspicious_brace(uint32_t opener) const;
  uint32_t indentation(const Token &token) const;
  bool too_deep();
  void skip_to_next_statement(uint32_t block);
  bool closes(uint32_t block) const;
  bool at_closing() const;
  void find_block();
  void check_statement_end(uint32_t start, bool braced);
  void report_missing_parens(uint32_t begin);
  void report_missing_parens_in_for(const Pattern *first);
  void report_missing_block(std::string_view after);
  void report_bad_target(const Expr *target, bool compound);
  bool report_foreign_for();
  bool report_foreign_statement();
  bool report_increment();
  bool report_prefix_increment();
  bool skip_foreign_line();
  bool at_else_if();

  // --- statements (parser_stmt.cpp) ---
  void parse_statements(std::vector<const Stmt *> &statements, uint32_t block);
  const Stmt *parse_statement();
  const Stmt *parse_simple_statement();
  const Stmt *parse_assignment(uint32_t begin, const Pattern *target);
  const Stmt *parse_broadcast_assignment(uint32_t begin, const Expr *target);
  const Stmt *parse_annotated();
  const Stmt *parse_block_statement();
  const Stmt *parse_let();
  const Stmt *parse_const();
  const Stmt *parse_global();
  const Stmt *parse_while();
  const Stmt *parse_for();
  const Stmt *parse_return();
  const Stmt *parse_error_statement(uint32_t begin);
  const BlockExpr *parse_block(std::string_view after);
  const Expr *parse_if();
  const Expr *parse_try();
  const Expr *parse_condition();

  // --- functions (parser_function.cpp) ---
  bool at_definition() const;
  bool at_call_operator() const;
  const Stmt *parse_function();
  std::optional<Ident> parse_function_name();
  const Stmt *parse_definition();
  List<Param> parse_params();
  std::optional<Param> parse_param();
  const TypeExpr *parse_result_type();
  const Expr *parse_body();
  const Expr *parse_lambda();
  const Expr *parse_fn_lambda();
  std::string_view doc_above(uint32_t token);
  std::optional<Ident> parse_name(std::string_view what);

  // --- code from outside (parser_foreign.cpp) ---
  struct PlainString {
    std::string_view text;
    Span span; // Without the quotes.
  };
  const Stmt *parse_extern();
  bool at_foreign_code() const;
  const Stmt *parse_foreign_code();
  const Stmt *parse_foreign(uint32_t begin, ForeignCode kind, PlainString code, std::string_view doc);
  PlainString parse_plain_string(std::string_view what);
  PlainString parse_bytes();
  const Stmt *parse_import();

  // --- structs and classes (parser_struct.cpp) ---
  const Stmt *parse_struct();
  void parse_fields(uint32_t opener, std::vector<Param> &fields);

  // --- patterns (parser_pattern.cpp) ---
  const Pattern *parse_pattern();
  const Pattern *to_pattern(const Expr *target, bool compound);
  List<Generator> parse_generators(bool bare);

  // --- match (parser_match.cpp) ---
  const Expr *parse_match();
  MatchCase parse_case();
  const CasePattern *parse_case_pattern();
  const CasePattern *parse_case_elements(CaseKind kind, const TypeExpr *type);
  const Expr *parse_case_body();

  // --- expressions (parser_expr.cpp), loosest first ---
  const Expr *parse_expression();
  const Expr *parse_or();
  const Expr *parse_and();
  const Expr *parse_not();
  const Expr *parse_compare();
  const Expr *parse_chain(uint32_t begin, const Expr *first);
  const Expr *parse_is(uint32_t begin, const Expr *value);
  const Expr *parse_coalesce();
  const Expr *parse_range();
  const Expr *parse_binary(int level);
  const Expr *parse_unary();
  const Expr *parse_power();
  bool at_range_with_colon() const;
  const Expr *broadcast(bool dotted, const Expr *operation) {
    return dotted ? ast_.make<BroadcastExpr>(operation->span, operation) : operation;
  }
  const Expr *error_expr(uint32_t begin) { return ast_.make<ErrorExpr>(since(begin)); }

  // --- postfix forms and operands (parser_operand.cpp) ---
  const Expr *parse_postfix();
  const Expr *parse_call(uint32_t begin, const Expr *callee);
  const Expr *parse_member(uint32_t begin, const Expr *base);
  const Expr *parse_index(uint32_t begin, const Expr *base);
  List<Argument> parse_arguments();
  const Expr *parse_operand();
  const Expr *parse_number(bool negative);
  const Expr *parse_string();
  const Expr *parse_paren();
  const Expr *parse_array();
  const Expr *parse_map(uint32_t begin, const Expr *key, Bracket &bracket);
  const Expr *parse_comprehension(uint32_t begin, const Expr *value);
  const Expr *parse_generator(uint32_t begin, const Expr *value);
  const LambdaExpr *of_element(const Pattern *element, const Expr *value);

  // --- types (parser_type.cpp) ---
  enum class TypePlace { Annotation, AfterIs };
  const TypeExpr *parse_type(TypePlace place = TypePlace::Annotation);
  const TypeExpr *parse_optional_type();
  const TypeExpr *parse_type_operand();
  const TypeExpr *parse_array_type();
  const TypeExpr *parse_tuple_type();
  const TypeExpr *parse_function_type();

  const Sources &sources_;
  uint32_t source_;
  std::string_view text_;
  Ast &ast_;
  Diagnostics &diagnostics_;
  TokenList list_;
  const std::vector<Token> &tokens_;
  uint32_t at_ = 0;
  uint32_t statement_start_ = 0; // The index of the statement's first token.
  uint32_t end_ = 0;             // Where the last token taken ends.
  bool newlines_count_ = true;   // The innermost bracket is a block.
  bool colon_follows_ = false;   // Between `?` and `:`, and where a map's key may stand.
  bool panicking_ = false;
  bool foreign_blocks_ = false; // The text uses `then`, `do`, `:` and `end`: say so once.
  bool broken_string_ = false;  // Inside an interpolation that the lexer has reported as never closed.
  bool unfinished_ = false;
  bool reported_depth_ = false;
  uint32_t depth_ = 0;  // Of the recursion.
  uint32_t height_ = 0; // Of the tree made last, about.
  Diagnostic silenced_{};
};

} // namespace kiln
