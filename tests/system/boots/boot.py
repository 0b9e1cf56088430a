#!/usr/bin/env python3
"""Boots unmodified software, on Hartbeat and on QEMU, and says what it cost on each.

HARTBEAT_LINUX names a directory into which Debian riscv64 packages were unpacked, HARTBEAT_XV6 one with a built
xv6-riscv (see README.md here). Without both: one line that says SKIP. A boot whose packages are not there is skipped, by name, with the reason.
"""
import argparse
import dataclasses
import gzip
import os
import shutil
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(here, ".."), os.path.join(here, "..", "..", "real")]
import harness  # noqa: E402
import network  # noqa: E402
import packages  # noqa: E402
import scripts  # noqa: E402
from debian_tree import CONSOLE_MODULES, DISK_MODULES, NET_MODULES, REBOOT_MODULES, Tree  # noqa: E402
from emulators import Console, Hartbeat, Qemu  # noqa: E402

PACKAGES = ["linux-image-riscv64", "busybox-static", "opensbi", "u-boot-qemu", "linux-perf", "apt", "python3", "python3-minimal",
            "dash", "coreutils", "base-files", "base-passwd", "bash", "make", "gcc", "libc6-dev", "stress-ng"]
PROMPT = "# "
SLOW_CLOCK = "clock_hz=100000000"  # a second that harts spend spinning costs a tenth of the instructions


@dataclasses.dataclass
class Boot:
    name: str
    kernel: str
    dialogue: list  # (text to wait for, what to type then; a pair: the size that the window gets)
    harts: int = 1
    memory: str = "1G"
    firmware: str = ""  # "": ours on Hartbeat, QEMU's own on QEMU
    initrd: str = ""
    append: str = ""
    disk: str = ""
    powers_off: bool = True
    network: bool = False
    bare: bool = False  # starts in M-mode, without firmware
    settings: tuple = ()  # of Hartbeat's machine
    window: tuple = ()  # rows and columns of the terminal in which it runs, with a virtio console
    qemu: bool = True  # QEMU can do it, too
    restarts: bool = False  # a reset is no end


def linux(name, tree, archive, dialogue, **more):
    return Boot(name=name, kernel=tree.kernel(), initrd=archive, append="console=ttyS0 loglevel=4", dialogue=dialogue, **more)


def shell_dialogue(harts):
    return [(f"boots: {harts} harts, a shell follows", ""), (PROMPT, "echo $((6 * 7)) is the answer; cat /proc/cpuinfo\n"),
            ("42 is the answer", ""), ("mmu\t\t: sv", ""), (PROMPT, "(sleep 0 & wait; echo a; echo b) | wc -l\n"), ("2", ""),
            (PROMPT, "poweroff -f\n"), ("Power down", "")]


def program_dialogue(names):
    return [(f"boots: {name} ok", "") for name in names] + [("boots: programs end", "")]


def xv6_boots(directory):
    """xv6 as its own Makefile builds it; long ones, so never without being asked for.

    Its tests sleep for ticks of a tenth of a second while others spin: on harts of 100 MHz that is 10^7 instructions a tick."""
    if not directory:
        return []
    tests = [("$ ", "usertests\n"), ("ALL TESTS PASSED", "")]
    return [Boot(f"xv6-{harts}", os.path.join(directory, "kernel", "kernel"), tests, harts=harts, memory="128M",
                 disk=os.path.join(directory, "fs.img"), powers_off=False, bare=True, settings=(SLOW_CLOCK,))
            for harts in (1, 3)]


def compressed_kernel_boot(tree, directory, archive):
    boot = linux("linux-shell-gz-1", tree, archive, shell_dialogue(1), qemu=False)  # QEMU 7.2 takes no Image.gz
    boot.kernel = os.path.join(directory, "Image.gz")
    with open(tree.kernel(), "rb") as kernel, gzip.open(boot.kernel, "wb", 1) as compressed:
        shutil.copyfileobj(kernel, compressed)
    return boot


