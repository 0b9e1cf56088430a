#!/usr/bin/env python3
"""Types to guest-programs/terminal in a pseudo-terminal: on the bundled kernel on hartbeat and on QEMU's virt board, and
under qemu-riscv64."""
import shutil
import sys
import tempfile

sys.dont_write_bytecode = True  # no __pycache__ in the source tree
from initial_archive import program_archive  # noqa: E402
from pseudo_terminal import play  # noqa: E402

STEPS = [
    (b"", rb"line\?"),
    (b"abX\x7fc\r", rb"word\?"),
    (b"one two\x17six\r", rb"kill\?"),
    (b"nothing\x15all\r", rb"part\?"),
    (b"half\x04", rb"end\?"),
    (b"\x04", rb"key\?"),
    (b"k", rb"interrupt\?"),
    (b"\x03", rb"stop\?"),
    (b"\x1a", rb"terminal: (\d+) laws hold"),
]

hartbeat, firmware, kernel, program = sys.argv[1:]
commands = [[hartbeat, "run", "--quiet", program]]
if shutil.which("qemu-riscv64"):
    commands.append(["qemu-riscv64", program])
with tempfile.NamedTemporaryFile() as initrd:
    with open(program, "rb") as file:
        initrd.write(program_archive("/bin/terminal", file.read(), []))
    initrd.flush()
    if shutil.which("qemu-system-riscv64"):
        commands.append(["qemu-system-riscv64", "-M", "virt", "-m", "256M", "-bios", firmware, "-kernel", kernel, "-initrd",
                         initrd.name, "-append", "tty", "-display", "none", "-monitor", "none", "-chardev",
                         "stdio,id=console,signal=off", "-serial", "chardev:console"])
    failed = [f"{command[0]}: {why}" for command in commands if (why := play(command, STEPS, 0))]
print("\n".join(failed))
sys.exit(1 if failed else 0)
