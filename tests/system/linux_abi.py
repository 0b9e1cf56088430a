#!/usr/bin/env python3
"""docs/linux-abi.md must list exactly the system calls that the guest kernel has."""
import glob
import re
import sys

root = sys.argv[1]
tables = "".join(table for path in glob.glob(f"{root}/guestos/sys/*.cpp")
                 for table in re.findall(r"^constexpr SystemCallRow rows\[\] = \{(.*?)\};", open(path, encoding="utf-8").read(),
                                         re.M | re.S))
in_kernel = {number for first, last in re.findall(r"\{(\d+), [\w<>&:]+(?:, (\d+))?\}", tables)  # {first, function[, last]}
             for number in range(int(first), int(last or first) + 1)}
text = open(f"{root}/docs/linux-abi.md", encoding="utf-8").read().split("## Not there")[0]
in_document = {int(n) for n in re.findall(r"^\| (\d+) \|", text, re.M)}
for what, numbers in (("in the kernel, not in docs/linux-abi.md", in_kernel - in_document),
                      ("in docs/linux-abi.md, not in the kernel", in_document - in_kernel)):
    if numbers:
        print(f"FAILED: {what}: {sorted(numbers)}")
sys.exit(0 if in_kernel and in_kernel == in_document else 1)
