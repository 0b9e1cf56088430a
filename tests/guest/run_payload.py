#!/usr/bin/env python3
"""Runs an S-mode payload on our firmware, on QEMU or on hartbeat; exit status 77 means SKIP.

--emulate-time: with /chosen/hartbeat,emulate-time in the device tree, so that rdtime traps to the firmware even
though QEMU's harts could read the time (needs fdtput of device-tree-compiler).
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

SKIP = 77


def skip(why):
    print("SKIP:", why)
    sys.exit(SKIP)


def qemu_board(options):
    return ["qemu-system-riscv64", "-M", "virt", "-cpu", options.cpu, "-m", "128M", "-smp", str(options.harts)]


def emulated_time_tree(options, directory):
    """QEMU's own device tree with the property added."""
    if shutil.which("fdtput") is None:
        skip("fdtput is not installed (Debian: apt install device-tree-compiler)")
    blob = os.path.join(directory, "virt.dtb")
    board = qemu_board(options)
    board[2] += ",dumpdtb=" + blob
    subprocess.run([*board, "-nographic"], check=True, capture_output=True)
    subprocess.run(["fdtput", blob, "/chosen", "hartbeat,emulate-time", "-t", "x", "1"], check=True)
    return ["-dtb", blob]


def command_line(options, directory):
    if options.machine == "hartbeat":
        if not options.hartbeat or not os.path.exists(options.hartbeat):
            skip(f"there is no hartbeat at {options.hartbeat}")
        return [options.hartbeat, "run", "--quiet", "--machine", options.cpu, "--timing", "none", "--harts",
                str(options.harts), "--firmware", options.firmware, options.payload]
    if shutil.which("qemu-system-riscv64") is None:
        skip("qemu-system-riscv64 is not installed (Debian: apt install qemu-system-misc)")
    tree = emulated_time_tree(options, directory) if options.emulate_time else []
    return [*qemu_board(options), *tree, "-bios", options.firmware, "-kernel", options.payload, "-nographic",
            "-monitor", "none", "-serial", "stdio"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--machine", choices=["qemu", "hartbeat"], required=True)
    parser.add_argument("--cpu", default="rv64", help="QEMU's -cpu, or hartbeat's --machine")
    parser.add_argument("--harts", type=int, default=1)
    parser.add_argument("--firmware", required=True)
    parser.add_argument("--hartbeat")
    parser.add_argument("--emulate-time", action="store_true")
    parser.add_argument("--end", default="sbi_payload: all laws hold", help="a line that must be printed")
    parser.add_argument("--stop-at-end", action="store_true", help="the payload goes on for ever: stop at that line")
    parser.add_argument("payload")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        command = command_line(options, directory)
        found = False
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            for line in process.stdout:
                text = line.decode(errors="replace").rstrip()
                print(text)
                found = found or options.end in text
                if found and options.stop_at_end:
                    process.kill()
        if not found:
            sys.exit(f"FAILED: the line \"{options.end}\" did not come")
        if process.returncode != 0 and not options.stop_at_end:
            sys.exit(f"FAILED: exit status {process.returncode}")


if __name__ == "__main__":
    main()
