#pragma once

#include "codegen/body_inference.h"

namespace kiln {

/// The rules that type calls of built-in functions (builtins.def, math.def), and plan what they become in typed KIR.
class BuiltinRules {
public:
  BuiltinRules(BodyInference &body, const Inst &inst, std::string_view name, const std::vector<const Inst *> &arguments)
      : body_(body), types_(body.types_), inst_(inst), name_(name), arguments_(arguments) {}

  static bool exists(std::string_view name);
  /// Whether the built-in takes this many arguments.
  static bool takes(std::string_view name, size_t count);
  Abstract call();

private:
  Abstract conversion();
  Abstract evaluation();
  Abstract to_text();
  Abstract absolute();
  Abstract extremum();
  Abstract sign();
  Abstract floating();
  Abstract rounding();
  Abstract float_test();
  Abstract math(int operands);
  Abstract length();
  Abstract dimension();
  Abstract push();
  Abstract pop();
  Abstract zeros();
  Abstract ones();
  Abstract fill();
  Abstract copy();
  Abstract view();
  Abstract chars();
  Abstract from_bytes();
  Abstract identity();
  Abstract map_get();
  Abstract map_has();
  Abstract map_delete();
  Abstract map_update();
  Abstract set_add();
  Abstract new_set();
  Abstract new_map();
  Abstract map_keys();
  Abstract map_values();
  Abstract map_parts(std::string_view function, const Type *element);
  Abstract hash();
  Abstract iterable();
  Abstract iteration();
  Abstract zero_of();
  Abstract print();
  Abstract fail();
  Abstract assertion();
  Abstract leave();
  Abstract clock();
  Abstract parse();
  Abstract type_name();

  const Abstract &argument(size_t i) const { return body_.value(arguments_[i]); }
  Abstract refuse(size_t argument, std::string_view wanted, std::string help = {});
  Abstract intrinsic(IntrinsicKind kind, std::vector<const Type *> operands, const Type *result, std::string_view name = {});
  Abstract planned(CallPlan::Kind kind, const Type *result);
  /// f32 when every argument is, else f64; null when one is not a number.
  const Type *float_type() const;
  Abstract filled(const Type *element, size_t first_extent, std::optional<double> value);

  BodyInference &body_;
  TypeTable &types_;
  const Inst &inst_;
  std::string_view name_;
  const std::vector<const Inst *> &arguments_;
};

} // namespace kiln
