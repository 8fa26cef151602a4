"""The packages' life on a fresh Debian: installed, set up, used by a copier over SMB, upgraded from an older database
while scans come in, taken away, purged. With a real systemd, so that the unit's walls stand."""
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from machine import TOP, Machine, call, wait_until

DEBS = os.path.join(TOP, "build", "deb")
OLD_DATABASE = os.path.join(TOP, "build", "asan", "tests", "package", "old_database")
OLD_ID = "01M8000000ABCDEFGHJKMNPQRS"
POST = """
import http.client, json, sys, time
out = open(sys.argv[2], "a")
for n in range(100000):
    body = (b'--b\\r\\nContent-Disposition: form-data; name="document"; filename="u.pdf"\\r\\n\\r\\n%PDF-1.4\\n% ' + str(n).encode()
            + b'\\nstartxref\\n0\\n%%EOF\\n\\r\\n--b--\\r\\n')
    try:
        c = http.client.HTTPConnection("127.0.0.1", 8631, timeout=20)
        c.request("POST", "/api/v1/scans", body, {"Content-Type": "multipart/form-data; boundary=b",
                  "Authorization": "Bearer " + sys.argv[1]})
        answer = c.getresponse()
        text = answer.read()
        print(json.loads(text)["id"] if answer.status == 201 else "status %d" % answer.status, file=out, flush=True)
    except (OSError, http.client.HTTPException):
        print("refused", file=out, flush=True)
    time.sleep(0.2)
"""


def pdf(mark):
    return f"%PDF-1.4\n% {mark}\nstartxref\n0\n%%EOF\n".encode()


def deb(name):
    found = glob.glob(os.path.join(DEBS, name + "_*.deb"))
    if len(found) != 1:
        raise AssertionError(f"there is not one {name} package in build/deb: packaging/build-deb makes it")
    return found[0]


def next_version(path, folder):
    """The same package, as if it were a newer one."""
    tree = os.path.join(folder, "tree")
    call("dpkg-deb", "-R", path, tree)
    control = os.path.join(tree, "DEBIAN", "control")
    with open(control) as f:
        text = f.read()
    with open(control, "w") as f:
        f.writelines(line + ("+next\n" if line.startswith("Version: ") else "\n") for line in text.splitlines())
    new = os.path.join(folder, "next.deb")
    call("dpkg-deb", "--root-owner-group", "-b", tree, new)
    shutil.rmtree(tree)
    return new


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("debootstrap") and shutil.which("systemd-nspawn"),
                     "needs root, debootstrap and systemd-nspawn")
