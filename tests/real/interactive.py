"""Interactive programs: somebody types, through a pseudo-terminal."""
import dataclasses
import json
import os
import pty
import re
import select
import signal
import tempfile
import time

import root_directory
import trial as trials_of_one


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


@dataclasses.dataclass
class Session:
    name: str
    programs: list
    arguments: list
    steps: list  # (what is typed, what must come then)
    status: int = 0


PROMPT = rb"[#$] (\x1b\[6n)?"
# A command says that it runs before keys are sent to it: until then the shell's own line editor has the terminal.
TRIALS = [
    Session("busybox sh, interactive", ["busybox"], ["sh"], [
        (b"", PROMPT),
        (b"echo one two | busybox wc -w\r", rb"\n2\r\n.*" + PROMPT),
        (b"echo abX\x7fc\r", rb"\nabc\r\n.*" + PROMPT),
        (b"echo rea''dy; busybox cat\r", rb"ready\r\n"),
        (b"lineX\x7f!\r", rb"\r\nline!\r\n"),
        (b"\x04", PROMPT),
        (b"echo rea''dy; busybox sleep 1000\r", rb"ready\r\n"),
        (b"\x03", rb"\^C.*" + PROMPT),
        (b"echo status $?\r", rb"\nstatus 130\r\n.*" + PROMPT),
        (b"echo rea''dy; while :; do :; done\r", rb"ready\r\n"),
        (b"\x03", PROMPT),
        (b"echo rea''dy; busybox sleep 1000\r", rb"ready\r\n"),
        (b"\x1a", rb"Stopped.*" + PROMPT),
        (b"jobs\r", rb"Stopped.*sleep 1000\r\n.*" + PROMPT),
        (b"bg; kill %1; wait; echo go''ne\r", rb"gone\r\n.*" + PROMPT),
        (b"busybox stty size; busybox tty\r", rb"\n24 80\r\n/dev/\w+\r\n.*" + PROMPT),
        (b"exit 7\r", rb"\n"),
    ], status=7),
]


def play(session, command):
    terminal = Terminal(command)
    try:
        for typed, answer in session.steps:
            time.sleep(0.2)  # the program that reads is the one that the line names
            terminal.type(typed)
            terminal.expect(answer)
        status = terminal.end()
    except Lost as why:
        try:
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        return str(why)
    return "" if status == session.status else f"status {status}, expected {session.status}"


def run(session, tree, hartbeat, _):
    with tempfile.TemporaryDirectory() as place:
        root = root_directory.make(tree, os.path.join(place, "root"), [f"usr/bin/{p}" for p in session.programs])
        stats = os.path.join(place, "stats.json")
        begin = time.monotonic()
        wrong = play(session, [hartbeat, "run", "--quiet", "--root", root, "--stats", f"json:{stats}",
                               os.path.join(root, f"usr/bin/{session.programs[0]}"), *session.arguments])
        result = trials_of_one.Result(wrong=wrong, seconds=time.monotonic() - begin)
        if not wrong:
            with open(stats, encoding="utf-8") as file:
                report = json.load(file)
            result.instructions = report["total"]["instret"]
            result.faults = report["kernel"]["faults"]["total"]
            result.copies = report["kernel"]["faults"]["count"]["cow_copy"]
        return result
