#pragma once

#include "codegen/arithmetic.h"
#include "codegen/dyn_site.h"
#include "codegen/names.h"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <unordered_set>

namespace kiln {

/// What a call, or what stands for one (`in`, an index by a range), was found to be.
struct CallPlan {
  enum Kind : uint8_t {
    Direct,    // `callee`, with `sources`
    Indirect,  // through a value of Callable type, on the arguments converted to `operands`
    Extern,    // `external`
    Intrinsic, // `intrinsic` on the arguments converted to `operands`
    Fold,      // a two-operand intrinsic over all arguments, from the left
    Convert,   // a conversion call: argument 0 to `result` by `conversion`
    Text,      // str(x)
    Print,     // `intrinsic` Print or Write on the arguments as they are
    Fill,      // fill of the constant `value` (zeros, ones)
    Argument,  // the first argument itself
    Iterate,   // an operation of iteration, `iteration`, on the first argument and, but for IterStart, the second
    Value,     // the constant `value`
    Construct, // a struct or class of type `result`, its fields as a callee's operands
  } kind = Value;
  Specialisation *callee = nullptr;
  const ExternFunction *external = nullptr;
  IntrinsicKind intrinsic{};
  Conversion conversion{};
  std::string_view name;                   // Intrinsic Math: the function
  std::vector<const Type *> operands;      // What each argument is converted to, in the callee's order.
  std::vector<int> sources;                // Which argument each operand is; -1: its default value.
  std::vector<Specialisation *> defaults;  // Where a source is -1: the function of the default value; called with the operands before.
  bool unpack_lambda = false;              // Direct: the callee is a lambda value whose captures come first.
  const Type *result = nullptr;
  Constant value;
  std::vector<const Inst *> arguments;     // As written, the receiver of a method call first.
  std::vector<CallPlan> shown = {};        // Print: for each argument Argument, or a call of the program's `str`.
  Op iteration{};                          // Iterate: IterStart to IterNext
  const Inst *iterator = nullptr;          // Direct: not null where the callee is this iterator's function number `part`.
  uint32_t part = 0;
  bool negated = false;                    // Direct: `!=` by a method of `==`.
};

/// An operation that was inferred for each combination of the alternatives of its operands that are unions.
struct Dispatch {
  std::vector<const Inst *> operands; // Those with unions, each once.
  struct Case {
    std::vector<Abstract> operands; // The alternatives.
    Abstract result;
    std::optional<CallPlan> plan;
    const GlobalVariable *global = nullptr;
  };
  std::vector<Case> cases; // The last operand's alternatives vary fastest.
};

/// The outcome of inferring one body: everything reify needs. Indexed by instruction and block ids.
struct InferenceResult {
  std::vector<Abstract> values;
  struct BlockOutcome {
    bool reached = false;
    std::array<bool, 2> taken{};  // Its edges
    std::optional<uint32_t> end;  // Where the block ends early: the instruction that does not return.
  };
  std::vector<BlockOutcome> blocks;
  std::unordered_map<uint32_t, CallPlan> plans;
  std::unordered_map<uint32_t, Dispatch> dispatches;
  std::unordered_map<uint32_t, uint32_t> tests;               // Is on a union: the alternatives it holds for, as bits.
  std::unordered_map<uint32_t, const GlobalVariable *> globals;
  struct EntryConversion {
    const GlobalVariable *from, *to;
  };
  std::vector<EntryConversion> entry_conversions;             // Units: variables whose type this statement widens.
  std::vector<Diagnostic> warnings;
  std::unordered_map<uint32_t, const Type *> dynamic;         // Operations on dynamic values, and the type of what they give.
  std::optional<Constant> returned;                           // What it gives, where that is known.

  /// Whether what the instruction gives is its base itself: a SetField that has changed an object of a class.
  bool keeps_base(const Inst &inst) const;
};

/// Type inference by abstract interpretation, one (function, argument types) at a time, callees on demand
/// (architecture decision 2). Owns every specialisation of the session.
class Inference {
public:
  Inference(TypeTable &types, const Sources &sources, Names &names);
  ~Inference();

