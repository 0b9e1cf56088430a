"""What the system tests share: running hartbeat, reading its report, failing with a sentence."""
import json
import subprocess
import sys
import tempfile

SKIP_STATUS = 77


def skip(why):
    print("SKIP:", why)
    sys.exit(SKIP_STATUS)


class Checks:
    """Collects what does not hold, so that one run of a test tells all of it."""

    def __init__(self):
        self.failures = 0
        self.count = 0

    def hold(self, holds, sentence, details=""):
        self.count += 1
        if not holds:
            self.failures += 1
            print("FAILED:", sentence, details, sep="\n  " if details else " ")
        return holds

    def equal(self, sentence, found, expected):
        return self.hold(found == expected, sentence, f"found {found!r}, expected {expected!r}")

    def end(self):
        print(f"{self.count - self.failures} of {self.count} hold")
        sys.exit(1 if self.failures else 0)


def run(hartbeat, *arguments, stdin=None, timeout=240):
    """Runs hartbeat; returns exit status, standard output and standard error."""
    command = [hartbeat, *map(str, arguments)]
    try:
        source = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
        done = subprocess.run(command, **source, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired as late:
        print((late.stdout or b"").decode(errors="replace"), (late.stderr or b"").decode(errors="replace"), sep="\n")
        sys.exit(f"FAILED: no end after {timeout} s: {' '.join(command)}")
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def run_with_report(hartbeat, *arguments, stdin=None, timeout=240):
    """The same with the JSON report, as text, as the fourth value."""
    with tempfile.NamedTemporaryFile() as stats:
        status, out, err = run(hartbeat, "run", "--stats", f"json:{stats.name}", *arguments, stdin=stdin, timeout=timeout)
        return status, out, err, stats.read().decode()


def report_of(text, out, err):
    try:
        return json.loads(text)
    except ValueError:
        sys.exit(f"FAILED: there is no JSON report\n{out}\n{err}")
