#!/usr/bin/env python3
"""The REPL as people use it, in a pseudo-terminal: repl_test.py PATH-TO-KILN"""

import os
import sys
import tempfile
import time
import unittest

from terminal import *

KILN = os.path.abspath(sys.argv.pop(1))


class ReplTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.environment = {
            "HOME": self.folder.name,
            "PATH": os.environ["PATH"],
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
        }
        self.terminals = []
        self.repl = self.start()

    def tearDown(self):
        for terminal in self.terminals:
            terminal.close()
        self.folder.cleanup()

    def start(self, *arguments, **changes):
        terminal = Terminal([KILN, *arguments], {**self.environment, **changes})
        self.terminals.append(terminal)
        terminal.banner = terminal.expect(PROMPT)
        return terminal

    def test_banner_is_one_line(self):
        lines = [line for line in self.repl.banner.replace("\r", "").split("\n") if line]
        self.assertEqual(len(lines), 1)
        self.assertTrue(lines[0].startswith("Kiln "))
        self.assertIn(":help", lines[0])

    def test_values_with_their_types(self):
        for line, shown in [
            ("1 + 1", "2 : i64\n"),
            ("7 / 2", "3.5 : f64\n"),
            ('"a" + "b"', '"ab" : str\n'),
            ("[1, 2, 3]", "[1, 2, 3] : [i64]\n"),
            ("(1, true)", "(1, true) : (i64, bool)\n"),
            ("x = 4", "4 : i64\n"),
            ("x = 5;", ""),
            ("let y = 1", ""),
            ("x", "5 : i64\n"),
            ("x;", ""),
            ('print("hello")', "hello\n"),
            ('write("no newline")', "no newline\n"),
            ('write("1", 2); 3', "12\n3 : i64\n"),
            ("", ""),
        ]:
            self.assertEqual(self.repl.answer(line), shown, line)

    def test_ans_is_the_last_value(self):
        self.repl.answer("6 * 7")
        self.assertEqual(self.repl.answer("ans + 0.5"), "42.5 : f64\n")

    def test_big_arrays_are_cut(self):
        shown = self.repl.answer("[i for i in 0..100000]")
        self.assertLess(len(shown), 2000)
        self.assertTrue(shown.startswith("[0, 1, 2"))
        self.assertIn("99999]", shown)
        self.assertTrue(shown.endswith(" : [i64], 100000 elements\n"), shown[-60:])
        shown = self.repl.answer("zeros(100, 100)")
        self.assertLess(len(shown), 2000)
        self.assertTrue(shown.endswith(" : [f64, 2], 100 x 100 elements\n"), shown[-60:])

    def test_editing(self):
        self.assertEqual(self.repl.answer("12 + 3" + CTRL_A + RIGHT + "0" + CTRL_E + "4"), "136 : i64\n")  # 102 + 34
        self.assertEqual(self.repl.answer("1+2" + LEFT * 2 + "0"), "12 : i64\n")  # 10+2
        self.assertEqual(self.repl.answer("123" + BACKSPACE + "9"), "129 : i64\n")
        self.assertEqual(self.repl.answer("34" + HOME + "12"), "1234 : i64\n")
        self.assertEqual(self.repl.answer("1234" + CTRL_A + DELETE), "234 : i64\n")

    def test_names_in_any_script(self):
        self.repl.answer("σ = 3")
        self.assertEqual(self.repl.answer("σx" + BACKSPACE + " + 1"), "4 : i64\n")
        self.assertEqual(self.repl.answer('"größe"'), '"größe" : str\n')

    def test_history(self):
        self.repl.answer("10 + 1")
        self.repl.answer("20 + 2")
        self.assertEqual(self.repl.answer(UP), "22 : i64\n")
        self.assertEqual(self.repl.answer(UP + UP), "11 : i64\n")
        self.assertEqual(self.repl.answer(UP + UP + UP + DOWN + BACKSPACE + "5"), "25 : i64\n")

    def test_history_outlives_the_process(self):
        self.repl.answer("fn twice(x) {", CONTINUATION)
        self.repl.answer("  2 * x", CONTINUATION)
        self.repl.answer("}")
        self.repl.answer(r'"back\\slash"')
        self.repl.type(CTRL_D)
        self.assertEqual(self.repl.finish(), 0)
        again = self.start()
        self.assertEqual(again.answer(UP), '"back\\\\slash" : str\n')
        again.enter(UP + UP)  # The definition, as one entry of three lines.
        again.expect(PROMPT)
        self.assertEqual(again.answer("twice(21)"), "42 : i64\n")
        state = os.path.join(self.folder.name, ".local/state/kiln/history")
        self.assertTrue(os.path.exists(state))

    def test_history_search(self):
        self.repl.answer("1000 + 1")
        self.repl.answer("2 + 2")
        self.repl.type(CTRL_R + "1000")
        self.repl.expect("1000 + 1")
        self.repl.type("\r")
        self.repl.expect("1001 : i64")

    def test_multi_line_input(self):
        self.repl.answer("fn fib(n) {", CONTINUATION)
        self.repl.answer("  if n < 2 { return n }", CONTINUATION)
        self.repl.answer("  fib(n - 1) + fib(n - 2)", CONTINUATION)
        self.assertEqual(self.repl.answer("}"), "")
        self.assertEqual(self.repl.answer("fib(20)"), "6765 : i64\n")
        self.repl.answer("[1,", CONTINUATION)
        self.assertEqual(self.repl.answer("2]"), "[1, 2] : [i64]\n")
        self.repl.answer("1 +", CONTINUATION)
        self.assertEqual(self.repl.answer("2"), "3 : i64\n")

    def test_paste_of_a_file(self):
        program = "# squares\nfn square(x) {\n\tx * x\n}\n\ntotal = 0\nfor i in 0..4 {\n\ttotal += square(i)\n}\ntotal\n"
        self.repl.type(program.replace("\n", "\r"))
        self.assertIn("square", self.repl.expect("14 : i64"))
        self.repl.expect(PROMPT)
        self.assertEqual(self.repl.answer("square(1.5)"), "2.25 : f64\n")

    def test_paste_of_an_example(self):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/functions.kn")
        with open(path) as file:
            self.repl.type(file.read().replace("\n", "\r") + '\r"the" + "end"\r')
        self.assertNotIn("error", self.repl.expect('"theend" : str', timeout=30))

    def test_marked_paste(self):
        self.repl.type("\033[200~x = 1 +\t2\ry =\tx\r\033[201~")
        self.repl.expect("3 : i64")
        self.repl.expect("3 : i64")
        self.repl.expect(PROMPT)

    def test_paste_of_lines_that_go_on(self):
        lines = ["n = 3", "if n > 5 {", "  print(1)", "}", "# or", "else {", "  print(22 * n)", "}", "xs = [n, 2]", "  .map(x -> x * 10)",
                 "try { error(\"a\") }", "catch e { print(e.message + \"!\") }"]
        for begin, end in [("\033[200~", "\033[201~\r"), ("", "")]:
            self.repl.type(begin + "\r".join(lines) + "\r" + end)
            shown = self.repl.expect("\na!") + self.repl.expect(PROMPT)
            self.assertNotIn("error:", shown)
            self.assertIn("66", shown)
            self.assertIn("[30, 20]", shown)
            self.repl.answer("1")
        plain = self.start(TERM="dumb")
        plain.type("\n".join(lines) + "\n")
        shown = plain.expect(" a!")
        self.assertNotIn("error:", shown)
        self.assertIn("[30, 20]", shown)

    def test_completion(self):
        self.repl.answer("elephants = 3")
        self.assertEqual(self.repl.answer("elep" + TAB + " + 1"), "4 : i64\n")
        self.assertEqual(self.repl.answer("prin" + TAB + "(7)"), "7\n")
        self.repl.answer("fn elephant_house(n) = n")
        self.repl.type("eleph" + TAB + TAB)  # Both begin so: the second key lists them.
        listed = self.repl.expect(PROMPT)
        self.assertIn("elephant_house", listed)
        self.assertIn("elephants", listed)
        self.repl.type(CTRL_C)
        self.repl.expect(PROMPT)
        self.assertIn("i64", self.repl.answer(":ty" + TAB + " 1"))

    def test_completion_of_fields(self):
        self.repl.answer("point = (latitude: 1.5, longitude: 2.5)")
        self.assertEqual(self.repl.answer("point.lat" + TAB), "1.5 : f64\n")

        self.repl.answer("struct Place { latitude, longitude }")
        self.repl.answer("places = [Place(1, 2), Place(3, 4)]")
        self.assertEqual(self.repl.answer("places[0].lon" + TAB), "2 : i64\n")
        self.assertEqual(self.repl.answer("places[len(places) - 1].lat" + TAB + " + 1"), "4 : i64\n")
        self.assertEqual(self.repl.answer("Place(5, point).longitude.lat" + TAB), "1.5 : f64\n")
        self.assertEqual(self.repl.answer("2 * places[1].long" + TAB), "8 : i64\n")

    def test_ctrl_c_at_the_prompt_clears_the_line(self):
        self.repl.type("nonsense here" + CTRL_C)
        self.repl.expect(PROMPT)
        self.assertEqual(self.repl.answer("1 + 1"), "2 : i64\n")
        self.repl.answer("fn half(", CONTINUATION)
        self.repl.type(CTRL_C)
        self.repl.expect(PROMPT)
        self.assertEqual(self.repl.answer("2 + 2"), "4 : i64\n")

    def test_ctrl_c_ends_a_loop(self):
        self.repl.answer("x = 5")
        for loop in ["while true { }", "fn spin(n) { while n > 0 { n = n + 1 - 1 }; n }; spin(3)"]:
            self.repl.enter(loop)
            self.repl.expect(loop)
            time.sleep(0.4)
            self.repl.type(CTRL_C)
            self.assertIn("interrupted", self.repl.expect(PROMPT).lower())
            self.assertEqual(self.repl.answer("1 + 1"), "2 : i64\n")
            self.assertEqual(self.repl.answer("x"), "5 : i64\n")

    def test_ctrl_c_ends_a_flood_of_output(self):
        self.repl.answer("x = 5;")
        self.repl.type("i = 0; while true { print(i, i * i); i += 1 }\r")
        self.repl.expect("\r\n1000 ")
        self.repl.type(CTRL_C)
        self.assertIn("interrupted", self.repl.expect(PROMPT).lower())
        self.assertEqual(self.repl.answer("x"), "5 : i64\n")

    def test_ctrl_z(self):
        self.repl.type("1 + ")
        self.repl.expect("1 + ")
        self.repl.type("\x1a")
        for _ in range(100):
            self.repl.read_more(0.05)
            if self.repl.stopped():
                break
        else:
            self.fail("it does not stop")
        self.repl.go_on()
        self.repl.expect("kiln> 1 + ")  # Shown again.
        self.repl.enter("2")
        self.repl.expect("3 : i64")

    def test_stack_overflow_is_an_error(self):
        self.repl.answer("fn down(n) = 1 + down(n + 1)")
        self.assertIn("stack overflow", self.repl.answer("down(0)", timeout=20).lower())
        self.assertEqual(self.repl.answer("1 + 1"), "2 : i64\n")

    def test_errors_leave_the_session_as_it_is(self):
        self.repl.answer("x = 5")
        shown = self.repl.answer("x + undefined_name")
        self.assertIn("error", shown)
        self.assertIn("undefined_name", shown)
        shown = self.repl.answer("[1, 2][x]")
        self.assertIn("index 5 is out of range", shown)
        self.assertIn("error", self.repl.answer("x = = 2"))
        self.assertEqual(self.repl.answer("x"), "5 : i64\n")

    def test_redefinition(self):
        self.repl.answer("f(x) = x + 1")
        self.repl.answer("g(x) = f(x) * 10")
        self.assertEqual(self.repl.answer("g(1)"), "20 : i64\n")
        self.repl.answer("f(x) = x + 2")
        self.assertEqual(self.repl.answer("g(1)"), "30 : i64\n")

    def test_commands(self):
        commands = "help type doc ast kir llvm asm time trace specs vars load reload reset forget quit".split()
        shown = self.repl.answer(":help")
        for command in commands:
            self.assertIn(f"\n:{command}", shown)
        self.assertIn("EXPR", self.repl.answer(":help type"))
        self.assertEqual(self.repl.answer(":type 1 + 0.5"), "f64\n")
        self.assertEqual(self.repl.answer(':type print("not run")'), "none\n")
        self.repl.answer("fn f(a, b) = a * b + 1")
        self.assertIn("Binary", self.repl.answer(":ast 1 + x"))
        self.assertIn("f64", self.repl.answer(":kir f(1, 2.0)"))
        self.assertIn("define", self.repl.answer(":llvm f(1, 2.0)"))
        self.assertIn("ret", self.repl.answer(":asm f(1, 2.0)"))
        self.repl.answer("f(2, 3)")
        self.assertIn("f(i64, i64)", self.repl.answer(":specs"))
        self.repl.answer("g(x, y = 3) = x + y")
        self.repl.answer("h(x) = map([g(x)], y -> 2 * y)[0]")
        self.assertEqual(self.repl.answer("h(1)"), "8 : i64\n")
        self.repl.answer("g(x, y = 3) = x * y")  # What was made of the old one is gone, and no part of a function is shown.
        self.assertEqual(self.repl.answer("h(1.5)"), "9.0 : f64\n")
        specs = [line.split("  ")[0] for line in self.repl.answer(":specs").splitlines()]
        self.assertEqual([line for line in specs if not line.startswith("f(")],
                         ["h(f64): f64", "g(f64, i64): f64"])
        shown = self.repl.answer(":time f(2.5, 2.0)")
        self.assertIn("6.0 : f64\n", shown)
        self.assertIn("codegen", shown)
        # Of 2000 rounds, and of those that are counted, every fourth.
        shown = self.repl.answer(":trace for i in 0..2000 { if i % 4 == 0 { write(\"\") } }")
        self.assertIn("entered 1 time (some of each thousand: it ran as baseline code)", shown)
        self.assertRegex(shown, r"i % 4 == 0: yes \d+ \(25.\d %\)")
        self.repl.answer("size_of_it = 12")
        self.assertIn("size_of_it: i64 = 12\n", self.repl.answer(":vars"))
        self.repl.answer(":forget size_of_it")
        self.assertIn("error", self.repl.answer("size_of_it"))
        self.repl.answer("y = 1")
        self.repl.answer(":reset")
        self.assertIn("error", self.repl.answer("y"))
        self.assertIn("did you mean ':type'", self.repl.answer(":tpye 1"))
        self.assertIn("needs", self.repl.answer(":type"))
        self.repl.enter(":quit")
        self.assertEqual(self.repl.finish(), 0)

    def test_load_and_reload(self):
        path = os.path.join(self.folder.name, "lib.kn")
        with open(path, "w") as file:
            file.write("## Three times x.\nfn triple(x) {\n  3 * x\n}\n")
        self.repl.answer(f":load {path}")
        self.assertEqual(self.repl.answer("triple(2)"), "6 : i64\n")
        self.assertIn("Three times x.", self.repl.answer(":doc triple"))
        with open(path, "w") as file:
            file.write("fn triple(x) = 30 * x\n")
        self.assertNotIn("error", self.repl.answer(f':load "{path}"'))
        self.repl.answer(":reload")
        self.assertEqual(self.repl.answer("triple(2)"), "60 : i64\n")
        self.assertIn("no file", self.repl.answer(":load nowhere.kn"))

    def test_exit(self):
        self.repl.enter("exit(3)")
        self.assertEqual(self.repl.finish(), 3)

    def test_ctrl_d(self):
        self.repl.type(CTRL_D)
        self.assertEqual(self.repl.finish(), 0)

    def test_colour(self):
        colourful = self.start("--color=always")
        colourful.answer("3.5")
        self.assertIn("\033[2m : f64", colourful.output)
        colourful.answer("undefined_name")
        self.assertIn("\033[1;31m", colourful.output)
        self.repl.answer("3.5")
        self.repl.answer("undefined_name")
        self.assertNotIn("\033[2m", self.repl.output)
        self.assertNotIn("\033[1;31m", self.repl.output)

    def test_without_a_capable_terminal(self):
        plain = self.start(TERM="dumb")
        self.assertEqual(plain.answer("1 + 1"), "2 : i64\n")
        plain.answer("[1,", CONTINUATION)
        self.assertEqual(plain.answer("2]"), "[1, 2] : [i64]\n")
        plain.type(CTRL_D)
        self.assertEqual(plain.finish(), 0)


if __name__ == "__main__":
    unittest.main()
