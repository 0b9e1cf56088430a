"""Which programs of Debian are run, with what, and what must come out."""
import hashlib
import random
import re

from trial import Trial

WORDS = "\n".join(random.Random(1).sample([a + b + c for a in "bcdfg" for b in "aeiou" for c in "klmnp"], 60)) + "\n"

BUSYBOX_SCRIPT = r"""
cd /tmp
busybox sort /words > sorted
busybox sha256sum /words | busybox cut -d' ' -f1
busybox wc -l < sorted
busybox head -n 1 sorted; busybox tail -n 1 sorted
busybox grep -c '^ba' sorted
busybox sed 's/^b/B/;1q' sorted
busybox awk '{ n += length($1) } END { print n }' sorted
busybox gzip -c sorted | busybox gunzip -c | busybox cmp - sorted && echo same
busybox tar cf - sorted | busybox tar tf -
busybox dd if=/dev/zero bs=4096 count=3 2>/dev/null | busybox wc -c
busybox mkdir -p a/b; busybox ln -s a/b c; busybox cp sorted c/; busybox find . -type f | busybox sort
busybox mv a d; busybox ls d/b; busybox rm -r d c; busybox ls
i=0; while [ $i -lt 20 ]; do (exit $i) & wait $!; s=$?; [ $s = $i ] || echo wrong; i=$((i+1)); done
busybox seq 1 100 | busybox xargs -n 10 busybox echo | busybox tail -n 1
"""


def busybox_output():
    rows = sorted(WORDS.split())
    text = [hashlib.sha256(WORDS.encode()).hexdigest(), str(len(rows)), rows[0], rows[-1],
            str(sum(r.startswith("ba") for r in rows)), rows[0].replace("b", "B", 1), str(sum(map(len, rows))), "same",
            "sorted", "12288", "./a/b/sorted", "./sorted", "sorted", "sorted", " ".join(str(i) for i in range(91, 101))]
    return "\n".join(text) + "\n"


def is_output(expected):
    return lambda output, report: None if output == expected else f"printed {output!r}, expected {expected!r}"


def has_all(*patterns):
    def check(output, report):
        missing = [p for p in patterns if not re.search(p, output, re.M)]
        return f"no {missing[0]!r} in {output[-300:]!r}" if missing else None
    return check


SHELL_SCRIPT = r"""
fib() { if [ "$1" -lt 2 ]; then echo "$1"; else echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); fi; }
echo "fib $(fib 9)"
while read -r name value; do echo "$name=$((value * 2))"; done <<END
one 1
two 2
END
trap 'echo caught' USR1; kill -USR1 $$
(trap 'echo leaving' EXIT; exit 3); echo "status $?"
{ echo b; echo a; } | while read -r x; do printf '<%s>' "$x"; done; echo
set -- x y z; for i; do printf '%s,' "$i"; done; echo "$#"
sleep_in_background() { read -r line; echo "got $line"; }; echo piped | sleep_in_background
case hartbeat in h*t) echo matched;; *) echo not;; esac
"""

BASH_SCRIPT = SHELL_SCRIPT + r"""
declare -A map=([a]=1 [b]=2); for k in b a; do printf '%s:%s ' "$k" "${map[$k]}"; done; echo
[[ 2026-11-24 =~ ^([0-9]+)-([0-9]+) ]] && echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
a=(); for ((i = 0; i < 500; i++)); do a+=($((i * i % 97))); done; echo "${#a[@]} ${a[*]: -3}"
mapfile -t lines < <(printf 'x\ny\n'); echo "${lines[1]}"
coproc { read -r l; echo "co $l"; }; echo hi >&"${COPROC[1]}"; read -r r <&"${COPROC[0]}"; echo "$r"
printf '%08.3f %x %q\n' 3.14159 255 "a b"
"""

LUA_SCRIPT = r"""
local t = {}
for i = 1, 20000 do t[i] = (i * 7919) % 10007 end
table.sort(t)
local s = 0
for i, v in ipairs(t) do s = (s * 31 + v * i) % 1000000007 end
print(_VERSION, #t, t[1], t[#t], s, string.format("%.12g", math.sin(1) * math.exp(2)))
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end)
print(co(), co(), co())
print(string.rep("ab", 3), ("hello"):gsub("l", "L"), #string.rep("x", 1 << 20))
local f = assert(io.open("lua-out", "w")); f:write("line\n"); f:close()
for l in io.lines("lua-out") do print(l) end
print(os.remove("lua-out"), io.open("lua-out"))
print(pcall(error, {code = 1}), select(2, pcall(error, "x", 0)))
"""

