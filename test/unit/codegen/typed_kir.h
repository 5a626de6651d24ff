#pragma once

#include "codegen/kir.h"
#include "codegen/lower.h"
#include "codegen/specialisation.h"

#include <memory>
#include <string>
#include <vector>

namespace kiln::test {

/// Writes typed KIR by hand: one function, block by block.
class TypedKir {
public:
  TypedKir(TypeTable &types, std::string name, std::vector<const Type *> params, const Type *result) : types(types) {
    kir = std::make_unique<KirFunction>();
    kir->name = name;
    kir->typed = true;
    kir->span = span();
    specialisation.symbol = name;
    specialisation.display = name + "(...)";
    specialisation.params = params;
    specialisation.result = result;
    at = block();
    for (const Type *type : params) this->params.push_back(param(at, type));
  }

  Block *block() {
    Block *made = kir->make_block();
    made->id = static_cast<uint32_t>(kir->blocks.size());
    made->loop_depth = depth_;
    kir->blocks.push_back(made);
    return made;
  }
  Inst *param(Block *block, const Type *type) {
    Inst *inst = kir->make(Op::Param, span());
    inst->type = type;
    inst->block = block;
    block->params.push_back(inst);
    return inst;
  }
  Inst *add(Op op, const Type *type, std::vector<Inst *> args) {
    Inst *inst = kir->make(op, span(), args);
    inst->type = type;
    inst->block = at;
    at->insts.push_back(inst);
    return inst;
  }
  Inst *integer(int64_t value, const Type *type = nullptr) {
    Inst *inst = add(Op::Const, type ? type : types.i64, {});
    inst->constant = Constant::of_int(value);
    return inst;
  }
  Inst *floating(double value, const Type *type = nullptr) {
    Inst *inst = add(Op::Const, type ? type : types.f64, {});
    inst->constant = Constant::of_float(value);
    return inst;
  }
  Inst *text(std::string_view value) {
    Inst *inst = add(Op::Const, types.str, {});
    inst->constant = Constant::of_text(value);
    return inst;
  }
  Inst *binary(BinaryOp op, Inst *left, Inst *right) {
    Inst *inst = add(Op::Binary, is_comparison(op) ? types.boolean : left->type, {left, right});
    inst->binary_op = op;
    return inst;
  }
  Inst *convert(Inst *value, const Type *type, Conversion conversion) {
    Inst *inst = add(Op::Convert, type, {value});
    inst->conversion = conversion;
    return inst;
  }
  Inst *index(Inst *array, std::vector<Inst *> indices) {
    indices.insert(indices.begin(), array);
    return add(Op::Index, array->type->is(TypeKind::Str) ? types.u8 : array->type->element(), indices);
  }
  void set_index(Inst *array, std::vector<Inst *> indices, Inst *value) {
    indices.insert(indices.begin(), array);
    indices.push_back(value);
    add(Op::SetIndex, types.none, indices);
  }
  Inst *intrinsic(IntrinsicKind kind, const Type *type, std::vector<Inst *> args) {
    Inst *inst = add(Op::Intrinsic, type, std::move(args));
    inst->intrinsic = kind;
    return inst;
  }
  Inst *call(Specialisation &callee, std::vector<Inst *> args) {
    Inst *inst = add(Op::CallDirect, callee.result, std::move(args));
    inst->refer_to(&callee);
    return inst;
  }
  void jump(Block *target, std::vector<Inst *> args = {}) {
    at->end.kind = TermKind::Jump;
    at->end.edges[0] = {target, std::move(args)};
  }
  void branch(Inst *condition, Edge yes, Edge no) {
    at->end.kind = TermKind::Branch;
    at->end.value = condition;
    at->end.edges[0] = std::move(yes);
    at->end.edges[1] = std::move(no);
  }
  void ret(Inst *value = nullptr) {
    at->end.kind = TermKind::Return;
    at->end.value = value ? value : add(Op::Const, types.none, {});
  }

  /// A counted loop over a range: header(k, carried...), body, and what follows. Between begin and end `at` is the
  /// body.
  struct Loop {
    Block *header, *body, *after;
    Inst *k, *element;
    std::vector<Inst *> carried;
  };
  Loop begin_range(Inst *range, std::vector<Inst *> initial = {}) {
    Loop loop;
    ++depth_;
    loop.header = block();
    loop.header->loop_header = true;
    kir->has_loop = true;
    loop.k = param(loop.header, types.i64);
    for (Inst *value : initial) loop.carried.push_back(param(loop.header, value->type));
    std::vector<Inst *> args{integer(0)};
    args.insert(args.end(), initial.begin(), initial.end());
    jump(loop.header, args);
    at = loop.header;
    Inst *has = add(Op::RangeHas, types.boolean, {range, loop.k});
    loop.body = block();
    loop.after = kir->make_block(); // Placed by end_loop, after the body's blocks.
    branch(has, {loop.body, {}}, {loop.after, {}});
    at = loop.body;
    loop.element = add(Op::RangeGet, types.i64, {range, loop.k});
    return loop;
  }
  void end_loop(Loop &loop, std::vector<Inst *> next = {}) {
    next.insert(next.begin(), add(Op::Increment, types.i64, {loop.k}));
    jump(loop.header, next);
    loop.after->loop_depth = --depth_;
    loop.after->id = static_cast<uint32_t>(kir->blocks.size());
    kir->blocks.push_back(loop.after);
    at = loop.after;
  }
  Inst *range(Inst *first, Inst *last) { return add(Op::Range, types.range, {first, last}); }

  static Span span() { return {1, 0, 1}; }

  TypeTable &types;
  std::unique_ptr<KirFunction> kir;
  Specialisation specialisation;
  std::vector<Inst *> params;
  Block *at = nullptr;

private:
  uint32_t depth_ = 0;
};

} // namespace kiln::test
