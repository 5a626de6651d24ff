#include "jit/orc_remarks.h"

#include <llvm/IR/DiagnosticHandler.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/Support/raw_ostream.h>

namespace kiln {

using namespace llvm;

namespace {

class Handler : public DiagnosticHandler {
public:
  Handler(std::function<void(const std::string &)> on_error, RemarkLog &log) : on_error_(std::move(on_error)), log_(log) {}

  bool handleDiagnostics(const DiagnosticInfo &info) override {
    if (const auto *remark = dyn_cast<DiagnosticInfoIROptimization>(&info)) {
      add(*remark);
    } else if (info.getSeverity() == DS_Error) {
      std::string text;
      raw_string_ostream stream(text);
      DiagnosticPrinterRawOStream printer(stream);
      info.print(printer);
      on_error_(text);
    }
    return true;
  }

  bool isAnalysisRemarkEnabled(StringRef pass) const override { return log_.is_on && pass == "loop-vectorize"; }
  bool isMissedOptRemarkEnabled(StringRef pass) const override { return log_.is_on && pass == "loop-vectorize"; }
  bool isPassedOptRemarkEnabled(StringRef pass) const override {
    return log_.is_on && (pass == "loop-vectorize" || pass == "loop-unroll" || pass == "loop-delete" || pass == "loop-idiom" || pass == "inline");
  }
  bool isAnyRemarkEnabled() const override { return log_.is_on; }

private:
  // A pass may say more than it was asked for.
  void add(const DiagnosticInfoIROptimization &remark) {
    auto kind = isa<OptimizationRemark>(remark) ? OptimisationRemark::Done : isa<OptimizationRemarkMissed>(remark) ? OptimisationRemark::Missed : OptimisationRemark::Reason;
    bool wanted = kind == OptimisationRemark::Done ? isPassedOptRemarkEnabled(remark.getPassName()) : isMissedOptRemarkEnabled(remark.getPassName());
    if (!wanted || !remark.isLocationAvailable()) return;
    OptimisationRemark &made = log_.remarks.emplace_back(OptimisationRemark{kind, remark.getPassName().str(), remark.getMsg(), {}, 0, 0});
    for (const auto &argument : remark.getArgs())
      if (argument.Key == "Callee") made.callee = argument.Val;
    StringRef file;
    unsigned line = 0, column = 0;
    remark.getLocation(file, line, column);
    file.getAsInteger(10, made.source); // A file's name is its source's number.
    made.line = line;
  }

  std::function<void(const std::string &)> on_error_;
  RemarkLog &log_;
};

} // namespace

std::unique_ptr<DiagnosticHandler> diagnostic_handler(std::function<void(const std::string &)> on_error, RemarkLog &log) {
  return std::make_unique<Handler>(std::move(on_error), log);
}

} // namespace kiln
