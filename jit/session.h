#pragma once

#include "codegen/build.h"
#include "codegen/declaration.h"
#include "codegen/infer.h"
#include "jit/imports.h"
#include "lang/diagnostics.h"
#include "lang/parser.h"

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kiln {

/// What the program has defined so far: functions, extern functions, top-level variables, and the library behind them.
/// A change of what a name means is passed on to inference, so that what was specialised with the old meaning is dropped.
class Session : public Names {
public:
  Session();
  ~Session() override;

  Sources &sources() { return sources_; }
  const Sources &sources() const { return sources_; }
  TypeTable &types() { return types_; }
  Inference &inference() { return inference_; }
  const Inference &inference() const { return inference_; }
  Imports &imports() { return imports_; }

  /// Keeps a parsed text as long as definitions may refer to it.
  const Ast &keep(std::unique_ptr<Ast> ast) { return *asts_.emplace_back(std::move(ast)); }
  /// Functions that others have replaced; specialisations of them may still be in use.
  std::vector<const KirFunction *> replaced_functions() const;
  /// Frees replaced functions, and then the trees of texts that nothing of what is left comes from: no definition, no
  /// `struct`, which types refer to, and nothing of these sources.
  void erase_replaced(const std::function<bool(const KirFunction &)> &is_dead, std::unordered_set<uint32_t> used_sources);
  size_t tree_count() const { return asts_.size(); }
  /// Takes up a function. `replace`: one for the same parameters is replaced (REPL); else that is an error.
  void define(const FunctionStmt &function, bool replace, Diagnostics &diagnostics);
  /// Takes up the structs and classes among the statements, which may refer to each other.
  void define_structs(std::span<const Stmt *const> statements, bool replace, Diagnostics &diagnostics);
  void declare(const ExternStmt &function, Diagnostics &diagnostics);
  /// Notes the top-level variables that the statements assign, as their file's.
  void note_variables(std::span<const Stmt *const> statements);
  /// Notes the names that the functions and lambdas of a statement mention.
  void note_shared_names(const Stmt &statement);
  bool is_shared(std::string_view name) const { return shared_.contains(name); }
  bool is_constant(std::string_view name) const;
  /// Whether it is a function of the program, as it is defined now: no part of one, nor one that was replaced.
  bool defines(const KirFunction &function) const;
  /// The variable, which a unit has just assigned, is a `const` with this value, if known.
  void make_constant(std::string_view name, const std::optional<Constant> &value);
  bool forget(std::string_view name);

  /// Between these, changes of variables are remembered; roll_back() undoes them.
  void begin_changes() { journal_.clear(), journalling_ = true; }
  void keep_changes() { journal_.clear(), journalling_ = false; }
  void roll_back();
  /// For statements that run in the middle of another.
  struct Changes {
    std::vector<std::pair<std::string_view, std::optional<GlobalState>>> journal;
    bool journalling;
  };
  Changes suspend_changes() { return {std::exchange(journal_, {}), std::exchange(journalling_, false)}; }
  void resume_changes(Changes changes) { journal_ = std::move(changes.journal), journalling_ = changes.journalling; }

  /// Errors of functions whose KIR was built since last asked.
  Diagnostics take_build_errors() { return std::exchange(build_errors_, {}); }
  /// Builds the KIR of every function of the program.
  void build_all();

  // Names
  std::string_view resolve(std::string_view name, uint32_t source) override { return imports_.resolve(name, source); }
  bool is_file(std::string_view name, uint32_t source) override { return imports_.is_file(name, source); }
  std::string_view member(std::string_view file, Span span, std::string_view name, Span name_span,
                          Diagnostics &diagnostics) override {
    return imports_.member(file, name, name_span, span.source, diagnostics);
  }
  NameMeaning lookup(std::string_view name, bool from_library) override;
  std::vector<const KirFunction *> library_methods(std::string_view name) override;
  const Declaration *declaration(std::string_view name, bool from_library) override;
  const GlobalState &assign(std::string_view name, const Abstract &value) override;
  bool is_top_level(std::string_view name) const override { return top_level_.contains(name); }
  std::vector<std::string_view> all() const override;

  const std::map<std::string_view, GlobalState> &globals() const { return globals_; }
  /// The documentation texts of a name's definitions with their heads, in order.
  std::vector<std::string> documentation(std::string_view name);
  double build_seconds = 0;
  double start_llvm_seconds = 0; // Where a definition in LLVM IR was the first to need it.
  uint64_t functions_built = 0;

private:
  /// A function, or the constructor of a struct or class.
  struct Method {
    const FunctionStmt *function = nullptr;
    const StructStmt *structure = nullptr;
    std::string parameters; // Their number and annotations: what makes two definitions the same method.
    std::unique_ptr<Declaration> declaration; // Of a constructor.
    std::unique_ptr<KirFunction> kir;

    Span name_span() const { return function ? function->name.span : structure->name.span; }
  };
  using Methods = std::unordered_map<std::string_view, std::vector<std::unique_ptr<Method>>>;
  /// Adds it to its name's methods, or replaces the one for the same parameters. Null when that is an error.
  Method *add(std::string_view key, Method method, bool replace, Diagnostics &diagnostics);
  Method *add_struct(const StructStmt &structure, bool replace, Diagnostics &diagnostics);
  static Method constructor_of(const StructStmt &structure, TypeTable &types);
  /// Finds or checks the code of an extern function. False when that is an error.
  bool find_code(ExternFunction &function, const ExternStmt &statement, Diagnostics &diagnostics);
  std::string head_of(const Method &method) const;
  std::vector<const KirFunction *> built(std::vector<std::unique_ptr<Method>> &methods, bool library);
  /// Parses the functions of the library that have the name, when it is first asked for.
  void load_library(std::string_view name);
  /// The session's name of what is defined at the span.
  std::string_view key_of(const Ident &name, bool is_function) {
    Imports::File *file = imports_.file_of(name.span.source);
    return imports_.define(*file, name.text, is_function);
  }
  std::string parameters_of(const FunctionStmt &function) const;
  void change(std::string_view name, GlobalState state);

  Sources sources_;
  TypeTable types_;
  Imports imports_;
  Inference inference_;
  std::vector<std::unique_ptr<Ast>> asts_;
  Methods methods_, library_;
  std::vector<std::unique_ptr<Method>> retired_; // Specialisations in use may still refer to them.
  std::unordered_map<std::string_view, std::unique_ptr<ExternFunction>> externs_;
  std::vector<std::unique_ptr<ExternFunction>> retired_externs_;
  std::map<std::string_view, GlobalState> globals_;
  std::deque<GlobalVariable> variables_;
  std::unordered_map<std::string_view, uint32_t> versions_;
  std::unordered_set<std::string_view> shared_;
  std::unordered_set<std::string_view> top_level_;
  std::vector<std::pair<std::string_view, std::optional<GlobalState>>> journal_;
  bool journalling_ = false;
  std::vector<uint32_t> library_sources_; // By file: 0 until a function of it is parsed.
  Diagnostics build_errors_;
  const GlobalState no_value_;
};

} // namespace kiln
