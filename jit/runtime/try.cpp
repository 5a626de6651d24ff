// `try`: calls of compiled code that come back when there is an error. (Built with -fnon-call-exceptions.)
#include "jit/return_trap.h"
#include "jit/runtime/array.h"
#include "jit/runtime/calls.h"
#include "jit/runtime/collector.h"
#include "jit/runtime/error.h"
#include "jit/runtime/str.h"
#include "jit/signals.h"

#include <algorithm>
#include <cxxabi.h>

namespace kiln {

TraceText (*kiln_trace_hook)(const RuntimeError &error) = nullptr;

namespace {

/// The error that kiln_try came back with, until kiln_caught takes it.
RuntimeError last_error;

/// The exits of the program and what its user breaks off are nobody's to catch.
bool is_catchable(const RuntimeError &error) {
  switch (error.kind) {
  case RuntimeError::Failure:
  case RuntimeError::StackOverflow:
  case RuntimeError::OutOfMemory: return true;
  case RuntimeError::Interrupt:
  case RuntimeError::Exit: return false;
  }
  return false;
}

int64_t come_back(RuntimeError error, void *frame) {
  keep_caught(std::move(error), frame);
  return -1;
}

RuntimeError uncaught(const CaughtError &caught) {
  RuntimeError error;
  error.kind = caught.kind;
  error.message = view(caught.message);
  error.addresses.assign(caught.addresses, caught.addresses + caught.count);
  error.omitted = static_cast<size_t>(caught.omitted);
  return error;
}

TraceText trace_of(const void *error) {
  return kiln_trace_hook ? kiln_trace_hook(uncaught(*static_cast<const CaughtError *>(error))) : TraceText{};
}

} // namespace

void keep_caught(RuntimeError error, void *frame) {
  last_error = std::move(error);
  forget_return_trap(frame);
  rearm_stack_guard();
}

CaughtError *make_caught_error(const RuntimeError &error) {
  auto *caught = static_cast<CaughtError *>(allocate(sizeof(CaughtError), true));
  caught->message = make_str(error.message);
  caught->kind = error.kind;
  size_t count = error.addresses.size();
  auto *addresses = static_cast<const void **>(allocate(count * sizeof(void *), false));
  std::copy_n(error.addresses.data(), count, addresses);
  caught->addresses = addresses;
  caught->count = static_cast<int64_t>(count);
  caught->omitted = static_cast<int64_t>(error.omitted);
  return caught;
}

namespace calls {

extern "C" I64 kiln_try(PTR function, PTR argument) {
  void *frame = __builtin_frame_address(0);
  try {
    return reinterpret_cast<uint32_t (*)(void *)>(function)(argument);
  } catch (RuntimeError &error) {
    if (!is_catchable(error)) throw;
    return come_back(std::move(error), frame);
  } catch (const abi::__forced_unwind &) { // The thread is being cancelled.
    throw;
  } catch (...) {
    return come_back(host_error(), frame);
  }
}

extern "C" PTR kiln_caught() {
  RuntimeError error = std::move(last_error);
  last_error = {};
  return make_caught_error(error);
}

extern "C" V kiln_rethrow(PTR error) { throw uncaught(*static_cast<const CaughtError *>(error)); }

extern "C" STR kiln_error_message(PTR error) { return static_cast<const CaughtError *>(error)->message; }

extern "C" I64 kiln_error_line(PTR error) { return trace_of(error).line; }

extern "C" PTR kiln_error_trace(PTR error, TYPE array) {
  TraceText trace = trace_of(error);
  auto *result = static_cast<ArrayHeader *>(allocate(header_size(1), true));
  result->data = allocate_elements(array->element(), trace.frames.size());
  result->length = result->capacity = static_cast<int64_t>(trace.frames.size());
  std::ranges::transform(trace.frames, static_cast<StrValue *>(result->data), [](const std::string &frame) { return make_str(frame); });
  return result;
}

} // namespace calls
} // namespace kiln
