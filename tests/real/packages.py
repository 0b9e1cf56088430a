"""Programs of Debian 13 for riscv64, fetched by apt's ordinary client into a private root: the mirror is the one that
this machine's own apt uses, signatures are checked against Debian's archive keyring, nothing of the machine's own
package state is touched, and root is not needed."""
import glob
import os
import re
import shutil
import subprocess

CODENAME = "trixie"
SUITES = [CODENAME, "stable"]  # mirrors that are being updated can have one of them whole and the other not
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
WITH_DEPENDENCIES = ["busybox-static", "dash", "bash", "lua5.4", "sqlite3", "stress-ng", "redis-server", "valkey-server",
                     "libtirpc3t64"]
ALONE = ["lmbench"]  # depends on a compiler that nobody needs here


class Unavailable(Exception):
    """The packages cannot be had; the message says why."""


def mirror():
    """Where this machine's own apt finds Debian."""
    for path in sorted(glob.glob("/etc/apt/sources.list") + glob.glob("/etc/apt/sources.list.d/*.list") +
                       glob.glob("/etc/apt/sources.list.d/*.sources")):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        found = re.search(r"^URIs:\s*(\S*/debian/?)\s*$|^deb\s+(?:\[.*?\]\s*)?(\S*/debian/?)\s", text, re.M)
        if found:
            return found[1] or found[2]
    raise Unavailable("no mirror of Debian in /etc/apt/sources.list or /etc/apt/sources.list.d")


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def configure(root, suite):
    for directory in ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/trusted.gpg.d",
                      "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/log/apt"):
        os.makedirs(os.path.join(root, directory), exist_ok=True)
    write(f"{root}/var/lib/dpkg/status", "")
    write(f"{root}/etc/apt/sources.list.d/debian.sources",
          f"Types: deb\nURIs: {mirror()}\nSuites: {suite}\nComponents: main non-free\nArchitectures: riscv64\n"
          f"Signed-By: {KEYRING}\n")
    write(f"{root}/apt.conf",
          f'Dir "{root}";\nDir::State::status "{root}/var/lib/dpkg/status";\nAPT::Architecture "riscv64";\n'
          'APT::Architectures { "riscv64"; };\nAcquire::Languages "none";\n')


def apt(root, *arguments, cwd=None):
    done = subprocess.run(["apt-get", "-q", *arguments], env={**os.environ, "APT_CONFIG": f"{root}/apt.conf"}, cwd=cwd,
                          capture_output=True, text=True)
    return done.returncode == 0 and "E:" not in done.stderr, (done.stderr or done.stdout).strip()


def update(root):
    """One of the suites must be whole, and be the release that we mean."""
    why = ""
    for suite in SUITES:
        configure(root, suite)
        fine, why = apt(root, "update")
        releases = glob.glob(f"{root}/var/lib/apt/lists/*_{suite}_InRelease")
        if fine and releases and f"Codename: {CODENAME}" in open(releases[0], encoding="utf-8").read():
            return
    raise Unavailable(f"apt-get update failed: {why.splitlines()[0] if why else CODENAME + ' is no suite there'}")


def fetch(cache, with_dependencies=tuple(WITH_DEPENDENCIES), alone=tuple(ALONE)):
    """The directory with the unpacked packages, fetched if they are not there yet."""
    tree, root = os.path.join(cache, "tree"), os.path.join(cache, "apt")
    done = os.path.join(cache, "complete")
    wanted = " ".join([*with_dependencies, *alone])
    if os.path.exists(done) and open(done, encoding="utf-8").read() == wanted:
        return tree
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Unavailable("apt-get and dpkg-deb are needed to fetch and unpack packages")
    if not os.path.exists(KEYRING):
        raise Unavailable(f"{KEYRING} (package debian-archive-keyring) is needed to check signatures")
    update(root)
    archives = os.path.join(root, "var/cache/apt/archives")
    for arguments in (["-y", "--no-install-recommends", "install", "--download-only", *with_dependencies],
                      ["download", *alone]):
        if arguments == ["download"]:
            continue
        fine, why = apt(root, *arguments, cwd=archives)
        if not fine:
            raise Unavailable(f"apt-get {arguments[0] if arguments[0] != '-y' else 'install'}: {why.splitlines()[-1]}")
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(tree)
    for package in sorted(glob.glob(f"{archives}/*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, tree], check=True)
    write(done, wanted)
    return tree
