"""Hartbeat and QEMU as two ways to run the same machine: one command line each, one console, one measurement."""
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import threading
import time


class Console:
    """A running emulator. expect() waits for a text on its console; say() types. The log grows as the guest speaks.
    With a window, (rows, columns), it runs in a terminal, which resize() changes."""

    def __init__(self, command, seconds, log, window=None):
        self.began = time.monotonic()
        if window:
            ours, self.terminal = pty.openpty()
            self.resize(window)
            self.process = subprocess.Popen(command, stdin=self.terminal, stdout=self.terminal, stderr=self.terminal, start_new_session=True)
            self.reader, self.writer = ours, ours
        else:
            self.terminal = None
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.reader, self.writer = self.process.stdout.fileno(), self.process.stdin.fileno()
        self.output = b""
        self.log = open(log, "wb", buffering=0)
        self.seen = 0
        self.changed = threading.Condition()
        self.ended = False
        self.deadline = self.began + seconds
        self.cpu_seconds = 0.0
        threading.Thread(target=self._read, daemon=True).start()

    def resize(self, window):
        termios.tcsetwinsize(self.terminal, window)

    def _more(self):
        """What was printed; empty at the end. A terminal has none while we hold its other end, too."""
        while self.terminal is not None and not select.select([self.reader], [], [], 0.2)[0]:
            if not os.path.exists(f"/proc/{self.process.pid}") or self._is_zombie():
                return b""
        return os.read(self.reader, 65536)

    def _is_zombie(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"

    def _read(self):
        while data := self._more():
            self.log.write(data)
            with self.changed:
                self.output += data
                self.changed.notify()
        self.log.close()
        with self.changed:
            self.ended = True
            self.changed.notify()

    def expect(self, text):
        """True once the text came, after what the last call found."""
        with self.changed:
            while (at := self.output.find(text.encode(), self.seen)) < 0:
                left = self.deadline - time.monotonic()
                if self.ended or left <= 0 or not self.changed.wait(left):
                    return False
            self.seen = at + len(text)
            return True

    def say(self, text):
        try:
            os.write(self.writer, text.encode())
        except BrokenPipeError:
            pass  # it has ended: what is expected next says so

    def finish(self):
        """Waits for the end, and ends it at the deadline. True if it ended by itself, with status 0."""
        with self.changed:
            while not self.ended and (left := self.deadline - time.monotonic()) > 0:
                self.changed.wait(left)
        late = not self.ended
        if late:
            self.process.kill()
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = status
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        return not late and status == 0

    def stop(self):
        """Ends a guest that does not end by itself."""
        try:
            os.kill(self.process.pid, signal.SIGTERM)  # Popen's own would collect its status before finish() does
        except ProcessLookupError:
            pass
        self.deadline = time.monotonic() + 20
        self.finish()

    def text(self):
        return self.output.decode(errors="replace")


class Hartbeat:
    name = "hartbeat"

    def __init__(self, program):
        self.program = program
        self.report = tempfile.NamedTemporaryFile()

    def command(self, boot):
        command = [self.program, "run", "--quiet", "--stats", f"json:{self.report.name}", "--harts", str(boot.harts), "--memory",
                   boot.memory, "--kernel", boot.kernel]
        for option, value in (("--firmware", "none" if boot.bare else boot.firmware), ("--initrd", boot.initrd), ("--append", boot.append),
                              ("--disk", boot.disk)):
            if value:
                command += [option, value]
        for setting in boot.settings:
            command += ["--set", setting]
        command += ["--reboot", "restart"] if boot.restarts else []
        return command + (["--net", "user"] if boot.network else []) + (["--console", "virtio"] if boot.window else [])

    def instructions(self):
        try:
            with open(self.report.name) as file:
                return sum(hart["instret"] for hart in json.load(file)["harts"])
        except (ValueError, KeyError, OSError):
            return None


class Qemu:
    """Debian's QEMU. Instructions are counted by a plugin (qemu_count.c), built where there is a compiler for it."""
    name = "qemu"

    def __init__(self, directory):
        self.directory = directory
        self.count_file = tempfile.NamedTemporaryFile()

    @staticmethod
    def exists():
        return shutil.which("qemu-system-riscv64") is not None

    def plugin(self):
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "qemu_count.c")
        library = os.path.join(self.directory, "qemu_count.so")
        build = ["cc", "-shared", "-fPIC", "-O2", "-o", library, source]
        return library if subprocess.run(build, capture_output=True).returncode == 0 else None

    def command(self, boot):
        command = ["qemu-system-riscv64", "-M", "virt", "-cpu", "rv64", "-smp", str(boot.harts), "-m", boot.memory,
                   "-nographic", "-kernel", boot.kernel] + ([] if boot.restarts else ["-no-reboot"])
        if boot.firmware or boot.bare:
            command += ["-bios", "none" if boot.bare else boot.firmware]
        for option, value in (("-initrd", boot.initrd), ("-append", boot.append)):
            if value:
                command += [option, value]
        if boot.disk:
            command += ["-global", "virtio-mmio.force-legacy=false",
                        "-drive", f"file={boot.disk},format=raw,if=none,id=disk,snapshot=on",
                        "-device", "virtio-blk-device,drive=disk,bus=virtio-mmio-bus.0"]
        if boot.network:
            command += ["-global", "virtio-mmio.force-legacy=false", "-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net"]
        if library := self.plugin():
            command += ["-plugin", f"{library},out={self.count_file.name}"]
        return command

    def instructions(self):
        with open(self.count_file.name) as file:
            text = file.read().strip()
        return int(text) if text.isdigit() else None
