#!/bin/sh
# build.sh MODE SEED OUT      writes OUT.S and OUT.elf
set -e
here=$(dirname "$0")
python3 "$here/gen.py" "$1" "$2" "$3.S"
exec "${CC:-riscv64-unknown-elf-gcc}" -march=rv64gc -mabi=lp64d -nostdlib -nostartfiles -T "$here/../common/link.ld" "$3.S" -o "$3.elf"
