"""scanpost setup: unattended against the sandbox until a scan has arrived, a second time over what is there, and every
way in which it has to leave things as they were."""
import base64
import glob
import json
import os
import shutil
import signal
import socket
import ssl
import stat
import struct
import subprocess
import tempfile
import unittest
import urllib.request

from house import CLI, DAEMON, Sandbox, attachments, free_port, wait_until


def read(path):
    with open(path) as f:
        return f.read()


class Setups(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="scanpost-e2e-setup-")
        self.sandbox = Sandbox(os.path.join(self.root, "sandbox"))
        self.conf = os.path.join(self.root, "etc")
        self.config = os.path.join(self.conf, "scanpost.conf")
        self.scans = os.path.join(self.root, "scans")
        self.run_dir = os.path.join(self.root, "run")
        self.port = free_port()
        self.addCleanup(self.clean)

    def clean(self):
        self.stop_daemon()
        self.sandbox.stop()
        if not os.environ.get("SCANPOST_KEEP"):
            shutil.rmtree(self.root, ignore_errors=True)

    def supervisor(self):
        """The pid of the daemon that setup has started: the kernel tells who listens."""
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(os.path.join(self.run_dir, "scanpost.sock"))
            except OSError:
                return None
            return struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def stop_daemon(self):
        pid = self.supervisor()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            wait_until("the daemon has ended", lambda: not os.path.exists(f"/proc/{pid}"), 20)

    def file(self, name, content):
        path = os.path.join(self.root, name)
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(content)
        return path

    def options(self, **changes):
        options = {"--to": "office@contoso.com", "--path": self.scans, "--page": "local", "--port": str(self.port)}
        options.update(changes)
        sets = {"gateway.state-dir": os.path.join(self.root, "state"), "gateway.run-dir": self.run_dir,
                "gateway.reserve": "1M", "folder.scans.settle": "300ms", "gateway.user": "nobody",
                "gateway.sender-user": "nobody"}
        words = ["--unattended", "--sandbox", self.sandbox.folder]
        for name, value in options.items():
            words += [name] if value == "" else [name, value] if value is not None else []
        for key, value in sets.items():
            words += ["--set", f"{key}={value}"]
        return words

    def setup_(self, *more, expect=0, **changes):
        done = subprocess.run([CLI, "-c", self.config, "setup", *self.options(**changes), *more], capture_output=True,
                              text=True, timeout=120, stdin=subprocess.DEVNULL)
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout + done.stderr + self.log())
        return done

    def log(self):
        path = os.path.join(self.conf, "scanpostd.log")
        return read(path) if os.path.exists(path) else ""

    def cli(self, *words):
        return json.loads(subprocess.run([CLI, "-c", self.config, "--json", *words], capture_output=True, text=True,
                                         timeout=60, check=True).stdout)

    def text(self):
        return read(self.config)


