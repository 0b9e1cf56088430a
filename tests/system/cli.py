#!/usr/bin/env python3
"""What a user meets at the command line: exit statuses, streams, limits, and one clear message for each mistake."""
import argparse
import os
import re
import struct
import tempfile

import harness

RAM = 0x80000000
LOAD, INTERPRETER = 1, 3


def elf(segments=((RAM, 64, 64),), entry=RAM, ident_class=2, data=1, machine=243, kind=2, flags=5, kinds=None, interpreter=b""):
    """A small ELF file; segments are (address, file size, memory size)."""
    ident = b"\x7fELF" + bytes([ident_class, data, 1]) + bytes(9)
    order = "<" if data == 1 else ">"
    programs = [(LOAD, flags, 0x1000, address, size, memory) for address, size, memory in segments]
    if interpreter:
        programs.append((INTERPRETER, 4, 0x800, 0, len(interpreter), len(interpreter)))
    header = struct.pack(order + "HHIQQQIHHHHHH", kind, machine, 1, entry, 64, 0, 0, 64, 56, len(programs), 0, 0, 0)
    table = b"".join(struct.pack(order + "IIQQQQQQ", what, rights, offset, address, address, size, memory, 8)
                     for what, rights, offset, address, size, memory in programs)
    body = (ident + header + table).ljust(0x800, b"\0") + interpreter
    return body.ljust(0x1000, b"\0") + b"\x13\0\0\0" * 1024


BAD_FILES = {
    "empty": (b"", "empty|not an ELF"),
    "text": (b"#!/bin/sh\necho hello\n", "not an ELF"),
    "32-bit": (elf(ident_class=1), "32-bit"),
    "big-endian": (elf(data=2), "big-endian"),
    "x86": (elf(machine=62), "x86"),
    "relocatable": (elf(kind=1), "relocatable|object"),
    "truncated header": (elf()[:40], "truncated"),
    "truncated segment": (elf(segments=((RAM, 0x100000, 0x100000),)), "truncated|file ends"),
    "overlapping": (elf(segments=((RAM, 64, 64), (RAM + 32, 64, 64))), "overlapping"),
    "entry outside": (elf(entry=RAM + 0x100000), "entry point"),
    "entry odd": (elf(entry=RAM + 1), "odd"),
    "outside RAM": (elf(segments=((RAM, 64, 64), (0x7000000000, 64, 64))), "outside RAM"),
    "without segments": (elf(segments=()), "nothing to load"),
    "dynamic without its interpreter": (elf(segments=((0x10000, 64, 64),), entry=0x10000, interpreter=b"/lib/ld-nowhere.so.1\0"), "ld-nowhere"),
}

BAD_COMMANDS = [
    (["run", "/nonexistent/file"], "/nonexistent/file"),
    (["run"], "program"),
    (["run", "--harts", "0", "{program}"], "harts"),
    (["run", "--harts", "65", "{program}"], "harts"),
    (["run", "--harts", "many", "{program}"], "many"),
    (["run", "--memory", "12Q", "{program}"], "12Q"),
    (["run", "--machine", "pdp11", "{program}"], "pdp11"),
    (["run", "--timing", "guess", "{program}"], "guess"),
    (["run", "--stats", "punchcard", "{program}"], "punchcard"),
    (["run", "--trace", "tape", "{program}"], "tape"),
    (["run", "--trace", "spike:/nonexistent/trace", "{program}"], "/nonexistent/trace"),
    (["run", "--stats", "json:/nonexistent/stats", "{program}"], "/nonexistent/stats"),
    (["run", "--stats", "json:/tmp", "{program}"], "Is a directory"),
    (["run", "--trace-last", "100", "--trace", "spike:/dev/null", "{program}"], "--trace binary:FILE"),
    (["run", "--trace-last", "0", "--trace", "binary:/dev/null", "{program}"], "a number from 1"),
    (["report", "--map", "0", "{program}"], "a number from 1"),
    (["report", "--from-cycle", "10", "--to-cycle", "9", "{program}"], "nothing between"),
    (["run", "--set", "colour=red", "{program}"], "colour"),
    (["run", "--console", "teletype", "{program}"], "teletype"),
    (["run", "--reboot", "never", "{program}"], "never"),
    (["run", "--no-such-option", "{program}"], "no-such-option"),
    (["frobnicate"], "frobnicate"),
]


