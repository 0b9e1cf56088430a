#!/usr/bin/env python3
"""Runs riscv-arch-test from HARTBEAT_ARCH_TESTS, a checkout (or a directory of several): assembles each test of
riscv-test-suite/rv64i_m for a bare machine, runs it and compares the signature it leaves with the suite's reference, or,
where the checkout has none, with the one that Spike (HARTBEAT_SPIKE, the program) leaves for the same ELF file, or else
qemu-system-riscv64. Tests of Sv48 run once more under Sv57. One line per suite. Without the variable: one line that says SKIP.

HARTBEAT_RISCV_TOOLS is what the names of further tools begin with, for what PATH's riscv64-unknown-elf-as does not assemble.
"""
import argparse
import collections
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "arch")
TOOLS = [tools for tools in ("riscv64-unknown-elf-", os.environ.get("HARTBEAT_RISCV_TOOLS")) if tools and shutil.which(tools + "as")]
# What has more than one name: the parts that make the whole, and what is a part of something else.
WHOLES = {"b": {"zba", "zbb", "zbs"}, "zkb": {"zbkb", "zbkc", "zbkx"}, "zkn": {"zbkb", "zbkc", "zbkx", "zkne", "zknd", "zknh"},
          "zca": {"c"}, "zcd": {"c", "d"}, "zbkc": {"zbc"}}
# Of a machine's extensions those that Spike must be told of.
SPIKE_NAMES = {"zicsr", "zifencei", "zicntr", "zihpm", "zicbom", "zicbop", "zicboz", "zicond", "zacas", "zfh", "zcb", "zba", "zbb",
               "zbc", "zbs", "zbkb", "zbkx", "zknd", "zkne", "zknh", "zimop", "zcmop", "zawrs", "zicclsm", "svadu", "svinval", "svnapot",
               "svpbmt", "sscofpmf", "sstc", "smstateen"}
CASE = re.compile(r"RVTEST_CASE\s*\(\s*[0-9]+\s*,\s*\"//([^\"]*)\"")


class Skip(Exception):
    pass


class Isa:
    """What a machine has, by its own words."""

    def __init__(self, hartbeat, machine):
        text = subprocess.run([hartbeat, "machines", machine], capture_output=True, text=True, check=True).stdout
        self.string = re.search(r'^isa = "([^"]*)"', text, re.MULTILINE).group(1)
        letters, *names = self.string.removeprefix("rv64").split("_")
        self.extensions = set(letters) | set(names) | {"s", "u", "64", "rv64"}
        while more := {name for name, parts in WHOLES.items() if parts <= self.extensions} - self.extensions:
            self.extensions |= more
        self.for_spike = "_".join(["rv64" + letters, *(name for name in names if name in SPIKE_NAMES)])
        self.pmp_entries = re.search(r"^pmp_entries = ([0-9]+)", text, re.MULTILINE).group(1)
        deepest = int(re.search(r'^mode = "sv([0-9]+)"', text, re.MULTILINE).group(1))
        self.no_modes = [f"sv{bits}" for bits in (39, 48, 57) if bits > deepest]

    def holds(self, condition):
        """Whether the machine has all that a condition like ".*64.*I.*Zicboz.*Zicsr.*" names, in whatever order."""
        if "[^C]" in condition and "c" in self.extensions:
            return False
        return {part.lower() for part in re.findall(r"\w+", condition.replace("[^C]", ""))} <= self.extensions


def deepened(source):
    """A test of Sv48, for Sv57: its tables hang from a root of their own (the suite's macros would build Sv57's wrongly)."""
    return re.sub(r"SATP_SETUP_RV64 *\(sv48\)", "SATP_SETUP_BELOW_SV57_ROOT", source)


def definitions(test, source, isa):
    """The macros of every case whose conditions hold."""
    mode = re.search(r"(?:/vm_|mmu-)(sv\d\d)", test)
    if "SATP_SETUP_BELOW_SV57_ROOT" in source and "sv57" in isa.no_modes or mode and mode.group(1) in isa.no_modes:
        raise Skip("no case is for this machine")
    defined = {}
    cases = CASE.findall(source)
    for case in cases:
        conditions = re.findall(r"check ISA:=regex\(([^)]*)\)", case)
        if all(isa.holds(condition) for condition in conditions):
            defined.update(re.findall(r"def (\w+)=(\w+)", case))
    if cases and not defined:
        raise Skip("no case is for this machine")
    return defined


