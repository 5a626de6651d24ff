#include "codegen/kir.h"
#include "codegen/specialisation.h"

#include <fmt/format.h>

#include <iterator>

namespace kiln {

namespace {

std::string_view text(Conversion conversion) {
  switch (conversion) {
  case Conversion::Exact: return "exact";
  case Conversion::Rounding: return "rounding";
  case Conversion::Checked: return "checked";
  case Conversion::CheckedExact: return "checked-exact";
  case Conversion::Truncating: return "truncating";
  case Conversion::Wrapping: return "wrapping";
  }
  return {};
}

std::string_view text(Inst::Role role) {
  switch (role) {
  case Inst::Variable: return "variable";
  case Inst::Result: return "result";
  case Inst::Parameter: return "parameter";
  }
  return {};
}

std::string_view text(NumberType type) {
  static constexpr std::string_view names[] = {"i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"};
  return names[static_cast<size_t>(type)];
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '\n')
      out += "\\n";
    else if (c == '"' || c == '\\')
      out.append({'\\', c});
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out += '"';
}

std::string float_text(double value) {
  std::string out = fmt::format("{}", value);
  return out.find_first_of(".en") == std::string::npos ? out + ".0" : out; // inf and nan have an n.
}

class Printer {
public:
  Printer(const KirFunction &function, const Sources &sources) : function_(function), sources_(sources) {}
  std::string print(std::string_view title);

private:
  template <typename... Args>
  void put(fmt::format_string<Args...> format, Args &&...args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }
  void put_signature(std::string_view title);
  void put_block(const Block &block);
  void put_inst(const Inst &inst);
  void put_constant(const Inst &inst);
  void put_before_args(const Inst &inst);
  void put_args(const Inst &inst);
  void put_after_args(const Inst &inst);
  void put_end(const Terminator &end);
  void put_edge(const Edge &edge);
  void put_comment(Span span, const Type *type);
  std::string_view source_text(const TypeExpr *type) const {
    return type && type->span.known() ? sources_.text(type->span) : std::string_view();
  }
  std::string lambda_name(const KirFunction *lambda) const;

