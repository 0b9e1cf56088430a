#!/usr/bin/env python3
"""README's way from a fresh clone to the page of one's own C program, command by command, with the tree that is built; and what
a profile then shows of that program's source, by Debian's callgrind_annotate."""
import argparse
import json
import os
import re
import shutil
import subprocess
import tempfile

import harness

# A line that stores into a page which a fork has shared, and one of exactly three instructions, a thousand times.
PROGRAM = """#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile char page[8192] __attribute__((aligned(4096)));
int main(void) {
  page[0] = 1;
  if (fork() == 0) {
    page[1] = 2;
    _exit(0);
  }
  wait(NULL);
  for (int i = 0; i < 1000; ++i) {
    __asm__ volatile("nop\\n nop\\n nop");
  }
  puts("done");
  return 0;
}
"""
STORE = 1 + PROGRAM.splitlines().index("    page[1] = 2;")


def recipe(readme):
    with open(readme, encoding="utf-8") as file:
        section = file.read().split("\n## Your own program\n", 1)[1]
    return re.search(r"```\n(.*?)```", section, re.S).group(1).splitlines()


def check_page(checks, path):
    with open(path, encoding="utf-8") as file:
        page = file.read()
    report = json.loads(re.search(r'<script type="application/json" id="report">(.*?)</script>', page, re.S).group(1))
    checks.equal("the page is of this program", os.path.basename(report["program"]), "mine")
    lines = [site["line"] for site in report["kernel"]["cow"]["sites"]]
    checks.hold(f"mine.c:{STORE}" in lines, "a copy is charged to the line that stores", str(lines))


def check_profile(checks, home, hartbeat):
    status, _, err = harness.run(hartbeat, "run", "--quiet", "--trace", f"callgrind:{home}/mine.callgrind", f"{home}/mine")
    checks.equal("the profiled run's exit status", (status, err), (0, ""))
    if not shutil.which("callgrind_annotate"):
        print("SKIP: no callgrind_annotate (Debian package valgrind)")
        return
    done = subprocess.run(["callgrind_annotate", "--auto=yes", "--threshold=100", "--show=instructions", "--sort=instructions",
                           f"{home}/mine.callgrind"], capture_output=True, text=True)
    checks.hold(os.path.join(home, "mine.c") in done.stdout, "callgrind_annotate finds the source by its whole path", done.stderr)
    row = re.search(r"^ *([\d,]+) .*\"nop\\n nop", done.stdout, re.M)
    checks.hold(row and row.group(1) == "3,000", "the line of three instructions has 3,000 of them", row and row.group(0))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hartbeat", required=True)
    parser.add_argument("--readme", required=True)
    parser.add_argument("--build", required=True)
    options = parser.parse_args()
    checks = harness.Checks()
    build, *commands = recipe(options.readme)
    checks.equal("README builds the program and what it needs to run", build.split("#")[0].strip(), "./dev build release hartbeat")
    with tempfile.TemporaryDirectory() as directory:
        home = os.path.realpath(directory)
        os.mkdir(os.path.join(home, "build"))
        os.symlink(os.path.abspath(options.build), os.path.join(home, "build", "release"))
        with open(os.path.join(home, "mine.c"), "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        for command in commands:
            done = subprocess.run(["bash", "-c", command], cwd=home, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=200)
            if "built without the HTML report" in done.stderr:
                harness.skip("this hartbeat was built without npm")
            checks.equal(f"the exit status of: {command}", (done.returncode, done.stderr[-500:] if done.returncode else ""), (0, ""))
        checks.hold("done" in done.stdout, "the program's output is on standard output", done.stdout)
        check_page(checks, os.path.join(home, "mine.html"))
        check_profile(checks, home, options.hartbeat)
    checks.end()


if __name__ == "__main__":
    main()
