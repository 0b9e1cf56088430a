#!/usr/bin/env python3
"""Runs one guest program on the bundled kernel, on one machine, and holds its output against what it must be.

Machines: `qemu` (qemu-system-riscv64 -M virt with our firmware), `opensbi` (the same with QEMU's or Debian's OpenSBI)
and `hartbeat` (this emulator). Exit status 77 means SKIP: the machine is not installed.

What must hold: the program's exit status is --status; no line begins with BROKEN; with --compare, standard output is
what the program prints under qemu-riscv64 (Linux user emulation), but for `measure:` lines, which hold addresses, and the
kernel's own messages (`guestos: …`); with --output, it is that text. On hartbeat the report must also say that the
kernel's and the hardware's story agree, that every frame is free again at the end, and, for each `measure:` line, that
as many pages of that range were copied and reused as the line says, as the kernel told it and as the hardware saw it;
for each `amplification:` line, as many bytes were copied as by law; for each `refcount:` line, as many frames had that
many references when most were shared; for an `idle-harts:` line, harts that idled were left alone.
No frame and no swap slot may be lost, and --kills says how many processes the kernel killed for want of memory.
With --broken the kernel is wrong on purpose (by --append), and the program must find it out instead.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # no __pycache__ in the source tree
from initial_archive import program_archive  # noqa: E402

SKIP = 77


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--machine", choices=["qemu", "opensbi", "hartbeat"], required=True)
    parser.add_argument("--harts", type=int, default=1)
    parser.add_argument("--memory", default="256M")
    parser.add_argument("--firmware", help="our firmware (ELF)")
    parser.add_argument("--kernel", help="the bundled kernel (ELF)")
    parser.add_argument("--hartbeat", help="the hartbeat program")
    parser.add_argument("--status", type=int, default=0)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--append", default="", help="boot arguments of the kernel")
    parser.add_argument("--machine-file", default="virt", help="hartbeat's --machine")
    parser.add_argument("--set", action="append", default=[], help="hartbeat's --set: a key of the machine's configuration")
    parser.add_argument("--no-measures", action="store_true",
                        help="the program's `measure:` lines are for pages of 4 KiB: leave them out")
    parser.add_argument("--broken", action="append", default=[],
                        help="the kernel is wrong on purpose: a line `BROKEN: …` with this text must come")
    parser.add_argument("--output", help="expected standard output, with \\n for line ends")
    parser.add_argument("--input", default="", help="standard input (hartbeat only: a serial line has no end)")
    parser.add_argument("--disk", help="give the machine an empty disk of that size, such as 64M")
    parser.add_argument("--expect", action="append", default=[],
                        help="a regular expression that a line of the output must match")
    parser.add_argument("--kills", type=int, default=0, help="processes that are killed for want of memory")
    parser.add_argument("--timeout", type=float, default=100)
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    return parser.parse_args()


console_errors = []  # what the guest's second console said, where it has one


def make_disk(options, directory):
    """The path of the disk that --disk asks for, or None."""
    if options.disk is None:
        return None
    path = os.path.join(directory, "disk.img")
    with open(path, "wb") as image:
        image.truncate(int(options.disk.rstrip("M")) << 20)
    return path


def skip(why):
    print("SKIP:", why)
    sys.exit(SKIP)


def run(command, options, stdin=""):
    """(exit status, standard output); a run that does not end is a failure with its output so far."""
    try:
        done = subprocess.run(command, input=stdin.encode(), capture_output=True, timeout=options.timeout)
    except subprocess.TimeoutExpired as late:
        print((late.stdout or b"").decode(errors="replace"))
        sys.exit(f"FAILED: no end after {options.timeout} s: {' '.join(command)}")
    if done.stderr:
        print("standard error:", done.stderr.decode(errors="replace"))
        console_errors.append(done.stderr.decode(errors="replace"))
    return done.returncode, done.stdout.decode(errors="replace").replace("\r\n", "\n")


def qemu_command(options, initrd, disk):
    """OpenSBI: Debian's file if it is there, for it is what a Debian user boots; else the one QEMU brings. Not fw_jump:
    it puts the device tree 34 MiB above the start of memory, there or not."""
    debian_opensbi = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin"
    opensbi = debian_opensbi if os.path.exists(debian_opensbi) else "default"
    bios = options.firmware if options.machine == "qemu" else opensbi
    drive = [] if disk is None else ["-drive", f"if=none,id=disk,format=raw,file={disk}",
                                     "-device", "virtio-blk-device,drive=disk"]
    return ["qemu-system-riscv64", *drive, "-M", "virt", "-smp", str(options.harts), "-m", options.memory, "-bios", bios,
            "-kernel", options.kernel, "-initrd", initrd, "-append", options.append, "-nographic", "-monitor", "none", "-serial", "stdio"]


def without_banner(text):
    """OpenSBI says a lot about itself first; the last of it is this table row and an empty line."""
    rows = text.split("\n")
    last = max((i for i, row in enumerate(rows) if row.startswith("Boot HART MEDELEG")), default=-1)
    return "\n".join(rows[last + 1:]).lstrip("\n")


def run_on_qemu(options):
    if shutil.which("qemu-system-riscv64") is None:
        skip("qemu-system-riscv64 is not installed (Debian: apt install qemu-system-misc)")
    with open(options.program, "rb") as program, tempfile.TemporaryDirectory() as directory:
        name = "/bin/" + os.path.basename(options.program)
        initrd = os.path.join(directory, "initrd.cpio")
        with open(initrd, "wb") as archive:
            archive.write(program_archive(name, program.read(), options.arguments))
        status, output = run(qemu_command(options, initrd, make_disk(options, directory)), options)
    return status, without_banner(output) if options.machine == "opensbi" else output


def run_on_hartbeat(options):
    if not options.hartbeat or not os.path.exists(options.hartbeat):
        skip(f"there is no hartbeat at {options.hartbeat}")
    with tempfile.TemporaryDirectory() as directory:
        report_file = os.path.join(directory, "report.json")
        disk = make_disk(options, directory)
        command = [options.hartbeat, "run", "--machine", options.machine_file, "--harts", str(options.harts),
                   "--memory", options.memory,
                   "--firmware", options.firmware, "--kernel", options.kernel,
                   "--append", options.append, "--stats", "json:" + report_file,
                   *(word for one in options.set for word in ("--set", one)),
                   *([] if disk is None else ["--disk", disk]), options.program, *options.arguments]
        status, output = run(command, options, options.input)
        with open(report_file) as file:
            report = json.load(file)
    if options.broken:
        return status, output
    check_report(report, options.kills)
    check_refcounts(output, report)
    check_amplification(output, report, options.append)
    check_idle_harts(output, report)
    for story in () if options.no_measures else ("kernel", "hardware"):
        check_measures(output, report[story]["cow_pages"], story)
    return status, output


MEASURE = re.compile(r"^measure: (\S+) begin=(0x[0-9a-f]+) end=(0x[0-9a-f]+) copies(<?)=(\d+) reuses<?=(\d+)$", re.M)
PAGE = 4096


def check_measures(output, cow_pages, story):
    for what, begin, end, at_most, *wanted in MEASURE.findall(output):
        seen = {"copies": 0, "reuses": 0}
        for pages in cow_pages:
            first = max(pages["first"], int(begin, 16))
            last = min(pages["first"] + PAGE * pages["pages"], int(end, 16))
            for kind in seen:
                seen[kind] += max(0, last - first) // PAGE * pages[kind]
        for kind, law in zip(seen, map(int, wanted)):
            if seen[kind] > law or (seen[kind] < law and not at_most):
                sys.exit(f"FAILED: {what}: {seen[kind]} {kind} by the {story}'s story, {law} by law")


AMPLIFICATION = re.compile(r"^amplification: begin=(0x[0-9a-f]+) end=(0x[0-9a-f]+) size=(\d+) pages=(\d+) touched=(\d+)$",
                           re.M)


def check_amplification(output, report, append):
    """The child's copies: whole pages, or as many of 4 KiB as it has touched; and nothing else of more than 4 KiB."""
    for begin, end, *numbers in AMPLIFICATION.findall(output):
        size, pages, touched = map(int, numbers)
        svnapot_is_missing = size == 65536 and report["kernel"]["large_pages"]["filled_64k"] == 0
        whole = "large-cow=whole" in append and size != PAGE and not svnapot_is_missing
        wanted = pages if whole else pages * touched
        each = size if whole else PAGE
        copies = report["kernel"]["copies"]
        hardware = report["hardware"]
        for story in ("kernel", "hardware"):
            seen = sum(max(0, min(int(end, 16), r["first"] + PAGE * r["pages"]) - max(int(begin, 16), r["first"])) // PAGE
                       * r["copies"] for r in report[story]["cow_pages"])
            if seen != wanted:
                sys.exit(f"FAILED: {seen} copies by the {story}'s story, {wanted} by law")
        if copies["bytes"] - wanted * each != (copies["pages"] - wanted) * PAGE:
            sys.exit(f"FAILED: {copies['bytes']} bytes were copied; by law {wanted} copies had {each} each")
        if hardware["copied_bytes"] - wanted * each != (hardware["copies"] - wanted) * PAGE:
            sys.exit(f"FAILED: the hardware saw {hardware['copied_bytes']} bytes copied; {wanted} copies had {each} each")
        measured = copies["bytes"] // PAGE
        if copies["measured_pages"] != measured:
            sys.exit(f"FAILED: {copies['measured_pages']} pages of {measured} copied ones were measured")


