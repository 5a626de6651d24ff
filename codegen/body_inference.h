#pragma once

#include "codegen/declaration.h"
#include "codegen/infer.h"
#include "codegen/type_resolve.h"
#include "lang/diagnostics.h"

#include <array>

namespace kiln {

/// Infers one body for given argument types: passes over its blocks in order until no loop header's, open element's or cell's type
/// rises. A pass forgets everything the one before it found but those seeds, so that nothing of a lower type survives.
class BodyInference {
public:
  BodyInference(Inference &inference, Specialisation &specialisation, Diagnostics &diagnostics);

  /// True when there were no errors. The result, with its type, is in the specialisation.
  bool run();
  /// What the body returns, as found.
  const Abstract &returned() const { return returned_; }

private:
  friend class BuiltinRules;

  // One pass (infer_body.cpp).
  void pass();
  void enter(const Block &block);
  void flow(const Block &from, const Edge &edge, bool back_edge);
  /// A variable that was an integer before a loop becomes a float by a division in it.
  void warn_of_float(const Inst &division, std::string_view name);
  void finish_block(const Block &block);
  void raise(const Inst *inst, const Abstract &value, const Abstract *back_value = nullptr);
  void begin_unit_globals();
  void commit_unit_globals();
  void warn_of_lost_stores();

  // Instructions (infer_ops.cpp). `infer` makes the value; `apply_rule` calls the rule for the operation.
  Abstract infer(const Inst &inst);
  Abstract apply_rule(const Inst &inst);
  Abstract rule_const(const Inst &inst);
  Abstract rule_unary(const Inst &inst);
  Abstract rule_binary(const Inst &inst);
  Abstract rule_tuple(const Inst &inst);
  Abstract rule_array(const Inst &inst);
  Abstract rule_range(const Inst &inst);
  Abstract rule_lambda(const Inst &inst);
  Abstract rule_cell(const Inst &inst);
  Abstract rule_slot(const Inst &inst);
  Abstract rule_index(const Inst &inst);
  Abstract rule_set_index(const Inst &inst);
  Abstract rule_format(const Inst &inst);
  Abstract rule_name(const Inst &inst);
  Abstract rule_empty_array(const Inst &inst);
  Abstract rule_is(const Inst &inst);
  Abstract rule_coerce(const Inst &inst);
  // Iteration (infer_iterate.cpp).
  Abstract iterable(const Inst &inst, const Inst *source);
  /// `op`: IterStart (then no state), IterHas, IterGet or IterNext, on an iterable.
  Abstract iterate(const Inst &inst, Op op, const Inst *source, const Inst *state);
  Abstract rule_comprehension(const Inst &inst);
  Abstract rule_destructure(const Inst &inst);
  // Broadcasts (infer_broadcast.cpp).
  Abstract rule_broadcast(const Inst &inst);
  Abstract rule_broadcast_store(const Inst &inst);
  /// The operation's result for one element; `rank` gets the greatest of the operands'. Not usable when reported.
  Abstract broadcast_element(const Inst &inst, size_t first_operand, uint32_t &rank);
  Abstract rule_store_global(const Inst &inst);
  /// The indices of an Index or SetIndex on an array; false when reported.
  bool check_indices(const Inst &inst, const Type *array, size_t count);

  // Structs and classes (infer_struct.cpp).
  Abstract rule_field(const Inst &inst);
  Abstract rule_set_field(const Inst &inst);
  void report_no_field(const Inst &inst, const Type *type);
  bool store_in_field(const Inst &stored, const Type *field);
  const Type *field_type(const Declaration::Field &field, bool open, const Type *given);
  /// Whether what a SetField gives is its base itself.
  bool keeps_base(const Inst &inst) const { return result_->keeps_base(inst); }
  std::optional<Abstract> call_operator(const Inst &inst, std::string_view name, const std::vector<const Inst *> &operands);
  std::optional<Abstract> call_binary(const Inst &inst);
  /// Reports that the methods of an operator for the first operand's type do not take the others; false when it has none.
  bool report_operands(const Inst &inst, std::string_view name, const std::vector<const Inst *> &operands);
  void check_result(const Inst &inst, std::string_view name, const Type *wanted, Abstract &made);
  CallPlan show_plan(const Inst &inst, const Inst *shown);