def architecture(test, source):
    if "/rv64i_m/K/" in test:  # named by wholes, old names or not at all
        return "rv64i_zicsr_zifencei_zk_zks"
    found = re.search(r'RVTEST_ISA\("([^",]*)', source)
    march = (found.group(1) if found else "RV64G").lower()
    for extension in ("zicsr", "zifencei"):
        if extension not in march:
            march += "_" + extension
    return march


def build(test, env, elf, isa, deeper):
    with open(test, errors="replace") as file:
        source = deepened(file.read()) if deeper else file.read()
    macros = [f"-D{name}={value}" for name, value in definitions(test, source, isa).items()]
    march = architecture(test, source)
    flen = 64 if re.search(r"rv64[a-z]*d", march) else 32
    preprocess = ["gcc", "-E", "-march=rv64gc", "-mabi=lp64", "-DXLEN=64", f"-DFLEN={flen}", "-I" + HERE,
                  "-I" + env, "-I" + os.path.dirname(test), *macros, "-x", "assembler-with-cpp", "-"]
    assemble = ["as", "-march=" + march, "-mabi=lp64", "-o", elf + ".o", "-"]
    link = ["ld", "-m", "elf64lriscv", "-T", os.path.join(HERE, "link.ld"), "-o", elf, elf + ".o"]
    why = ""
    for tools in TOOLS:
        text = source.encode()
        for program, *arguments in (preprocess, assemble, link):
            done = subprocess.run([tools + program, *arguments], input=text, capture_output=True)
            text = done.stdout
            if done.returncode != 0:
                errors = re.findall(r"[Ee]rror: (.*)", done.stderr.decode(errors="replace")) or ["no reason given"]
                why = why or f"not built: {program}: {errors[0]}"
                break
        else:
            return
    raise Skip(why)


def signature(command):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        return None
    words = done.stdout.decode(errors="replace").lower().split()
    return words if words and all(re.fullmatch("[0-9a-f]{8}", word) for word in words) else None


def qemu_processor(qemu):
    """QEMU's name for as much of the machine as this version of it has."""
    bits = "h=off,zba=on,zbb=on,zbc=on,zbs=on"
    choices = ("max", f"rv64,{bits},zfh=on", f"rv64,{bits},Zfh=on", f"rv64,{bits}", "rv64")
    for choice in choices:
        # It refuses at once what it does not know; a machine that starts is told to quit.
        probe = subprocess.run([qemu, "-M", "virt", "-cpu", choice, "-display", "none", "-bios", "none", "-S", "-monitor",
                                "stdio"], input=b"quit\n", capture_output=True)
        if probe.returncode == 0:
            return choice
    return choices[-1]


class Spike:
    name = "Spike"

    def __init__(self, program, isa):
        self.program, self.isa = program, isa

    def command(self, elf):
        return [self.program, "-m128", "--priv=msu", f"--pmpregions={self.isa.pmp_entries}", f"--isa={self.isa.for_spike}", elf]


class Qemu:
    name = "QEMU"

    def __init__(self, program):
        self.program, self.processor = program, qemu_processor(program)

    def command(self, elf):
        return [self.program, "-M", "virt", "-m", "128M", "-cpu", self.processor, "-nographic", "-monitor", "none", "-serial",
                "stdio", "-bios", "none", "-kernel", elf]


def find_peer(isa):
    """Who makes a signature where the suite has none."""
    spike, qemu = os.environ.get("HARTBEAT_SPIKE", ""), shutil.which("qemu-system-riscv64")
    if spike:
        if not shutil.which(spike):
            sys.exit(f"HARTBEAT_SPIKE is {spike}, which is no program")
        return Spike(spike, isa)
    return Qemu(qemu) if qemu else None


def reference(test, elf, peer, deeper):
    """The words, and whose they are."""
    name = os.path.splitext(os.path.basename(test))[0]
    stored = os.path.join(os.path.dirname(test), "..", "references", name + ".reference_output")
    if os.path.exists(stored) and not deeper:
        with open(stored) as file:
            return file.read().lower().split(), "the suite's reference"
    if not peer:
        raise Skip("no reference, and neither Spike nor qemu-system-riscv64 to make one")
    words = signature(peer.command(elf))
    if words is None:
        raise Skip(f"{peer.name} leaves no signature")
    return words, peer.name


