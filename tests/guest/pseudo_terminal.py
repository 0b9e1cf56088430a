"""A program in a pseudo-terminal, and somebody who types."""
import os
import pty
import re
import select
import signal
import time


class Lost(Exception):
    """What was expected did not come, or the program ended."""


class Terminal:
    def __init__(self, command):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.screen = b""

    def expect(self, pattern, seconds=60):
        """Waits until the pattern is on the screen; forgets the screen up to it."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.screen, re.S)):
            ready, _, _ = select.select([self.descriptor], [], [], max(0, end - time.monotonic()))
            try:
                more = os.read(self.descriptor, 4096) if ready else b""
            except OSError:
                more = b""
            if not more:
                raise Lost(f"no {pattern!r}; the screen has {self.screen[-300:]!r}")
            self.screen += more
        self.screen = self.screen[found.end():]

    def type(self, text):
        os.write(self.descriptor, text)

    def end(self):
        """The exit status; what does not end by itself is killed."""
        for _ in range(300):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.1)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise Lost("it does not end")


def play(command, steps, status, pause=0.2):
    """Types and waits, step by step: (what is typed, what must come then). What is wrong, or nothing."""
    terminal = Terminal(command)
    try:
        for typed, answer in steps:
            time.sleep(pause)  # whoever is to read it has the terminal by now
            terminal.type(typed)
            terminal.expect(answer)
        ended = terminal.end()
    except Lost as why:
        try:
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        return str(why)
    return "" if ended == status else f"status {ended}, expected {status}"