  /// The specialisation for these argument types (captures first), inferred now if it was not. Never null; its state is Done, Failed,
  /// or, within a recursion, InProgress or Provisional with the result known so far.
  /// `constants`: of its `const` parameters; see Specialisation.
  Specialisation &specialise(const KirFunction &function, std::vector<const Type *> arguments,
                             std::vector<std::optional<Constant>> constants = {});
  /// Infers a unit of top-level statements. What it assigns takes effect in `names` when it succeeds.
  Specialisation &specialise_unit(const KirFunction &unit);
  /// The function behind a callable's value of a Callable type: takes a cell with the callable, then the parameters.
  Specialisation &specialise_callable(const Type *callable, const Type *type);
  /// The place of an operation on dynamic values (dyn_site.h), and what it does for values of these types.
  DynSite &dyn_site(const Inst &inst, const Specialisation &where, std::vector<DynSite::Operand> operands);
  Specialisation &specialise_dyn(DynSite &site, std::span<const Type *const> held);
  DynSite &dyn_site(size_t id) { return dyn_sites_.at(id); }
  const std::map<size_t, DynSite> &dyn_sites() const { return dyn_sites_; }
  /// The typed KIR; made now if it was not yet.
  const KirFunction &typed(Specialisation &specialisation);

  /// The continuation of a specialisation from a loop's header on, where values of these types live; made now if it was
  /// not yet. `resumed`: see Specialisation.
  Specialisation &continuation(Specialisation &specialisation, const Block &header, std::vector<const Type *> params,
                               bool resumed);

  /// Drops from the table every specialisation that looked the name up, and their callers. Their code stays for frames still in it.
  void name_changed(std::string_view name);
  /// All specialisations by their ids, those no longer current included.
  const std::map<uint32_t, Specialisation> &all() const { return all_; }
  /// The id of the next one.
  uint32_t next_id() const { return next_id_; }
  bool is_current(const Specialisation &specialisation) const;
  /// Values of the type are made whose type only they themselves tell from then on: `dyn`, and callables.
  void note_stored(const Type *type) { stored_types_.insert(type); }
  const std::unordered_set<const Type *> &stored_types() const { return stored_types_; }
  /// Frees what nothing can call any more. Nothing is being inferred.
  void erase(const std::function<bool(const Specialisation &)> &is_dead);
  uint64_t specialised = 0; // Functions, so far: neither units nor continuations.

  TypeTable &types() { return types_; }
  const Sources &sources() const { return sources_; }
  Names &names() { return names_; }
  /// Called for each new specialisation before anything else sees it.
  std::function<void(Specialisation &)> on_new;

private:
  friend class BodyInference;
  struct StackEntry {
    Specialisation *specialisation;
    bool recursed = false;     // Something above asked for its result while in progress.
    size_t lowest = SIZE_MAX;  // The least place on the stack that its result depends on.
  };
  static std::string key_of(const KirFunction &function, std::span<const Type *const> arguments,
                            std::span<const std::optional<Constant>> constants);
  Specialisation &make(const KirFunction &function, std::vector<const Type *> arguments,
                       std::vector<std::optional<Constant>> constants, std::string key);
  void infer(Specialisation &specialisation);
  bool run_body(Specialisation &specialisation, Diagnostics &diagnostics);
  void depend_on(size_t depth);
  void finish_provisional(size_t depth, bool keep);

  TypeTable &types_;
  const Sources &sources_;
  Names &names_;
  std::map<uint32_t, Specialisation> all_;
  uint32_t next_id_ = 0;
  std::unordered_map<std::string, Specialisation *> by_key_;
  std::unordered_map<const Specialisation *, std::string> keys_;
  std::unordered_map<std::string_view, std::vector<Specialisation *>> users_;
  std::unordered_map<const Specialisation *, std::vector<Specialisation *>> callers_;
  std::vector<StackEntry> stack_;
  std::vector<Specialisation *> provisional_;
  std::unordered_map<const Type *, std::unique_ptr<KirFunction>> adapters_; // By Callable type.
  std::map<size_t, DynSite> dyn_sites_;
  size_t next_site_ = 0;
  std::unordered_set<const Type *> stored_types_;
  std::unordered_map<uint32_t, const Type *> raised_cells_; // By site: what lambdas store in captured variables.
  uint32_t open_sites_ = 0x40000000; // Sites of top-level `[]`: above any instruction's id.
};

/// How people write a specialisation: `hyp(i64, f64)`.
std::string display_name(const KirFunction &function, std::span<const Type *const> arguments,
                         std::span<const std::optional<Constant>> constants);

} // namespace kiln