REFCOUNT = re.compile(r"^refcount: (\d+) frames=(\d+)$", re.M)


def check_refcounts(output, report):
    frames = report["kernel"]["frames"]
    counts = frames["refcounts"]["most_shared"]
    for references, pages in REFCOUNT.findall(output):
        key = references if int(references) <= 4 else "5_to_8"
        # The program's other pages are shared, too: its stack, libc's data.
        if not int(pages) <= counts[key] <= int(pages) + 100:
            sys.exit(f"FAILED: {counts[key]} frames had {references} references when most were shared, {pages} by law")
    # Three references and more are counted in the side table: it was there, and is as small as at boot in the end.
    table = frames["refcounts"]["table"]
    if any(int(references) > 2 for references, _ in REFCOUNT.findall(output)) and table["most_side_bytes"] == 0:
        sys.exit(f"FAILED: pages had three references, but nothing was counted in the side table: {table}")
    if table["table_bytes"] * 12 > table["plain_bytes"]:
        sys.exit(f"FAILED: the compressed reference counts are not small: {table}")
    for moment in ("at_boot", "last"):
        states = frames[moment]
        used = sum(states[state] for state in ("private", "cow_shared", "page_cache", "page_table"))
        if sum(frames["refcounts"][moment].values()) != used:
            sys.exit(f"FAILED: {moment}: the frames by references are not the frames in use")


