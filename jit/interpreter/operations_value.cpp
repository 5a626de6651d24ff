// Tuples, structs, objects, cells, unions, dynamic values, ranges.
#include "codegen/dyn_site.h"
#include "codegen/hash_constants.h"
#include "jit/interpreter/frame_slots.h"
#include "jit/interpreter/operations.h"
#include "jit/interpreter/slot_value.h"
#include "jit/runtime/array.h"
#include "jit/runtime/calls.h"
#include "jit/runtime/collector.h"
#include "jit/runtime/dyn.h"

#include <algorithm>

namespace kiln {

namespace {

char *bytes(Slot *slot) { return reinterpret_cast<char *>(slot); }
char *pointed(const Slot *slot) { return static_cast<char *>(slot->p); }

// --- records ---

void make_record(Slot *frame, const Invocation &at) {
  const Type *type = at.inst->type;
  for (size_t i = 0; i < at.args.size(); ++i)
    store_value(operand_type(at, i), bytes(result(frame, at)) + offset_of(type, i), operand(frame, at, i));
}

void get_part(Slot *frame, const Invocation &at) {
  load_value(at.inst->type, result(frame, at), bytes(operand(frame, at, 0)) + offset_of(operand_type(at, 0), at.inst->index));
}

void set_part(Slot *frame, const Invocation &at) {
  const Type *type = at.inst->type;
  std::copy_n(operand(frame, at, 0), FrameSlots::size_of(type), result(frame, at));
  store_value(operand_type(at, 1), bytes(result(frame, at)) + offset_of(type, at.inst->index), operand(frame, at, 1));
}

void make_range(Slot *frame, const Invocation &at) {
  int64_t first = operand(frame, at, 0)->i, last = operand(frame, at, 1)->i;
  int64_t step = at.args.size() > 2 ? operand(frame, at, 2)->i : 1;
  if (step == 0) calls::kiln_fail_range_step();
  if (at.inst->inclusive) {
    int64_t one = step < 0 ? -1 : 1, beyond;
    if (__builtin_add_overflow(last, one, &beyond)) {
      if (at.extra) // Without checks it wraps.
        beyond = static_cast<int64_t>(static_cast<uint64_t>(last) + static_cast<uint64_t>(one));
      else
        calls::kiln_fail_overflow(last, one, static_cast<int32_t>(BinaryOp::Add) | static_cast<int32_t>(TypeKind::I64) << 8);
    }
    last = beyond;
  }
  Slot *range = result(frame, at);
  range[0].i = first, range[1].i = last, range[2].i = step;
}

/// The number of elements, unsigned: as compiled code counts them.
uint64_t count_elements(const Slot *range) {
  bool up = range[2].i > 0;
  int64_t low = up ? range[0].i : range[1].i, high = up ? range[1].i : range[0].i;
  if (low >= high) return 0;
  uint64_t stride = up ? range[2].u : 0 - range[2].u;
  return (static_cast<uint64_t>(high) - static_cast<uint64_t>(low) - 1) / stride + 1;
}

void range_count(Slot *frame, const Invocation &at) {
  const Slot *range = operand(frame, at, 0);
  auto count = static_cast<int64_t>(count_elements(range));
  if (count < 0)
    calls::kiln_fail_overflow(range[1].i, range[0].i, static_cast<int32_t>(BinaryOp::Subtract) | static_cast<int32_t>(TypeKind::I64) << 8);
  result(frame, at)->i = count;
}

template <int part>
void range_part(Slot *frame, const Invocation &at) {
  *result(frame, at) = operand(frame, at, 0)[part];
}

// --- objects and cells ---

void make_object(Slot *frame, const Invocation &at) {
  const Type *type = at.inst->type;
  bool references = std::any_of(type->fields.begin(), type->fields.end(), [](const Type *field) { return field->has_references(); });
  auto *object = static_cast<char *>(allocate(std::max<size_t>(object_layout(type).size, 1), references));
  for (size_t i = 0; i < at.args.size(); ++i)
    store_value(type->fields[i], object + offset_of(type, i), operand(frame, at, i));
  result(frame, at)->p = object;
}

void get_field(Slot *frame, const Invocation &at) {
  load_value(at.inst->type, result(frame, at), pointed(operand(frame, at, 0)) + offset_of(operand_type(at, 0), at.inst->index));
}

void set_field(Slot *frame, const Invocation &at) {
  store_value(operand_type(at, 1), pointed(operand(frame, at, 0)) + offset_of(operand_type(at, 0), at.inst->index), operand(frame, at, 1));
}

void make_cell(Slot *frame, const Invocation &at) {
  const Type *element = at.inst->type->element();
  size_t size = layout_of(element).size;
  auto *cell = static_cast<char *>(allocate(size + 1, element->has_references()));
  if (!at.args.empty()) store_value(element, cell, operand(frame, at, 0));
  cell[size] = !at.args.empty();
  result(frame, at)->p = cell;
}

void get_cell(Slot *frame, const Invocation &at) {
  const Type *element = operand_type(at, 0)->element();
  const char *cell = pointed(operand(frame, at, 0));
  std::string_view name = at.inst->name;
  if (!at.inst->unchecked && cell[layout_of(element).size] == 0)
    calls::kiln_fail_unset({name.data(), static_cast<int64_t>(name.size())});
  load_value(element, result(frame, at), cell);
}

void set_cell(Slot *frame, const Invocation &at) {
  const Type *element = operand_type(at, 0)->element();
  char *cell = pointed(operand(frame, at, 0));
  store_value(element, cell, operand(frame, at, 1));
  if (!at.inst->args[0]->in_frame) cell[layout_of(element).size] = 1;
}

void load_global(Slot *frame, const Invocation &at) { load_value(at.inst->type, result(frame, at), at.inst->global()->address); }
void store_global(Slot *frame, const Invocation &at) { store_value(at.inst->global()->type, at.inst->global()->address, operand(frame, at, 0)); }

// --- unions ---

size_t alternative_in(const Type *type, const Slot *value) {
  if (type->is_nullable_reference()) return value->p ? 0 : 1;
  return static_cast<size_t>(value->i);
}

const Slot *held_in(const Type *type, const Slot *value) { return type->is_nullable_reference() ? value : value + 1; }

/// Words that the alternative does not fill are zero.
void put_union(const Type *type, const Type *held, const Slot *value, Slot *to) {
  if (type->is_nullable_reference()) {
    to->p = held->is(TypeKind::None) ? nullptr : value->p;
    return;
  }
  Slot words[64];
  size_t size = FrameSlots::size_of(type);
  std::vector<Slot> many(size > 64 ? size : 0);
  Slot *made = size > 64 ? many.data() : words;
  std::fill_n(made, size, Slot{0});
  made[0].i = *type->place_of(held);
  store_value(held, made + 1, value);
  std::copy_n(made, size, to);
}

void make_union(Slot *frame, const Invocation &at) {
  put_union(at.inst->type, operand_type(at, 0), operand(frame, at, 0), result(frame, at));
}

void test_union(Slot *frame, const Invocation &at) {
  result(frame, at)->u = at.inst->index >> alternative_in(operand_type(at, 0), operand(frame, at, 0)) & 1;
}

void get_alternative(Slot *frame, const Invocation &at) {
  load_value(at.inst->type, result(frame, at), held_in(operand_type(at, 0), operand(frame, at, 0)));
}

void retag(Slot *frame, const Invocation &at) {
  const Type *from = operand_type(at, 0);
  const Slot *value = operand(frame, at, 0);
  const Type *held = from->elements[alternative_in(from, value)];
  put_union(at.inst->type, held, held_in(from, value), result(frame, at));
}

// --- dynamic values ---

void make_dynamic(Slot *frame, const Invocation &at) {
  DynValue made = make_dyn(operand_type(at, 0), operand(frame, at, 0));
  std::memcpy(result(frame, at), &made, sizeof made);
}

void get_dynamic(Slot *frame, const Invocation &at) {
  auto *dyn = reinterpret_cast<const DynValue *>(operand(frame, at, 0));
  if (!at.inst->unchecked && dyn->type != at.inst->type) calls::kiln_fail_dyn(dyn->type, at.inst->type);
  if (!at.inst->type->is_empty()) load_value(at.inst->type, result(frame, at), alternative_of(operand_type(at, 0), dyn).value);
}

void test_dynamic(Slot *frame, const Invocation &at) {
  auto *held = static_cast<const Type *>(operand(frame, at, 0)->p);
  result(frame, at)->u = at.inst->wanted() ? is_instance(held, at.inst->wanted()) : calls::kiln_is_tuple(held, at.inst->count);
}

/// The entry cell of what a dynamic operation does for the types of its operands.
void find_dynamic(Slot *frame, const Invocation &at) {
  const Type *held[64];
  size_t count = 0;
  for (size_t i = 0; i < at.args.size(); ++i)
    if (operand_type(at, i)->is(TypeKind::Dyn) && count < std::size(held)) held[count++] = static_cast<const Type *>(operand(frame, at, i)->p);
  result(frame, at)->p = calls::kiln_dyn_find(&at.inst->site()->cache, held);
}

void make_callable(Slot *frame, const Invocation &at) {
  Slot cell = *operand(frame, at, 0);
  result(frame, at)[0].p = &at.inst->callee()->entry;
  result(frame, at)[1] = cell;
}

// --- equality and hashes ---

template <bool equal>
void compare_parts(Slot *frame, const Invocation &at) {
  const Type *type = operand_type(at, 0);
  result(frame, at)->u = (type->is_empty() || equal_values(type, operand(frame, at, 0), operand(frame, at, 1))) == equal;
}

uint64_t hash_onto(uint64_t hash, const Type *type, const void *value);

uint64_t hash_of(const Type *type, const void *value) {
  if (type->is(TypeKind::Str)) return static_cast<uint64_t>(calls::kiln_str_hash(*static_cast<const StrValue *>(value)));
  return hash_onto(hash_seed, type, value);
}

/// See FunctionLowering::hash_onto.
uint64_t hash_onto(uint64_t hash, const Type *type, const void *value) {
  if (type->is_empty()) return hash;
  if (type->is(TypeKind::F64)) {
    double number = *static_cast<const double *>(value) + 0.0;
    uint64_t bits;
    std::memcpy(&bits, &number, sizeof bits);
    return mix(hash, bits);
  }
  if (type->is(TypeKind::F32)) {
    float number = *static_cast<const float *>(value) + 0.0f;
    uint32_t bits;
    std::memcpy(&bits, &number, sizeof bits);
    return mix(hash, bits);
  }
  if (type->is_scalar() || type->is(TypeKind::Class)) { // Narrow integers with zeros, whatever their sign.
    uint64_t bits = 0;
    std::memcpy(&bits, value, layout_of(type).size);
    return mix(hash, bits);
  }
  if (type->is(TypeKind::Str)) return mix(hash, hash_of(type, value));
  auto *whole = static_cast<const char *>(value);
  if (type->is(TypeKind::Range)) {
    for (int i = 0; i < 3; ++i) hash = mix(hash, static_cast<const uint64_t *>(value)[i]);
    return hash;
  }
  for (size_t i = 0; i < type->elements.size(); ++i) hash = hash_onto(hash, type->elements[i], whole + offset_of(type, i));
  return hash;
}

void hash_value(Slot *frame, const Invocation &at) {
  result(frame, at)->u = hash_of(operand_type(at, 0), operand(frame, at, 0));
}

void identity(Slot *frame, const Invocation &at) { result(frame, at)->u = operand(frame, at, 0)->p == operand(frame, at, 1)->p; }

void caught(Slot *frame, const Invocation &at) { result(frame, at)->p = calls::kiln_caught(); }

} // namespace

Invocation::Handler value_handler(const Inst &inst) {
  switch (inst.op) {
  case Op::Tuple:
  case Op::Lambda: return &make_record;
  case Op::TupleGet:
  case Op::LambdaGet: return &get_part;
  case Op::TupleSet: return &set_part;
  case Op::Range: return &make_range;
  case Op::ObjectNew: return &make_object;
  case Op::ObjectGet: return &get_field;
  case Op::ObjectSet: return &set_field;
  case Op::CellNew: return &make_cell;
  case Op::CellGet: return &get_cell;
  case Op::CellSet: return &set_cell;
  case Op::LoadGlobal: return &load_global;
  case Op::StoreGlobal: return &store_global;
  case Op::UnionNew: return &make_union;
  case Op::UnionTest: return &test_union;
  case Op::UnionGet: return &get_alternative;
  case Op::Retag: return &retag;
  case Op::DynNew: return &make_dynamic;
  case Op::DynGet: return &get_dynamic;
  case Op::DynTest: return &test_dynamic;
  case Op::CallDyn: return &find_dynamic;
  case Op::CallableNew: return &make_callable;
  case Op::Caught: return &caught;
  case Op::Binary:
    if (inst.args[0]->type->is_scalar()) return nullptr;
    if (inst.binary_op == BinaryOp::Equal) return &compare_parts<true>;
    return inst.binary_op == BinaryOp::NotEqual ? &compare_parts<false> : nullptr;
  case Op::Intrinsic:
    switch (inst.intrinsic) {
    case IntrinsicKind::Length: return inst.args[0]->type->is(TypeKind::Range) ? &range_count : nullptr;
    case IntrinsicKind::RangeFirst: return &range_part<0>;
    case IntrinsicKind::RangeLast: return &range_part<1>;
    case IntrinsicKind::RangeStep: return &range_part<2>;
    case IntrinsicKind::Hash: return &hash_value;
    case IntrinsicKind::Identity: return &identity;
    default: return nullptr;
    }
  default: return nullptr;
  }
}

} // namespace kiln