class Life(unittest.TestCase):
    def phase(self, words):
        print("   ", words, flush=True)

    def copy_in(self, path, name):
        shutil.copy(path, self.machine.path("root", name))

    def write(self, path, text, mode=0o644):
        with open(self.machine.path(path), "w") as f:
            f.write(text)
        os.chmod(self.machine.path(path), mode)

    def jobs(self, *options):
        return json.loads(self.machine.run("scanpost", "--json", "jobs", *options))["jobs"]

    def mails(self):
        found = []
        for name in glob.glob(self.machine.path("root/box/mail/*.eml")):
            with open(name, "rb") as f:
                found.append(f.read())
        return found

    def test_life_of_an_installation(self):
        wanted = ", ".join(call("dpkg-deb", "-f", deb(name), "Depends").strip() for name in ("scanpost", "scanpost-sandbox"))
        with tempfile.TemporaryDirectory(prefix="scanpost-package.") as folder, Machine(wanted) as self.machine:
            self.folder = folder
            before = self.machine.files()
            for phase in (self.install, self.set_up, self.scan_over_smb, self.journal, self.walls, self.watchdog, self.home,
                          self.upgrade, self.remove, self.purge_keeps_scans, self.purge_all):
                self.phase(phase.__name__.replace("_", " "))
                try:
                    phase()
                except BaseException:
                    print(self.machine.run("journalctl", "-u", "scanpost", "--no-pager", "-n", "40", expect=None))
                    raise
            left = self.machine.files() - before
            ours = {name for name in left if not name.startswith(("/srv/scans", "/home/alice"))}
            self.assertEqual(ours, set(), "purge left behind what it did not say")

    def install(self):
        m = self.machine
        m.shell("echo root:100000:65536 >/dev/null; ip link set lo up")
        self.copy_in(deb("scanpost"), "scanpost.deb")
        self.copy_in(deb("scanpost-sandbox"), "scanpost-sandbox.deb")
        m.run("apt-get", "install", "-y", "--no-install-recommends", "/root/scanpost.deb", "/root/scanpost-sandbox.deb")
        self.assertEqual(m.run("systemctl", "is-enabled", "scanpost").strip(), "enabled")
        self.assertEqual(m.run("systemctl", "is-active", "scanpost", expect=None).strip(), "inactive")
        self.assertEqual(m.run("systemctl", "--failed", "--no-legend").strip(), "")
        self.assertIn("scanpost scanpost-sender", m.run("getent", "group", "scanpost-data").replace(",", " "))
        self.assertEqual(m.run("stat", "-c", "%a %U %G", "/var/lib/scanpost").strip(), "2770 scanpost scanpost-data")
        self.assertEqual(m.run("stat", "-c", "%a %U", "/usr/lib/cups/backend/scanpost").strip(), "755 root")
        m.shell("bash -ic 'source /usr/share/bash-completion/bash_completion; _completion_loader scanpost' 2>/dev/null; "
                "bash -n /usr/share/bash-completion/completions/scanpost")

    def set_up(self):
        m = self.machine
        self.write("/root/password", "Geheim-123\n", 0o600)
        self.write("/root/share", "Copier-123\n", 0o600)
        m.run("systemd-run", "--quiet", "--unit=box", "scanpost-sandbox", "--dir", "/root/box", "--user",
              "scanner@contoso.com", "--password-file", "/root/password")
        wait_until("the sandbox is ready", lambda: os.path.exists(m.path("root/box/sandbox.json")))
        m.run("systemctl", "start", "smbd")
        m.run("scanpost", "setup", "--unattended", "--sandbox", "/root/box", "--to", "office@contoso.com", "--path",
              "/srv/scans", "--page", "local", "--share", "yes", "--share-password-file", "/root/share",
              "--set", "folder.scans.settle=300ms", "--set", "gateway.reserve=1M", seconds=240)
        self.assertEqual(m.show("ActiveState"), "active")
        self.assertEqual(m.show("StatusText"), "takes scans in and sends them")
        page = m.here("curl", "-sS", "-D", "-", "http://127.0.0.1:8631/")
        self.assertIn("200 OK", page)
        self.assertIn("text/html", page)
        m.run("scanpost", "doctor")
        self.assertIn('"ok"', m.here("curl", "-sS", "http://127.0.0.1:8631/healthz"))

    def scan_over_smb(self):
        m, sent = self.machine, len(self.jobs("--state", "sent"))
        with open(m.path("root/smb.pdf"), "wb") as f:
            f.write(pdf("over SMB"))
        m.run("smbclient", "//127.0.0.1/scans", "-U", "scan-scans%Copier-123", "-c", "put /root/smb.pdf invoice.pdf")
        wait_until("it is sent", lambda: len(self.jobs("--state", "sent")) > sent)
        self.assertTrue(any(b'invoice.pdf' in mail for mail in self.mails()))

    def journal(self):
        m, job = self.machine, self.jobs("--limit", "1")[0]["id"]
        events = [json.loads(line) for line in m.run("journalctl", "-o", "json", "JOB_ID=" + job).splitlines()]
        self.assertEqual({e["SCANPOST_PROCESS"] for e in events}, {"gateway", "sender"})
        self.assertTrue({"direct", "submission"} & {e.get("METHOD") for e in events})

    def walls(self):
        """What each process may, and what it sees; and that a file of somebody else's is taken all the same."""
        m, seen = self.machine, {}
        main = m.show("MainPID")
        for pid in m.shell(f"cat /proc/{main}/task/{main}/children").split():
            facts = dict(line.split(":", 1) for line in m.run("cat", f"/proc/{pid}/status").splitlines() if ":" in line)
            seen[facts["Name"].strip()] = (int(facts["CapEff"], 16), facts["Seccomp"].strip(), facts["NoNewPrivs"].strip())
        self.assertEqual(seen, {"gateway": (1 << 28, "2", "1"), "sender": (0, "2", "1"), "opener": (1 << 2, "2", "1")})
        inside = m.shell(f"cd /proc/{main}/root; ls -A root home mnt 2>/dev/null; ls -A var/lib", expect=None).split()
        self.assertEqual([name for name in inside if not name.endswith(":")], ["scanpost"])
        sent = len(self.jobs("--state", "sent"))
        m.shell("install -m 600 -o nobody /root/smb.pdf /srv/scans/private.pdf")
        wait_until("it is sent", lambda: len(self.jobs("--state", "sent")) > sent)
        self.assertNotIn("failed", m.run("systemctl", "reload", "scanpost"))
        self.write("/etc/scanpost/wrong.conf", "nonsense { }\n")
        m.shell("echo 'include(\"/etc/scanpost/wrong.conf\")' >>/etc/scanpost/scanpost.conf; ! systemctl reload scanpost")
        m.shell("sed -i '$d' /etc/scanpost/scanpost.conf; rm /etc/scanpost/wrong.conf; systemctl reload scanpost")
        self.assertEqual(m.show("ActiveState"), "active")

    def watchdog(self):
        m = self.machine
        m.shell("mkdir -p /etc/systemd/system/scanpost.service.d; printf '[Service]\\nWatchdogSec=2s\\n' "
                ">/etc/systemd/system/scanpost.service.d/test.conf; systemctl daemon-reload; systemctl restart scanpost; "
                "sleep 5")
        self.assertEqual(m.show("NRestarts"), "0")  # it was fed
        main = m.show("MainPID")
        m.shell(f"for p in $(cat /proc/{main}/task/{main}/children); do "
                "if [ \"$(cat /proc/$p/comm)\" = sender ]; then kill -STOP $p; fi; done")
        wait_until("systemd has started it again", lambda: m.show("NRestarts") != "0" and m.show("ActiveState") == "active")
        m.shell("rm -r /etc/systemd/system/scanpost.service.d; systemctl daemon-reload; systemctl restart scanpost")

    def home(self):
        """As scanpostd(8) says it: a drop folder elsewhere needs lines of its own."""
        m = self.machine
        m.shell("install -d -o scanpost -g scanpost -m 2770 '/home/alice/50% scans'")
        route = json.loads(m.run("scanpost", "--json", "jobs", "--limit", "1"))["jobs"][0]["route"]
        m.shell("echo 'folder alice { path = \"/home/alice/50% scans\"  route = " + route + "  settle = 300ms }' "
                ">>/etc/scanpost/scanpost.conf; systemctl restart scanpost")
        self.assertIn("scanpost share alice --service --install", m.shell("scanpost doctor || true"))
        m.shell("scanpost share alice --service --install")
        self.assertNotIn("not visible", m.shell("scanpost doctor || true"))
        sent = len(self.jobs("--state", "sent"))
        shutil.copy(m.path("root/smb.pdf"), m.path("home/alice/50% scans/mine.pdf"))
        wait_until("it is sent", lambda: len(self.jobs("--state", "sent")) > sent)

    def age(self):
        """The database as the first version made it, with one job of that time."""
        m, state = self.machine, self.machine.path("var/lib/scanpost")
        m.run("systemctl", "stop", "scanpost")
        for name in glob.glob(os.path.join(state, "scanpost.db*")) + [os.path.join(state, "spool")]:
            shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)
        call(OLD_DATABASE, state, "1")
        columns = ("source source_name user route tenant sender from_name reply_to subject body message_id boundary "
                   "folder_name").split()
        with sqlite3.connect(os.path.join(state, "scanpost.db")) as db:
            db.execute("UPDATE house SET value = 1 WHERE key = 'spool_read'")
            db.execute(f"INSERT INTO job (id, state, created, finished, size, {', '.join(columns)}) VALUES (?, 'sent', 1, 2, 3"
                       + ", 'old'" * len(columns) + ")", [OLD_ID])
        db.close()
        m.shell("chown scanpost:scanpost-data /var/lib/scanpost/scanpost.db*; chmod 660 /var/lib/scanpost/scanpost.db*")

    def upgrade(self):
        m = self.machine
        self.age()
        m.run("systemctl", "start", "scanpost")
        self.assertIn(OLD_ID, m.run("scanpost", "jobs"))
        self.assertTrue(os.path.exists(m.path("var/lib/scanpost/scanpost.db.v1")), "no copy of the old database was kept")
        token = json.loads(m.run("scanpost", "--json", "token", "add", "mfp", "--route", "scans"))["token"]
        script, posted = os.path.join(self.folder, "post.py"), os.path.join(self.folder, "posted")
        with open(script, "w") as f:
            f.write(POST)
        copier = subprocess.Popen(["nsenter", "-t", str(m.leader), "-n", "/usr/bin/python3", script, token, posted])
        try:
            wait_until("scans come in", lambda: os.path.exists(posted) and os.path.getsize(posted) > 200)
            self.copy_in(next_version(deb("scanpost"), self.folder), "next.deb")
            main = m.show("MainPID")
            m.run("apt-get", "install", "-y", "--no-install-recommends", "/root/next.deb")
            size = os.path.getsize(posted)
            wait_until("scans come in again", lambda: os.path.getsize(posted) > size + 200)
        finally:
            copier.terminate()
            copier.wait(30)
        self.assertEqual(m.show("ActiveState"), "active")
        self.assertNotEqual(m.show("MainPID"), main)
        with open(posted) as f:
            taken = [line for line in f.read().split("\n")[:-1] if line.startswith("01")]
        self.assertGreater(len(taken), 5)
        for job in taken:  # whatever was promised is there
            self.assertIn(json.loads(m.run("scanpost", "--json", "show", job))["state"], ("sent", "queued", "sending", "deferred"))

    def remove(self):
        """With a scan that cannot leave: whoever takes the package away is told."""
        m = self.machine
        m.run("systemctl", "stop", "box")
        m.shell("install -m 660 -g scanpost /root/smb.pdf /srv/scans/waits.pdf")
        wait_until("it waits", lambda: self.jobs("--state", "deferred") and not os.path.exists(m.path("srv/scans/waits.pdf")))
        said = m.run("apt-get", "remove", "-y", "scanpost")
        self.assertIn("scan(s) are not sent yet", said)
        self.assertTrue(os.path.exists(m.path("etc/scanpost/scanpost.conf")))
        self.assertFalse(os.path.exists(m.path("usr/sbin/scanpostd")))
        self.assertEqual(m.run("pgrep", "-x", "scanpostd", expect=None).strip(), "")
        m.run("apt-get", "install", "-y", "--no-install-recommends", "/root/next.deb")
        self.assertEqual(m.show("ActiveState"), "active")
        self.assertTrue(self.jobs("--state", "deferred"))

    def purge_keeps_scans(self):
        m = self.machine
        said = m.run("apt-get", "purge", "-y", "scanpost")
        self.assertIn("it stays", said)
        self.assertTrue(glob.glob(m.path("var/lib/scanpost/spool/01*/*")))
        self.assertFalse(os.path.exists(m.path("etc/scanpost")))

    def purge_all(self):
        m = self.machine
        m.run("apt-get", "install", "-y", "--no-install-recommends", "/root/next.deb")
        m.run("touch", "/var/lib/scanpost/delete-on-purge")
        m.run("apt-get", "purge", "-y", "scanpost", "scanpost-sandbox")
        self.assertFalse(os.path.exists(m.path("var/lib/scanpost")))


if __name__ == "__main__":
    unittest.main()