IDLE_HARTS = re.compile(r"^idle-harts: threads=(\d+) rounds=(\d+)$", re.M)


def check_idle_harts(output, report):
    for threads, rounds in IDLE_HARTS.findall(output):
        sent = report["kernel"]["shootdowns"]["ipis_sent"]
        if sent * 2 >= int(threads) * int(rounds):
            sys.exit(f"FAILED: {sent} interrupts were sent for shootdowns, though {threads} threads slept {rounds} times")


def check_report(report, kills):
    if not report["comparison"]["agree"]:
        sys.exit("FAILED: the kernel's and the hardware's story disagree: "
                 + json.dumps(report["comparison"], indent=1))
    frames = report["kernel"]["frames"]
    if frames["free_at_end"] != frames["free_at_boot"]:
        sys.exit(f"FAILED: frames were lost: {frames['free_at_boot']} free at boot, {frames['free_at_end']} at the end")
    swap = report["kernel"]["swap"]
    if swap["free_at_end"] != swap["free_at_boot"]:
        sys.exit(f"FAILED: swap slots were lost: {swap}")
    if len(report["kernel"]["out_of_memory_kills"]) != kills:
        sys.exit(f"FAILED: killed for want of memory: {report['kernel']['out_of_memory_kills']}, expected {kills}")


def comparable(text):
    return [line for line in text.split("\n") if not line.startswith(("measure:", "guestos:"))]


def expected_output(options):
    if options.output is not None:
        return options.output.replace("\\n", "\n").split("\n")
    if not options.compare or shutil.which("qemu-riscv64") is None:
        return None
    command = ["qemu-riscv64", "-0", "/bin/" + os.path.basename(options.program), options.program, *options.arguments]
    _, output = run(command, options, options.input)
    return comparable(output)


def main():
    options = parse_arguments()
    expected = expected_output(options)
    status, output = run_on_hartbeat(options) if options.machine == "hartbeat" else run_on_qemu(options)
    print(output)
    for text in options.broken:
        if not re.search("^BROKEN: .*" + re.escape(text), output, re.M):
            sys.exit(f"FAILED: a kernel that is wrong on purpose was not found out: no BROKEN line with \"{text}\"")
    if options.broken:
        return
    for line in options.expect:
        if not re.search(line, "\n".join([output, *console_errors]), re.M):
            sys.exit(f"FAILED: no line is like {line}")
    if status != options.status:
        sys.exit(f"FAILED: exit status {status}, expected {options.status}")
    if any(line.startswith("BROKEN") for line in output.split("\n")):
        sys.exit("FAILED: a law is broken")
    if expected is not None and comparable(output) != expected:
        sys.exit("FAILED: standard output is not what it must be:\n" + "\n".join(expected))


if __name__ == "__main__":
    main()
