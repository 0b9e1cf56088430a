#!/usr/bin/env python3
"""Hartbeat in a terminal: Ctrl-A x and c do what QEMU's users expect, and the terminal is left as it was found, whatever ends
the run."""
import argparse
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import tempfile
import termios
import time

import harness


# Signals that end no program by themselves, and the one that leaves it no time to tidy up.
NOT_ENDING = {signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCONT, signal.SIGCHLD, signal.SIGURG,
              signal.SIGWINCH}


class Session:
    """hartbeat on a pseudo-terminal of its own."""

    def __init__(self, hartbeat, *arguments, quiet=True, window=(24, 80)):
        self.ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, window)
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        own_it = lambda: fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)  # so that its keys send signals
        self.process = subprocess.Popen([hartbeat, "run", *(["--quiet"] if quiet else []), *arguments], stdin=theirs, stdout=theirs, stderr=theirs,
                                        start_new_session=True, preexec_fn=own_it)
        self.output = b""
        os.set_blocking(self.ours, False)

    def wait_for(self, holds, seconds=20):
        end = time.monotonic() + seconds
        while not holds() and time.monotonic() < end:
            try:
                self.output += os.read(self.ours, 4096)
            except BlockingIOError:
                time.sleep(0.02)
        return holds()

    def takes_signals(self):
        return bool(termios.tcgetattr(self.theirs)[3] & termios.ISIG)

    def is_raw(self):
        return not termios.tcgetattr(self.theirs)[3] & termios.ICANON

    def type(self, text):
        os.write(self.ours, text)

    def ended(self):
        return self.process.poll() is not None

    def restored(self):
        return termios.tcgetattr(self.theirs) == self.before

    def close(self):
        if not self.ended():
            self.process.kill()
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


def status_line(checks, hartbeat, endless):
    """A long run shows one line that is drawn over, and the report takes its place; elsewhere there is none."""
    shape = re.compile(rb"\r\x1b\[K\d+\.\d{3} s of guest time, [\d,]+ instructions, \d+ MIPS, cycle [\d,]+, \d+\.\d of 2 harts busy\r")
    session = Session(hartbeat, "--harts", "2", endless, quiet=False)
    seen = session.wait_for(lambda: len(shape.findall(session.output)) >= 2, 60)
    checks.hold(seen, "a long run in a terminal shows how far it is, again and again", session.output.decode(errors="replace"))
    session.process.send_signal(signal.SIGINT)
    checks.hold(session.wait_for(lambda: b"of 2" in session.output and session.ended()), "Ctrl-C ends the run")
    session.wait_for(lambda: False, 0.3)
    behind = session.output.rsplit(b"harts busy\r", 1)[-1]
    checks.hold(behind.startswith(b"\r\x1b[K") and b"interrupted by a signal" in behind and b"asleep" in behind,
                "the line is wiped, and the report follows", behind.decode(errors="replace"))
    checks.equal("an interrupted run's status", session.process.returncode, 130)
    session.close()
    _, _, err = harness.run(hartbeat, "run", "--timeout", 2.5, endless)
    checks.hold("MIPS" not in err and "\x1b" not in err, "no status line where there is no terminal", err)


def closed_pipe(checks, hartbeat, program):
    """hartbeat run … | head: nobody takes what the guest prints, and standard input is a terminal."""
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen([hartbeat, "run", "--quiet", program], stdin=theirs, stdout=writer, stderr=subprocess.DEVNULL,
                               start_new_session=True)
    os.close(writer)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
    checks.equal("what ends a run whose output nobody takes", process.wait(), -signal.SIGPIPE)
    checks.hold(termios.tcgetattr(theirs) == before, "the terminal is as it was after a closed pipe")
    os.close(ours)
    os.close(theirs)


def second_interrupt(checks, hartbeat, endless):
    """The first Ctrl-C ends the run with its report; a second one does not wait for that. Here nobody reads the report."""
    with tempfile.TemporaryDirectory() as directory:
        nobody = os.path.join(directory, "pipe")
        os.mkfifo(nobody)
        session = Session(hartbeat, "--stats", f"json:{nobody}", endless)
        session.wait_for(session.is_raw)
        session.process.send_signal(signal.SIGINT)
        checks.hold(not session.wait_for(session.ended, 1), "after the first Ctrl-C the report is waited for")
        session.process.send_signal(signal.SIGINT)
        checks.hold(session.wait_for(session.ended), "a second Ctrl-C ends the program at once")
        checks.hold(session.restored(), "the terminal is as it was after a second Ctrl-C")
        session.close()


