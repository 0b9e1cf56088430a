#!/usr/bin/env python3
"""Prints how many lines of code the bundled kernel has, firmware left out: what is neither blank nor comment.

It is to stay small enough to be read: --limit N fails above N.
"""
import argparse
import pathlib
import re
import sys

SOURCES = {".cpp", ".hpp", ".S", ".h", ".ld"}


def is_code(line, suffix):
    line = line.strip()
    if not line or line.startswith("//"):
        return False
    return suffix != ".S" or not line.startswith("#") or re.match(r"#\s*(include|define|if|else|endif|undef)", line)


def lines_of_code(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    return sum(1 for line in text.splitlines() if is_code(line, path.suffix))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[2] / "guestos"
    parts = {}
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.suffix in SOURCES and inside.parts[0] != "firmware":
            part = inside.parts[0] if len(inside.parts) > 1 else "."
            parts[part] = parts.get(part, 0) + lines_of_code(path)
    total = sum(parts.values())
    print("guestos:", total, "lines of code:", ", ".join(f"{name} {count}" for name, count in parts.items()))
    if options.limit is not None and total > options.limit:
        sys.exit(f"guestos: more than {options.limit}")


if __name__ == "__main__":
    main()
