#include "codegen/builtin_rules.h"

#include <cmath>

namespace kiln {

namespace {

struct Row {
  std::string_view name;
  int least, most;
};
constexpr Row rows[] = {
#define KILN_BUILTIN(name, rule, least, most, doc) {name, least, most},
#include "codegen/builtins.def"
#define KILN_MATH(name, f64, f32, operands) {name, operands, operands},
#include "codegen/math.def"
};

const Row *find(std::string_view name) {
  for (const Row &row : rows)
    if (row.name == name)
      return &row;
  return nullptr;
}

} // namespace

bool BuiltinRules::exists(std::string_view name) { return find(name) != nullptr; }

bool BuiltinRules::takes(std::string_view name, size_t count) {
  const Row *row = find(name);
  return row && count >= static_cast<size_t>(row->least) && (row->most < 0 || count <= static_cast<size_t>(row->most));
}

Abstract BuiltinRules::call() {
  if (!takes(name_, arguments_.size())) {
    const Row &row = *find(name_);
    std::string wanted = row.most < 0 ? fmt::format("at least {}", row.least)
                         : row.least == row.most ? std::to_string(row.least)
                                                 : fmt::format("{} to {}", row.least, row.most);
    body_.diagnostics_.report<Diag::NoMatch>(inst_.span, name_,
                                             fmt::format("takes {} argument{}, not {}", wanted, wanted == "1" ? "" : "s", arguments_.size()));
    return body_.error_value(inst_);
  }
#define KILN_BUILTIN(text, rule, least, most, doc)                                                                                                   \
  if (name_ == text)                                                                                                                                 \
    return rule();
#include "codegen/builtins.def"
#define KILN_MATH(text, f64, f32, operands)                                                                                                          \
  if (name_ == text)                                                                                                                                 \
    return math(operands);
#include "codegen/math.def"
  return body_.error_value(inst_);
}

Abstract BuiltinRules::refuse(size_t argument, std::string_view wanted, std::string help) {
  Diagnostic &error = body_.diagnostics_.report<Diag::BadArgument>(arguments_[argument]->span, name_, wanted, this->argument(argument).type);
  if (!help.empty())
    error.help(std::move(help));
  return body_.error_value(inst_);
}

Abstract BuiltinRules::planned(CallPlan::Kind kind, const Type *result) {
  CallPlan &plan = body_.plan(inst_);
  plan = {};
  plan.kind = kind;
  plan.result = result;
  plan.arguments = arguments_;
  return body_.of(result, inst_);
}

Abstract BuiltinRules::intrinsic(IntrinsicKind kind, std::vector<const Type *> operands, const Type *result, std::string_view name) {
  Abstract made = planned(CallPlan::Intrinsic, result);
  CallPlan &plan = body_.plan(inst_);
  plan.intrinsic = kind;
  plan.operands = std::move(operands);
  for (size_t i = 0; i < plan.operands.size(); ++i)
    plan.sources.push_back(static_cast<int>(i));
  plan.name = name;
  return made;
}

const Type *BuiltinRules::float_type() const {
  bool single = true;
  for (size_t i = 0; i < arguments_.size(); ++i) {
    if (!argument(i).type->is_number() && !argument(i).is(TypeKind::Bool))
      return nullptr;
    single &= argument(i).is(TypeKind::F32) || (argument(i).literal && i > 0);
  }
  return single && argument(0).is(TypeKind::F32) ? types_.f32 : types_.f64;
}

Abstract BuiltinRules::conversion() {
  const Abstract &from = argument(0);
  const Type *to = types_.named(name_);
  if (to->is(TypeKind::Dyn)) {
    if (body_.is_open(from.type))
      return refuse(0, "a value of a known type", "give `[]` its element type, as in `[f64]()`");
    return planned(CallPlan::Convert, to);
  }
  if (to->is(TypeKind::Bool) ? !from.is(TypeKind::Bool) : !(from.type->is_number() || from.is(TypeKind::Bool))) {
    if (from.is(TypeKind::Str))
      return refuse(0, "a number", to->is_float() ? "`parse_float(s)` reads a number from text" : "`parse_int(s)` reads a number from text");
    return refuse(0, to->is(TypeKind::Bool) ? "a bool" : "a number", to->is(TypeKind::Bool) ? "compare it, as in `x != 0`" : "");
  }
  Abstract made = planned(CallPlan::Convert, to);
  CallPlan &plan = body_.plan(inst_);
  if (from.type->is_float() && to->is_integer())
    plan.conversion = Conversion::Truncating;
  else if (from.type->is_integer() && to->is_integer())
    plan.conversion = store_conversion(from.type, to, from.constant, false).value_or(Conversion::Checked);
  else if (from.is(TypeKind::Bool))
    plan.conversion = Conversion::Exact;
  else
    plan.conversion = from.type->is_integer() || from.is(TypeKind::F64) ? Conversion::Rounding : Conversion::Exact;
  if (from.constant)
    made.constant = convert_constant(*from.constant, from.type, to);
  return made;
}

Abstract BuiltinRules::evaluation() {
  if (!argument(0).is(TypeKind::Str))
    return refuse(0, "a str");
  return intrinsic(IntrinsicKind::Eval, {types_.str}, types_.dyn);
}

Abstract BuiltinRules::to_text() { return planned(CallPlan::Text, types_.str); }

Abstract BuiltinRules::absolute() {
  OperatorTypes rule = unary_types(types_, UnaryOp::Plus, argument(0));
  if (!rule)
    return refuse(0, "a number");
  return intrinsic(IntrinsicKind::Abs, {rule.result}, rule.result);
}

Abstract BuiltinRules::extremum() {
  Abstract widest = argument(0);
  if (arguments_.size() == 1) {
    if (widest.type->is_array())
      return refuse(0, "numbers", fmt::format("`{}(xs)` finds it in an array", name_ == "min" ? "minimum" : "maximum"));
    if (!widest.type->is_number())
      return refuse(0, "numbers");
    return planned(CallPlan::Argument, widest.type);
  }
  for (size_t i = 0; i < arguments_.size(); ++i) {
    if (!argument(i).type->is_number() && !argument(i).is(TypeKind::Bool))
      return refuse(i, "numbers");
    const Type *type = promoted(types_, widest, argument(i));
    if (!type)
      return refuse(i, to_string(widest.type), "convert one side: `u64(...)` or `i64(...)`");
    widest = body_.of(type, inst_);
    widest.literal = i == 0 && argument(0).literal;
    if (widest.literal)
      widest.constant = argument(0).constant;
  }
  Abstract made = planned(CallPlan::Fold, widest.type);
  CallPlan &plan = body_.plan(inst_);
  plan.intrinsic = name_ == "min" ? IntrinsicKind::Min : IntrinsicKind::Max;
  plan.operands.assign(arguments_.size(), widest.type);
  return made;
}

Abstract BuiltinRules::sign() {
  OperatorTypes rule = unary_types(types_, UnaryOp::Plus, argument(0));
  if (!rule)
    return refuse(0, "a number");
  return intrinsic(IntrinsicKind::Sign, {rule.result}, rule.result);
}

Abstract BuiltinRules::floating() {
  const Type *type = float_type();
  for (size_t i = 0; i < arguments_.size() && !type; ++i)
    if (!argument(i).type->is_number())
      return refuse(i, "a number");
  return intrinsic(name_ == "sqrt" ? IntrinsicKind::Sqrt : IntrinsicKind::CopySign, std::vector(arguments_.size(), type), type);
}

Abstract BuiltinRules::rounding() {
  const Type *type = argument(0).type;
  if (type->is_integer())
    return planned(CallPlan::Argument, type);
  if (!type->is_float())
    return refuse(0, "a number");
  IntrinsicKind kind = name_ == "floor"  ? IntrinsicKind::Floor
                       : name_ == "ceil" ? IntrinsicKind::Ceil
                       : name_ == "round" ? IntrinsicKind::Round
                                          : IntrinsicKind::Trunc;
  return intrinsic(kind, {type}, type);
}

Abstract BuiltinRules::float_test() {
  const Type *type = float_type();
  if (!type)
    return refuse(0, "a number");
  return intrinsic(name_ == "isnan" ? IntrinsicKind::IsNan : IntrinsicKind::IsInf, {type}, types_.boolean);
}

Abstract BuiltinRules::math(int operands) {
  const Type *type = float_type();
  for (size_t i = 0; i < arguments_.size() && !type; ++i)
    if (!argument(i).type->is_number() && !argument(i).is(TypeKind::Bool)) {
      if (argument(i).type->is_array())
        return refuse(i, "a number", fmt::format("for each element write `{}.(xs)`", name_));
      return refuse(i, "a number");
    }
  return intrinsic(IntrinsicKind::Math, std::vector(static_cast<size_t>(operands), type), type, name_);
}

Abstract BuiltinRules::length() {
  const Type *type = argument(0).type;
  if (is_iterator(type))
    return refuse(0, "an array, str, range, map, set or tuple", "make an array of it, as in `[x for x in xs]`, or count with a loop");
  if (type->is(TypeKind::Tuple)) {
    Abstract made = planned(CallPlan::Value, types_.i64);
    body_.plan(inst_).value = Constant::of_int(static_cast<int64_t>(type->elements.size()));
    made.constant = body_.plan(inst_).value;
    return made;
  }
  if (type->is(TypeKind::Map) && !BodyInference::is_unused(type))
    return body_.call_map(inst_, "map_len", arguments_, types_.i64);
  if (type->is(TypeKind::Map)) {
    Abstract made = planned(CallPlan::Value, types_.i64);
    body_.plan(inst_).value = Constant::of_int(0);
    return made;
  }
  if (!type->is_array() && !type->is(TypeKind::Str) && !type->is(TypeKind::Range))
    return refuse(0, "an array, str, range, map, set or tuple");
  Abstract made = intrinsic(IntrinsicKind::Length, {type}, types_.i64);
  if (argument(0).constant && type->is(TypeKind::Str))
    made.constant = Constant::of_int(static_cast<int64_t>(argument(0).constant->text().size()));
  return made;
}

Abstract BuiltinRules::dimension() {
  const Type *type = argument(0).type;
  if (!type->is_array())
    return refuse(0, "an array");
  if (!argument(1).type->is_integer())
    return refuse(1, "an integer");
  if (const auto &d = argument(1).constant; d && (d->integer() < 0 || d->integer() >= static_cast<int64_t>(type->rank)))
    return refuse(1, fmt::format("a dimension from 0 to {} of {}", type->rank - 1, to_string(type)));
  return intrinsic(IntrinsicKind::Dimension, {type, types_.i64}, types_.i64);
}

Abstract BuiltinRules::push() {
  const Type *type = argument(0).type;
  if (!type->is_array() || type->rank != 1)
    return refuse(0, "an array of rank 1");
  if (body_.raise_open(type, argument(1), inst_.span))
    return body_.of(types_.none, inst_);
  if (!body_.convertible(argument(1), type->element())) {
    body_.report_store(*arguments_[1], argument(1), type->element(), "an element");
    return body_.error_value(inst_);
  }
  return intrinsic(IntrinsicKind::Push, {type, type->element()}, types_.none);
}

Abstract BuiltinRules::pop() {
  const Type *type = argument(0).type;
  if (!type->is_array() || type->rank != 1)
    return refuse(0, "an array of rank 1");
  const Type *element = body_.settle(type->element());
  return intrinsic(IntrinsicKind::Pop, {type}, element->is(TypeKind::Open) ? types_.never : element);
}

Abstract BuiltinRules::filled(const Type *element, size_t first_extent, std::optional<double> value) {
  size_t rank = arguments_.size() - first_extent;
  std::vector<const Type *> operands;
  if (first_extent == 1)
    operands.push_back(element);
  for (size_t i = first_extent; i < arguments_.size(); ++i) {
    if (!argument(i).type->is_integer())
      return refuse(i, "an integer extent");
    operands.push_back(types_.i64);
  }
  const Type *result = types_.array(element, static_cast<uint32_t>(rank));
  if (!value)
    return intrinsic(IntrinsicKind::Fill, operands, result);
  Abstract made = planned(CallPlan::Fill, result);
  CallPlan &plan = body_.plan(inst_);
  plan.operands = operands;
  plan.value = Constant::of_float(*value);
  return made;
}

Abstract BuiltinRules::zeros() { return filled(types_.f64, 0, 0.0); }
Abstract BuiltinRules::ones() { return filled(types_.f64, 0, 1.0); }
Abstract BuiltinRules::fill() {
  if (body_.is_open(argument(0).type))
    return body_.settle_open_ ? refuse(0, "a value of known type", "give `[]` an element type, as in `[f64]()`") : body_.error_value(inst_);
  return filled(argument(0).type, 1, std::nullopt);
}

Abstract BuiltinRules::copy() {
  const Type *type = argument(0).type;
  if (type->is(TypeKind::Map))
    return BodyInference::is_unused(type) ? planned(CallPlan::Construct, type) : body_.call_map(inst_, "map_copy", arguments_, type);
  if (!type->is_array())
    return refuse(0, "an array, map or set", "other values are copied by assigning them");
  return intrinsic(IntrinsicKind::Copy, {type}, type);
}

Abstract BuiltinRules::view() {
  const Type *type = argument(0).type;
  if (!type->is_array() && !type->is(TypeKind::Str))
    return refuse(0, "an array or str");
  if (type->is(TypeKind::Str) && !argument(1).is(TypeKind::Range))
    return refuse(1, "a range", "`s[i]` is the byte");
  if (argument(1).is(TypeKind::Range))
    return intrinsic(IntrinsicKind::View, {type, types_.range}, type);
  if (!argument(1).type->is_integer())
    return refuse(1, "a range or an integer");
  if (type->rank < 2)
    return refuse(1, "a range", "`a[i]` is the element");
  return intrinsic(IntrinsicKind::ViewRow, {type, types_.i64}, types_.array(type->element(), type->rank - 1));
}

Abstract BuiltinRules::chars() {
  if (!argument(0).is(TypeKind::Str))
    return refuse(0, "a str");
  return intrinsic(IntrinsicKind::Chars, {types_.str}, types_.array(types_.u32));
}

Abstract BuiltinRules::from_bytes() {
  const Type *bytes = types_.array(types_.u8);
  if (argument(0).type != bytes)
    return refuse(0, "a [u8]");
  return intrinsic(IntrinsicKind::FromBytes, {bytes}, types_.str);
}

Abstract BuiltinRules::identity() {
  if (!argument(0).type->is_array() && !argument(0).type->is_object())
    return refuse(0, "an array, a map or an object of a class");
  if (argument(0).type != argument(1).type)
    return refuse(1, to_string(argument(0).type));
  return intrinsic(IntrinsicKind::Identity, {argument(0).type, argument(1).type}, types_.boolean);
}

Abstract BuiltinRules::map_get() {
  if (!argument(0).is(TypeKind::Map) || argument(0).type->is_set()) return refuse(0, "a map");
  const Type *map = argument(0).type, *other = argument(2).type;
  if (!body_.is_open(map) && !BodyInference::is_unused(map) && !body_.is_open(other) && !body_.convertible(argument(2), map->mapped()))
    return body_.storable(*arguments_[1], map->key(), "a key")
               ? body_.call_library(inst_, "map_get_or", arguments_, {map, map->key(), other})
               : body_.error_value(inst_);
  if (!BodyInference::is_unused(map)) return body_.call_map(inst_, "map_get_or", arguments_, map->mapped());
  Abstract made = planned(CallPlan::Argument, argument(2).type);
  body_.plan(inst_).arguments = {arguments_[2]};
  return made;
}

Abstract BuiltinRules::map_has() {
  if (!argument(0).is(TypeKind::Map)) return refuse(0, "a map or set");
  if (!BodyInference::is_unused(argument(0).type)) return body_.call_map(inst_, "map_has", arguments_, types_.boolean);
  Abstract made = planned(CallPlan::Value, types_.boolean);
  body_.plan(inst_).value = Constant::of_bool(false);
  return made;
}

Abstract BuiltinRules::map_delete() {
  if (!argument(0).is(TypeKind::Map)) return refuse(0, "a map or set");
  if (!BodyInference::is_unused(argument(0).type)) return body_.call_map(inst_, "map_delete", arguments_, types_.boolean);
  Abstract made = planned(CallPlan::Value, types_.boolean);
  body_.plan(inst_).value = Constant::of_bool(false);
  return made;
}

Abstract BuiltinRules::map_update() {
  if (!argument(0).is(TypeKind::Map) || argument(0).type->is_set()) return refuse(0, "a map");
  if (!body_.raise_map(argument(0).type, *arguments_[1], *arguments_[2])) return body_.error_value(inst_);
  return body_.call_map(inst_, "map_update", arguments_, types_.none);
}

Abstract BuiltinRules::set_add() {
  if (!argument(0).is(TypeKind::Map) || !argument(0).type->is_set()) return refuse(0, "a set");
  if (!body_.raise_map(argument(0).type, *arguments_[1], *arguments_[1])) return body_.error_value(inst_);
  return body_.call_map(inst_, "set_add", arguments_, types_.none);
}

Abstract BuiltinRules::new_set() {
  Abstract made = body_.empty_map(inst_, types_.none);
  return planned(CallPlan::Construct, made.type);
}

Abstract BuiltinRules::new_map() {
  if (!argument(0).is(TypeKind::Map)) return refuse(0, "a map or set");
  return planned(CallPlan::Construct, argument(0).type);
}

/// Keys or values of a map: an iterator; an empty array where it stays empty.
Abstract BuiltinRules::map_parts(std::string_view function, const Type *element) {
  if (BodyInference::is_unused(argument(0).type)) {
    Abstract made = planned(CallPlan::Fill, types_.array(element->is(TypeKind::Never) ? types_.none : element));
    body_.plan(inst_).arguments.clear();
    return made;
  }
  return body_.call_map(inst_, function, arguments_, types_.array(element));
}

Abstract BuiltinRules::map_keys() {
  if (!argument(0).is(TypeKind::Map)) return refuse(0, "a map or set");
  return map_parts("map_keys", argument(0).type->key());
}

Abstract BuiltinRules::map_values() {
  if (!argument(0).is(TypeKind::Map) || argument(0).type->is_set()) return refuse(0, "a map");
  return map_parts("map_values", argument(0).type->mapped());
}

Abstract BuiltinRules::hash() {
  if (!is_key(argument(0).type)) return refuse(0, "what can be a key of a map");
  return intrinsic(IntrinsicKind::Hash, {argument(0).type}, types_.i64);
}

Abstract BuiltinRules::iterable() {
  Abstract made = body_.iterable(inst_, arguments_[0]);
  if (!body_.result_->plans.contains(inst_.id) && !made.is(TypeKind::Error))
    return planned(CallPlan::Argument, made.type);
  return made;
}

Abstract BuiltinRules::iteration() {
  Op op = name_ == "first_state" ? Op::IterStart : name_ == "has_element" ? Op::IterHas : name_ == "element_at" ? Op::IterGet : Op::IterNext;
  const Type *type = argument(0).type;
  bool iterator = is_iterator(type);
  if (!iterator && !type->is_array() && !type->is(TypeKind::Range) && !type->is(TypeKind::Str))
    return refuse(0, "what can be iterated over", "`iterable(x)` gives it");
  bool counted = op != Op::IterStart && !iterator;
  if (counted && !argument(1).is(TypeKind::I64))
    return refuse(1, "a state");
  Abstract made = body_.iterate(inst_, op, arguments_[0], arguments_.size() > 1 ? arguments_[1] : nullptr);
  if (made.is(TypeKind::Error) || (iterator && op != Op::IterStart))
    return made;
  Abstract result = planned(CallPlan::Iterate, made.type);
  body_.plan(inst_).iteration = op;
  return result;
}

Abstract BuiltinRules::zero_of() {
  Abstract element = body_.call_value(inst_, argument(0), {{arguments_[1]}, {}}); // For its type alone.
  if (element.is(TypeKind::Error))
    return element;
  const Type *type = element.is(TypeKind::F32) || element.is(TypeKind::F64) || element.is(TypeKind::U64) ? element.type : types_.i64;
  Abstract made = planned(CallPlan::Value, type);
  Constant zero = type->is_float() ? Constant::of_float(0) : Constant::of_int(0);
  body_.plan(inst_).value = zero;
  made.constant = zero;
  return made;
}

Abstract BuiltinRules::print() {
  std::vector<CallPlan> shown;
  for (const Inst *argument : arguments_)
    if (shown.emplace_back(body_.show_plan(inst_, argument)).result->is(TypeKind::Error))
      return body_.error_value(inst_);
  Abstract made = planned(CallPlan::Print, types_.none);
  body_.plan(inst_).shown = std::move(shown);
  body_.plan(inst_).intrinsic = name_ == "print" ? IntrinsicKind::Print : IntrinsicKind::Write;
  return made;
}

Abstract BuiltinRules::fail() {
  if (argument(0).is(TypeKind::Failure))
    return intrinsic(IntrinsicKind::Rethrow, {types_.failure}, types_.never);
  if (!argument(0).is(TypeKind::Str))
    return refuse(0, "a str", "interpolate the value, as in `error(\"got $x\")`");
  return intrinsic(IntrinsicKind::Error, {types_.str}, types_.never);
}

Abstract BuiltinRules::assertion() {
  if (!argument(0).is(TypeKind::Bool))
    return refuse(0, "a bool");
  if (arguments_.size() == 2 && !argument(1).is(TypeKind::Str))
    return refuse(1, "a str");
  std::vector<const Type *> operands{types_.boolean};
  if (arguments_.size() == 2)
    operands.push_back(types_.str);
  return intrinsic(IntrinsicKind::Assert, operands, types_.none);
}

Abstract BuiltinRules::leave() {
  if (!arguments_.empty() && !argument(0).type->is_integer())
    return refuse(0, "an integer");
  return intrinsic(IntrinsicKind::Exit, std::vector<const Type *>(arguments_.size(), types_.i64), types_.never);
}

Abstract BuiltinRules::clock() { return intrinsic(IntrinsicKind::Time, {}, types_.f64); }

Abstract BuiltinRules::parse() {
  if (!argument(0).is(TypeKind::Str))
    return refuse(0, "a str", argument(0).type->is_number() ? "numbers are converted with `i64(...)` and `f64(...)`" : "");
  bool integer = name_ == "parse_int";
  return intrinsic(integer ? IntrinsicKind::ParseInt : IntrinsicKind::ParseFloat, {types_.str}, integer ? types_.i64 : types_.f64);
}

Abstract BuiltinRules::type_name() {
  if (argument(0).type->is_union() || argument(0).is(TypeKind::Dyn))
    return body_.error_value(inst_); // What it holds has a type of its own.
  Abstract made = planned(CallPlan::Value, types_.str);
  Constant text = Constant::of_text(types_.intern(to_string(argument(0).type)));
  body_.plan(inst_).value = text;
  made.constant = text;
  return made;
}

} // namespace kiln
