"""A terminal for the tests: runs a program in a pseudo-terminal, types, and waits for what it shows."""

import os
import pty
import re
import select
import signal
import struct
import termios
import time
import fcntl

LEFT, RIGHT, UP, DOWN = "\033[D", "\033[C", "\033[A", "\033[B"
HOME, DELETE, BACKSPACE, TAB = "\033[H", "\033[3~", "\x7f", "\t"
CTRL_A, CTRL_C, CTRL_D, CTRL_E, CTRL_R = "\x01", "\x03", "\x04", "\x05", "\x12"
PROMPT, CONTINUATION = "kiln> ", "  ... "

# What a terminal obeys and does not show.
ESCAPE = re.compile(r"\033\[[0-9;?]*[A-Za-z]|\033[=>]|\033\([A-Z0-9]")


class Terminal:
    def __init__(self, arguments, environment, columns=100):
        self.output = ""
        self.seen = 0  # How far expect() has come.
        self.status = None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execve(arguments[0], arguments, environment)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def enter(self, line):
        self.type(line + "\r")

    def read_more(self, timeout):
        """Takes what is there within the time; False at the end."""
        ready, _, _ = select.select([self.master], [], [], timeout)
        if not ready:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.output += data.decode(errors="replace")
        return bool(data)

    def expect(self, text, timeout=30):
        """Waits until `text` comes, and gives what came before it since the last time, without escape sequences."""
        end = time.monotonic() + timeout
        while True:
            shown = ESCAPE.sub("", self.output)
            at = shown.find(text, self.seen)
            if at >= 0:
                before = shown[self.seen:at]
                self.seen = at + len(text)
                return before
            left = end - time.monotonic()
            if left <= 0 or not self.read_more(left):
                raise AssertionError(f"no {text!r} in {shown[self.seen:]!r}")

    def answer(self, line, prompt=PROMPT, timeout=30):
        """Enters a line and gives what is shown up to the next prompt, without the echo of the line."""
        self.enter(line)
        text = self.expect(prompt, timeout).replace("\r", "")
        return text.split("\n", 1)[1] if "\n" in text else ""

    def stopped(self):
        """Whether the program was stopped, as by Ctrl-Z."""
        pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
        return pid != 0 and os.WIFSTOPPED(status)

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)

    def finish(self, timeout=10):
        """Waits for the program to end; gives its exit status."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                return self.status
            if not self.read_more(0.05):
                time.sleep(0.01)
        raise AssertionError("the program does not end")

    def close(self):
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except ProcessLookupError:
                pass
        os.close(self.master)