def hartbeat_command(options, machine, more=()):
    """For one ELF file, which follows."""
    return [options.hartbeat, "run", "--quiet", "--machine", machine, *more, "--firmware", "none", "--max-instret", "200000000"]


def accessed_and_dirty_by_choice(isa):
    """The machine's ISA with A and D left to software until menvcfg.ADUE is set, as the tests and Spike have it at reset."""
    return ["--set", "hart.isa=" + re.sub("(?<!_svade)_svadu(?![a-z])", "_svade_svadu", isa.string)]


def run_test(test, env, options, isa, peer, deeper):
    """(outcome, why, whose signature it was compared with)"""
    with tempfile.TemporaryDirectory() as directory:
        elf = os.path.join(directory, "test.elf")
        try:
            build(test, env, elf, isa, deeper)
            expected, whose = reference(test, elf, peer, deeper)
        except Skip as reason:
            return "skipped", str(reason), ""
        found = signature(hartbeat_command(options, options.machine, accessed_and_dirty_by_choice(isa)) + [elf])
        if found != expected and "misalign" in os.path.basename(test):
            # Reference signatures of misaligned accesses are of a machine that leaves them to software.
            found = signature(hartbeat_command(options, "cva6", ["--timing", "none"]) + [elf])
    if found is None:
        return "failed", "no signature", whose
    if found == expected:
        return "passed", "", whose
    wrong = [i for i, pair in enumerate(zip(found, expected)) if pair[0] != pair[1]]
    if not wrong:
        return "failed", f"{len(found)} words instead of {len(expected)}", whose
    return "failed", f"{len(wrong)} of {len(expected)} words differ, first word {wrong[0]}: " \
                     f"{found[wrong[0]]} instead of {expected[wrong[0]]} ({whose})", whose


def suites_of(directory):
    """(directory with tests, whether Sv57 is to translate them): of most suites src, of those of virtual memory one a property."""
    pattern = os.path.join(directory, "**", "riscv-test-suite", "rv64i_m", "**", "*.S")
    directories = sorted({os.path.dirname(test) for test in glob.glob(pattern, recursive=True)})
    return [(each, False) for each in directories] + [(each, True) for each in directories if "/vm_sv48" in each]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--machine", default="virt")
    parser.add_argument("--suite", help="only suites whose path contains this")
    parser.add_argument("--verbose", action="store_true", help="say why each test failed or was skipped")
    options = parser.parse_args()
    directory = os.environ.get("HARTBEAT_ARCH_TESTS", "")
    if not directory:
        print("SKIP: HARTBEAT_ARCH_TESTS does not name a checkout of riscv-arch-test")
        return 0
    if not TOOLS:
        print("SKIP: riscv64-unknown-elf-as is not installed, and HARTBEAT_RISCV_TOOLS names no other")
        return 0
    isa = Isa(options.hartbeat, options.machine)
    peer = find_peer(isa)
    totals = collections.Counter()
    for source, deeper in suites_of(directory):
        suite = os.path.relpath(source, directory).replace("riscv-test-suite/", "").removesuffix("/src") + (" with Sv57" if deeper else "")
        if options.suite and options.suite not in suite:
            continue
        env = os.path.join(source[:source.rindex("/rv64i_m/")], "env")
        tests = sorted(glob.glob(os.path.join(source, "*.S")))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda test: run_test(test, env, options, isa, peer, deeper), tests))
        counts, reasons, judges = collections.Counter(), collections.Counter(), set()
        for test, (outcome, why, whose) in zip(tests, results):
            judges |= {whose} - {""}
            counts[outcome] += 1
            if outcome == "failed" or options.verbose and outcome == "skipped":
                print(f"  {outcome}: {os.path.basename(test)}: {why}")
            if outcome == "skipped":
                reasons[why[:100]] += 1
        notes = [f"against {judge}" for judge in sorted(judges)]
        notes += [f"{count} skipped: {why}" for why, count in reasons.most_common(3)]
        print(f"{suite:28} passed {counts['passed']:3}  failed {counts['failed']:3}  skipped {counts['skipped']:3}  "
              f"({'; '.join(notes)})", flush=True)
        totals += counts
    print(f"riscv-arch-test: {totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped")
    return 1 if totals["failed"] or not totals["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