def check_mistake(checks, name, result, pattern):
    status, out, err = result
    checks.equal(f"{name}: exit status", status, 2)
    checks.hold(re.search(pattern, err), f"{name}: the message says {pattern!r}", err)
    checks.hold(len(err.strip().splitlines()) <= 4, f"{name}: the message is short", err)
    checks.hold("terminate called" not in err and "Sanitizer" not in err, f"{name}: no crash", err)


def check_bad_files(checks, hartbeat, directory):
    messages = {}
    for name, (content, pattern) in BAD_FILES.items():
        path = os.path.join(directory, "file")
        with open(path, "wb") as file:
            file.write(content)
        result = harness.run(hartbeat, "run", path)
        check_mistake(checks, name, result, pattern)
        messages.setdefault(re.sub(r"0x[0-9a-f]+", "N", result[2]), []).append(name)
    for message, names in messages.items():
        checks.hold(len(names) == 1 or names == ["empty", "text"], f"{' and '.join(names)} have messages of their own", message)


def check_bare_metal(checks, hartbeat, bare):
    status, out, err = harness.run(hartbeat, "run", "--quiet", "--harts", 4, f"{bare}/contend.elf")
    checks.equal("a bare-metal program's status and output", (status, out, err), (0, "ok\n", ""))
    status, out, err, text = harness.run_with_report(hartbeat, "--harts", 2, f"{bare}/contend.elf")
    report = harness.report_of(text, out, err)
    checks.hold(report["kernel"] is None and report["comparison"] is None, "a bare-metal program has no kernel story")
    checks.hold(report["harts"][1]["wfi_cycles"] > 0, "a hart that sleeps is said to sleep")
    status, _, err = harness.run(hartbeat, "run", "--quiet", f"{bare}/sleep.elf")
    checks.equal("harts that all sleep for good end the run", status, 125)
    status, _, _ = harness.run(hartbeat, "run", "--quiet", f"{bare}/sleep.elf", stdin=b"")
    checks.equal("nor does a closed pipe keep them waiting", status, 125)
    checks.hold("hart 0" in err, "and the message says where", err)
    status, _, err = harness.run(hartbeat, "run", "--quiet", f"{bare}/trap_loop.elf")
    checks.equal("a trap loop ends the run", status, 125)
    checks.hold("illegal" in err, "and the message names the trap", err)
    for limit in (("--max-instret", 100000), ("--max-cycles", 100000), ("--timeout", 0.3)):
        status, _, _ = harness.run(hartbeat, "run", "--quiet", *limit, f"{bare}/loop.elf")
        checks.equal(f"{limit[0]} ends a run", status, 124)


def check_limits_are_exact(checks, hartbeat, bare):
    _, out, err, text = harness.run_with_report(hartbeat, "--max-instret", 123456, f"{bare}/loop.elf")
    instret = harness.report_of(text, out, err)["total"]["instret"]
    checks.hold(123456 <= instret < 123456 + 100000, "--max-instret is met closely", str(instret))