  // Maps and sets (infer_map.cpp).
  Abstract rule_map(const Inst &inst);
  Abstract rule_find(const Inst &inst);
  Abstract index_map(const Inst &inst);
  Abstract set_index_map(const Inst &inst);
  /// `[:]`, or with the type of the values, where that is known: `set()`.
  Abstract empty_map(const Inst &inst, const Type *value);
  /// The call of a function of the library with arguments of the types, to which they are converted.
  Abstract call_library(const Inst &inst, std::string_view name, const std::vector<const Inst *> &arguments,
                        const std::vector<const Type *> &operands);
  /// The same with a map, a key and perhaps a value first among the arguments, further ones as they are. Where the types
  /// of the map are not known yet, what it will give.
  Abstract call_map(const Inst &inst, std::string_view name, const std::vector<const Inst *> &arguments, const Type *result);
  /// A value is stored under a key: what is open in the map's type is raised. False when the key was reported.
  bool raise_map(const Type *map, const Inst &key, const Inst &stored);
  Abstract map_elements(const Inst &inst, const Inst &source);
  bool storable(const Inst &stored, const Type *type, const char *place);
  /// Whether nothing was stored in the map so far, on any path: it is empty.
  static bool is_unused(const Type *map) { return map->key()->is(TypeKind::Open) || map->stayed_open(); }

  // Calls (infer_call.cpp).
  struct Arguments {
    std::vector<const Inst *> insts;
    std::vector<Ident> names; // Empty, or as long.
  };
  Abstract rule_call(const Inst &inst);
  Abstract rule_method_call(const Inst &inst);
  Abstract call_callable(const Inst &inst, const Type *callable, const Arguments &arguments);
  Abstract call_value(const Inst &inst, const Abstract &callee, const Arguments &arguments);
  Abstract call_name(const Inst &inst, std::string_view name, const Arguments &arguments, bool as_library);
  Abstract call_methods(const Inst &inst, std::string_view name, const std::vector<const KirFunction *> &methods, const Arguments &arguments,
                        bool &matched);
  Abstract call_function(const Inst &inst, const KirFunction &function, const std::vector<int> &sources, const Arguments &arguments,
                         const Type *lambda);
  /// The call of a function specialised for `made.operands`.
  Abstract call_specialisation(const Inst &inst, const KirFunction &function, CallPlan made,
                               std::vector<std::optional<Constant>> constants = {});
  Abstract construct(const Inst &inst, const KirFunction &constructor, const std::vector<int> &sources, const Arguments &arguments);
  /// Whether an argument's type is known as far as a callee must know it; reports when it will not be.
  bool settled(const Inst &inst, const Inst &argument, const Type *type);
  void report_open(Span span, const Type *type, std::string_view where);
  Abstract call_extern(const Inst &inst, const ExternFunction &function, const Arguments &arguments);
  Abstract call_builtin(const Inst &inst, std::string_view name, const Arguments &arguments);
  /// How well a method takes the arguments: a rank per argument (lower is closer), or nothing. Fills `sources`.
  std::optional<std::vector<int>> match(const KirFunction &function, const Arguments &arguments, std::vector<int> &sources, std::string *why = nullptr);
  void unknown_name(Span span, std::string_view name);

  // Dynamic values (infer_dyn.cpp).
  Abstract infer_with_dyn(const Inst &inst);
  bool takes_dyn(const Inst &inst);
  const Type *result_with_dyn(const Inst &inst);

  // Unions (infer_union.cpp).
  /// The operation on operands of which some are unions: as they are where a rule takes them so, else for each alternative.
  Abstract infer_with_unions(const Inst &inst);
  Abstract dispatch(const Inst &inst, std::vector<const Inst *> operands);
  bool infer_case(const Inst &inst, Dispatch &made, size_t number);
  void note_alternative(Diagnostic &error, const Inst &operand, const Abstract &held);
  Abstract rule_narrow(const Inst &inst);
  Abstract rule_no_case(const Inst &inst);
  /// Whether the type is one that the test of an Is or Narrow holds for.
  static bool passes(const Inst &test, const Type *wanted, const Type *type);
  /// Whether methods take alternatives of arguments that are unions.
  bool takes_alternatives(const std::vector<const KirFunction *> &methods, const Arguments &arguments);
  Abstract equal_to_union(const Inst &inst);
  void report_conflict(Span use, const Abstract &conflict);
  void report_conflict(Span use, const Type *a, const Type *b);

