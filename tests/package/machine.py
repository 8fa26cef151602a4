"""machine.py - a fresh Debian with its own systemd in a container without a network, for trying packages out.

    with Machine(wanted="samba, smbclient") as machine:
        machine.run("apt-get", "install", "-y", "/root/scanpost.deb")

Made by debootstrap from the mirrors that this machine's apt knows, once: what was made is kept in build/package/ and
unpacked for each machine. systemd-nspawn boots it; programs are put into it by nsenter. Needs root. All waits are bounded,
and whatever was started or unpacked is gone afterwards.
"""
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CACHE = os.path.join(TOP, "build", "package")
PATIENCE = 60
ALWAYS = "systemd-sysv, iproute2, bash-completion, samba, smbclient"

# They wait for a network, for people who sign in, or for each other.
UNWANTED = [name + ".service" for name in ("systemd-networkd-wait-online", "systemd-networkd", "nmbd", "winbind",
                                           "samba-ad-dc", "systemd-logind", "dbus")] + ["dbus.socket"]


def call(*command, seconds=600, expect=0, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, **more)
    if expect is not None and done.returncode != expect:
        raise AssertionError(f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


def wait_until(what, condition, seconds=PATIENCE, pause=0.1):
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(pause)


def mirrors():
    """(address, suite) of Debian as this machine's apt has it; the first is where debootstrap starts."""
    lines = call("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages", "Origin: Debian",
                 "Component: main").split("\n")
    found = [tuple(line.split()) for line in lines if len(line.split()) == 2]
    with open("/etc/os-release") as f:
        codename = next(line.split("=")[1].strip().strip('"') for line in f if line.startswith("VERSION_CODENAME="))
    found.sort(key=lambda pair: pair[1] != codename)
    if not found or found[0][1] != codename:
        raise AssertionError("apt of this machine knows no mirror of Debian " + codename)
    return list(dict.fromkeys(found))


def make_base(path, wanted):
    """A tar of a system with everything that will be needed, so that nothing later asks the network."""
    root = tempfile.mkdtemp(prefix="scanpost-base.")
    try:
        sites = mirrors()
        call("debootstrap", "--variant=minbase", "--include=ca-certificates", sites[0][1], root, sites[0][0], seconds=900)
        with open(os.path.join(root, "etc/apt/sources.list"), "w") as f:
            f.writelines(f"deb {site} {suite} main\n" for site, suite in sites)
        with open(os.path.join(root, "etc/apt/apt.conf.d/90scanpost"), "w") as f:
            f.write(call("apt-config", "dump", "Acquire"))
        shutil.copy("/etc/resolv.conf", os.path.join(root, "etc/resolv.conf"))
        policy = os.path.join(root, "usr/sbin/policy-rc.d")
        with open(policy, "w", opener=lambda p, flags: os.open(p, flags, 0o755)) as f:
            f.write("#!/bin/sh\nexit 101\n")
        shell = f"export DEBIAN_FRONTEND=noninteractive; apt-get update && apt-get satisfy -y --no-install-recommends '{wanted}'"
        call("chroot", root, "sh", "-c", shell, seconds=900)
        call("chroot", root, "apt-get", "clean")
        os.unlink(policy)
        call("tar", "-C", root, "-cf", path + ".new", ".")
        os.replace(path + ".new", path)
    finally:
        shutil.rmtree(root, ignore_errors=True)


class Machine:
    def __init__(self, wanted):
        wanted = ALWAYS + ", " + wanted
        os.makedirs(CACHE, exist_ok=True)
        base = os.path.join(CACHE, f"base-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}.tar")
        if not os.path.exists(base):
            for old in os.listdir(CACHE):
                if old.startswith("base-"):
                    os.unlink(os.path.join(CACHE, old))
            make_base(base, wanted)
        self.process = None
        self.root = tempfile.mkdtemp(prefix="scanpost-machine.", dir="/tmp")
        call("tar", "-C", self.root, "-xf", base)
        os.chmod(self.root, 0o755)  # it is the root of everybody in there
        for unit in UNWANTED:
            path = os.path.join(self.root, "etc/systemd/system", unit)
            if os.path.lexists(path):
                os.unlink(path)
            os.symlink("/dev/null", path)
        self.boot_log = self.root + ".log"

    def boot(self):
        with open(self.boot_log, "wb") as log:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--machine=copiers",
                 "-D", self.root, "--boot"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.leader = wait_until("the machine has a systemd", self.find_leader)
        wait_until("the machine is up", lambda: self.run("systemctl", "is-system-running", expect=None).strip() in
                   ("running", "degraded"), 120)

    def find_leader(self):
        if self.process.poll() is not None:
            with open(self.boot_log, errors="replace") as f:
                raise AssertionError("systemd-nspawn ended: " + f.read()[-2000:])
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as f:
            for pid in f.read().split():
                with open(f"/proc/{pid}/comm") as c:
                    if c.read().strip() == "systemd":
                        return int(pid)
        return None

    def path(self, *parts):
        return os.path.join(self.root, *[part.lstrip("/") for part in parts])

    def run(self, *command, expect=0, seconds=120):
        return call("nsenter", "-t", str(self.leader), "-a", *command, expect=expect, seconds=seconds,
                    env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"})

    def shell(self, text, **more):
        return self.run("sh", "-c", text, **more)

    def here(self, *command, **more):
        """A program of this machine, in the other one's network."""
        return call("nsenter", "-t", str(self.leader), "-n", *command, **more)

    def show(self, name):
        return self.run("systemctl", "show", "-P", name, "scanpost").strip()

    def files(self):
        """Everything that is there, but what runs, what the system itself writes, and other packages' business."""
        apart = ["/proc", "/sys", "/dev", "/run", "/tmp", "/root", "/var/log", "/var/cache", "/var/tmp", "/var/lib/dpkg",
                 "/var/lib/apt", "/var/lib/samba", "/var/lib/systemd", "/etc/samba", "/var/spool"]
        found = set()
        for folder, folders, names in os.walk(self.root):
            inside = folder[len(self.root):]
            folders[:] = [f for f in folders if f"{inside}/{f}" not in apart]
            found.update(f"{inside}/{name}" for name in names + folders)
        return found

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(30)
        shutil.rmtree(self.root, ignore_errors=True)
        if os.path.exists(self.boot_log):
            os.unlink(self.boot_log)

    def __enter__(self):
        try:
            self.boot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, error, trace):
        self.close()
