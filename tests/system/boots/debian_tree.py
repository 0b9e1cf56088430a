"""What the boots take from a directory into which Debian riscv64 packages were unpacked: kernel, firmware, boot loader,
busybox, modules, and the directory itself as a root file system."""
import glob
import lzma
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "guest"))
from initial_archive import newc  # noqa: E402

DIRECTORY, REGULAR, DEVICE = 0o040000, 0o100000, 0o020000
DISK_MODULES = ("virtio_mmio", "virtio_blk", "ext4", "crc32c_generic")
CONSOLE_MODULES = ("virtio_mmio", "virtio_console")
REBOOT_MODULES = ("virtio_mmio", "virtio_blk")
NET_MODULES = ("virtio_mmio", "virtio_net")
# Not on the disk: what only a boot from outside needs, and what the programs below never read.
NOT_ON_DISK = ("boot", "usr/lib/modules", "usr/lib/u-boot", "usr/lib/riscv64-linux-gnu/opensbi",
               "usr/lib/riscv32-linux-gnu", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")


class Tree:
    def __init__(self, directory):
        self.root = directory

    def find(self, pattern):
        """The last file, by name, that matches; None if there is none."""
        found = sorted(glob.glob(os.path.join(self.root, pattern)))
        return found[-1] if found else None

    def kernel(self):
        return self.find("boot/vmlinu[xz]-*")

    def opensbi(self, form="fw_dynamic.bin"):
        return self.find("usr/lib/riscv64-linux-gnu/opensbi/generic/" + form)

    def u_boot(self):
        return self.find("usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin")

    def u_boot_for_machine_mode(self):
        return self.find("usr/lib/u-boot/qemu-riscv64/u-boot.bin")

    def busybox(self):
        return self.find("usr/bin/busybox") or self.find("bin/busybox")

    def modules(self, wanted):
        """(name, bytes) of the modules and of those they depend on, in an order in which they load."""
        files = {}
        for path in glob.glob(os.path.join(self.root, "usr/lib/modules/*/kernel/**/*.ko*"), recursive=True):
            files[os.path.basename(path).split(".ko")[0].replace("-", "_")] = path
        loaded = {}

        def load(name):
            if name in loaded or name not in files:  # not there: built into the kernel
                return
            with open(files[name], "rb") as file:
                data = file.read()
            data = lzma.decompress(data) if files[name].endswith(".xz") else data
            needs = re.search(rb"\0depends=([^\0]*)\0", data)
            for need in (needs.group(1).decode().split(",") if needs else []):
                load(need.replace("-", "_"))
            loaded[name] = data

        for name in wanted:
            load(name)
        return list(loaded.items())

    def initial_archive(self, path, script, modules=(), files=()):
        """Writes a cpio archive whose /init is the script, run by busybox; files: (path, text)."""
        with open(self.busybox(), "rb") as file:
            busybox = file.read()
        entries = [(name, DIRECTORY | 0o755, b"") for name in ("bin", "dev", "proc", "sys", "lib", "root", "tmp")]
        entries.append(("bin/busybox", REGULAR | 0o755, busybox))
        entries.append(("init", REGULAR | 0o755, script.encode()))
        entries += [(name, REGULAR | 0o755, text.encode()) for name, text in files]
        entries += [(f"lib/{name}.ko", REGULAR | 0o644, data) for name, data in self.modules(modules)]
        with open(path, "wb") as file:
            file.write(newc(entries))
        return path

    def disk(self, path):
        """The directory as an ext4 file system in a file, made once, by its user: nothing needs root."""
        if os.path.exists(path):
            return path
        staging = path + ".tree"
        subprocess.run(["rm", "-rf", staging], check=True)
        subprocess.run(["cp", "-a", "--reflink=auto", self.root, staging], check=True)
        for unwanted in NOT_ON_DISK:
            subprocess.run(["rm", "-rf", os.path.join(staging, unwanted)], check=True)
        for name in ("proc", "sys", "dev", "run", "tmp"):
            os.makedirs(os.path.join(staging, name), exist_ok=True)
        kilobytes = int(subprocess.run(["du", "-sk", staging], check=True, capture_output=True).stdout.split()[0])
        make = ["mke2fs", "-q", "-t", "ext4", "-d", staging, "-E", "root_owner=0:0,hash_seed=" + "0" * 8 + "-0000" * 3 + "-" + "0" * 12,
                path + ".new", f"{kilobytes * 5 // 4 + 65536}k"]
        subprocess.run(make, check=True, capture_output=True)
        os.rename(path + ".new", path)
        subprocess.run(["rm", "-rf", staging], check=True)
        return path
