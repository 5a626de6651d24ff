#include "codegen/build.h"

#include "codegen/build_body.h"
#include "codegen/scope.h"

namespace kiln {

namespace {

/// A default value: a function of the parameters before its own.
std::unique_ptr<KirFunction> build_default(BuildContext &context, const Callable &callable, size_t param) {
  const Param &of = callable.params[param];
  auto function = std::make_unique<KirFunction>();
  function->name = context.types.intern(of.name.text);
  function->span = of.default_value->span;
  function->name_span = of.name.span;
  for (size_t i = 0; i < param; ++i) {
    KirParam &before = function->params.emplace_back();
    before.name = context.types.intern(callable.params[i].name.text);
    before.span = callable.params[i].name.span;
    before.type_expr = callable.params[i].type;
  }
  BodyBuilder builder(context, *function, context.resolution.body(of.default_value));
  builder.begin(nullptr);
  builder.build_result(of.default_value, of.type, Inst::Parameter);
  builder.finish();
  return function;
}

bool has_callables(std::span<const Stmt *const> statements) { return assigned_names(statements).has_callables; }

} // namespace

namespace {

/// What is known of a function before its body.
std::unique_ptr<KirFunction> build_head(BuildContext &context, const Callable &callable) {
  auto function = std::make_unique<KirFunction>();
  function->name = callable.is_named() ? callable.name.text : "fn";
  function->span = callable.span;
  function->name_span = callable.is_named() ? callable.name.span : callable.span;
  function->result_type = callable.result;
  function->doc = context.types.intern(callable.doc);
  function->params.reserve(callable.params.size());
  for (size_t i = 0; i < callable.params.size(); ++i) {
    const Param &from = callable.params[i];
    KirParam &param = function->params.emplace_back();
    param.name = context.types.intern(from.name.text);
    param.span = from.name.span;
    param.type_expr = from.type;
    param.is_const = from.is_const;
    if (from.default_value) param.default_value = build_default(context, callable, i);
  }
  return function;
}

} // namespace

std::unique_ptr<KirFunction> build_callable(BuildContext &context, const Callable &callable) {
  std::unique_ptr<KirFunction> function = build_head(context, callable);
  const Body &body = context.resolution.body(callable.node);
  function->is_lambda = body.is_lambda;
  for (const Body::Capture &capture : body.captures)
    function->captures.push_back(context.types.intern(capture.variable->name));
  for (const Variable *local : body.locals)
    if (!local->read) function->unread.push_back({context.types.intern(local->name), local->span});

  BodyBuilder builder(context, *function, body);
  builder.begin(&callable);
  builder.build_result(callable.body, callable.result, Inst::Result);
  builder.finish();
  return function;
}

std::unique_ptr<KirFunction> build_function(const FunctionStmt &function, const Sources &, TypeTable &types,
                                            Diagnostics &diagnostics, FileNames &files) {
  Resolution resolution = Resolution::of_function(Callable(function), &diagnostics);
  BuildContext context{types, diagnostics, resolution, files};
  return build_callable(context, Callable(function));
}

std::unique_ptr<KirFunction> build_constructor(const StructStmt &structure, TypeTable &types,
                                               Diagnostics &diagnostics, FileNames &files) {
  Resolution resolution = Resolution::of_function(Callable(structure), &diagnostics);
  BuildContext context{types, diagnostics, resolution, files};
  return build_head(context, Callable(structure));
}

std::unique_ptr<KirFunction> build_unit(std::span<const Stmt *const> statements, const UnitContext &unit,
                                        const Sources &, TypeTable &types, Diagnostics &diagnostics,
                                        std::string_view value_name) {
  // What this unit's own lambdas mention is shared, whether or not the session has noted it yet.
  std::unordered_set<std::string_view> mentioned;
  if (has_callables(statements)) mentioned = Resolution::of_unit(statements, nullptr, nullptr).free_names();
  auto is_shared = [&](std::string_view name) {
    return mentioned.contains(name) || (unit.is_shared && unit.is_shared(name));
  };
  Resolution resolution = Resolution::of_unit(statements, is_shared, &diagnostics);
  BuildContext context{types, diagnostics, resolution, unit.files};

  auto function = std::make_unique<KirFunction>();
  function->name = "top level";
  function->is_unit = true;
  if (!statements.empty())
    function->span = function->name_span = join(statements.front()->span, statements.back()->span);
  BodyBuilder builder(context, *function, resolution.body(nullptr));
  builder.begin(nullptr);
  builder.build_unit(statements, value_name);
  builder.finish();
  return function;
}

} // namespace kiln