def network_boot(tree, directory):
    modules = " ".join(name for name, _ in tree.modules(NET_MODULES))
    script = scripts.NETWORK % {"modules": modules, "port": network.serve(), "bytes": len(network.PAGE)}
    archive = tree.initial_archive(os.path.join(directory, "network.cpio"), script, NET_MODULES)
    return linux("network", tree, archive, program_dialogue(["ping", "wget", "size", "half", "nobody", "parallel"]), network=True)


def window_boot(tree, directory):
    """Somebody sits in front of it, and pulls at the window's corner."""
    modules = " ".join(name for name, _ in tree.modules(CONSOLE_MODULES))
    archive = tree.initial_archive(os.path.join(directory, "window.cpio"), scripts.WINDOW % {"modules": modules}, CONSOLE_MODULES)
    dialogue = [(PROMPT, "echo window $(stty size)\r"), ("window 43 132", ""),
                (PROMPT, "trap 'echo now $(stty size)' WINCH; echo wait''ing; sleep 600 & wait\r"), ("waiting", (50, 101)),
                ("now 50 101", "poweroff -f\r"), ("Power down", "")]
    return linux("window", tree, archive, dialogue, window=(43, 132), qemu=False)  # QEMU 7.2 tells its guests no size


def reboot_boot(tree, directory):
    modules = " ".join(name for name, _ in tree.modules(REBOOT_MODULES))
    archive = tree.initial_archive(os.path.join(directory, "reboot.cpio"), scripts.REBOOT % {"modules": modules}, REBOOT_MODULES)
    disk = os.path.join(directory, "blank.img")
    with open(disk, "wb") as file:
        file.truncate(1 << 20)
    return linux("reboot", tree, archive, program_dialogue(["first", "kept"]), disk=disk, restarts=True)


def debian_boots(tree, directory):
    opensbi = tree.opensbi()
    boots = []
    version = [("Hit any key to stop autoboot", "\n"), ("=> ", "version\n"), ("U-Boot 20", "")]
    if opensbi and tree.u_boot():
        prompt = version + [("=> ", "poweroff\n")]
        boots.append(Boot("u-boot", tree.u_boot(), prompt, firmware=opensbi))
        # QEMU 7.2 takes ELF files that are to be relocated for what belongs at address 0.
        boots += [Boot("u-boot-" + form, tree.u_boot(), prompt, firmware=tree.opensbi(form), qemu=not form.endswith("elf"))
                  for form in ("fw_dynamic.elf", "fw_jump.bin", "fw_jump.elf") if tree.opensbi(form)]
    if tree.u_boot_for_machine_mode():
        boots.append(Boot("u-boot-m-mode", tree.u_boot_for_machine_mode(), version, powers_off=False, bare=True))
    if not tree.kernel() or not tree.busybox():
        return boots
    archive = tree.initial_archive(os.path.join(directory, "shell.cpio"), scripts.SHELL)
    for harts in (1, 4):
        boots.append(linux(f"linux-shell-{harts}", tree, archive, shell_dialogue(harts), harts=harts))
    if opensbi:
        boots.append(linux("linux-shell-opensbi-4", tree, archive, shell_dialogue(4), harts=4, firmware=opensbi))
    boots.append(compressed_kernel_boot(tree, directory, archive))
    if tree.modules(["virtio_net"]):
        boots.append(network_boot(tree, directory))
    boots += [window_boot(tree, directory), reboot_boot(tree, directory)]
    if not tree.find("usr/bin/apt"):
        return boots
    disk = os.path.join(directory, "debian.ext4")
    modules = " ".join(name for name, _ in tree.modules(DISK_MODULES))

    def disk_archive(name, programs):
        return tree.initial_archive(os.path.join(directory, name + ".cpio"), scripts.DISK % {"modules": modules},
                                    DISK_MODULES, [("programs.sh", programs)])

    programs = ["apt", "python3", "parallel-compile", "compiled-program", "writes-to-disk"]
    programs += ["stress-ng"] if tree.find("usr/bin/stress-ng") else []
    debian = disk_archive("debian", scripts.debian_programs())
    for harts, settings in ((1, ()), (4, (SLOW_CLOCK,))):  # stress-ng's ten seconds are of the guest's time
        boots.append(linux(f"debian-disk-{harts}", tree, debian, program_dialogue(programs), harts=harts, disk=disk, settings=settings))
    if tree.find("usr/bin/perf"):
        perf = disk_archive("perf", scripts.perf_programs())
        events = program_dialogue(["perf", "perf-counts", "perf-user", "perf-modes", "perf-proportion", "perf-record"])
        # QEMU 7.2 has no such events; sampling by a timer instead, its Linux gets no further.
        boots.append(linux("perf", tree, perf, events, disk=disk, qemu=False))
        if opensbi:
            boots.append(linux("perf-opensbi", tree, perf, events, disk=disk, firmware=opensbi, qemu=False))
    return boots