def check_programs(checks, hartbeat, guests):
    status, _, err, text = harness.run_with_report(hartbeat, "--quiet", f"{guests}/hello")
    checks.hold(harness.report_of(text, "", err)["schema"] != "", "--quiet leaves the reports that are asked for")
    checks.equal("and says nothing itself", err, "")
    status, out, _ = harness.run(hartbeat, "run", "--quiet", f"{guests}/hello")
    checks.equal("hello", (status, out), (0, "hello from RISC-V\n"))
    for expected in (0, 1, 42, 255):
        checks.equal("the exit status is the guest's", harness.run(hartbeat, "run", "--quiet", f"{guests}/exit-status", expected)[0], expected)
    checks.equal("death by a signal is told as a shell does", harness.run(hartbeat, "run", "--quiet", f"{guests}/exit-status", "signal", 9)[0], 128 + 9)
    status, out, _ = harness.run(hartbeat, "run", "--quiet", f"{guests}/echo-args", "one two", "", "--harts", "-x")
    arguments = re.findall(r"^arg\[\d+\]=(.*)$", out, re.M)[1:]
    checks.equal("what follows the program is the program's", arguments, ["one two", "", "--harts", "-x"])
    text = b"".join(b"line %d\n" % i for i in range(20000))
    status, out, _ = harness.run(hartbeat, "run", "--quiet", f"{guests}/cat", stdin=text)
    checks.equal("standard input reaches the program", (status, out == text.decode()), (0, True))
    status, out, err = harness.run(hartbeat, "run", f"{guests}/hello")
    checks.equal("the report is no part of the program's output", out, "hello from RISC-V\n")
    checks.hold("one instruction = one cycle" in err, "the text report says what a cycle is", err)


def check_one_screen(checks, hartbeat, guests):
    """The default report fits a screen, what cost most stands first, and --stats full goes on where it ends."""
    for options, program in ((("--harts", 8), "shootdown"), (("--timing", "cva6", "--harts", 4), "cow-basic")):
        _, _, screen = harness.run(hartbeat, "run", *options, f"{guests}/{program}")
        lines = screen.splitlines()
        checks.hold(len(lines) <= 48, f"{program}: the report is at most 48 lines", str(len(lines)))
        widest = max(lines, key=len)
        checks.hold(len(widest) <= 110, f"{program}: no line is wider than 110 columns", widest)
        rows = screen.split("what cost most", 1)[1].split("\n\n")[0].splitlines()[1:]
        costs = [int(re.split(r"  +", row.strip())[2].replace(",", "")) for row in rows if not row.startswith("  …")]
        checks.hold(len(costs) > 3 and costs == sorted(costs, reverse=True), f"{program}: what cost most is first", str(costs))
        _, _, full = harness.run(hartbeat, "run", *options, "--stats", "full", f"{guests}/{program}")
        checks.hold("\nTraps\n" in full and "Processes, by cycles" in full and len(full) > len(screen), f"{program}: --stats full has all tables", full)


def check_explain(checks, hartbeat, guests):
    status, out, err = harness.run(hartbeat, "run", "--quiet", "--explain", "fault:3", f"{guests}/hello")
    checks.equal("--explain leaves the program's output and status", (status, out), (0, "hello from RISC-V\n"))
    text = " ".join(err.split())
    checks.hold(re.match(r"Fault 3: process 1 \(hello\) on hart 0 at cycle [\d,]+ tried a ", text) and "The walker read level 2 at 0x" in text
                and "The check that said no: " in text and "The kernel's answer (" in text, "--explain tells a fault in words", err)
    cycles = re.search(r"Cycles: (.*) = ([\d,]+)\.", text)
    steps = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+)(?= \+|$)", cycles.group(1))] if cycles else []
    checks.hold(cycles and sum(steps) == int(cycles.group(2).replace(",", "")), "the steps of an explained fault add up", err)
    status, _, err = harness.run(hartbeat, "run", "--quiet", "--explain", "fault:300000", f"{guests}/hello")
    checks.hold(status == 2 and "numbered from 1" in err and err.count("\n") == 1, "a fault that did not happen cannot be explained", err)


def check_equal_exports(checks, hartbeat, guests, directory):
    """Equal runs give equal tables and figures."""
    made = []
    for name in ("one", "two"):
        report = f"{directory}/{name}.json"
        harness.run(hartbeat, "run", "--quiet", "--harts", 2, "--stats", f"json:{report}", f"{guests}/cow-basic")
        made.append([harness.run(hartbeat, "report", *option, report) for option in
                     (["--csv", "counters"], ["--csv", "copies"], ["--csv", "faults"], ["--csv", "timeline"], ["--map", 5])])
    for one, two in zip(*made):
        checks.hold(one[0] == 0 and len(one[1]) > 100 and one == two, "equal runs give the same CSV and SVG, byte for byte", one[1][:200])


