"""A real Postfix with STARTTLS and SASL as the submission endpoint: what arrives in the mailbox is what was dropped."""
import os
import pwd
import shutil
import subprocess
import tempfile
import unittest

from house import World, attachments, free_port, header, pdf, wait_until

MAIN_CF = """
compatibility_level = 3.6
maillog_file = {root}/maillog
maillog_file_prefixes = {root}
queue_directory = {root}/queue
data_directory = {root}/data
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
myhostname = localhost
mydestination =
inet_interfaces = 127.0.0.1
virtual_mailbox_domains = contoso.com
virtual_mailbox_base = {root}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 100
message_size_limit = 200000000
virtual_mailbox_limit = 0
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {root}/server.pem
smtpd_tls_key_file = {root}/server.key
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = contoso.com
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
"""

MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
error unix - - n - - error
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
"""


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


class Postfix:
    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="scanpost-postfix-")
        os.chmod(self.root, 0o755)
        self.port = free_port()
        nobody = pwd.getpwnam("nobody")
        owner = pwd.getpwnam("postfix")
        for name, uid in (("queue", 0), ("data", owner.pw_uid), ("mail", nobody.pw_uid), ("conf", 0), ("conf/sasl", 0)):
            os.mkdir(os.path.join(self.root, name), 0o755)
            os.chown(os.path.join(self.root, name), uid, 0)
        self.write("conf/main.cf", MAIN_CF.format(root=self.root, uid=nobody.pw_uid, gid=nobody.pw_gid))
        self.write("conf/master.cf", MASTER_CF.format(port=self.port))
        self.write("conf/sasl/smtpd.conf", "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: LOGIN\n"
                                      f"sasldb_path: {self.root}/sasldb2\n")
        run("saslpasswd2", "-c", "-p", "-f", f"{self.root}/sasldb2", "-u", "contoso.com", "scanner",
            input="Geheim-123")
        os.chown(f"{self.root}/sasldb2", owner.pw_uid, owner.pw_gid)
        self.certificates()
        run("postfix", "-c", f"{self.root}/conf", "start")

    def write(self, name, text):
        with open(os.path.join(self.root, name), "w") as f:
            f.write(text)

    def certificates(self):
        r = self.root
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test authority",
            "-keyout", f"{r}/ca.key", "-out", f"{r}/ca.pem")
        run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", f"{r}/server.key",
            "-out", f"{r}/server.csr")
        self.write("names", "subjectAltName=DNS:localhost\n")
        run("openssl", "x509", "-req", "-in", f"{r}/server.csr", "-CA", f"{r}/ca.pem", "-CAkey", f"{r}/ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", f"{r}/names", "-out", f"{r}/server.pem")

    def inbox(self):
        folder = os.path.join(self.root, "mail", "inbox", "new")
        found = []
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name), "rb") as f:
                found.append(f.read())
        return found

    def maillog(self):
        path = os.path.join(self.root, "maillog")
        return open(path, errors="replace").read() if os.path.exists(path) else ""

    def stop(self):
        subprocess.run(["postfix", "-c", f"{self.root}/conf", "stop"], capture_output=True, timeout=60)
        shutil.rmtree(self.root, ignore_errors=True)


@unittest.skipUnless(os.geteuid() == 0, "Postfix's master wants root")
@unittest.skipUnless(shutil.which("postfix") and shutil.which("saslpasswd2"), "Postfix and sasl2-bin are not installed")
class Mailbox(unittest.TestCase):
    def setUp(self):
        self.postfix = Postfix()
        self.addCleanup(self.postfix.stop)

    def world(self, **options):
        submission = {"tenant": "methods = { direct, submission }", "start": False, **options}
        world = World(**submission)
        with open(world.config) as f:
            text = f.read()
        facts = world.sandbox.facts
        text = text.replace(f"host = {facts['submission_host']}  port = {facts['submission_port']}\n"
                            f"    ca-file = \"{facts['ca']}\"",
                            f"host = localhost  port = {self.postfix.port}\n    ca-file = \"{self.postfix.root}/ca.pem\"")
        with open(world.config, "w") as f:
            f.write(text)
        world.start_as_nobody()
        return world

    def arrived(self):
        try:
            return wait_until("it is in the mailbox", self.postfix.inbox)[0]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.postfix.maillog()}") from None

    def test_dropped_pdf_arrives_unchanged(self):
        with self.world() as world:
            world.sandbox.play("ip-blocked")
            content = pdf(3_000_000)
            world.drop("Rechnung Müller.pdf", content)
            os.chown(os.path.join(world.scans, "Rechnung Müller.pdf"), 65534, 65534)
            job = world.wait_for_job()
            self.assertEqual(job["method"], "submission")
            mail = self.arrived()
            self.assertEqual([c for _, c in attachments(mail)], [content])
            self.assertEqual(header(mail, "Message-ID"), job["message_id"])
            self.assertEqual(header(mail, "Auto-Submitted"), "auto-generated")
            self.assertIn("OOF", header(mail, "X-Auto-Response-Suppress"))
            self.assertIn("Rechnung Müller", attachments(mail)[0][0])

    def test_wrong_password_waits_and_goes_out_with_the_right_one(self):
        with self.world(tenant="methods = { submission }") as world:
            with open(world.sandbox.password_file, "w") as f:
                f.write("wrong\n")
            world.daemon.send_signal(1)
            wait_until("configuration is read", lambda: "configuration read again" in world.log_text())
            world.wait_ready()
            job = world.post([("a.pdf", pdf())]).json()
            job = world.wait_for_job(job["id"], "deferred")
            self.assertEqual(job["attempts"][-1]["class"], "auth_failed")
            with open(world.sandbox.password_file, "w") as f:
                f.write("Geheim-123\n")
            wait_until("the sender is up again", lambda: "sender" in world.children())
            world.daemon.send_signal(1)
            world.wait_for_job(job["id"])
            self.arrived()


if __name__ == "__main__":
    unittest.main()
