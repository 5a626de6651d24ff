#!/usr/bin/env python3
"""The program's command line: what it runs, prints and exits with. program_test.py PATH-TO-KILN"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

KILN = os.path.abspath(sys.argv.pop(1))


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def run_kiln(self, *arguments, input="", **more):
        return subprocess.run([KILN, *arguments], input=input, capture_output=True, text=True, timeout=60,
                              cwd=self.folder.name, **more)

    def check(self, arguments, output="", status=0, errors=None, input=""):
        """Runs; compares standard output and the status. `errors`: texts that stderr must have; None: it is empty."""
        done = self.run_kiln(*arguments, input=input)
        self.assertEqual((done.stdout, done.returncode), (output, status), f"{arguments}: {done.stderr}")
        if errors is None:
            self.assertEqual(done.stderr, "")
        for text in errors or []:
            self.assertIn(text, done.stderr)

    # What it runs.

    def test_expressions(self):
        for expression, output in [
            ("1 + 1", "2\n"),
            ("print(1 + 1)", "2\n"),
            ("7 / 2", "3.5\n"),
            ('"a" + "b"', "ab\n"),
            ('["a"]', '["a"]\n'),
            ("x = 3; x * x", "9\n"),
            ("x = 3", ""),
            ("5;", ""),
            ("", ""),
            ("-2^2", "-4\n"),
            ("f(x) = x + 1; f(2)", "3\n"),
            ("write(1); 2", "12\n"),
        ]:
            self.check(["-e", expression], output)

    def test_files_and_their_arguments(self):
        path = self.file("show.kn", "#!/usr/bin/env kiln\nprint(args)\n")
        self.check([path], "[]\n")
        self.check([path, "one", "-O0", "--time", "-e", "", "--", "x y"],
                   '["one", "-O0", "--time", "-e", "", "--", "x y"]\n')
        self.check(["-O1", path, "-O9"], '["-O9"]\n')
        self.check(["-e", "args", "--", "-x"], '["-x"]\n')
        self.check(["-e", "args", "x", "-O0"], '["x", "-O0"]\n')

    def test_value_of_a_script_is_not_printed(self):
        self.check([self.file("value.kn", "1 + 1\n")], "")

    def test_script_by_its_first_line(self):
        path = self.file("direct", f"#!{KILN}\nprint(len(args), args[0])\n")
        os.chmod(path, 0o755)
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stdout, "1 --version\n")

    def test_file_named_as_a_command(self):
        self.file("check", "print(len(args))\n")
        self.check(["./check", "emit"], "1\n")

    def test_standard_input(self):
        self.check(["-"], "3\n", input="print(1 + 2)\n")
        self.check(["-", "a", "-b"], '["a", "-b"]\n', input="print(args)\n")
        self.check([], "3\n", input="x = 3\nfn f() = x\n1 + 1\nprint(f())\n")
        self.check([], "", input="")
        self.check([], "", 1, ["a command such as ':type' is for the interactive loop"], input=":type 1 + 1\n")

    def test_empty_file(self):
        self.check([self.file("empty.kn", "")])
        self.check([self.file("blank.kn", "\n  \n# nothing")])

    def test_levels_and_checks(self):
        for level in ["-O0", "-O1", "-O2", "-O3"]:
            self.check([level, "-e", "sum(1..=10)"], "55\n")
        self.check(["-e", "x = 9223372036854775807; x + 1"], "", 1, ["overflow"])
        self.check(["--unchecked", "-e", "x = 9223372036854775807; x + 1"], "-9223372036854775808\n")

    # How it ends.

    def test_exit_codes(self):
        self.check(["-e", "exit(7)"], "", 7)
        self.check(["-e", "print(1); exit(0); print(2)"], "1\n", 0)
        self.check(["-e", "try { print(1); exit(7) } catch { print(2) }; print(3)"], "1\n", 7)
        self.check(["-e", "1 +"], "", 1, ["error", "<expression>:1:"])
        self.check(["-e", "undefined_name"], "", 1, ["undefined_name"])
        self.check(["-e", "print(1); error(\"trouble\")"], "1\n", 1, ["trouble"])
        path = self.file("fails.kn", "fn f(xs, i) = xs[i]\n\nprint(f([1, 2], 10))\n")
        self.check([path], "", 1, ["index 10 is out of range", "xs[i]", "fails.kn:1", "fails.kn:3", "f([i64], i64)"])

    def test_functions_that_call_each_other_in_a_long_row(self):
        def row(length):
            lines = ["f0(x) = x + 1"] + [f"f{i}(x) = f{i - 1}(x) + 1" for i in range(1, length)]
            return self.file("row.kn", "\n".join(lines) + f"\nprint(f{length - 1}(1))\n")
        self.check([row(1500)], "1501\n", 0, [])
        self.check([row(3500)], "", 1, ["'f500' is called by more than 3000 functions"])

    def test_usage_errors(self):
        there = self.file("there.kn", "f(x) = x\n")
        for arguments, texts in [
            (["nowhere.kn"], ["no file 'nowhere.kn'"]),
            (["chekc", "x.kn"], ["did you mean 'kiln check'"]),
            (["."], ["is a folder"]),
            (["--tiem"], ["did you mean '--time'"]),
            (["--unchekced", "x.kn"], ["did you mean '--unchecked'"]),
            (["check", "x.kn", "--tiem"], ["did you mean '--time'"]),
            (["-O7", "x.kn"], ["0 to 3"]),
            (["--promote-after=soon", "x.kn"], ["--promote-after takes seconds"]),
            (["--promote-after=-1", "x.kn"], ["--promote-after takes seconds"]),
            (["--promote-after=nan", "x.kn"], ["--promote-after takes seconds"]),
            (["--baseline=some", "x.kn"], ["--baseline takes hot, all or none"]),
            (["--cache-limit=-1", "x.kn"], ["--cache-limit takes megabytes"]),
            (["--cache-limit=much", "x.kn"], ["--cache-limit takes megabytes"]),
            (["--cache=/dev/null", "x.kn"], ["--cache: /dev/null: not a folder"]),
            (["cache", "--clea"], ["did you mean '--clear'"]),
            (["--tier=2", "x.kn"], ["--tier takes mixed, 0 or 1"]),
            (["-Ofast", "x.kn"], ["0 to 3"]),
            (["-O"], ["-O takes a level", "-O2"]),
            (["--color"], ["--color takes auto, always or never"]),
            (["-V"], ["did you mean '--version'"]),
            (["check", "x.kn", "--run"], ["'--run' is an option of 'kiln emit'"]),
            (["check", "x.kn", "--tiem"], ["Try 'kiln check --help'"]),
            (["emit", "llvm", "x.kn", "-o"], ["-o takes the name of a file"]),
            (["-e"], ["-e"]),
            (["-e", "1", "-x"], ["-x", "'--'"]),
            (["check"], ["FILE"]),
            (["check", "nowhere.kn"], ["no file"]),
            (["check", "a.kn", "b.kn"], ["b.kn"]),
            (["emit"], ["KIND"]),
            (["emit", "lvm", "x.kn"], ["llvm-raw"]),
            (["emit", "llvm", "nowhere.kn"], ["no file 'nowhere.kn'"]),
            (["emit", "llvm", there], ["--run"]),
            (["emit", "tokens", there, "f(i64)"], ["takes no signature"]),
            (["emit", "ast", there, "--run"], ["takes no --run"]),
            (["emit", "llvm", there, "f(i64)", "--run"], ["do not go together"]),
            (["test"], ["FILE"]),
            (["test", "nowhere.kn"], ["no file"]),
            (["--color=blue", "x.kn"], ["always"]),
        ]:
            self.check(arguments, "", 2, ["kiln: ", *texts])

    def test_what_is_no_text(self):
        self.check([self.file("binary.kn", b"\x7fELF\0\0")], "", 2, ["not a text"])
        self.check([self.file("other.kn", b"x = 1\n\xff\xfe = 2\n")], "", 1, ["error"])
        with open(os.path.join(self.folder.name, "huge.kn"), "wb") as file:
            file.truncate(1 << 30)
        self.check(["huge.kn"], "", 2, ["too big"])
        self.check(["/dev/zero"], "", 2, ["too big"])
        if os.getuid() != 0:
            path = self.file("secret.kn", "")
            os.chmod(path, 0)
            self.check([path], "", 2, ["cannot read"])

    def test_errors_in_huge_lines_are_short(self):
        many = "1" * 100000
        for name, text in [("digits", f"x = {many}"), ("name", f"x = 1 + {'a' * 100000}"), ("sum", f"print({'1 + ' * 250000}x)"),
                           ("field", f"x = 1\nx.{'b' * 100000}"), ("tuple", f"t = ({'1, ' * 20000})\nt + 1"),
                           ("hex", f"x = 0x{'q' * 100000}"), ("umlauts", f"x = {'ä' * 100000}()"),
                           ("methods", "".join(f"f({', '.join(f'a{j}: i64' for j in range(i))}) = {i}\n" for i in range(300)) + 'f("a")')]:
            done = self.run_kiln(self.file(name + ".kn", text))
            self.assertEqual(done.returncode, 1, name)
            self.assertLess(len(done.stderr), 1500, name)
            self.assertLess(max(len(line) for line in done.stderr.splitlines()), 260, name)
            self.assertIn("error: ", done.stderr)
        # What the program itself says is not cut.
        self.check([self.file("own.kn", f'error("{many}")')], "", 1, [many])

    def test_byte_order_mark(self):
        self.check([self.file("mark.kn", b"\xef\xbb\xbfprint(1)\n")], "1\n")

    def test_closed_pipe_is_quiet(self):
        command = f"{KILN} -e 'i = 0; while true {{ print(i); i += 1 }}' | head -n 2"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
        self.assertEqual((done.stdout, done.stderr), ("0\n1\n", ""))

    def test_full_disk_is_told(self):
        path = self.file("one.kn", "f(x) = x + 1\nprint(f(1))\n")
        for command in [["-e", "print(1)"], ["-e", "1 + 1"], ["emit", "tokens", path], ["emit", "llvm", path, "--run"],
                        ["--version"], ["--help"], ["test", path]]:
            with open("/dev/full", "w") as full:
                done = subprocess.run([KILN, *command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual(done.returncode, 1, command)
            self.assertIn("No space left", done.stderr, command)

    def test_ctrl_c(self):
        for program in ["print(1); while true { }", "fn f(n) { while n > 0 { n = n * 3 // 3 }; n }; print(f(1))",
                        "while true { try { error(1 > 0 ? \"x\" : \"y\") } catch { } }",
                        "fn f(n) { try { while n > 0 { n = n * 3 // 3 } } catch { n = -1 }; n }; print(f(1))"]:
            running = subprocess.Popen([KILN, "-e", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(0.6)
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=20)
            self.assertEqual(running.returncode, 130)
            self.assertIn("interrupted", errors.lower())

    # The commands.

    def test_check(self):
        self.check(["check", self.file("good.kn", 'print("not run")\n')])
        path = self.file("bad.kn", "x = 1\nprint(x + )\ny = = 2\n")
        self.check(["check", path], "", 1, ["bad.kn:2:", "bad.kn:3:"])
        self.check(["check", "-"], "", 1, ["<stdin>:1:"], input="print(undefined_name)\n")

    def test_emit(self):
        path = self.file("hyp.kn", "fn hyp(x, y) = sqrt(x^2 + y^2)\nprint(hyp(3, 4))\n")
        def emitted(*arguments):
            done = self.run_kiln("emit", *arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stdout
        self.assertIn("hyp", emitted("tokens", path))
        self.assertIn("Function", emitted("ast", path))
        self.assertIn("hyp", emitted("kir", path))
        self.assertIn("f64", emitted("typed-kir", path, "hyp(i64, f64)"))
        self.assertIn("define", emitted("llvm", path, "hyp(i64, f64)"))
        self.assertIn("define", emitted("llvm-raw", path, "hyp(f64, f64)"))
        assembly = emitted("asm", path, "hyp(f64, f64)")
        self.assertIn("sqrtsd", assembly)
        self.assertIn("sqrt(x^2 + y^2)", assembly)  # The source lines are in it as comments.
        done = self.run_kiln("emit", "llvm", path, "--run")
        self.assertIn("define", done.stdout)
        self.assertNotIn("\n5.0\n", done.stdout)
        self.assertIn("5.0\n", done.stderr)
        self.check(["emit", "obj", path, "hyp(f64, f64)", "-o", "hyp.o"])
        with open(os.path.join(self.folder.name, "hyp.o"), "rb") as file:
            self.assertEqual(file.read(4), b"\x7fELF")
        self.check(["emit", "bitcode", path, "hyp(f64, f64)", "-o", "hyp.bc"])
        with open(os.path.join(self.folder.name, "hyp.bc"), "rb") as file:
            self.assertEqual(file.read(2), b"BC")
        self.check(["emit", "llvm", path, "nothing(i64)"], "", 1, ["nothing"])
        self.check(["emit", "llvm", path, "hyp(i64"], "", 1, ["this '(' is never closed", "help: a signature is"])

    def test_emit_trace(self):
        path = self.file("quarter.kn", "fn count(n) {\n  a = 0\n  b = 0\n  for i in 0..n {\n    if i % 4 == 0 {\n      a += i\n    } else {\n"
                         "      b += 1\n    }\n  }\n  a - b\n}\nprint(count(parse_int(args[0])))\n")
        # Every fourth of 1000 rounds: 0 + 4 + ... + 996 = 4 * (249 * 250 / 2) = 124500, less the other 750.
        for options in [["--tier=0"], []]:
            done = self.run_kiln("emit", "trace", *options, path, "1000")
            self.assertEqual((done.returncode, done.stderr), (0, "123750\n"), options)
            self.assertIn("loop of count(i64), lines 4 to 8 of", done.stdout)
            self.assertIn(": 1000 rounds, entered 1 time\n", done.stdout)
            self.assertRegex(done.stdout, r"\n +1001  block \d+, line 4: .*\n +branch  another element: yes 1000 \(99\.9 %\), no 1 \(0\.1 %\), which leaves the loop\n")
            self.assertRegex(done.stdout, r"\n +1000  block \d+, line 5: .*\n +branch  i % 4 == 0: yes 250 \(25\.0 %\), no 750 \(75\.0 %\)\n")
            self.assertRegex(done.stdout, r"\n +250  block \d+, line 6: +a \+= i\n +guards  overflow\n")
            self.assertRegex(done.stdout, r"\n +750  block \d+, line 8: ")
            self.assertIn("LLVM: nothing", done.stdout)
        self.assertIn("no loop", self.run_kiln("emit", "trace", path, "10").stdout)
        # Compiled code takes over: the counts are those until then, and LLVM has its say.
        path = self.file("sum.kn", "fn twice(x) = x * 2.0\nxs = fill(1.5, 4096)\ns = 0.0\nfor k in 0..20000 {\n  for i in 0..4096 {\n    xs[i] = twice(xs[i]) * 0.5\n"
                         "  }\n  s += xs[k % 4096]\n}\nprint(s)\n")
        done = self.run_kiln("emit", "trace", path)
        self.assertEqual((done.returncode, done.stderr), (0, "30000.0\n"))
        self.assertRegex(done.stdout, r"LLVM: the running function from line \d on: asked for at \d+\.\d ms \(.*\), in use at \d+\.\d ms; .*; \d+ bytes of code\n")
        self.assertIn("    inlined twice(f64)\n", done.stdout)
        self.assertRegex(done.stdout, r"    vectorized loop \(vectorization width: \d+, interleaved count: \d+\)\n")

    def test_signatures_of_structs_and_operators(self):
        path = self.file("points.kn", "struct P { x, y }\nclass N { k: i64, next: [N] }\n"
                         "fn +(a: P, b: P) = P(a.x + b.x, a.y + b.y)\nfn key(n: N) = n.k\nfn first(xs) = xs[0].x\n")
        for signature in ["+(P(i64, f64), P(f64, f64))", "key(N)", "first([P(i64, i64)])"]:
            done = self.run_kiln("emit", "typed-kir", path, signature)
            self.assertEqual((done.returncode, done.stderr), (0, ""), signature)
            self.assertIn("# " + signature, done.stdout)
        self.check(["emit", "kir", path, "key(P)"], "", 1, ["the field types of 'P' are not known", "`P(f64)`"])
        self.check(["emit", "kir", path, "key(Q)"], "", 1, ["'Q' is not a type"])

    def test_emitted_files_are_whole(self):
        path = self.file("whole.kn", "fn f(n) { s = 0; for i in 0..n { s += i * i }; s }\n"
                         "fn g(xs, i) { try { xs[i] } catch e { print(e.message, \"a\\\"b\"); 0 } }\n"
                         "print(map([1, 2], x -> x * 2.5), f(10))\nprint(g([1, 2], 3))\n")
        for arguments in [["f(i64)"], ["g([i64], i64)"], ["--run"], ["--run", "-O0"]]:
            assembly = self.run_kiln("emit", "asm", path, *arguments).stdout
            done = subprocess.run(["as", "-o", "/dev/null", "-"], input=assembly, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        def written(kind):
            self.assertEqual(self.run_kiln("emit", kind, path, "--run", "-o", "out").returncode, 0)
            with open(os.path.join(self.folder.name, "out"), "rb") as file:
                return file.read()
        self.assertEqual(written("obj").count(b"\x7fELF"), 1)
        self.assertEqual(written("bitcode").count(b"BC\xc0\xde"), 1)
        self.assertEqual(written("llvm").count(b"target datalayout"), 1)
        self.assertEqual(written("llvm-raw").count(b"target datalayout"), 1)

    def test_time(self):
        done = self.run_kiln("--time", "-e", "sum(1..=10)")
        self.assertEqual(done.stdout, "55\n")
        for phase in "lex parse build infer lower optimise codegen link run total".split():
            self.assertIn(f"\n{phase} ", "\n" + done.stderr)
        self.assertIn("LLVM compiles after 12 ms of work", done.stderr)
        path = self.file("f.kn", "f(x) = x + 1\n")
        done = self.run_kiln("--time", "emit", "obj", path, "f(i64)", "-o", "f.o")
        self.assertRegex(done.stderr, r"\nlower .* 1 specialisations\noptimise .* 1 modules\n")

    def test_trace_jit(self):
        path = self.file("f.kn", "fn f(n) {\n  s = 0\n  for i in 0..n { s += i }\n  s\n}\nt = 0\n"
                                 "for k in 0..parse_int(args[0]) { t += f(k % 7) }\nprint(t)\n")
        spent = r"\d+\.\d\d ms"
        made = rf": compiled: optimise \d+\.\d\d, codegen \d+\.\d\d, link {spent}; \d+ bytes of code\n"
        done = self.run_kiln("--trace-jit", "--promote-after=0", path, "10")
        self.assertEqual(done.stdout, "36\n")  # 0 + 0 + 1 + 3 + 6 + 10 + 15, and 0 + 0 + 1.
        for line in done.stderr.splitlines():
            self.assertRegex(line, r"^jit +\d+\.\d\d ms  ")
        self.assertRegex(done.stderr, rf" from line \d on: loop of {spent}; {spent} in all; lowered in {spent}\n")
        self.assertRegex(done.stderr, rf" from line \d on{made}")
        self.assertEqual(self.run_kiln("--trace-jit", "--tier=0", path, "10").stderr, "")
        done = self.run_kiln("--trace-jit", "--tier=1", path, "10")
        self.assertRegex(done.stderr, rf"top level.*: before it runs; lowered in {spent}\n")
        # In the background: it runs until LLVM has been started and has compiled something.
        done = self.run_kiln("--trace-jit", "--time", "--promote-after=0.001", path, "30000000")
        self.assertRegex(done.stderr, rf"LLVM has started: {spent}\n")
        self.assertRegex(done.stderr, made)
        self.assertRegex(done.stderr, r"\nbackground +\d+\.\d+ ")

    def test_llvm_starts_when_it_is_needed(self):
        def starts(*arguments):
            return "\nstart LLVM " in self.run_kiln("--time", *arguments).stderr
        good = self.file("good.kn", "f(x) = x + 1\nprint(f(1))\n")
        self.assertFalse(starts("check", good))
        self.assertFalse(starts("emit", "typed-kir", good, "f(i64)"))
        self.assertFalse(starts("check", self.file("bad.kn", "print(1 +\n")))
        self.assertFalse(starts(self.file("unknown.kn", "print(nobody)\n")))
        self.assertTrue(starts("emit", "llvm", good, "f(i64)"))
        body = "llvm two(): i64 = \"\"\"\nret i64 2\n\"\"\"\n"
        self.assertTrue(starts("check", self.file("body.kn", body)))

    def test_llvms_constructors_are_set_apart(self):
        listed = subprocess.run(["readelf", "-SW", KILN], capture_output=True, text=True, check=True).stdout
        sizes = dict(re.findall(r"\] (\S*init_array)\s+INIT_ARRAY\s+\S+ \S+ (\S+)", listed))
        if ".llvm_init_array" not in sizes:
            self.skipTest("LLVM is shared, or the linker cannot set its constructors apart")
        apart = int(sizes[".llvm_init_array"], 16) // 8
        self.assertGreater(apart, 200)
        self.assertLess(int(sizes[".init_array"], 16) // 8, 30)  # Kiln's own and the C++ library's.
        self.assertRegex(self.run_kiln("--time", "emit", "llvm", "-", "f()", input="f() = 1\n").stderr,
                         rf"\nstart LLVM .* {apart} constructors\n")

    def test_libm_is_loaded_when_it_is_called(self):
        described = subprocess.run(["readelf", "-SWd", KILN], capture_output=True, text=True, check=True).stdout
        if ".llvm_init_array" not in described or os.uname().machine != "x86_64":
            self.skipTest("LLVM is shared, and needs libm")
        self.assertIn("(NEEDED)", described)
        self.assertNotIn("libm.so", described, "a function of libm is not in repl/delay_libm.S")

    def test_a_library_that_is_not_linked_with_libm_finds_it(self):
        source = self.file("wave.c", "double sin(double);\ndouble wave(double x) { return 2 * sin(x); }\n")
        library = self.file("libwave.so", "")
        subprocess.run(["g++", "-x", "c", "-O0", "-fno-builtin", "-shared", "-fPIC", "-nodefaultlibs", source, "-o", library], check=True)
        program = f"extern \"{library}\" wave(x: f64): f64\nextern cosh(x: f64): f64\nprint(wave(0.5), cosh(0.0))\n"
        self.check(["-"], output="0.958851077208406 1.0\n", input=program)  # As Python has it.

    def test_what_every_start_executes_lies_together(self):
        described = subprocess.run(["readelf", "-SW", "-p", ".comment", KILN], capture_output=True, text=True, check=True).stdout
        if "LLD" not in described or ".llvm_init_array" not in described:
            self.skipTest("LLVM is shared, or the linker puts functions into no order")
        listed = subprocess.run(["nm", KILN], capture_output=True, text=True, check=True).stdout
        addresses = {f[2]: int(f[0], 16) for f in map(str.split, listed.splitlines()) if len(f) == 3 and f[1] in "tTwW"}
        names = (Path(__file__).resolve().parents[2] / "cmake" / "start_order.txt").read_text().split()
        placed = sorted(addresses[name] for name in names if name in addresses)
        self.assertGreater(len(placed), 0.8 * len(names), "many of these functions are no more: run cmake/start_order")
        self.assertLess(placed[-1] - placed[0], 4 << 20)  # Of 37 MB.

    def test_plain_command_lines_are_read_as_others_are(self):
        show = self.file("show.kn", "print(args)\n")
        for words in [[show], [show, "a", "b c"], [show, ""], [show, "-x"], [show, "--", "a"], [show, "check"], ["-e", "1 + 1"],
                      ["-e", ""], ["-e", "-2^2"], ["-e", "args", "a"], ["-e"], ["nosuch.kn"], [""], ["chekc", show]]:
            plain, parsed = self.run_kiln(*words), self.run_kiln("--color=auto", *words)
            self.assertEqual((plain.returncode, plain.stdout, plain.stderr), (parsed.returncode, parsed.stdout, parsed.stderr), words)
        self.assertEqual(self.run_kiln(show, "a", "b c").stdout, '["a", "b c"]\n')

    def test_help_and_version(self):
        done = self.run_kiln("--help")
        self.assertEqual(done.returncode, 0)
        for text in ["Usage: kiln", "--unchecked", "Examples:", "kiln -e", "emit asm", "kiln --unchecked ",
                     "kiln --color=", "kiln --version"]:
            self.assertIn(text, done.stdout)
        for command in ["check", "emit", "test"]:
            self.assertIn(f"Examples:\n  kiln {command}", self.run_kiln(command, "--help").stdout)
        done = self.run_kiln("--version")
        self.assertRegex(done.stdout, r"^kiln \d+\.\d+\.\d+\nLLVM 22\.")

    def test_colour_of_errors(self):
        self.assertNotIn("\033", self.run_kiln("-e", "undefined_name").stderr)
        self.assertIn("\033[", self.run_kiln("--color=always", "-e", "undefined_name").stderr)


if __name__ == "__main__":
    unittest.main()