def run(boot, emulator, seconds, log_directory):
    """(what went wrong or None, host seconds of CPU, guest instructions)"""
    console = Console(emulator.command(boot), seconds, os.path.join(log_directory, f"{boot.name}.{emulator.name}.log"), boot.window)
    wrong = None
    for text, reply in boot.dialogue:
        if not console.expect(text):
            wrong = f"never said {text!r}"
            break
        if isinstance(reply, tuple):
            console.resize(reply)
        elif reply:
            console.say(reply)
    if not boot.powers_off:
        console.stop()
    elif not console.finish() and wrong is None:
        wrong = f"did not end by itself within {seconds} s" if console.process.returncode == 9 else "ended with failure"
    if wrong:
        print("\n".join(console.text().splitlines()[-25:]))
    return wrong, console.cpu_seconds, emulator.instructions()


def figures(seconds, instructions):
    return f"{seconds:8.1f} {instructions / 1e9 if instructions else float('nan'):8.3f}"


def fetched(directory):
    try:
        return packages.fetch(directory, PACKAGES, [])
    except packages.Unavailable as why:
        harness.skip(f"Debian's packages cannot be fetched: {why}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--directory", required=True, help="for archives, disks and logs")
    parser.add_argument("--fetch", help="without HARTBEAT_LINUX: fetch the packages, once, into this directory")
    parser.add_argument("--only", action="append", help="a boot's name; repeatable")
    parser.add_argument("--no-qemu", action="store_true")
    parser.add_argument("--seconds", type=int, default=600, help="longest boot; QEMU gets twice what we took, and a minute")
    options = parser.parse_args()
    root = os.environ.get("HARTBEAT_LINUX", "")
    if not root and options.fetch:
        root = fetched(options.fetch)
    xv6 = os.environ.get("HARTBEAT_XV6", "")
    if not os.path.isdir(root) and not os.path.isdir(xv6):
        harness.skip("HARTBEAT_LINUX names no directory of unpacked Debian riscv64 packages, HARTBEAT_XV6 none of a built xv6-riscv")
    os.makedirs(options.directory, exist_ok=True)
    tree = Tree(root)
    boots = debian_boots(tree, options.directory) if os.path.isdir(root) else []
    boots += xv6_boots(xv6)
    if options.only:
        boots = [boot for boot in boots if boot.name in options.only]
    if not boots:
        harness.skip(f"{root} has none of what the boots need: kernel and busybox, or OpenSBI and U-Boot")
    with_qemu = Qemu.exists() and not options.no_qemu
    failed = 0
    print(f"{'boot':22} {'hartbeat: CPU s, 10^9 instr.':>20} {'qemu: CPU s, 10^9 instr.' if with_qemu else ''}")
    for boot in boots:
        if boot.disk and not boot.bare:
            tree.disk(boot.disk)
        began = time.monotonic()
        wrong, *cost = run(boot, Hartbeat(options.hartbeat), options.seconds, options.directory)
        qemu_seconds = min(options.seconds, 60 + 2 * (time.monotonic() - began))  # it is a measure beside ours, and decides nothing
        line = f"{boot.name:22} {figures(*cost):>28}"
        if with_qemu and boot.qemu:
            qemu_wrong, *qemu_cost = run(boot, Qemu(options.directory), qemu_seconds, options.directory)
            line += f" {figures(*qemu_cost):>24}" + (f"  (QEMU {qemu_wrong})" if qemu_wrong else "")
        failed += wrong is not None
        print(line + (f"  FAILED: hartbeat {wrong}" if wrong else "  passed"), flush=True)
    print(f"boots: {len(boots) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