class FromNothing(Setups):
    def test_ends_with_a_scan_in_the_mailbox(self):
        password = self.file("admin-password", "Ein-gutes-Passwort-1\n")
        done = self.setup_(**{"--admin": "anna", "--admin-password-file": password})
        self.assertIn("direct works, and is proven", done.stdout)
        self.assertIn("submission works, and is proven", done.stdout)
        self.assertIn("sent: accepted by Microsoft", done.stdout)
        names = [name for _, mail in self.sandbox.mails() for name, _ in attachments(mail)]
        self.assertEqual(len([n for n in names if n.startswith("scanpost-test-")]), 1)
        self.assertEqual([u["name"] for u in self.cli("user", "list")["users"]], ["anna"])
        self.assertEqual(subprocess.run([DAEMON, "-c", self.config, "-t"], capture_output=True, timeout=30).returncode, 0)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=30) as answer:
            self.assertEqual(answer.status, 200)

    def test_a_try_lives_beside_its_configuration(self):
        """No more than README says: everything that is not named goes beside the file, and the end says how to go on."""
        self.run_dir = os.path.join(self.conf, "run")
        words = ["--unattended", "--sandbox", self.sandbox.folder, "--to", "office@contoso.com", "--port", str(self.port),
                 "--no-test"]
        for account in ("gateway.user=nobody", "gateway.sender-user=nobody") if os.geteuid() == 0 else ():
            words += ["--set", account]
        done = subprocess.run([CLI, "-c", self.config, "setup", *words], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + self.log())
        for name in ("scans", "state", "run"):
            self.assertTrue(os.path.isdir(os.path.join(self.conf, name)), name)
        self.assertIn(f"Page     127.0.0.1:{self.port}", done.stdout)
        self.assertIn(f"http://127.0.0.1:{self.port}/#/first?key=", done.stdout)
        self.assertIn(f"scanpost -c {self.config} jobs", done.stdout)
        self.assertIn(f"kill {self.supervisor()}", done.stdout)

    def test_secret_is_in_its_file_and_nowhere_else(self):
        done = self.setup_("--no-start")
        secret = read(os.path.join(self.sandbox.folder, "client-secret")).strip()
        path = os.path.join(self.conf, "app.secret")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assertEqual(read(path).strip(), secret)
        for name in glob.glob(self.conf + "/*"):
            if name != path:
                self.assertNotIn(secret, read(name), name)
        self.assertNotIn(secret, done.stdout + done.stderr)

    def test_scripts_hold_the_tenants_values(self):
        self.setup_("--no-start", "--make-certificate", **{"--methods": "submission,graph,direct,relay"})
        script = read(os.path.join(self.conf, "microsoft365.ps1"))
        for part in ("'contoso.com'", "'scanner@contoso.com'", "scanpost on scan.contoso.com", "-ObjectId $principal.Id",
                     "-SenderIPAddresses '127.0.0.1'", "SMTP.SendAsApp", "Application Mail.Send"):
            self.assertIn(part, script)
        self.assertIn("Remove-MgApplication", read(os.path.join(self.conf, "microsoft365-undo.ps1")))
        self.assertNotIn("PRIVATE KEY", script)
        der = ssl.PEM_cert_to_DER_cert(read(os.path.join(self.conf, "app.pem")))
        self.assertIn(base64.b64encode(der).decode(), script.replace("\n", ""))

    def test_page_for_the_lan_has_a_certificate_with_the_hosts_names(self):
        self.setup_("--no-test", **{"--page": "lan"})
        context = ssl.create_default_context(cafile=os.path.join(self.conf, "page.pem"))
        with urllib.request.urlopen(f"https://localhost:{self.port}/healthz", timeout=30, context=context) as answer:
            self.assertEqual(answer.status, 200)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.conf, "page.key")).st_mode), 0o600)

    def test_sign_in_may_come_later(self):
        os.remove(os.path.join(self.sandbox.folder, "sandbox.json"))  # what the sandbox tells is not to be taken
        facts = self.sandbox.facts
        words = ["--unattended", "--later", "--no-start", "--domain", "contoso.com", "--to", "office@contoso.com",
                 "--path", self.scans, "--page", "local", "--resolver", facts["resolver"],
                 "--set", f"direct.port={facts['mx_port']}", "--set", f"direct.ca-file={facts['ca']}",
                 "--set", f"submission.host={facts['submission_host']}", "--set", f"submission.ca-file={facts['ca']}",
                 "--set", f"submission.port={facts['submission_port']}",
                 "--set", f"submission.oauth-token-url={facts['token_url']}"]
        done = subprocess.run([CLI, "-c", self.config, "setup", *words], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(facts["oauth_tenant"], done.stdout)
        self.assertIn(f"scanpost -c {self.config} setup --client-id", done.stdout)
        self.assertIn("enabled = no", self.text())
        self.assertTrue(os.path.exists(os.path.join(self.conf, "app.key")))


class WhatIsMissing(Setups):
    @unittest.skipIf(os.geteuid() == 0, "root may write there")
    def test_who_may_not_write_there_is_told_before_the_first_question(self):
        done = subprocess.run([CLI, "setup", "--sandbox", self.sandbox.folder], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("run it as root", done.stderr)
        self.assertNotIn("1. Your Microsoft 365", done.stdout)

    def test_a_daemon_that_ends_at_once_is_told_with_its_reason(self):
        self.run_dir = self.file("file", "") + "/run"
        done = self.setup_(expect=1)
        self.assertRegex(done.stderr, f"ended at once: .*{self.run_dir}")

    def test_flag_is_named(self):
        done = self.setup_(expect=2, **{"--admin": "anna"})
        self.assertIn("--admin-password-file", done.stderr)
        words = ["setup", "--unattended"]
        done = subprocess.run([CLI, "-c", self.config, *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--domain is missing", done.stderr)
        self.assertFalse(os.path.exists(self.conf))

    def test_bad_answers_are_told_with_their_flag(self):
        for flag, value in (("--to", "nobody"), ("--methods", "pigeon"), ("--page", "world"), ("--client-id", "x"),
                            ("--hostname", "short"), ("--path", "relative"), ("--cloud", "private")):
            done = self.setup_(expect=2, **{flag: value})
            self.assertIn(flag, done.stderr)
            self.assertFalse(os.path.exists(self.config))

    def test_dry_run_writes_nothing(self):
        before = sorted(os.listdir(self.root))
        done = self.setup_("--dry-run", **{"--page": "lan"})
        self.assertEqual(sorted(os.listdir(self.root)), before)
        self.assertIn("method submission {", done.stdout)

    def test_closed_ports_are_told_and_other_methods_recommended(self):
        self.sandbox.play("mx/drop:banner", "submission/drop:banner")
        done = self.setup_("--dry-run")
        self.assertIn("Port 25: shut", done.stdout)
        self.assertIn("Port 587: shut", done.stdout)
        self.assertIn("graph: recommended", done.stdout)
        self.assertIn("Out      graph", done.stdout)


class AgainOverWhatIsThere(Setups):
    def test_keeps_what_it_does_not_ask_for_and_a_copy(self):
        self.setup_("--no-start")
        with open(self.config, "a") as f:
            f.write("\n# our own\nroute extra { to = { boss@contoso.com } }\nretention { documents = 2d }\n")
        before = self.text()
        done = self.setup_(**{"--to": "other@contoso.com"})
        self.assertIn("sent: accepted", done.stdout)
        self.assertIn("# our own\nroute extra { to = { boss@contoso.com } }\nretention { documents = 2d }", self.text())
        self.assertIn("other@contoso.com", self.text())
        copies = glob.glob(self.config + ".2*")
        self.assertEqual([read(c) for c in copies], [before])

    def test_says_when_nothing_changes(self):
        self.setup_("--no-start")
        before = self.text()
        done = self.setup_("--no-start")
        self.assertIn("says all of this already", done.stdout)
        self.assertEqual(self.text(), before)
        self.assertEqual(glob.glob(self.config + ".2*"), [])

    def test_present_values_are_the_defaults(self):
        self.setup_("--no-start", **{"--to": "first@contoso.com", "--notify": "it@contoso.com"})
        self.setup_("--no-start", **{"--to": None, "--path": None, "--methods": "graph"})
        self.assertIn("first@contoso.com", self.text())
        self.assertIn("it@contoso.com", self.text())

    def test_running_daemon_takes_it_over(self):
        self.setup_("--no-test")
        pid = self.supervisor()
        done = self.setup_(**{"--methods": "graph", "--page": "lan"})
        self.assertIn("graph works, and is proven", done.stdout)
        self.assertNotIn("direct (direct)", done.stdout)
        self.assertEqual(self.supervisor(), pid)

    def test_configuration_with_a_mistake_is_not_touched(self):
        self.setup_("--no-start")
        with open(self.config, "a") as f:
            f.write("folder { ")
        before = self.text()
        done = self.setup_("--no-start", expect=1)
        self.assertIn("mistake", done.stderr)
        self.assertEqual(self.text(), before)

    def test_wrong_result_is_not_put_in_place(self):
        self.setup_("--no-start")
        before = self.text()
        done = self.setup_("--no-start", "--set", "retry.first=never", expect=1)
        self.assertIn("'first' must be a duration", done.stderr)
        self.assertIn("not used", done.stderr)
        self.assertEqual(self.text(), before)
        self.assertEqual(glob.glob(self.config + ".*"), [])


class Interrupted(Setups):
    def test_kill_at_any_moment_leaves_old_or_new(self):
        self.setup_("--no-start")
        old = self.text()
        for step in range(12):
            process = subprocess.Popen([CLI, "-c", self.config, "setup", *self.options(**{"--to": f"a{step}@contoso.com"}),
                                        "--no-start"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(0.02 + 0.03 * step)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
                process.wait(30)
            done = subprocess.run([DAEMON, "-c", self.config, "-t"], capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(self.text() == old or f"a{step}@contoso.com" in self.text())
            old = self.text()

    def test_dialogue_by_lines_and_a_no_at_the_end(self):
        """What is asked, answered line by line; the end of input leaves everything as it is."""
        words = [w for w in self.options(**{"--to": None}) if w != "--unattended"]
        done = subprocess.run([CLI, "-c", self.config, "setup", *words, "--no-start", "--admin", ""], text=True,
                              capture_output=True, timeout=60, input="\n\n\n\n\n\n\n\n" + "nonsense\n")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("no more answers", done.stderr)
        self.assertFalse(os.path.exists(self.config))


if __name__ == "__main__":
    unittest.main()
