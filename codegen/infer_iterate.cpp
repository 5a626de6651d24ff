// Iteration: over arrays, ranges and strings by their own operations, over iterators by their functions.
#include "codegen/body_inference.h"

namespace kiln {

namespace {

bool is_built_in(const Type *type) { return type->is_array() || type->is(TypeKind::Range) || type->is(TypeKind::Str); }

} // namespace

Abstract BodyInference::iterable(const Inst &inst, const Inst *source) {
  const Abstract &given = value(source);
  if (is_built_in(given.type) || is_iterator(given.type))
    return of(given.type, inst);
  if (given.is(TypeKind::Map)) {
    if (!is_unused(given.type)) return map_elements(inst, *source);
    CallPlan &empty = plan(inst) = {};
    empty.kind = CallPlan::Fill;
    empty.result = types_.array(given.type->key());
    return of(empty.result, inst);
  }
  // What a program defines holds for the library's functions too.
  remember_name("iterate");
  Abstract made = given;
  if (NameMeaning meaning = inference_.names().lookup("iterate", false); !meaning.methods.empty()) {
    bool matched = false;
    Abstract called = call_methods(inst, "iterate", meaning.methods, {{source}, {}}, matched);
    if (matched) made = called;
    if (made.is(TypeKind::Error) || made.is(TypeKind::Never) || is_built_in(made.type) || is_iterator(made.type))
      return made;
  }
  Diagnostic &error = diagnostics_.report<Diag::NotIterable>(source->span, made.type);
  if (made.type->is_integer())
    error.help("to count, write `0..n`");
  else if (made.is(TypeKind::Tuple))
    error.help("an array, as in `[1, 2]`, can be visited one by one");
  return error_value(inst);
}

Abstract BodyInference::iterate(const Inst &inst, Op op, const Inst *source, const Inst *state) {
  const Type *type = value(source).type;
  if (type->is_union())
    return error_value(inst); // Each alternative in its own way.
  if (is_iterator(type)) {
    auto part = static_cast<uint32_t>(op) - static_cast<uint32_t>(Op::IterStart);
    if (op == Op::IterStart)
      return of(type->elements[0], inst);
    Abstract made = call_value(inst, of(type->elements[part], inst), {{state}, {}});
    if (made.is(TypeKind::Error))
      return made;
    plan(inst).iterator = source;
    plan(inst).part = part;
    if (op == Op::IterHas && !made.is(TypeKind::Bool) && !made.is(TypeKind::Never)) {
      diagnostics_.report<Diag::IteratorParts>(source->span, made.type);
      return error_value(inst);
    }
    return made;
  }
  switch (op) {
  case Op::IterHas: return of(types_.boolean, inst);
  case Op::IterGet: {
    const Type *element = type->is(TypeKind::Range) ? types_.i64 : type->is(TypeKind::Str) ? types_.u8 : settle(type->element());
    return of(element->is(TypeKind::Open) ? types_.never : element, inst);
  }
  default: return of(types_.i64, inst); // States count elements.
  }
}

} // namespace kiln