def check_damaged_reports(checks, hartbeat, guests, directory):
    good, bad = f"{directory}/good.json", f"{directory}/bad.json"
    harness.run(hartbeat, "run", "--quiet", "--stats", f"json:{good}", f"{guests}/hello")
    with open(good) as file:
        text = file.read()
    damages = {"cut": text[:len(text) // 2], "no JSON": "{schema", "no report": "{\"a\": 1}",
               "another schema": re.sub(r'"schema": *\d+', '"schema": 999', text, count=1),
               "numbers for lists": re.sub(r'"processes": *\[', '"processes": 7, "was": [', text, count=1),
               "numbers for names": re.sub(r'"name": *"[^"]*"', '"name": 7', text)}
    for name, damaged in damages.items():
        with open(bad, "w") as file:
            file.write(damaged)
        for files in ([good, bad], [bad, good]):
            status, out, err = harness.run(hartbeat, "report", *files)
            if status == 0:  # what is left of it can be compared
                checks.hold("counters are equal" in out and "numbers for" in name, f"two reports, one with {name}", out)
            else:
                checks.hold(status == 2 and err.count("\n") == 1 and bad in err and good not in err,
                            f"two reports, one damaged ({name}): one message that names it", err)
        for option in (["--csv", "processes"], ["--csv", "counters"], ["--explain", "fault:1"], ["--map", "1"]):
            status, _, err = harness.run(hartbeat, "report", *option, bad)
            checks.hold(status in (0, 2) and (status == 0 or (err.count("\n") == 1 and bad in err)),
                        f"{option} of a report with {name}", err)


def check_reboot(checks, hartbeat, bare):
    """What a guest's reset does, and that a machine that is started again is a new one whose clock goes on."""
    program = ["--set", "clock_hz=2000000", "--set", "rtc_epoch=0", "--harts", 2, f"{bare}/reboot.elf"]
    status, out, err = harness.run(hartbeat, "run", *program)
    checks.hold(status == 0 and out == "boot\n" and "asked for a reset" in err, "a reset ends the run", (status, out, err))
    status, out, err = harness.run(hartbeat, "run", "--reboot", "restart", *program)
    checks.hold(status == 7 and out == "boot\n" * 3, "with --reboot restart it starts the machine again", (status, out, err))
    checks.equal("reports of three boots", err.count("ended the run"), 1)
    status, out, _ = harness.run(hartbeat, "run", "--quiet", "--reboot", "restart", "--max-cycles", 3000000, *program)
    checks.hold(status == 124 and out == "boot\n" * 2, "limits go on over a reset", (status, out))
    status, out, err = harness.run(hartbeat, "run", "--quiet", "--reboot", "restart", "--timing", "cva6", "--set", "timebase_hz=2000000", *program)
    checks.hold(status == 7 and out.count("boot\n") in (2, 3), "a reset under the cycle model", (status, out, err))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--bare", required=True, help="directory of the bare-metal programs")
    parser.add_argument("--guests", help="directory of the guest programs; without: leave them out")
    options = parser.parse_args()
    checks = harness.Checks()
    with tempfile.TemporaryDirectory() as directory:
        check_bad_files(checks, options.hartbeat, directory)
    for command, pattern in BAD_COMMANDS:
        arguments = [word.format(program=f"{options.bare}/contend.elf") for word in command]
        check_mistake(checks, " ".join(command), harness.run(options.hartbeat, *arguments), pattern)
    check_bare_metal(checks, options.hartbeat, options.bare)
    check_limits_are_exact(checks, options.hartbeat, options.bare)
    check_reboot(checks, options.hartbeat, options.bare)
    if options.guests:
        check_programs(checks, options.hartbeat, options.guests)
        check_one_screen(checks, options.hartbeat, options.guests)
        check_explain(checks, options.hartbeat, options.guests)
        with tempfile.TemporaryDirectory() as directory:
            check_damaged_reports(checks, options.hartbeat, options.guests, directory)
            check_equal_exports(checks, options.hartbeat, options.guests, directory)
    checks.end()


if __name__ == "__main__":
    main()
