#!/usr/bin/env python3
"""Runs the suites whose directories the environment names and writes what they say into docs/conformance.md, a section a suite.

A suite that is not here keeps the section of the run before, which says at which commit it was made.
"""
import argparse
import dataclasses
import datetime
import os
import re
import shutil
import subprocess
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
HEAD = """# Conformance

What suites that are not ours say of this emulator. `./dev conformance` writes this page: one section a suite, with the commit
and the day of the run that it comes from. A suite that the environment does not name is not run, and its section stays. `./dev
conformance NAME…` runs only these.

| variable | what it names |
|---|---|
| `HARTBEAT_RISCV_TESTS` | riscv-tests, built by its own Makefiles: `isa`, `benchmarks`, `mt` |
| `HARTBEAT_ARCH_TESTS` | checkouts of riscv-arch-test |
| `HARTBEAT_RISCV_TOOLS` | what the names of a second assembler, linker and compiler begin with, for where PATH's riscv64-unknown-elf-as is older than 2.42 |
| `HARTBEAT_SPIKE` | the program `spike`, which makes the signatures that riscv-arch-test has no references for; else QEMU does |
| `HARTBEAT_TESTFLOAT` | Berkeley TestFloat's program `testfloat_gen`, built with `SPECIALIZE_TYPE=RISCV` |
| `HARTBEAT_LINUX` | a directory with Debian packages for riscv64, unpacked |
| `HARTBEAT_XV6` | xv6-riscv, built by its own Makefile |
"""


@dataclasses.dataclass
class Suite:
    name: str
    title: str
    command: list
    keep: str  # which lines of the output are of interest
    text: str
    environment: str = ""  # must be set; and this one only
    seconds: int = 3600


def suites(build):
    hartbeat = f"{build}/emu/cli/hartbeat"
    boots = ["python3", "tests/system/boots/boot.py", "--hartbeat", hartbeat, "--directory", "build/boots", "--seconds", "3000"]
    figures = r"^boot |passed|FAILED|hartbeat never"
    return [
        Suite("riscv-tests", "riscv-tests", ["python3", "tests/system/riscv_tests.py", "--hartbeat", hartbeat],
              r"passed|FAILED", "Every built test and program; `-p`, `-v`: without and with address translation. `mt-2`, `mt-4`: "
              "programs whose `crt.S` was told of 2 and 4 harts (the suite's own says 1). `mt` is older than the rest of the suite: it is "
              "built with the barrier and the 32 x 32 data set that it was written for.", "HARTBEAT_RISCV_TESTS"),
        Suite("riscv-tests-cva6", "riscv-tests on the machine cva6", ["python3", "tests/system/riscv_tests.py", "--hartbeat", hartbeat,
                                                                      "--machine", "cva6"],
              r"passed|FAILED", "The same on CVA6 as it is: what the core has not got is skipped by name.", "HARTBEAT_RISCV_TESTS"),
        Suite("arch-test", "riscv-arch-test", ["python3", "tests/system/arch_test.py", "--hartbeat", hartbeat],
              r"passed|failed:", "Signatures, compared word by word with whose the line says. `dev`, `old`: the branches dev and "
              "old-framework-2.x; `pr407`, `pr393`: pull requests of the suite with tests of Sv39 and Sv48, those of Sv48 once more with "
              "their tables below a root of Sv57 (the suite had none of Sv57 then); `cvw`: tests of privilege, Svadu, Svnapot and "
              "Svpbmt in the suite's form from CORE-V Wally, but for those of its board and of its timer's rate. Skipped are the "
              "extensions that the machine does not claim. Without Spike, QEMU 7.2 is asked, and differs in three tests of pmp64, in "
              "each from the privileged specification: it keeps bits 5 and 6 of a pmpcfg that are read-only 0 (3.7.1; pmp64-CFG-reg: "
              "ff for 9f), and it goes on from an NA4 entry into a locked entry of lower priority that forbids execution, without "
              "the access fault that each fetch is to be checked for (3.7.1.3; pmp64-NA4-RX-priority-level-2 and -NA4-X-). Spike "
              "agrees with this emulator. Of the suite's open tests of Zawrs and of M-mode's interrupts (pull requests 432 and 567; not in "
              "this run) those differ from Spike that read `mip.MTIP`, in that bit alone, since `mtimecmp` has no specified value at "
              "reset; that of Zawrs also wants `--set hart.pmp_entries=0`, since it goes to S-mode without having set PMP up.",
              "HARTBEAT_ARCH_TESTS"),
        Suite("arch-test-cva6", "riscv-arch-test on the machine cva6", ["python3", "tests/system/arch_test.py", "--hartbeat", hartbeat,
                                                                        "--machine", "cva6"],
              r"passed|failed:", "The same on CVA6 as it is, which has scalar cryptography (K), Sv39 only and 8 PMP entries. Of K, SM3 "
              "and SM4 are skipped, and three old tests in syntax that no assembler takes any more.", "HARTBEAT_ARCH_TESTS"),
        Suite("qemu-diff", "Random programs beside QEMU",
              [f"{build}/tests/system/qemu_diff/qemu_diff", "--hartbeat", hartbeat, "--seconds", "120", "--count", "2000"],
              r".", "tests/system/qemu_diff: every trap, register, datum and page table after programs drawn from seeds."),
        Suite("testfloat", "Floating point: Berkeley TestFloat", [f"{build}/tests/isa/fp/fp_testfloat", "1"],
              r".", "F, D and Zfh in all five rounding modes against the results and flags that SoftFloat computes: every case of "
              "TestFloat's level 1, each with NX clear and NX raised before, since the fast path on the host's unit differs then.",
              "HARTBEAT_TESTFLOAT", 7200),
        Suite("floating-point", "Floating point: our own generators", ["ctest", "--test-dir", build, "-R", r"^fp_", "--timeout", "600"],
              r"Test +#|tests passed|tests failed", "tests/isa/fp: F, D and Zfh on corner and random operands in all rounding modes, "
              "results and flags, against the host's unit and against integers of 256 bits."),
        Suite("litmus", "Memory model", ["python3", "tests/system/litmus/litmus.py", "--hartbeat", hartbeat, "--rounds", "20000",
                                         "--seconds", "1200"],
              r".", "RVWMO and page-table shapes: how many outcomes the model allows, how many were seen, and which of those no "
              "interleaving shows. A line without such outcomes: this machine shows the interleavings only, since every access is "
              "carried out when its hart's turn comes; it can show stale translations, as the last lines do."),
        Suite("litmus-cva6", "Memory model under --timing cva6",
              ["python3", "tests/system/litmus/litmus.py", "--hartbeat", hartbeat, "--machine", "cva6", "--timing", "cva6",
               "--rounds", "100", "--seconds", "1200"],
              r".", "The same shapes on the cycle model."),
        Suite("boots", "Boots", boots, figures, "Debian's packages, unmodified; CPU seconds of the host and instructions of the "
              "guest, beside QEMU's (with several harts QEMU's count is a lower bound). `perf` is not for QEMU 7.2: its virtual PMU "
              "supports none of the events, and its guest gets no further in `perf record`; nor is `window`: its consoles have no "
              "size; nor are firmware as a relocatable ELF file and a gzip'd Image.", "HARTBEAT_LINUX", 14400),
        Suite("xv6", "xv6-riscv", boots, figures, "All of `usertests` on 1 and 3 harts, with `--set clock_hz=100000000`.",
              "HARTBEAT_XV6", 14400),
        Suite("errnos", "The laws of errnos on Linux", ["qemu-riscv64", f"{build}/guest-programs/errnos"], r"BROKEN|it gave|laws",
              "guest-programs/errnos, which holds the bundled kernel to Linux's answers to wrong arguments, on this host's Linux "
              "through qemu-riscv64: what is asked with `alone` is left out, where that gives an answer of its own. The host's `/tmp` "
              "must not be mounted noexec."),
    ]


