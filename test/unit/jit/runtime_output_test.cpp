#include "jit/runtime/output.h"
#include "jit/runtime/world.h"
#include "test/unit/jit/runtime_fixture.h"

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kiln {
namespace {

using namespace calls;

class Output : public RuntimeTest {
protected:
  ~Output() override { set_output_sink(nullptr, nullptr); }
};

TEST_F(Output, CallsWriteWhatPrintShows) {
  std::string got;
  set_output_sink([](void *context, std::string_view text) { *static_cast<std::string *>(context) += text; }, &got);
  kiln_write_i64(-5);
  kiln_write_str(str(" "));
  kiln_write_f64(1e20);
  kiln_write_str({nullptr, 0});
  bool yes = true;
  kiln_write_value(types.boolean, &yes);
  StrValue bare = str("\"");
  kiln_write_value(types.str, &bare);
  EXPECT_EQ(got, "-5 1e20true\"");
}

/// Runs `body` in a child whose standard output is `fd`; its exit status. A RuntimeError's Exit is status, another's
/// message goes to stderr with status 99.
template <typename Body>
int child(int fd, Body body) {
  pid_t pid = fork();
  if (pid == 0) {
    dup2(fd, STDOUT_FILENO);
    int status = 0;
    try {
      body();
      flush_output();
    } catch (const RuntimeError &error) {
      status = error.kind == RuntimeError::Exit ? error.exit_code : 99;
      if (error.kind != RuntimeError::Exit &&
          error.message != "cannot write to standard output: No space left on device")
        status = 98;
    }
    _exit(status);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST_F(Output, BlocksAreWrittenInOrder) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::string expected;
  for (int i = 0; i < 3000; ++i) expected += std::to_string(i) + "\n";
  expected += std::string(40000, 'x'); // With what is buffered before it this passes a pipe's 64 KiB.
  ASSERT_LT(expected.size(), 65536u);
  int status = child(ends[1], [] {
    for (int i = 0; i < 3000; ++i) {
      kiln_write_i64(i);
      kiln_write_str(str("\n"));
    }
    std::string big(40000, 'x');
    kiln_write_str(str(big));
  });
  close(ends[1]);
  std::string got;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) got.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(got, expected);
}

TEST_F(Output, AClosedPipeEndsQuietly) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(child(ends[1],
                  [] {
                    std::signal(SIGPIPE, SIG_IGN);
                    kiln_write_str(str("nobody reads this"));
                  }),
            141);
  close(ends[1]);
}

TEST_F(Output, AFullDiskIsAnError) {
  int full = open("/dev/full", O_WRONLY);
  if (full < 0) GTEST_SKIP() << "no /dev/full";
  EXPECT_EQ(child(full, [] { kiln_write_str(str("no room for this")); }), 99);
  close(full);
}

TEST_F(Output, ArgumentsAndTime) {
  set_arguments({"one", "", "two words"});
  auto *array = static_cast<ArrayHeader *>(kiln_arguments());
  ASSERT_EQ(array->length, 3);
  auto *texts = static_cast<StrValue *>(array->data);
  EXPECT_EQ(text(texts[0]), "one");
  EXPECT_EQ(text(texts[1]), "");
  EXPECT_EQ(text(texts[2]), "two words");
  set_arguments({});
  EXPECT_EQ(static_cast<ArrayHeader *>(kiln_arguments())->length, 0);
  EXPECT_NEAR(kiln_time(), static_cast<double>(std::time(nullptr)), 2.0);
}

} // namespace
} // namespace kiln
