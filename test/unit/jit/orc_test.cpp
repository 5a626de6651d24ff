#include "orc_fixture.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace kiln::test {
namespace {

std::string twice(const std::string &name, int factor) {
  return "define i64 @" + name + "(i64 %x) uwtable { %r = mul i64 %x, " + std::to_string(factor) + " ret i64 %r }";
}

TEST_F(OrcTest, CallsRemovesAndRelinks) {
  Orc::Handle handle = 0;
  auto *f = link<int64_t(int64_t)>(twice("f", 2), "f", &handle);
  EXPECT_EQ(f(21), 42);
  EXPECT_TRUE(Orc::is_code(reinterpret_cast<void *>(f)));
  orc->remove(handle);
  EXPECT_FALSE(Orc::is_code(reinterpret_cast<void *>(f)));
  EXPECT_EQ(link<int64_t(int64_t)>(twice("f", 3), "f")(5), 15);
  EXPECT_EQ(orc->times().modules, 2u);
}

TEST_F(OrcTest, ResolvesFunctionsAndVariablesNearAndFar) {
  static int64_t cell = 5;
  auto sine = static_cast<double (*)(double)>(std::sin);
  externals = {{"cell", &cell}, {"sin", reinterpret_cast<void *>(sine)}};
  auto *f = link<double(double)>(R"ir(
    @cell = external global i64
    declare double @sin(double)
    define double @f(double %x) uwtable {
      %c = load i64, ptr @cell
      %d = sitofp i64 %c to double
      %s = call double @sin(double %x)
      %r = fadd double %d, %s
      ret double %r
    })ir",
                                 "f");
  EXPECT_DOUBLE_EQ(f(0.25), 5 + std::sin(0.25));
  cell = 7;
  EXPECT_DOUBLE_EQ(f(0.25), 7 + std::sin(0.25));
}

TEST_F(OrcTest, SaysWhatIsNotDefinedAndGoesOn) {
  std::string name = "f", error;
  void *address = nullptr;
  EXPECT_EQ(add(parse("declare void @nowhere() define void @f() { call void @nowhere() ret void }"), {&name, 1},
                     {&address, 1}, error),
            0u);
  EXPECT_EQ(error, "no definition of nowhere");
  EXPECT_EQ(link<int64_t(int64_t)>(twice("f", 3), "f")(5), 15);
}

TEST_F(OrcTest, TurnsFatalErrorsIntoText) {
  std::string name = "f", error;
  void *address = nullptr;
  auto module = parse("define void @f() { call void asm sideeffect \"bogus\", \"\"() ret void }");
  EXPECT_EQ(add(std::move(module), {&name, 1}, {&address, 1}, error), 0u);
  EXPECT_NE(error, "");
  EXPECT_EQ(link<int64_t(int64_t)>(twice("f", 3), "f")(5), 15);
}

[[noreturn]] void throw_number(int64_t number) { throw std::runtime_error(std::to_string(number)); }

const char *const thrower = R"ir(
  declare void @throw_number(i64) cold noreturn
  define i64 @f(i64 %n) uwtable noinline {
    %done = icmp eq i64 %n, 0
    br i1 %done, label %out, label %more
  out:
    call void @throw_number(i64 42)
    unreachable
  more:
    %m = sub i64 %n, 1
    %r = call i64 @f(i64 %m)
    %s = mul i64 %r, %n
    %t = add i64 %s, 7
    ret i64 %t
  })ir";

TEST_F(OrcTest, ExceptionsUnwindThroughCompiledFrames) {
  externals = {{"throw_number", reinterpret_cast<void *>(throw_number)}};
  auto *f = link<int64_t(int64_t)>(thrower, "f");
  for (int64_t depth : {0, 1, 1000}) try {
      f(depth);
      FAIL();
    } catch (const std::runtime_error &error) {
      EXPECT_STREQ(error.what(), "42");
    }
}

TEST_F(OrcTest, ManyModulesTakeFewMappings) {
  start({.opt_level = 0, .keep_line_tables = false});
  size_t before = memory_map().size();
  constexpr int count = 20'000;
  std::vector<int64_t (*)(int64_t)> functions;
  std::vector<Orc::Handle> handles(count);
  for (int i = 0; i < count; ++i) {
    std::string name = "f" + std::to_string(i);
    functions.push_back(link<int64_t(int64_t)>(twice(name, i), name, &handles[static_cast<size_t>(i)]));
    ASSERT_TRUE(functions.back());
  }
  for (int i = 0; i < count; ++i) ASSERT_EQ(functions[static_cast<size_t>(i)](3), 3 * i);
  auto map = memory_map();
  EXPECT_LT(map.size(), before + 40);
  EXPECT_EQ(std::count_if(map.begin(), map.end(), [](auto &line) { return line.find("rwx") != std::string::npos; }), 0);

  // Exceptions find their way among all of them, and freed ranges are used again.
  externals = {{"throw_number", reinterpret_cast<void *>(throw_number)}};
  auto *thrower_code = link<int64_t(int64_t)>(thrower, "f");
  EXPECT_THROW(thrower_code(100), std::runtime_error);
  auto lowest = *std::min_element(functions.begin(), functions.end());
  for (Orc::Handle handle : handles) orc->remove(handle);
  EXPECT_EQ(link<int64_t(int64_t)>(twice("again", 2), "again"), lowest);
  EXPECT_THROW(thrower_code(100), std::runtime_error);
}