def environment_of(suite):
    """Boots of one suite only: the other's directory would add its own."""
    environment = dict(os.environ)
    for other in ("HARTBEAT_LINUX", "HARTBEAT_XV6"):
        if suite.environment != other:
            environment.pop(other, None)
    return environment


def stamp():
    """The day and the commit, "-dirty" if anything but the page has been changed since."""
    git = ["git", "-C", root]
    commit = subprocess.run(git + ["rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run(git + ["diff", "--quiet", "HEAD", "--", ".", ":!docs/conformance.md"]).returncode != 0
    return f"{datetime.date.today().isoformat()}, commit {commit}{'-dirty' if changed else ''}"


def run(suite, when):
    """The section, or None when it was not to be had, and whether all is well."""
    if shutil.which(suite.command[0]) is None and not os.path.exists(os.path.join(root, suite.command[0])):
        print(f"{suite.name}: SKIP: there is no {suite.command[0]}")
        return None, True
    began = time.monotonic()
    try:
        done = subprocess.run(suite.command, cwd=root, env=environment_of(suite), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=suite.seconds)
    except subprocess.TimeoutExpired:
        return f"No end after {suite.seconds} s.\n", False
    if done.returncode == 77 or done.stdout.startswith("SKIP"):
        print(f"{suite.name}: {done.stdout.strip()}")
        return None, True
    lines = [line.replace(root + "/", "").rstrip() for line in done.stdout.splitlines() if re.search(suite.keep, line)]
    verdict = "passed" if done.returncode == 0 else f"FAILED, status {done.returncode}"
    command = " ".join(suite.command)
    took = f"{time.monotonic() - began:.0f} s"
    return f"{suite.text}\n\n`{command}`, {when}: {verdict}, in {took}.\n\n```\n" + "\n".join(lines) + "\n```\n", done.returncode == 0


def stored_sections(path):
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        parts = re.split(r"^## (.*)\n\n", file.read(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], (text.strip() + "\n" for text in parts[2::2])))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--output", default=os.path.join(root, "docs", "conformance.md"))
    parser.add_argument("name", nargs="*", help="suites; without: all whose directories are named")
    options = parser.parse_args()
    every = suites(options.build)
    unknown = set(options.name) - {suite.name for suite in every}
    if unknown:
        sys.exit(f"there is no suite \"{min(unknown)}\"; there are: {', '.join(suite.name for suite in every)}")
    when = stamp()
    sections, failed = stored_sections(options.output), []
    for suite in every:
        if options.name and suite.name not in options.name:
            continue
        if suite.environment and not os.environ.get(suite.environment):
            print(f"{suite.name}: SKIP: {suite.environment} is not set")
            continue
        text, well = run(suite, when)
        if text:
            sections[suite.title] = text
            print(f"{suite.name}: {text}", flush=True)
        if not well:
            failed.append(suite.name)
        with open(options.output, "w") as file:  # after each: a run of hours may be ended
            file.write(HEAD + "".join(f"\n## {suite.title}\n\n{sections[suite.title]}" for suite in every if suite.title in sections))
    if failed:
        sys.exit(f"did not pass: {', '.join(failed)}")


if __name__ == "__main__":
    main()
