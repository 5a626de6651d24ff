#include "jit/optimize.h"

#include "jit/keep_bases.h"

#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Analysis/InlineAdvisor.h>
#include <llvm/Analysis/InlineCost.h>
#include <llvm/Analysis/LoopAnalysisManager.h>
#include <llvm/Analysis/ReplayInlineAdvisor.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/ErrorHandling.h>
#include <llvm/Target/TargetMachine.h>

namespace kiln {

using namespace llvm;

struct Optimizer::Passes {
  int level;
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  ModulePassManager pipeline;
};

namespace {

// The pipelines in LLVM's notation. They are LLVM's own without what finds nothing in our modules: whole-program passes
// (a module is a few functions whose callers are unknown), C++ and coroutine passes, and most repetitions.
//
// Measured over examples/bench. Non-trivial unswitching is off: lowering makes the versions of a loop that checks need,
// and unswitching the checks of the slow version trebled the time of compiling nbody. Unrolling loops of unknown length
// is off: 14 % of the time for nothing that the vectoriser's interleaving had not brought. No SLP vectorisation: it
// slows down formulas.

constexpr const char *pipeline_0 = "always-inline";

// clang-format off
constexpr const char *pipeline_1 =
    "function(sroa<modify-cfg>,early-cse,simplifycfg),"
    "cgscc(inline,function<eager-inv>("
    "sroa<modify-cfg>,early-cse<memssa>,simplifycfg,instcombine<max-iterations=1;no-verify-fixpoint>,"
    "loop-mssa(licm<allowspeculation>,loop-rotate,licm<allowspeculation>),"
    "simplifycfg,instcombine<max-iterations=1;no-verify-fixpoint>,loop(indvars,loop-deletion),simplifycfg))";

constexpr const char *pipeline_2 =
    "function(sroa<modify-cfg>,early-cse,simplifycfg),"
    "cgscc(inline,function-attrs,function<eager-inv>("
    "sroa<modify-cfg>,early-cse<memssa>,jump-threading,correlated-propagation,simplifycfg<switch-range-to-icmp>,"
    "instcombine<max-iterations=1;no-verify-fixpoint>,tailcallelim,reassociate,"
    "loop-mssa(loop-instsimplify,loop-simplifycfg,licm<no-allowspeculation>,loop-rotate<header-duplication>,"
    "licm<allowspeculation>,simple-loop-unswitch<no-nontrivial;trivial>),"
    "simplifycfg,instcombine<max-iterations=1;no-verify-fixpoint>,"
    "loop(loop-idiom,indvars,loop-deletion,loop-unroll-full),"
    "sroa<modify-cfg>,gvn,sccp,bdce,instcombine<max-iterations=1;no-verify-fixpoint>,"
    "jump-threading,correlated-propagation,adce,dse,"
    "loop-mssa(licm<allowspeculation>),simplifycfg,instcombine<max-iterations=1;no-verify-fixpoint>)),"
    "function<eager-inv>("
    "loop(loop-rotate<header-duplication>,loop-deletion),inject-tli-mappings,"
    "loop-vectorize<no-interleave-forced-only;no-vectorize-forced-only>,loop-load-elim,"
    "instcombine<max-iterations=1;no-verify-fixpoint>,"
    "simplifycfg<forward-switch-cond;switch-range-to-icmp;switch-to-lookup;no-keep-loops;hoist-common-insts;"
    "sink-common-insts>,"
    "vector-combine,instcombine<max-iterations=1;no-verify-fixpoint>,loop-unroll<O3;no-partial;no-runtime>,"
    "sroa<preserve-cfg>,instcombine<max-iterations=1;no-verify-fixpoint>,loop-mssa(licm<allowspeculation>),"
    "instsimplify,div-rem-pairs,simplifycfg)";
// clang-format on

// A loop that adds floats up is vectorised, too: the elements are computed side by side and added one after the other, in
// the order that is written. LLVM does that by default on other targets only.
void keep_order_in_reductions() {
  auto &options = cl::getRegisteredOptions();
  if (auto found = options.find("force-ordered-reductions"); found != options.end())
    found->second->addOccurrence(0, found->first, "true");
}

const char *pipeline_of(int level) { return level <= 0 ? pipeline_0 : level == 1 ? pipeline_1 : pipeline_2; }

} // namespace

Optimizer::Optimizer(TargetMachine &machine, int level) : passes_(std::make_unique<Passes>()) {
  passes_->level = level;
  keep_order_in_reductions();
  PassBuilder builder(&machine);
  builder.registerModuleAnalyses(passes_->modules);
  builder.registerCGSCCAnalyses(passes_->components);
  builder.registerFunctionAnalyses(passes_->functions);
  builder.registerLoopAnalyses(passes_->loops);
  builder.crossRegisterProxies(passes_->loops, passes_->functions, passes_->components, passes_->modules);
  if (auto failure = builder.parsePassPipeline(passes_->pipeline, pipeline_of(level)))
    report_fatal_error(std::move(failure));
  if (level > 0) passes_->pipeline.addPass(createModuleToFunctionPassAdaptor(KeepBases()));
}

Optimizer::~Optimizer() = default;

void Optimizer::run(Module &module) {
  // Without one of the module's own, the inliner would keep an advisor for its first module.
  if (passes_->level > 0)
    passes_->modules.getResult<InlineAdvisorAnalysis>(module).tryCreate(
        getInlineParams(static_cast<unsigned>(passes_->level), 0), InliningAdvisorMode::Default, {},
        InlineContext{ThinOrFullLTOPhase::None, InlinePass::CGSCCInliner});
  passes_->pipeline.run(module, passes_->modules);
  // Analyses hang on addresses of this module, which the next one may have.
  passes_->loops.clear();
  passes_->functions.clear();
  passes_->components.clear();
  passes_->modules.clear();
}

} // namespace kiln