  // Shared.
  const Abstract &value(const Inst *inst) const { return values()[inst->id]; }
  std::vector<Abstract> &values() { return result_->values; }
  const std::vector<Abstract> &values() const { return result_->values; }
  /// Reports a use of a value that may be unset or of unlike types. True when the value is of a known, proper type.
  bool usable(const Inst *inst, Span use);
  Abstract of(const Type *type, const Inst &inst) const { return Abstract(type, inst.span); }
  Abstract error_value(const Inst &inst) const { return of(types_.error, inst); }
  /// `[]` and what is made of it: the element type is raised by what is stored. True when the array's element was open.
  bool raise_open(const Type *array, const Abstract &element, Span at);
  /// Gives `[]`, `[:]` and `set()` the types of the array or map that it is stored as.
  bool settle_as(const Abstract &stored, const Type *to, const Inst &inst);
  bool raise(const Type *open, const Abstract &known);
  /// The part of a base that `x.name` means. The fields of a map are the library's.
  std::optional<uint32_t> part_of(const Type *base, std::string_view name) const {
    return base->is(TypeKind::Map) && !function_.from_library ? std::nullopt : base->part(name);
  }
  bool is_open(const Type *type) const;
  uint32_t cell_site(const Inst &inst) const { return specialisation_.id << 12 ^ inst.id; }
  void take_raised_cells();
  /// Where arrays meet, an open element type becomes the other's.
  void unify_open(const Abstract &a, const Abstract &b);
  const Type *settle(const Type *type); // Replaces open elements by what is known of them now.
  bool convertible(const Abstract &from, const Type *to);
  void report_store(const Inst &inst, const Abstract &from, const Type *to, const char *place);
  TypeResolver resolver(bool from_library) {
    return TypeResolver(types_, inference_.names(), diagnostics_, from_library, &specialisation_.names);
  }
  const Type *resolve(const TypeExpr *expr, bool from_library) { return resolver(from_library).resolve(expr); }
  const Type *resolve(const TypeExpr *expr) { return resolve(expr, function_.from_library); }
  /// Whether the type is an instance of the annotation.
  bool accepts(const TypeExpr *annotation, const Type *type, bool from_library) {
    return is_instance(type, resolve(annotation, from_library));
  }
  CallPlan &plan(const Inst &inst) { return result_->plans[inst.id]; }
  NameMeaning look_up(std::string_view name) const { return inference_.names().lookup(name, function_.from_library); }
  /// Whether the file of this function has a top-level variable that is called like one of the function.
  bool hides_top_level(std::string_view name) const {
    Names &names = inference_.names();
    return !function_.from_library && names.is_top_level(names.resolve(name, function_.span.source));
  }
  void remember_name(std::string_view name);

  Inference &inference_;
  TypeTable &types_;
  Specialisation &specialisation_;
  const KirFunction &function_;
  Diagnostics &diagnostics_;
  std::shared_ptr<InferenceResult> result_;
  Abstract returned_;
  std::vector<Abstract> incoming_;  // By parameter instruction: what the edges seen so far bring.
  std::unordered_map<uint32_t, Abstract> header_seeds_;   // By parameter of a loop header.
  std::unordered_map<uint32_t, const Type *> open_seeds_; // By site: element type.
  std::unordered_map<uint32_t, const Type *> cell_seeds_; // By CellNew.
  std::unordered_map<uint32_t, Abstract> slot_seeds_;     // By SlotNew: what is stored in it.
  std::unordered_map<std::string_view, Abstract> global_seeds_; // Units: shared variables assigned in place.
  std::unordered_map<std::string_view, GlobalState> globals_before_;
  bool callee_failed_ = false;    // The call that is being inferred found its callee, which is wrong in itself.
  bool unequal_is_false_; // While the operands of == or != are each of one of their alternatives, or were dyn.
  bool again_ = false;
  bool forget_open_ = false; // A loop header's type rose: element types found before may be of the lower one.
  bool settle_open_ = false; // The last pass: what is still open is `none`.
};

} // namespace kiln
