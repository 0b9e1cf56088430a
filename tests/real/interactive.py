"""Interactive programs: somebody types, through a pseudo-terminal."""
import dataclasses
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "guest"))
import pseudo_terminal  # noqa: E402
import root_directory  # noqa: E402
import trial as trials_of_one  # noqa: E402


@dataclasses.dataclass
class Session:
    name: str
    programs: list
    arguments: list
    steps: list  # (what is typed, what must come then)
    status: int = 0


PROMPT = rb"[#$] (\x1b\[6n)?"
# A command says that it runs before keys are sent to it: until then the shell's own line editor has the terminal.
TRIALS = [
    Session("busybox sh, interactive", ["busybox"], ["sh"], [
        (b"", PROMPT),
        (b"echo one two | busybox wc -w\r", rb"\n2\r\n.*" + PROMPT),
        (b"echo abX\x7fc\r", rb"\nabc\r\n.*" + PROMPT),
        (b"echo rea''dy; busybox cat\r", rb"ready\r\n"),
        (b"lineX\x7f!\r", rb"\r\nline!\r\n"),
        (b"\x04", PROMPT),
        (b"echo rea''dy; busybox sleep 1000\r", rb"ready\r\n"),
        (b"\x03", rb"\^C.*" + PROMPT),
        (b"echo status $?\r", rb"\nstatus 130\r\n.*" + PROMPT),
        (b"echo rea''dy; while :; do :; done\r", rb"ready\r\n"),
        (b"\x03", PROMPT),
        (b"echo rea''dy; busybox sleep 1000\r", rb"ready\r\n"),
        (b"\x1a", rb"Stopped.*" + PROMPT),
        (b"jobs\r", rb"Stopped.*sleep 1000\r\n.*" + PROMPT),
        (b"bg; kill %1; wait; echo go''ne\r", rb"gone\r\n.*" + PROMPT),
        (b"busybox stty size; busybox tty\r", rb"\n24 80\r\n/dev/\w+\r\n.*" + PROMPT),
        (b"exit 7\r", rb"\n"),
    ], status=7),
]


def run(session, tree, hartbeat, _):
    with tempfile.TemporaryDirectory() as place:
        root = root_directory.make(tree, os.path.join(place, "root"), [f"usr/bin/{p}" for p in session.programs])
        stats = os.path.join(place, "stats.json")
        begin = time.monotonic()
        wrong = pseudo_terminal.play([hartbeat, "run", "--quiet", "--root", root, "--stats", f"json:{stats}",
                               os.path.join(root, f"usr/bin/{session.programs[0]}"), *session.arguments], session.steps, session.status)
        result = trials_of_one.Result(wrong=wrong, seconds=time.monotonic() - begin)
        if not wrong:
            with open(stats, encoding="utf-8") as file:
                report = json.load(file)
            result.instructions = report["total"]["instret"]
            result.faults = report["kernel"]["faults"]["total"]
            result.copies = report["kernel"]["faults"]["count"]["cow_copy"]
        return result
