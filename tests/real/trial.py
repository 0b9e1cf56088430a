"""One run of a program of a distribution in the guest: what it is given, and what must come out."""
import dataclasses
import json
import os
import shutil
import subprocess
import tempfile
import time

import root_directory


@dataclasses.dataclass
class Trial:
    name: str
    programs: list          # of the unpacked packages; the first is run
    arguments: list
    stdin: str = ""
    files: dict = dataclasses.field(default_factory=dict)  # name in the root directory: text
    links: dict = dataclasses.field(default_factory=dict)  # name: target of a symbolic link
    environment: list = dataclasses.field(default_factory=list)
    compare: bool = False   # standard output and status must be what qemu-riscv64 gives
    check: object = None    # check(output, report): None, or what is wrong
    explain: object = None  # explain(report): lines for those who read the result
    guest_program: str = ""  # one of ours, run instead of the first of `programs`
    harts: int = 1
    options: tuple = ()
    timeout: float = 300


@dataclasses.dataclass
class Result:
    wrong: str = ""
    instructions: int = 0
    seconds: float = 0
    faults: int = 0
    copies: int = 0
    lines: list = dataclasses.field(default_factory=list)


def make_root(trial, tree, directory):
    programs = [f"usr/bin/{p}" if "/" not in p else p for p in trial.programs]
    root_directory.make(tree, directory, programs)
    for name, text in trial.files.items():
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    for name, target in trial.links.items():
        os.symlink(target, os.path.join(directory, name))
    return os.path.join(directory, programs[0])


def under_qemu(trial, root, program):
    """(status, output) of the same program, arguments and input under qemu-riscv64, in a directory of its own."""
    with tempfile.TemporaryDirectory() as place:
        for name in trial.files:
            shutil.copy(os.path.join(root, name), os.path.join(place, os.path.basename(name)))
        done = subprocess.run(["qemu-riscv64", "-L", root, "-0", "/" + os.path.relpath(program, root), program, *trial.arguments],
                              input=trial.stdin.encode(), capture_output=True, cwd=place, timeout=trial.timeout,
                              env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/", "TERM": "vt100"})
        return done.returncode, done.stdout.decode(errors="replace")


def judge(trial, root, program, status, output, errors, report):
    if status != 0 and not trial.compare:
        return f"status {status}: {(errors or output).strip().splitlines()[-1:]}"
    if not report["comparison"]["agree"]:
        return "the kernel's and the hardware's story disagree"
    frames = report["kernel"]["frames"]
    if frames.get("free_at_end", 0) != frames.get("free_at_boot", 1):
        return "frames were lost"
    if trial.compare:
        if not shutil.which("qemu-riscv64"):
            return "qemu-riscv64 (Debian's qemu-user) is needed for the comparison"
        expected = under_qemu(trial, root, program)
        if expected != (status, output):
            return f"qemu-riscv64 says {expected}, the guest says {(status, output)}"
    return trial.check(output, report) if trial.check else None


def run(trial, tree, hartbeat, guest_programs):
    with tempfile.TemporaryDirectory() as place:
        root = os.path.join(place, "root")
        program = make_root(trial, tree, root)
        if trial.guest_program:
            program = os.path.join(guest_programs, trial.guest_program)
        stats = os.path.join(place, "stats.json")
        command = [hartbeat, "run", "--harts", str(trial.harts), "--root", root, "--stats", f"json:{stats}", "--quiet",
                   *trial.options, *[f"--env={e}" for e in trial.environment], program, *trial.arguments]
        begin = time.monotonic()
        try:
            done = subprocess.run(command, input=trial.stdin.encode(), capture_output=True, timeout=trial.timeout)
        except subprocess.TimeoutExpired as late:
            return Result(wrong=f"no end after {trial.timeout} s: {(late.stdout or b'')[-200:]!r}", seconds=trial.timeout)
        seconds = time.monotonic() - begin
        if not os.path.exists(stats):
            return Result(wrong=f"no report: {done.stderr.decode(errors='replace').strip()[-200:]}", seconds=seconds)
        with open(stats, encoding="utf-8") as file:
            report = json.load(file)
        output, errors = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        faults = report["kernel"]["faults"]
        return Result(wrong=judge(trial, root, program, done.returncode, output, errors, report) or "",
                      instructions=report["total"]["instret"], seconds=seconds, faults=faults["total"],
                      copies=faults["count"]["cow_copy"], lines=trial.explain(report) if trial.explain else [])
