"""What the guests run: the /init of the initial archives, and the programs on the Debian root file system."""

START = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
"""

# The kernel loads no module by itself from an initial archive, so /init does, in order.
MODULES = """for module in %(modules)s; do insmod /lib/$module.ko || echo "boots: module $module is BROKEN"; done
"""

SHELL = START + """echo "boots: $(nproc) harts, a shell follows"
exec setsid cttyhack sh
"""

DISK = START + MODULES + """mount -t ext4 /dev/vda /root || poweroff -f
mount --move /dev /root/dev
mount --move /proc /root/proc
mount --move /sys /root/sys
mount -t tmpfs tmp /root/tmp
cp /programs.sh /root/tmp/programs.sh
cp /bin/busybox /root/tmp/busybox
exec switch_root /root /bin/sh /tmp/programs.sh
"""

# What it writes to the disk is all that it knows after the reset.
REBOOT = START + MODULES + """if [ "$(head -c 5 /dev/vda)" = again ]; then
  echo "boots: kept ok"
  echo "boots: programs end"
  poweroff -f
fi
echo again > /dev/vda
sync
echo "boots: first ok"
reboot -f
"""

WINDOW = START + MODULES + """until [ -c /dev/hvc0 ]; do sleep 0.1; done
exec setsid -c sh < /dev/hvc0 > /dev/hvc0 2>&1
"""

# The host answers at 10.0.2.2; nobody does at port 1.
NETWORK = START + MODULES + """ip link set lo up
ip link set eth0 up
ip address add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
try() { name=$1; shift; if "$@"; then echo "boots: $name ok"; else echo "boots: $name BROKEN, status $?"; fi; }
try ping ping -c 3 -W 5 10.0.2.2
try wget wget -q -O /page http://10.0.2.2:%(port)d/page
try size test "$(wc -c < /page)" = %(bytes)d
wget -q -T 20 -O /half http://10.0.2.2:%(port)d/half && echo "boots: half a page is BROKEN" || echo "boots: half ok"
wget -q -T 20 -O /none http://10.0.2.2:1/ && echo "boots: nobody is BROKEN" || echo "boots: nobody ok"
for i in 1 2 3 4; do wget -q -O /page$i http://10.0.2.2:%(port)d/$i & done
wait
try parallel sh -c 'for i in 1 2 3 4; do cmp /page /page$i || exit 1; done'
echo "boots: programs end"
poweroff -f
"""

_PROGRAMS_HEAD = """export PATH=/usr/sbin:/usr/bin HOME=/tmp LC_ALL=C
cd /tmp
try() { name=$1; shift; if "$@"; then echo "boots: $name ok"; else echo "boots: $name BROKEN, status $?"; fi; }
"""

_PROGRAMS_TAIL = """
sync
echo "boots: programs end"
/tmp/busybox poweroff -f
"""

_DEBIAN = """
try apt apt --version
try python3 python3 -c 'import math, json; print(json.dumps({"factorial": math.factorial(30)}))'
mkdir src
for i in 1 2 3 4 5 6 7 8; do
  echo "#include <stdio.h>
int part_$i(int n) { int sum = 0; for (int i = 0; i < n; ++i) sum += i * $i; return sum; }" > src/part_$i.c
done
cat > src/main.c <<'END'
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  for (int i = 0; i < 4; ++i) if (fork() == 0) return 0;
  int ended = 0;
  while (wait(NULL) > 0) ++ended;
  printf("%d children\\n", ended);
  return ended == 4 ? 0 : 1;
}
END
cat > src/Makefile <<'END'
program: main.o part_1.o part_2.o part_3.o part_4.o part_5.o part_6.o part_7.o part_8.o
	gcc -o $@ $^
%.o: %.c
	gcc -O2 -c $<
END
try parallel-compile make -s -C src -j4 program
try compiled-program src/program
try writes-to-disk sh -c 'dd if=/dev/urandom of=/root/block bs=4096 count=512 && sync && cp /root/block /root/copy && /tmp/busybox cmp /root/block /root/copy'
if [ -x /usr/bin/stress-ng ]; then try stress-ng stress-ng --fork 4 --vm 2 --vm-bytes 32M -t 10; fi
"""

# A line of `perf stat -x,` is count,unit,event,…: each must be a number above 0; then what they must be to each other.
_PERF = """
echo 0 > /proc/sys/kernel/perf_event_paranoid
sum='print(sum(range(10000)))'
try perf perf stat -x, -e cycles,instructions,dTLB-load-misses,page-faults,r3,branches -o /tmp/stat python3 -c "$sum"
cat /tmp/stat
try perf-counts /tmp/busybox awk -F, '/^[^#]/ { if (!($1 + 0 > 0)) bad = 1; of[$3] = $1; lines++ }
  END { exit bad || lines != 6 || of["cycles"] < of["instructions"] * 0.99 || of["branches"] > of["instructions"] / 2 }' /tmp/stat
try perf-user perf stat -x, -e cycles:u,instructions:u,cycles:k,instructions:k -o /tmp/stat sh -c ':'
cat /tmp/stat
try perf-modes /tmp/busybox awk -F, '/^[^#]/ { if (!($1 + 0 > 0)) bad = 1; lines++ } END { exit bad || lines != 4 }' /tmp/stat
for rounds in 1 2 3; do PYTHONHASHSEED=0 perf stat -x, -e instructions:u -o /tmp/rounds$rounds python3 -c "for i in range($rounds * 100000): pass"; done
try perf-proportion /tmp/busybox awk -F, '/^[^#]/ { n[++runs] = $1 }
  END { ratio = (n[3] - n[2]) / (n[2] - n[1]); print "the third 100000 rounds cost", ratio, "of the second"; exit ratio < 0.95 || ratio > 1.05 }' \
  /tmp/rounds1 /tmp/rounds2 /tmp/rounds3
try perf-record perf record -q -e cycles -c 100000 -o /tmp/data python3 -c 'print(sum(range(300000)))'
perf report -i /tmp/data --stdio 2>/dev/null | /tmp/busybox grep -v '^#' | /tmp/busybox grep -v '^$' | /tmp/busybox head -5
"""


def debian_programs():
    return _PROGRAMS_HEAD + _DEBIAN + _PROGRAMS_TAIL


def perf_programs():
    return _PROGRAMS_HEAD + _PERF + _PROGRAMS_TAIL
