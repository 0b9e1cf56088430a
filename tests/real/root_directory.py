"""The smallest root directory in which a program of a distribution runs: it, and the libraries that it names."""
import os
import shutil
import struct

INTERPRETER, DYNAMIC, NEEDED, STRING_TABLE = 3, 2, 1, 5
LIBRARY_DIRECTORIES = ["usr/lib/riscv64-linux-gnu", "usr/lib", "usr/lib/riscv64-linux-gnu/systemd"]


class Elf:
    """What a 64-bit little-endian ELF file says about the others that it needs."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        self.segments = []
        if self.bytes[:6] != b"\x7fELF\x02\x01":
            return
        offset, = struct.unpack_from("<Q", self.bytes, 32)
        size, count = struct.unpack_from("<HH", self.bytes, 54)
        for i in range(count):
            kind, _, at, address, _, length = struct.unpack_from("<IIQQQQ", self.bytes, offset + i * size)
            self.segments.append((kind, at, address, length))

    def text(self, at):
        return self.bytes[at:self.bytes.index(b"\0", at)].decode()

    def interpreter(self):
        return next((self.text(at) for kind, at, _, _ in self.segments if kind == INTERPRETER), None)

    def file_offset(self, address):
        return next(at + address - start for kind, at, start, length in self.segments
                    if kind == 1 and start <= address < start + length)

    def needed(self):
        entries = []
        for kind, at, _, length in self.segments:
            if kind == DYNAMIC:
                entries = [struct.unpack_from("<QQ", self.bytes, at + i) for i in range(0, length, 16)]
        strings = next((self.file_offset(value) for tag, value in entries if tag == STRING_TABLE), 0)
        return [self.text(strings + value) for tag, value in entries if tag == NEEDED]


def find_library(tree, name):
    for directory in LIBRARY_DIRECTORIES:
        path = os.path.join(directory, name)
        if os.path.exists(os.path.join(tree, path)):
            return path
    return None


def put(tree, root, path, into=None):
    target = os.path.join(root, into or path)
    if os.path.exists(target):
        return False
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy(os.path.join(tree, path), target)
    return True


def make(tree, root, programs, files=()):
    """Fills `root` from the unpacked packages in `tree`: `programs` ("usr/bin/dash") with all that they load, `files`."""
    shutil.rmtree(root, ignore_errors=True)
    for directory in ("usr/bin", "usr/lib", "usr/sbin", "tmp", "proc", "dev", "etc"):
        os.makedirs(os.path.join(root, directory))
    for name in ("bin", "lib", "sbin"):
        os.symlink(f"usr/{name}", os.path.join(root, name))
    for path in files:
        put(tree, root, path)
    waiting = list(programs)
    while waiting:
        path = waiting.pop()
        if not put(tree, root, path):
            continue
        elf = Elf(os.path.join(tree, path))
        interpreter = elf.interpreter()
        if interpreter:
            put(tree, root, "usr" + interpreter)
        for name in elf.needed():
            library = find_library(tree, name)
            if library is None:
                raise FileNotFoundError(f"{path} needs {name}, which no fetched package has")
            waiting.append(library)
    with open(os.path.join(root, "etc/passwd"), "w", encoding="ascii") as file:
        file.write("root:x:0:0:root:/root:/bin/sh\n")
    with open(os.path.join(root, "etc/group"), "w", encoding="ascii") as file:
        file.write("root:x:0:\n")
    return root