def interrupt_key(checks, hartbeat, endless, listener):
    """The key Ctrl-C ends a guest that does not listen to its console, with its report; a guest that does gets it."""
    session = Session(hartbeat, endless, quiet=False)
    session.wait_for(session.is_raw)
    session.type(b"\x03")
    checks.hold(session.wait_for(session.ended), "Ctrl-C ends a guest that does not listen")
    checks.equal("an interrupted run's status", session.process.returncode, 130)
    session.wait_for(lambda: False, 0.3)
    checks.hold(b"interrupted by a signal" in session.output, "with its report", session.output.decode(errors="replace"))
    checks.hold(session.restored(), "the terminal is as it was after Ctrl-C")
    session.close()
    session = Session(hartbeat, listener)
    checks.hold(session.wait_for(lambda: not session.takes_signals()), "Ctrl-C is a key like any other once the guest listens")
    session.type(b"\x03")
    checks.hold(session.wait_for(session.ended), "and a Linux program that it reaches is ended by its SIGINT")
    checks.equal("whose status it is", session.process.returncode, 130)
    session.close()


def window_size(checks, hartbeat, program):
    """A Linux program in a terminal is told how large its window is, and when that changes; the window itself stays as it was."""
    session = Session(hartbeat, program, window=(43, 132))
    for size in ((43, 132), (50, 101)):
        termios.tcsetwinsize(session.theirs, size)
        told = struct.pack("HHHH", *size, 0, 0)
        checks.hold(session.wait_for(lambda: told in session.output), f"the guest's window is the terminal's, {size}", repr(session.output))
    checks.hold(session.wait_for(session.ended), "and the program ends")
    checks.hold(session.restored(), "the terminal is as it was after a Linux program")
    checks.equal("the window's size after it", termios.tcgetwinsize(session.theirs), (50, 101))
    session.close()


def escape_from_program(checks, hartbeat, program):
    """Ctrl-A x ends a Linux program, too, whether it reads or not; Ctrl-A Ctrl-A is one Ctrl-A."""
    session = Session(hartbeat, program)
    checks.hold(session.wait_for(lambda: len(session.output) >= 8), "the Linux program runs")
    session.type(b"\x01c")
    checks.hold(session.wait_for(lambda: b"hart 0: " in session.output), "Ctrl-A c says where the harts of a Linux program are")
    session.type(b"\x01\x01")
    checks.hold(session.wait_for(lambda: b"^A" in session.output), "Ctrl-A Ctrl-A is echoed as one", repr(session.output))
    session.type(b"\x01x")
    checks.hold(session.wait_for(session.ended), "Ctrl-A x ends a Linux program")
    checks.hold(session.restored(), "and the terminal is as it was")
    session.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--bare", required=True)
    parser.add_argument("--window-size", required=True, help="programs/window_size.S, built")
    options = parser.parse_args()
    checks = harness.Checks()
    endless = f"{options.bare}/loop.elf"

    session = Session(options.hartbeat, endless)
    checks.hold(session.wait_for(session.is_raw), "the terminal is raw while a machine runs")
    session.type(b"\x01c")
    checks.hold(session.wait_for(lambda: b"hart 0: M-mode at pc 0x8" in session.output), "Ctrl-A c says where the harts are",
                session.output.decode(errors="replace"))
    session.type(b"\x01h")
    checks.hold(session.wait_for(lambda: b"Ctrl-A x ends the run" in session.output), "Ctrl-A h says what the keys are")
    session.type(b"\x01x")
    checks.hold(session.wait_for(session.ended), "Ctrl-A x ends the run")
    checks.equal("with status 0", session.process.returncode, 0)
    checks.hold(session.restored(), "and the terminal is as it was")
    session.close()

    for number in sorted(signal.valid_signals()):
        if number in NOT_ENDING or number >= signal.SIGRTMIN:
            continue
        session = Session(options.hartbeat, endless)
        session.wait_for(session.is_raw)
        session.process.send_signal(number)
        checks.hold(session.wait_for(session.ended), f"{number.name} ends the run")
        checks.hold(session.restored(), f"the terminal is as it was after {number.name}")
        session.close()

    for name, arguments in {"the guest's own end": [f"{options.bare}/contend.elf"], "a limit": ["--max-instret", "100000", endless],
                            "a time limit": ["--timeout", "1", endless],
                            "a trap loop": [f"{options.bare}/trap_loop.elf"]}.items():
        session = Session(options.hartbeat, *arguments)
        checks.hold(session.wait_for(session.ended), f"{name} ends the run")
        checks.hold(session.restored(), f"the terminal is as it was after {name}")
        session.close()
    status_line(checks, options.hartbeat, endless)
    second_interrupt(checks, options.hartbeat, endless)
    closed_pipe(checks, options.hartbeat, f"{options.bare}/contend.elf")
    interrupt_key(checks, options.hartbeat, endless, options.window_size)
    window_size(checks, options.hartbeat, options.window_size)
    escape_from_program(checks, options.hartbeat, options.window_size)
    checks.end()


if __name__ == "__main__":
    main()