TEST_F(OrcTest, PlacesTellLinesAndInlinedCalls) {
  // The address that a call in inner(), inlined into outer(), returns to.
  static const void *seen = nullptr;
  seen = nullptr;
  auto note = +[]() { seen = static_cast<const char *>(__builtin_return_address(0)) - 1; };
  externals = {{"note", reinterpret_cast<void *>(note)}};
  auto *outer = link<int64_t(int64_t)>(R"ir(
    declare void @note()
    define internal i64 @inner.copy(i64 %x) uwtable alwaysinline !dbg !5 {
      call void @note(), !dbg !8
      %r = add i64 %x, 1, !dbg !9
      ret i64 %r, !dbg !9
    }
    define i64 @outer(i64 %x) uwtable !dbg !6 {
      %a = call i64 @inner.copy(i64 %x), !dbg !10
      %b = mul i64 %a, 3, !dbg !11
      ret i64 %b, !dbg !11
    }
    !llvm.module.flags = !{!0, !1}
    !llvm.dbg.cu = !{!2}
    !0 = !{i32 2, !"Debug Info Version", i32 3}
    !1 = !{i32 7, !"Dwarf Version", i32 5}
    !2 = distinct !DICompileUnit(language: DW_LANG_C, file: !3, isOptimized: true, runtimeVersion: 0, emissionKind: LineTablesOnly)
    !3 = !DIFile(filename: "7", directory: "")
    !4 = !DISubroutineType(types: !12)
    !5 = distinct !DISubprogram(name: "inner(i64)", scope: !3, file: !3, line: 10, type: !4, scopeLine: 10, spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !2)
    !6 = distinct !DISubprogram(name: "outer(i64)", scope: !7, file: !7, line: 20, type: !4, scopeLine: 20, spFlags: DISPFlagDefinition | DISPFlagOptimized, unit: !2)
    !7 = !DIFile(filename: "9", directory: "")
    !8 = !DILocation(line: 11, column: 3, scope: !5)
    !9 = !DILocation(line: 12, column: 3, scope: !5)
    !10 = !DILocation(line: 21, column: 5, scope: !6)
    !11 = !DILocation(line: 22, column: 5, scope: !6)
    !12 = !{}
  )ir",
                                       "outer");
  EXPECT_EQ(outer(1), 6);
  ASSERT_TRUE(Orc::is_code(seen));
  auto places = orc->places(seen);
  ASSERT_EQ(places.size(), 2u);
  EXPECT_EQ(places[0].symbol, "inner.copy");
  EXPECT_EQ(places[0].source, 7u);
  EXPECT_EQ(places[0].line, 11u);
  EXPECT_EQ(places[0].column, 3u);
  EXPECT_EQ(places[1].symbol, "outer");
  EXPECT_EQ(places[1].source, 9u);
  EXPECT_EQ(places[1].line, 21u);
  EXPECT_EQ(places[1].column, 5u);
  EXPECT_TRUE(orc->places(reinterpret_cast<const void *>(&memory_map)).empty());
}

TEST_F(OrcTest, AssemblyShowsSourceLines) {
  auto module = parse(R"ir(
    define i64 @f(i64 %x) !dbg !4 {
      %r = mul i64 %x, 3, !dbg !5
      ret i64 %r, !dbg !5
    }
    !llvm.module.flags = !{!0, !1}
    !llvm.dbg.cu = !{!2}
    !0 = !{i32 2, !"Debug Info Version", i32 3}
    !1 = !{i32 7, !"Dwarf Version", i32 5}
    !2 = distinct !DICompileUnit(language: DW_LANG_C, file: !3, emissionKind: LineTablesOnly)
    !3 = !DIFile(filename: "4", directory: "")
    !4 = distinct !DISubprogram(name: "f", scope: !3, file: !3, line: 1, type: !6, spFlags: DISPFlagDefinition, unit: !2)
    !5 = !DILocation(line: 2, column: 3, scope: !4)
    !6 = !DISubroutineType(types: !7)
    !7 = !{}
  )ir");
  std::string text = orc->assembly(*module, [](uint32_t source, uint32_t line) {
    return "source " + std::to_string(source) + " line " + std::to_string(line);
  });
  EXPECT_NE(text.find("# 2: source 4 line 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("leaq"), std::string::npos) << text;
  EXPECT_EQ(text.find("cfi"), std::string::npos) << text;
  EXPECT_EQ(text.find("debug"), std::string::npos) << text;
}

TEST_F(OrcTest, ObjectsAndBitcodeHaveTheirMagic) {
  auto module = parse(twice("f", 2));
  EXPECT_EQ(Orc::print_ir(*module).find("define i64 @f"), Orc::print_ir(*module).find("define"));
  EXPECT_EQ(orc->bitcode(*module).substr(0, 2), "BC");
  EXPECT_EQ(orc->object(*module).substr(0, 4), "\177ELF");
}

} // namespace
} // namespace kiln::test
