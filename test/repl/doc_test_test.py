#!/usr/bin/env python3
"""`kiln test`: files with their expected output beside them. doc_test_test.py PATH-TO-KILN"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

KILN = os.path.abspath(sys.argv.pop(1))

PASSES = r'''#!/usr/bin/env kiln
# A comment that expects nothing.
fn twice(x) {
  2 * x
}
print(twice(2))         # => 4
twice(2.5)              # => 5.0
"a" + "b"               # => "ab"
print("# => not a comment")  # => # => not a comment
for i in 0..3 {
  print(i)
}                       # => 0
# | 1
# | 2
if true {
  print("one")          # => one
  print("two")          # => two
}
print()                 # =>
write("no newline")     # => no newline
x = 1; print(x)         # => 1
x;
print(later(1))         # => 2
fn later(n) = n + 1
y = undefined_name      # error: 'undefined_name'
y = undefined_name      # error at 5: 'undefined_name' is not defined
print(1, 2)
# => 1 2
fn fails(xs) {
  xs[10]                # error: index 10 is out of range
}
fails([1])
fails([1, 2])           # error: index 10
y = = 2                 # error
exit(3)                 # error: exit(3)
same(x) = x
same(1)                 # => 1
same(x) = x + 1
same(1)                 # => 2
'''

FAILS = '''print(1)      # => 2
print(2)
x = undefined_name
print(3)      # error: never
x = undefined_name  # error at 1: 'undefined_name'
x = 5         # => 6
print(4)      # => 4
if true {
  print("a")
  print("b")
}
'''

REPORT = '''--- fails.kn
@@ fails.kn:1: print(1)      # => 2
-1: # => 2
+1: # => 1
@@ fails.kn:2: print(2)
+2: # => 2
@@ fails.kn:3: x = undefined_name
+3: # error at 5: 'undefined_name' is not defined
@@ fails.kn:4: print(3)      # error: never
-4: # error: never
+4: # => 3
@@ fails.kn:5: x = undefined_name  # error at 1: 'undefined_name'
-5: # error at 1: 'undefined_name'
+5: # error at 5: 'undefined_name' is not defined
@@ fails.kn:6: x = 5         # => 6
-6: # => 6
+6: # => 5
@@ fails.kn:8: if true {
+11: # => a
+11: # | b
1 passed, 7 failed
'''

UPDATED = '''print(1)      # => 1
print(2)  # => 2
x = undefined_name  # error: 'undefined_name' is not defined
print(3)      # => 3
x = undefined_name  # error at 5: 'undefined_name' is not defined
x = 5         # => 5
print(4)      # => 4
if true {
  print("a")
  print("b")
}  # => a
# | b
'''


class DocTestTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, text):
        path = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def run_test(self, *arguments):
        done = subprocess.run([KILN, "-O0", "test", *arguments], capture_output=True, text=True, timeout=60, cwd=self.folder.name)
        return done.stdout, done.returncode

    def test_passes(self):
        self.file("passes.kn", PASSES)
        self.assertEqual(self.run_test("passes.kn"), ("19 passed, 0 failed\n", 0))

    def test_report(self):
        self.file("fails.kn", FAILS)
        self.maxDiff = None
        self.assertEqual(self.run_test("fails.kn"), (REPORT, 1))

    def test_update(self):
        path = self.file("fails.kn", FAILS)
        output, status = self.run_test("--update", "fails.kn")
        self.assertIn("updated fails.kn\n", output)
        with open(path) as file:
            self.assertEqual(file.read(), UPDATED)
        self.assertEqual(self.run_test("fails.kn"), ("8 passed, 0 failed\n", 0))
        self.assertEqual(self.run_test("--update", "fails.kn"), ("8 passed, 0 failed\n", 0))

    def test_folders(self):
        self.file("cases/a.kn", "print(1)  # => 1\n")
        self.file("cases/deep/b.kn", "print(2)  # => 2\n")
        self.file("cases/deep/c.txt", "not Kiln\n")
        self.assertEqual(self.run_test("cases"), ("2 passed, 0 failed\n", 0))
        os.makedirs(os.path.join(self.folder.name, "none"))
        self.assertEqual(self.run_test("none"), ("", 2))

    def test_files_have_their_own_sessions(self):
        self.file("a.kn", "x = 1\n")
        self.file("b.kn", "print(x)  # error: 'x' is not defined\n")
        self.assertEqual(self.run_test("a.kn", "b.kn"), ("1 passed, 0 failed\n", 0))

    def test_a_crash_costs_one_file(self):
        self.file("a.kn", "print(1)  # => 1\n")
        self.file("b.kn", "extern abort()\nabort()\n")
        self.file("c.kn", "print(3)  # => 3\n")
        output, status = self.run_test("a.kn", "b.kn", "c.kn")
        self.assertEqual(status, 1)
        self.assertIn("@@ b.kn: the process ended: Aborted\n", output)
        self.assertTrue(output.endswith("\n2 passed, 1 failed\n"), output)

    def test_file_that_cannot_be_read(self):
        self.file("a.kn", "print(1)  # => 1\n")
        self.file("b.kn", "x = \0\n")
        output, status = self.run_test("a.kn", "b.kn")
        self.assertEqual(status, 1)
        self.assertIn("zero byte", output)
        self.assertTrue(output.endswith("\n1 passed, 1 failed\n"), output)

    def test_ctrl_c(self):
        self.file("a.kn", "while true { }\n")
        self.file("b.kn", "while true { }\n")
        self.file("c.kn", "while true { }\n")
        running = subprocess.Popen([KILN, "test", "."], stdout=subprocess.PIPE, text=True, cwd=self.folder.name,
                                   start_new_session=True)
        time.sleep(1)
        os.killpg(running.pid, signal.SIGINT)
        output, _ = running.communicate(timeout=20)
        self.assertEqual(running.returncode, 130)
        self.assertRegex(output, r"\n0 passed, \d failed\n$")


if __name__ == "__main__":
    unittest.main()
