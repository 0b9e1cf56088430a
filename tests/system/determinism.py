#!/usr/bin/env python3
"""A run is a function of image, configuration and input: three runs give the same report and the same trace.

And observation changes nothing: the run with a trace has the same report as the run without.
"""
import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import threading

import harness

RUNS = 3


def hash_of_pipe(path, result):
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as pipe:
        while chunk := pipe.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    result.extend([digest.hexdigest(), size])


def traced_by_commits(hartbeat, arguments, harts):
    """The same under the cycle model: a trace of commits for each hart."""
    with tempfile.TemporaryDirectory() as directory:
        stats, trace = os.path.join(directory, "stats"), os.path.join(directory, "trace")
        command = [hartbeat, "run", "--trace", f"rtl:{trace}", "--stats", f"json:{stats}", *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=280)
        if not os.path.exists(stats):
            sys.exit(f"FAILED: {' '.join(command)}\n{done.stderr.decode(errors='replace')}")
        digest, size = hashlib.sha256(), 0
        for name in [trace] if harts == 1 else [f"{trace}.{hart}" for hart in range(harts)]:
            with open(name, "rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
                    size += len(chunk)
        with open(stats) as file:
            return file.read(), done.stdout.decode(errors="replace"), digest.hexdigest(), size


def traced_run(hartbeat, arguments):
    """Report, output, and the hash and size of the trace, which goes through a pipe: it may have gigabytes."""
    with tempfile.TemporaryDirectory() as directory:
        pipe, stats, trace = os.path.join(directory, "trace"), os.path.join(directory, "stats"), []
        os.mkfifo(pipe)
        reader = threading.Thread(target=hash_of_pipe, args=(pipe, trace), daemon=True)
        reader.start()
        command = [hartbeat, "run", "--trace", f"spike:{pipe}", "--stats", f"json:{stats}", *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=280)
        if not os.path.exists(stats):
            sys.exit(f"FAILED: {' '.join(command)}\n{done.stderr.decode(errors='replace')}")
        reader.join(30)
        with open(stats) as file:
            return file.read(), done.stdout.decode(errors="replace"), *trace


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--harts", type=int, required=True)
    parser.add_argument("--cva6", nargs="?", const="cva6", metavar="MACHINE", help="under the cycle model")
    parser.add_argument("--set", action="append", default=[], help="a key of the machine's configuration")
    parser.add_argument("--limit", help="instructions to stop behind")
    parser.add_argument("--append", default="", help="for the bundled kernel")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    options = parser.parse_args()
    append = ["--append", options.append] if options.append else []
    sets = [word for key in options.set for word in ("--set", key)]
    limit = ["--max-instret", options.limit] if options.limit else []
    arguments = ["--harts", str(options.harts), *limit, *append, *sets, options.program, *options.arguments]
    if options.cva6:
        arguments = ["--machine", options.cva6, "--timing", "cva6", *arguments]
    checks = harness.Checks()

    def traced():
        if options.cva6:
            return traced_by_commits(options.hartbeat, arguments, options.harts)
        return traced_run(options.hartbeat, arguments)

    _, out, err, plain = harness.run_with_report(options.hartbeat, *arguments)
    harness.report_of(plain, out, err)
    for _ in range(RUNS - 1):
        again = harness.run_with_report(options.hartbeat, *arguments)
        checks.hold(again[1] == out, "two runs print the same")
        checks.hold(again[3] == plain, "two runs have the same report")
    first = traced()
    checks.hold(first[3] > 10000, "there is a trace", f"{first[3]} bytes")
    checks.hold(first[0] == plain, "a traced run has the report of an untraced one")
    for _ in range(RUNS - 1):
        again = traced()
        checks.hold(again[0] == first[0], "two traced runs have the same report")
        checks.hold(again[2:] == first[2:], "two runs have the same trace", f"{again[2:]} {first[2:]}")
    if options.cva6:
        # Nor does a listener of each instruction change a cycle, nor the absence of every listener.
        listened = traced_run(options.hartbeat, arguments)
        checks.hold(listened[0] == plain, "a run with every instruction listened to has the same report")
        checks.hold(listened[1] == out, "and prints the same")
    print(f"trace {first[2][:16]}…, {first[3]} bytes")
    checks.end()


if __name__ == "__main__":
    main()
