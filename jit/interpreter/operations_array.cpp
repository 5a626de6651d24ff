// Arrays: elements, growth, new ones, and shapes.
#include "jit/interpreter/operations.h"
#include "jit/interpreter/slot_value.h"
#include "jit/runtime/calls.h"

#include <algorithm>

namespace kiln {

namespace {

ArrayHeader *array_at(const Slot *slot) { return static_cast<ArrayHeader *>(slot->p); }

char *element_at(const Type *array, const ArrayHeader *header, int64_t linear) {
  return static_cast<char *>(header->data) + static_cast<size_t>(linear) * layout_of(array->element()).size;
}

/// Row-major.
int64_t linear_index(Slot *frame, const Invocation &at) {
  const Type *type = operand_type(at, 0);
  const ArrayHeader *header = array_at(operand(frame, at, 0));
  int64_t linear = 0;
  for (uint32_t d = 0; d < type->rank; ++d) {
    int64_t index = operand(frame, at, 1 + d)->i, extent = type->rank < 2 ? header->length : header->dims[d];
    if (static_cast<uint64_t>(index) >= static_cast<uint64_t>(extent))
      calls::kiln_fail_index(index, extent, type->rank < 2 ? -1 : static_cast<int32_t>(d));
    linear = linear * extent + index;
  }
  return linear;
}

void index(Slot *frame, const Invocation &at) {
  const Type *type = operand_type(at, 0);
  int64_t linear = linear_index(frame, at);
  if (!at.inst->type->is_empty()) load_value(at.inst->type, result(frame, at), element_at(type, array_at(operand(frame, at, 0)), linear));
}

void set_index(Slot *frame, const Invocation &at) {
  const Type *type = operand_type(at, 0);
  int64_t linear = linear_index(frame, at);
  store_value(type->element(), element_at(type, array_at(operand(frame, at, 0)), linear), operand(frame, at, at.args.size() - 1));
}

void get_element(Slot *frame, const Invocation &at) {
  const Type *type = operand_type(at, 0);
  if (type->is(TypeKind::Str)) {
    result(frame, at)->u = static_cast<unsigned char>(static_cast<const char *>(operand(frame, at, 0)->p)[operand(frame, at, 1)->i]);
    return;
  }
  if (!at.inst->type->is_empty()) load_value(at.inst->type, result(frame, at), element_at(type, array_at(operand(frame, at, 0)), operand(frame, at, 1)->i));
}

void set_element(Slot *frame, const Invocation &at) {
  const Type *type = operand_type(at, 0);
  store_value(type->element(), element_at(type, array_at(operand(frame, at, 0)), operand(frame, at, 1)->i), operand(frame, at, 2));
}

void has_element(Slot *frame, const Invocation &at) {
  const Slot *base = operand(frame, at, 0);
  int64_t length = operand_type(at, 0)->is(TypeKind::Str) ? base[1].i : array_at(base)->length;
  result(frame, at)->u = operand(frame, at, 1)->i < length;
}

void append(Slot *frame, const Invocation &at) {
  const Type *type = operand_type(at, 0);
  ArrayHeader *header = array_at(operand(frame, at, 0));
  if (header->length >= header->capacity) calls::kiln_array_grow(header, type);
  store_value(type->element(), element_at(type, header, header->length), operand(frame, at, 1));
  ++header->length;
}

void pop(Slot *frame, const Invocation &at) {
  const Type *type = operand_type(at, 0);
  ArrayHeader *header = array_at(operand(frame, at, 0));
  if (header->length == 0 || header->capacity < 0) calls::kiln_fail_pop(header->capacity);
  --header->length;
  if (!at.inst->type->is_empty()) load_value(at.inst->type, result(frame, at), element_at(type, header, header->length));
}

void length(Slot *frame, const Invocation &at) {
  const Slot *base = operand(frame, at, 0);
  result(frame, at)->i = operand_type(at, 0)->is(TypeKind::Str) ? base[1].i : array_at(base)->length;
}

void dimension(Slot *frame, const Invocation &at) {
  const Type *type = operand_type(at, 0);
  const ArrayHeader *header = array_at(operand(frame, at, 0));
  int64_t d = operand(frame, at, 1)->i;
  if (static_cast<uint64_t>(d) >= type->rank) calls::kiln_fail_index(d, type->rank, -1);
  result(frame, at)->i = type->rank < 2 ? header->length : header->dims[d];
}

/// The extents among the operands, from one on.
std::vector<int64_t> extents(Slot *frame, const Invocation &at, size_t first) {
  std::vector<int64_t> result;
  for (size_t i = first; i < at.args.size(); ++i) result.push_back(operand(frame, at, i)->i);
  result.resize(std::max<size_t>({result.size(), at.inst->type->rank, 1}));
  return result;
}

int64_t product(const std::vector<int64_t> &extents, size_t count) {
  int64_t all = 1;
  for (size_t i = 0; i < count; ++i) all *= extents[i];
  return all;
}

void make_array(Slot *frame, const Invocation &at) {
  int64_t count = static_cast<int64_t>(at.args.size());
  auto *header = static_cast<ArrayHeader *>(calls::kiln_array_reserve(at.inst->type, &count));
  for (size_t i = 0; i < at.args.size(); ++i)
    store_value(at.inst->type->element(), element_at(at.inst->type, header, static_cast<int64_t>(i)), operand(frame, at, i));
  header->length = count;
  result(frame, at)->p = header;
}

void new_array(Slot *frame, const Invocation &at) {
  result(frame, at)->p = calls::kiln_array_new(at.inst->type, extents(frame, at, 0).data());
}

void raw_array(Slot *frame, const Invocation &at) {
  std::vector<int64_t> dims = extents(frame, at, 0);
  auto *header = static_cast<ArrayHeader *>(calls::kiln_array_reserve(at.inst->type, dims.data()));
  header->length = at.args.empty() ? 0 : product(dims, at.args.size());
  result(frame, at)->p = header;
}

void fill(Slot *frame, const Invocation &at) {
  const Type *type = at.inst->type;
  std::vector<int64_t> dims = extents(frame, at, 1);
  const Slot *value = operand(frame, at, 0);
  bool zero = type->element()->is_empty() || (type->element()->is_scalar() && value->u == 0);
  if (zero) {
    result(frame, at)->p = calls::kiln_array_new(type, dims.data());
    return;
  }
  auto *header = static_cast<ArrayHeader *>(calls::kiln_array_reserve(type, dims.data()));
  int64_t count = product(dims, at.args.size() - 1);
  for (int64_t i = 0; i < count; ++i) store_value(type->element(), element_at(type, header, i), value);
  header->length = count;
  result(frame, at)->p = header;
}

void allocate_comprehension(Slot *frame, const Invocation &at) {
  result(frame, at)->p = calls::kiln_array_reserve(at.inst->type, extents(frame, at, 0).data());
}

void finish_comprehension(Slot *frame, const Invocation &at) {
  if (at.inst->type->rank >= 2) calls::kiln_array_finish(operand(frame, at, 0)->p, at.inst->type, extents(frame, at, 1).data());
  *result(frame, at) = *operand(frame, at, 0);
}

void copy(Slot *frame, const Invocation &at) { result(frame, at)->p = calls::kiln_array_copy(operand(frame, at, 0)->p, operand_type(at, 0)); }

template <bool view>
void slice(Slot *frame, const Invocation &at) {
  const Slot *range = operand(frame, at, 1);
  if (operand_type(at, 0)->is(TypeKind::Str)) {
    const StrValue text = *reinterpret_cast<const StrValue *>(operand(frame, at, 0));
    StrValue made = view ? calls::kiln_str_view(text, range[0].i, range[1].i, range[2].i) : calls::kiln_str_slice(text, range[0].i, range[1].i, range[2].i);
    std::memcpy(result(frame, at), &made, sizeof made);
    return;
  }
  auto function = view ? &calls::kiln_array_view : &calls::kiln_array_slice;
  result(frame, at)->p = function(operand(frame, at, 0)->p, operand_type(at, 0), range[0].i, range[1].i, range[2].i);
}

void view_row(Slot *frame, const Invocation &at) {
  result(frame, at)->p = calls::kiln_array_view_row(operand(frame, at, 0)->p, operand_type(at, 0), operand(frame, at, 1)->i);
}

std::vector<int64_t> words(Slot *frame, const Invocation &at) {
  std::vector<int64_t> result;
  for (size_t i = 0; i < at.args.size(); ++i) result.push_back(operand(frame, at, i)->i);
  return result;
}

void common_shape(Slot *frame, const Invocation &at) {
  std::vector<int64_t> shapes = words(frame, at);
  auto rank = at.inst->type->elements.size();
  std::vector<int64_t> common(std::max<size_t>(rank, 1));
  calls::kiln_common_shape(shapes.data(), static_cast<int64_t>(shapes.size()), static_cast<int64_t>(rank), common.data());
  for (size_t i = 0; i < rank; ++i) result(frame, at)[i].i = common[i];
}

void check_shapes(Slot *frame, const Invocation &at) {
  std::vector<int64_t> shapes = words(frame, at);
  calls::kiln_check_shapes(shapes.data(), static_cast<int64_t>(shapes.size()));
}

void apart(Slot *frame, const Invocation &at) {
  result(frame, at)->p = calls::kiln_array_apart(operand(frame, at, 0)->p, operand_type(at, 0), operand(frame, at, 1)->p, operand_type(at, 1));
}

void index_text(Slot *frame, const Invocation &at) {
  const Slot *text = operand(frame, at, 0);
  int64_t index = operand(frame, at, 1)->i;
  if (static_cast<uint64_t>(index) >= text[1].u) calls::kiln_fail_index(index, text[1].i, -2);
  result(frame, at)->u = static_cast<unsigned char>(static_cast<const char *>(text[0].p)[index]);
}

} // namespace

Invocation::Handler array_handler(const Inst &inst) {
  switch (inst.op) {
  case Op::Index: return inst.args[0]->type->is(TypeKind::Str) ? &index_text : &index;
  case Op::SetIndex: return &set_index;
  case Op::LinearGet: return &get_element;
  case Op::LinearSet: return &set_element;
  case Op::ArrayHas: return &has_element;
  case Op::CompAppend: return &append;
  case Op::Array: return &make_array;
  case Op::ArrayNew: return &new_array;
  case Op::ArrayRaw: return &raw_array;
  case Op::CompAlloc: return &allocate_comprehension;
  case Op::CompFinish: return &finish_comprehension;
  case Op::Intrinsic:
    switch (inst.intrinsic) {
    case IntrinsicKind::Length: return inst.args[0]->type->is(TypeKind::Range) ? nullptr : &length;
    case IntrinsicKind::Dimension: return &dimension;
    case IntrinsicKind::Push: return &append;
    case IntrinsicKind::Pop: return &pop;
    case IntrinsicKind::Fill: return &fill;
    case IntrinsicKind::Copy: return &copy;
    case IntrinsicKind::Slice: return &slice<false>;
    case IntrinsicKind::View: return &slice<true>;
    case IntrinsicKind::ViewRow: return &view_row;
    case IntrinsicKind::CommonShape: return &common_shape;
    case IntrinsicKind::CheckShapes: return &check_shapes;
    case IntrinsicKind::Apart: return &apart;
    default: return nullptr;
    }
  default: return nullptr;
  }
}

} // namespace kiln
