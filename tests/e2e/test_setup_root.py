"""scanpost setup as root, on a machine that has no users for it yet: who owns what, and that a scan arrives. Makes throw-away
users."""
import os
import stat
import subprocess
import unittest

from house import CLI
from test_setup import Setups

GATEWAY, SENDER, DATA = "sp-e2e-sgate", "sp-e2e-ssend", "scanpost-data"


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class ByRoot(Setups):
    def setUp(self):
        super().setUp()
        self.had_data = subprocess.run(["getent", "group", DATA], capture_output=True, timeout=30).returncode == 0
        os.chmod(self.root, 0o755)
        self.addCleanup(self.remove_users)

    def remove_users(self):
        self.stop_daemon()
        for user in (GATEWAY, SENDER):
            subprocess.run(["userdel", user], capture_output=True, timeout=60)
        if not self.had_data:
            subprocess.run(["groupdel", DATA], capture_output=True, timeout=60)

    def options(self, **changes):
        words = super().options(**changes)
        return [w.replace("gateway.user=nobody", "gateway.user=" + GATEWAY)
                .replace("gateway.sender-user=nobody", "gateway.sender-user=" + SENDER) for w in words]

    def owner(self, name):
        import grp
        import pwd
        at = os.stat(name if name.startswith("/") else os.path.join(self.conf, name))
        return pwd.getpwuid(at.st_uid).pw_name, grp.getgrgid(at.st_gid).gr_name, stat.S_IMODE(at.st_mode)

    def test_each_file_is_for_who_needs_it(self):
        done = self.setup_("--share", "no", **{"--page": "lan"})
        self.assertIn("Making the user " + GATEWAY, done.stdout)
        self.assertIn("sent: accepted by Microsoft", done.stdout)
        self.assertEqual(self.owner("app.secret"), ("root", SENDER, 0o640))
        self.assertEqual(self.owner("page.key"), ("root", GATEWAY, 0o640))
        self.assertEqual(self.owner("page.pem"), ("root", "root", 0o644))
        self.assertEqual(self.owner("scanpost.conf"), ("root", "root", 0o644))
        self.assertEqual(self.owner(self.scans), (GATEWAY, GATEWAY, 0o2770))
        done = subprocess.run([CLI, "-c", self.config, "doctor"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("Making the user", self.setup_("--no-test", "--share", "no").stdout)


if __name__ == "__main__":
    unittest.main()
