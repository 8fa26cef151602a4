"""scanpost doctor, backup and restore where root starts the daemon and two users share the state. Makes throw-away users."""
import json
import os
import subprocess
import unittest

from house import CLI, pdf, wait_until
from test_root import COPIER, GATEWAY, SENDER, Separation


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class TwoUsers(Separation):
    def wrong(self, world):
        answer = json.loads(world.cli("--json", "doctor", expect=None).stdout)
        return [f for f in answer["findings"] if f["level"] == "wrong"]

    def well(self, world):
        wait_until("the daemon has settled", lambda: len(world.children()) == 3)
        self.assertEqual(self.wrong(world), [])

    def assert_mended(self, world, subject):
        found = self.wrong(world)
        self.assertEqual([f["subject"] for f in found], [subject], json.dumps(found, indent=1))
        subprocess.run(["/bin/sh", "-ec", found[0]["mend"]], check=True, capture_output=True, timeout=30)
        self.well(world)

    def test_what_it_finds_its_own_commands_mend(self):
        with self.world() as world:
            world.sandbox.play("busy")
            job = world.post([("a.pdf", pdf())]).json()["id"]
            wait_until("it was tried", lambda: world.job(job)["attempts"])
            self.well(world)
            os.chmod(world.sandbox.password_file, 0o644)
            self.assert_mended(world, "secrets")
            os.chown(world.sandbox.password_file, 0, 0)
            self.assert_mended(world, "secrets")
            os.chown(world.sandbox.password_file, 0, self.gid[GATEWAY])
            self.assertIn("secrets", [f["subject"] for f in self.wrong(world)])
            os.chown(world.sandbox.password_file, 0, self.gid[SENDER])
            os.chown(os.path.join(world.state, "spool", job, "1"), 0, 0)
            self.assert_mended(world, "state")
            os.chmod(world.scans, 0o755)
            self.assert_mended(world, "folders")
            world.sandbox.play()
            world.cli("retry", job)
            world.wait_for_job(job)

    def test_who_may_not_look_is_told_so(self):
        with self.world() as world:
            self.well(world)
            for name in ("sandbox", "."):
                os.chmod(os.path.join(world.root, name), 0o755)
            done = subprocess.run(["setpriv", "--reuid", str(self.uid[COPIER]), "--regid", str(self.gid[COPIER]),
                                   "--clear-groups", CLI, "-c", world.config, "doctor"], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("as far as you may look", done.stdout)
            self.assertIn("scanpostd runs", done.stdout)

    def test_restored_state_belongs_to_the_two(self):
        with self.world() as world:
            world.sandbox.play("busy")
            job = world.post([("a.pdf", pdf())]).json()["id"]
            wait_until("it was tried", lambda: world.job(job)["attempts"])
            backup = os.path.join(world.root, "backup.tar")
            world.cli("backup", backup)
            self.well(world)
            world.stop()
            world.cli("restore", backup, "--force")
            world.sandbox.play()
            world.start()
            self.well(world)
            self.assertEqual(world.job(job)["state"], "held")
            world.cli("retry", job)
            world.wait_for_job(job)


for inherited in [name for name in dir(Separation) if name.startswith("test_")]:
    setattr(TwoUsers, inherited, None)  # those are test_root's
del Separation


if __name__ == "__main__":
    unittest.main()