  const KirFunction &function_;
  const Sources &sources_;
  std::string out_;
};

std::string Printer::print(std::string_view title) {
  put_signature(title);
  for (const Block *block : function_.blocks) put_block(*block);
  for (size_t i = 0; i < function_.params.size(); ++i)
    if (const KirFunction *value = function_.params[i].default_value.get())
      out_ += Printer(*value, sources_).print(fmt::format("default {}", function_.params[i].name));
  for (const auto &lambda : function_.lambdas) out_ += Printer(*lambda, sources_).print(lambda_name(lambda.get()));
  return std::move(out_);
}

void Printer::put_signature(std::string_view title) {
  put("{}", title);
  if (!function_.is_unit) {
    put("(");
    for (size_t i = 0; i < function_.params.size(); ++i) {
      const KirParam &param = function_.params[i];
      put("{}{}", i == 0 ? "" : ", ", param.name);
      if (std::string_view type = source_text(param.type_expr); !type.empty()) put(": {}", type);
      if (param.default_value) put(" = ...");
    }
    put(")");
  }
  if (std::string_view type = source_text(function_.result_type); !type.empty()) put(": {}", type);
  for (size_t i = 0; i < function_.captures.size(); ++i)
    put("{}{}", i == 0 ? " captures " : ", ", function_.captures[i]);
  put("\n");
}

void Printer::put_block(const Block &block) {
  put("b{}", block.id);
  for (size_t i = 0; i < block.params.size(); ++i) {
    const Inst &param = *block.params[i];
    put("{}%{}", i == 0 ? "(" : ", ", param.id);
    if (!param.name.empty()) put(" {}", param.name);
    if (param.type) put(": {}", to_string(param.type));
  }
  put("{}:", block.params.empty() ? "" : ")");
  if (block.region != 0) put("  ; in try {}", block.region);
  if (block.loop_depth != 0) put("  ; {} {}", block.loop_header ? "loop" : "in loop", block.loop_depth);
  put("\n");
  for (const Inst *inst : block.insts) put_inst(*inst);
  put_end(block.end);
}

void Printer::put_inst(const Inst &inst) {
  put("  %{} = {}", inst.id, to_string(inst.op));
  if (inst.op == Op::Const)
    put_constant(inst);
  else
    put_before_args(inst);
  put_args(inst);
  put_after_args(inst);
  if (inst.unchecked) put(" unchecked");
  put_comment(inst.span, inst.type);
}

void Printer::put_constant(const Inst &inst) {
  switch (inst.constant.kind()) {
  case Constant::None: return put(" none");
  case Constant::Bool: return put(" {}", inst.constant.integer() != 0);
  case Constant::Int: {
    bool is_u64 = inst.type ? inst.type->is(TypeKind::U64) : inst.number_type == NumberType::U64;
    if (is_u64)
      put(" {}", static_cast<uint64_t>(inst.constant.integer()));
    else
      put(" {}", inst.constant.integer());
    break;
  }
  case Constant::Float: put(" {}", float_text(inst.constant.floating())); break;
  case Constant::Str: return put(" {}", quoted(inst.constant.text()));
  }
  bool usual = inst.number_type == NumberType::I64 || inst.number_type == NumberType::F64;
  if (!function_.typed && !usual) put("{}", text(inst.number_type));
}

/// What a reader wants to see first: the operator, the name, the callee.
void Printer::put_before_args(const Inst &inst) {
  if (inst.op == Op::Binary)
    put(" {}", spelling(inst.binary_op));
  else if (inst.op == Op::Unary)
    put(" {}", spelling(inst.unary_op));
  else if (inst.op == Op::Convert)
    put(" {}", text(inst.conversion));
  else if (inst.op == Op::Intrinsic)
    put(" {}", to_string(inst.intrinsic));
  else if (inst.op == Op::Coerce)
    put(" {}", text(inst.role));
  else if (inst.function())
    put(" {}", lambda_name(inst.function()));
  if (inst.callee()) put(" {}", inst.callee()->display);
  if (inst.global()) put(" {}", inst.global()->name);
  if (inst.external()) put(" {}", inst.external()->name);
  if (inst.op == Op::Format)
    put(" {}", quoted(inst.name));
  else if (inst.op == Op::CallMethod || inst.op == Op::Field || inst.op == Op::SetField)
    put(" .{}", inst.name);
  else if (!inst.name.empty())
    put(" {}", inst.name);
}

void Printer::put_args(const Inst &inst) {
  // Names belong to the last arguments: a call's first is the callee or receiver.
  size_t unnamed = inst.args.size() - inst.names().size();
  for (size_t i = 0; i < inst.args.size(); ++i) {
    put("{}", i == 0 ? " " : ", ");
    if (i >= unnamed && !inst.names()[i - unnamed].text.empty()) put("{}: ", inst.names()[i - unnamed].text);
    put("%{}", inst.args[i]->id);
  }
}

void Printer::put_after_args(const Inst &inst) {
  if (std::string_view type = source_text(inst.type_expr()); !type.empty())
    put("{} {}", inst.args.empty() ? "" : ",", type);
  if ((inst.op == Op::Is || inst.op == Op::Narrow) && !inst.type_expr())
    put(", {}", inst.count == 0 ? "none" : fmt::format("tuple of {}", inst.count));
  if (inst.negated) put(" negated");
  if (inst.op == Op::UnionTest)
    put(", {:#b}", inst.index);
  else if (inst.op == Op::Destructure)
    put(", {} of {}", inst.index, inst.count);
  else if (inst.op == Op::TupleGet || inst.op == Op::TupleSet || inst.op == Op::LambdaGet || inst.op == Op::ObjectGet ||
           inst.op == Op::ObjectSet || inst.op == Op::UnionGet)
    put(", {}", inst.index);
  else if (inst.op == Op::CompNew)
    put(" rank {}", inst.index);
  if (inst.exact) put(" exact");
  if (inst.shared) put(" shared");
  if (inst.in_frame) put(" in frame");
  if (inst.inclusive) put(" inclusive");
  if (inst.fresh) put(" fresh");
  if (inst.stored) put(" stored");
  if (inst.writes_back) put(" writes-back");
}

void Printer::put_end(const Terminator &end) {
  switch (end.kind) {
  case TermKind::None: return put("  no end\n");
  case TermKind::Unreachable: return put("  unreachable\n");
  case TermKind::Jump:
    put("  jump ");
    put_edge(end.edges[0]);
    break;
  case TermKind::Branch:
    put("  branch %{}, ", end.value->id);
    put_edge(end.edges[0]);
    put(", ");
    put_edge(end.edges[1]);
    break;
  case TermKind::Try:
    put("  try ");
    put_edge(end.edges[0]);
    put(" catch ");
    put_edge(end.edges[1]);
    break;
  case TermKind::Return:
    if (end.value)
      put("  return %{}", end.value->id);
    else
      put("  return");
    break;
  }
  put_comment(end.span, nullptr);
}

void Printer::put_edge(const Edge &edge) {
  put("b{}", edge.target->id);
  for (size_t i = 0; i < edge.args.size(); ++i) put("{}%{}", i == 0 ? "(" : ", ", edge.args[i]->id);
  put("{}", edge.args.empty() ? "" : ")");
}

void Printer::put_comment(Span span, const Type *type) {
  if (type) put("  ; {}", to_string(type));
  if (span.known()) {
    Location location = sources_.location(span);
    put("  {}{}:{}", type ? "" : "; ", location.line, location.column);
  }
  put("\n");
}

/// `fn#2`: the third lambda of this body.
std::string Printer::lambda_name(const KirFunction *lambda) const {
  for (size_t i = 0; i < function_.lambdas.size(); ++i)
    if (function_.lambdas[i].get() == lambda) return fmt::format("{}#{}", lambda->name, i);
  return lambda ? lambda->name : "fn";
}

} // namespace

std::string print_kir(const KirFunction &function, const Sources &sources) {
  bool plain = function.is_unit || function.is_lambda;
  return Printer(function, sources).print(plain ? function.name : "fn " + function.name);
}

} // namespace kiln
