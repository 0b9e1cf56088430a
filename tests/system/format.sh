#!/bin/sh
# Holds every source that is under version control to .clang-format. Usage: format.sh CLANG_FORMAT
# Versions differ in details; the layout is that of Debian 12's.
set -e
version=14
"$1" --version | grep -q "version $version\." || { echo "SKIP: clang-format $version is the measure, not $("$1" --version)"; exit 77; }
git rev-parse --is-inside-work-tree >/dev/null 2>&1 || { echo "SKIP: not a git work tree"; exit 77; }
git ls-files -z '*.cpp' '*.hpp' | xargs -0 "$1" --dry-run -Werror
echo "every source is laid out as .clang-format says"