SQL = r"""
create table t(id integer primary key, name text, v real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
insert into t select i, 'name' || (i * 7919 % 3001), i / 7.0 from n;
create index by_name on t(name);
select count(*), sum(id), round(sum(v), 6), min(name), max(name) from t;
select name from t where name between 'name10' and 'name11' order by name limit 5;
begin; delete from t where id % 3 = 0; rollback;
begin; update t set v = v * 2 where id <= 100; commit;
select round(sum(v), 6) from t;
select a.id, b.id from t a join t b on a.name = 'name' || b.id where a.id < 5 order by 1;
pragma integrity_check;
"""


def bgsave_story(report):
    """What BGSAVE cost in copies, and why: the server and its saving child, from the kernel's story."""
    forks = [(p, c) for p in report["processes"] for c in report["processes"]
             if c["parent"] == p["pid"] and p["name"].endswith("-server") and c["name"].endswith("-server")]
    lines = []
    for parent, child in forks:
        shared = parent["forks"]
        lines += [f"BGSAVE forked {parent['name']}: {shared['cycles']:,} cycles, {shared['shared_pages']:,} pages shared "
                  f"({shared['shared_bytes']:,} bytes), {shared['page_table_bytes']:,} bytes of page tables",
                  f"the server copied {parent['copies']['pages']} pages: what it wrote while the child still had them; "
                  f"it reused {parent['faults']['count']['cow_reuse']}: what it wrote after the child had gone or copied",
                  f"the saving child copied {child['copies']['pages']} pages: its stack, its buffers, its own bookkeeping; "
                  f"the data it only read"]
    return lines


def bgsave_check(output, report):
    wrong = has_all("^ok: BGSAVE completes", "^ok: 10000 writes are served meanwhile",
                    "^ok: each has the value that it had at the fork", "^snapshot: 9 laws hold")(output, report)
    return wrong or (None if bgsave_story(report) else "the report knows of no BGSAVE child")


def lmbench(name, *arguments):
    """Under a shell: lmbench's workers end when they find that their parent is process 1. Its figures go to standard
    error."""
    command = " ".join([f"/usr/lib/lmbench/bin/{name}", "-N", "1", *arguments])
    return Trial(f"lmbench {name} {arguments[-1]}", ["dash", f"usr/lib/lmbench/bin/{name}", "usr/lib/lmbench/bin/hello"],
                 ["-c", f"{command} 2>&1; exit $?"], environment=["ENOUGH=5000"],
                 links={"usr/bin/sh": "dash", "tmp/hello": "/usr/lib/lmbench/bin/hello"},
                 files={"data": "x" * 2097152}, check=has_all(r"[1-9]\d*\.\d+|0\.\d*[1-9]"))


def stress(name, *arguments):
    return Trial(f"stress-ng --{name}", ["stress-ng"], [f"--{name}", "2", f"--{name}-ops", *arguments, "--no-rand-seed"],
                 harts=2, check=has_all(r"passed: 2: ", r"failed: 0", r"successful run completed"))


TRIALS = [
    Trial("busybox applets", ["busybox"], ["sh", "/script"], files={"script": BUSYBOX_SCRIPT, "words": WORDS},
          check=is_output(busybox_output())),
    *[Trial(f"busybox {a[0]}", ["busybox"], a, stdin=WORDS, compare=True)
      for a in (["sort", "-r"], ["awk", "{ s = $1 s } END { print substr(s, 1, 99); printf \"%.9g\\n\", exp(1) }"],
                ["od", "-t", "x2"], ["md5sum"], ["sh", "-c", "while read x; do echo $((${#x} * 2)); done"])],
    Trial("dash", ["dash"], ["-c", SHELL_SCRIPT], compare=True),
    Trial("bash", ["bash"], ["-c", BASH_SCRIPT], compare=True),
    Trial("lua5.4", ["lua5.4"], ["-"], stdin=LUA_SCRIPT, compare=True),
    Trial("sqlite3 in memory", ["sqlite3"], [":memory:"], stdin=SQL, compare=True),
    Trial("sqlite3 on a file", ["sqlite3"], ["data.db"], stdin=SQL, compare=True),
    Trial("sqlite3 with a WAL", ["sqlite3"], ["data.db"], stdin="pragma journal_mode=wal;\n" + SQL + "pragma wal_checkpoint;\n",
          compare=True),
    *[Trial(f"{s}-server BGSAVE", [f"{s}-server"], [f"/usr/bin/{s}-server"], guest_program="snapshot", check=bgsave_check,
            explain=bgsave_story, harts=2) for s in ("redis", "valkey")],
    lmbench("lat_proc", "fork"),
    lmbench("lat_proc", "exec"),
    lmbench("lat_proc", "shell"),
    lmbench("lat_pagefault", "/data"),
    lmbench("lat_mmap", "512k", "/data"),
    lmbench("bw_mem", "1m", "rdwr"),
    stress("fork", "200"),
    stress("vfork", "200"),
    stress("vm", "200", "--vm-bytes", "8m"),
    stress("mmap", "20", "--mmap-bytes", "4m"),
    stress("fault", "500"),
]
