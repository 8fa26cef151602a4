"""scanpost backup and restore: while scans come in, under kill -9, with damaged files; and what becomes of jobs that waited."""
import glob
import hashlib
import io
import json
import os
import resource
import signal
import sqlite3
import subprocess
import tarfile
import tempfile
import threading
import time
import unittest

from house import CLI, World, attachments, pdf, wait_until


class Backups(unittest.TestCase):
    options = {}

    def setUp(self):
        self.world = World(**self.options)
        self.addCleanup(self.world.close)
        self.file = os.path.join(self.world.root, "backup.tar")

    def backup(self, *options, expect=0):
        return self.world.cli("backup", self.file, *options, expect=expect)

    def target(self, name="other"):
        """Another installation: the same configuration but for where it keeps its state."""
        config = os.path.join(self.world.root, name + ".conf")
        state = os.path.join(self.world.root, name)
        with open(self.world.config) as f, open(config, "w") as g:
            g.write(f.read().replace(self.world.state, state).replace(self.world.run_dir, state + "-run"))
        return config, state

    def restore(self, config, *options, expect=0, file=None):
        done = subprocess.run([CLI, "-c", config, "restore", file or self.file, *options], capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def no_debris(self):
        self.assertEqual(glob.glob(self.file + "*"), [])

    def move_to(self, state):
        """The world goes on in the restored state."""
        self.world.stop()
        self.world.state = state
        self.world.write_config()
        self.world.start()

    def assert_whole(self, state):
        """Every job that may still need its documents has them, bit for bit; the database is sound."""
        db = sqlite3.connect(os.path.join(state, "scanpost.db"))
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        rows = db.execute("SELECT job.id, document.n, sha256 FROM document JOIN job ON job.n = document.job"
                          " WHERE state NOT IN ('sent', 'partial', 'failed', 'cancelled')").fetchall()
        for job, number, sha256 in rows:
            with open(os.path.join(state, "spool", job, str(number)), "rb") as f:
                self.assertEqual(hashlib.sha256(f.read()).hexdigest(), sha256)
        db.close()
        return len(rows)


class ThereAndBack(Backups):
    def test_everything_comes_back_and_what_waited_is_held(self):
        world = self.world
        contents = [pdf(), pdf(50_000), pdf()]
        done = world.wait_for_job(world.post([("done.pdf", contents[0])]).json()["id"])
        world.sandbox.play("busy")
        waiting = world.post([("a.pdf", contents[1]), ("b.pdf", contents[2])]).json()["id"]
        wait_until("it was tried", lambda: world.job(waiting)["attempts"])
        world.token("copier")
        self.backup()
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        config, state = self.target()
        said = self.restore(config).stdout
        self.assertIn("1 job waited then and may have been sent since", said)
        self.assertEqual(self.assert_whole(state), 2)
        world.sandbox.play()
        self.move_to(state)
        self.assertEqual(world.job(done["id"])["state"], "sent")
        job = world.job(waiting)
        self.assertEqual(job["state"], "held")
        self.assertIn("restored from a backup", json.dumps(job))
        self.assertEqual(len(world.sandbox.mails()), 1)
        world.cli("retry", waiting)
        world.wait_for_job(waiting)
        self.assertEqual(sorted(c for _, c in attachments(world.sandbox.mails()[-1][1])), sorted(contents[1:]))
        self.assertIn("copier", world.cli("token", "list").stdout)

    def test_a_configuration_that_is_named_from_here_is_in_it(self):
        subprocess.run([CLI, "-c", os.path.basename(self.world.config), "backup", self.file], check=True, timeout=60,
                       cwd=self.world.root, stdout=subprocess.DEVNULL)
        with tarfile.open(self.file) as tar:
            self.assertIn("scanpost-backup/config" + self.world.config, tar.getnames())

    def test_what_came_after_the_database_of_the_moment_is_not_sent_by_itself(self):
        """A scan in the spool that the database of the backup does not know: held as well."""
        world = self.world
        world.sandbox.play("busy")
        job = world.post([("a.pdf", pdf())]).json()["id"]
        wait_until("it was tried", lambda: world.job(job)["attempts"])
        self.backup()
        config, state = self.target()
        self.restore(config)
        db = sqlite3.connect(os.path.join(state, "scanpost.db"))
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("DELETE FROM job WHERE id = ?", (job,))
        db.commit()
        db.close()
        world.sandbox.play()
        self.move_to(state)
        self.assertEqual(world.job(job)["state"], "held")
        self.assertEqual(world.sandbox.mails(), [])

    def test_resume_leaves_jobs_as_they_were(self):
        world = self.world
        world.sandbox.play("busy")
        job = world.post([("a.pdf", pdf())]).json()["id"]
        world.stop()
        self.backup()
        config, state = self.target()
        self.restore(config, "--resume")
        world.sandbox.play()
        self.move_to(state)
        world.wait_for_job(job)

    def test_tar_and_sha256sum_read_it(self):
        self.world.wait_for_job(self.world.post([("a.pdf", pdf())]).json()["id"])
        self.backup()
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["tar", "xf", self.file, "-C", folder], check=True, timeout=30)
            done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder + "/scanpost-backup",
                                  capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(folder + "/scanpost-backup/manifest.json") as f:
                self.assertEqual(json.load(f)["hostname"], "scan.contoso.com")

    def test_secrets_only_when_asked_for(self):
        with open(self.world.sandbox.password_file, "rb") as f:
            secret = f.read().strip()
        self.backup()
        with open(self.file, "rb") as f:
            self.assertNotIn(secret, f.read())
        self.backup("--with-secrets", "--force")
        with tarfile.open(self.file) as tar:
            name = "scanpost-backup/secrets" + self.world.sandbox.password_file
            self.assertEqual(tar.extractfile(name).read().strip(), secret)
        os.rename(self.world.sandbox.password_file, self.world.sandbox.password_file + ".away")
        config, state = self.target()
        self.assertIn("--state-dir", self.restore(config, expect=1).stderr)
        self.restore(config, "--state-dir", state)
        self.assertEqual(os.stat(self.world.sandbox.password_file).st_mode & 0o777, 0o600)

    def test_key_beside_its_certificate_is_a_secret(self):
        pem = os.path.join(self.world.root, "page.pem")
        with open(pem, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            f.write("-----BEGIN CERTIFICATE-----\n" + "MIIC" * 2044 + "\n-----END CERTIFICATE-----\n"
                    "-----BEGIN PRIVATE KEY-----\nnobodys-business\n-----END PRIVATE KEY-----\n")
        os.symlink(pem, pem + ".link")
        self.world.write_config(http=f'tls-certificate = "{pem}.link"  tls-key = "{pem}"')
        self.backup()
        with open(self.file, "rb") as f:
            self.assertNotIn(b"nobodys-business", f.read())
        self.backup("--with-secrets", "--force")
        with tarfile.open(self.file) as tar:
            self.assertIn("scanpost-backup/secrets" + pem, tar.getnames())
            self.assertNotIn("scanpost-backup/config" + pem + ".link", tar.getnames())

    def test_configuration_that_is_there_stays(self):
        self.backup()
        config, state = self.target()
        with open(self.world.config, "a") as f:
            f.write("# newer\n")
        self.restore(config)
        with open(self.world.config) as f:
            self.assertIn("# newer", f.read())
        self.restore(config, "--force", "--config-files")
        with open(self.world.config) as f:
            self.assertNotIn("# newer", f.read())
        with open(self.world.config + ".before-restore") as f:
            self.assertIn("# newer", f.read())


class UnderLoad(Backups):
    options = {"extra": "retention { documents = 0s }"}

    def test_no_job_lacks_its_documents(self):
        world, stop, taken = self.world, threading.Event(), []

        def copier():
            while not stop.is_set():
                taken.append(world.post([("a.pdf", pdf(20_000)), ("b.pdf", pdf(1000))]).json()["id"])

        threads = [threading.Thread(target=copier) for _ in range(4)]
        for thread in threads:
            thread.start()
        waiting = 0
        try:
            for n in range(6):
                world.sandbox.play(*(["slow:20"] if n % 2 else []))
                self.file = os.path.join(world.root, f"backup-{n}.tar")
                before = len(taken)
                self.backup()
                config, state = self.target(f"other-{n}")
                self.restore(config)
                waiting += self.assert_whole(state)
                db = sqlite3.connect(os.path.join(state, "scanpost.db"))
                known = {row[0] for row in db.execute("SELECT id FROM job")}
                db.close()
                self.assertLessEqual(set(taken[:before]), known)  # whatever was taken before it began
        finally:
            stop.set()
            for thread in threads:
                thread.join(60)
        self.assertGreater(waiting, 0)
        wait_until("all are sent", lambda: not world.jobs("&state=queued") and not world.jobs("&state=sending")
                   and not world.jobs("&state=deferred"))


class Killed(Backups):
    def fill(self, count=60):
        self.world.sandbox.play("busy")
        for _ in range(count):
            self.world.post([("a.pdf", pdf(100_000))])

    def test_backup_leaves_no_half_file(self):
        self.fill()
        for step in range(8):
            process = subprocess.Popen([CLI, "-c", self.world.config, "backup", self.file])
            time.sleep(0.004 * step)
            process.kill()
            process.wait(10)
            if os.path.exists(self.file):  # it was faster
                self.restore(self.target(f"whole-{step}")[0])
                os.remove(self.file)
        self.backup()
        self.assertEqual(glob.glob(self.file + "*"), [self.file])

    def test_ctrl_c_leaves_nothing_or_a_whole_file(self):
        self.fill()
        for step in range(8):
            process = subprocess.Popen([CLI, "-c", self.world.config, "backup", self.file], stderr=subprocess.DEVNULL)
            time.sleep(0.004 * step)
            process.send_signal(signal.SIGINT)
            process.wait(10)
            if os.path.exists(self.file):  # it came too late, perhaps in the moment between rename and exit
                done = subprocess.run(["tar", "-tf", self.file], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("SHA256SUMS", done.stdout)
                os.remove(self.file)
            else:
                self.assertNotEqual(process.returncode, 0)
            self.no_debris()

    def test_restore_can_be_done_again(self):
        self.fill()
        self.backup()
        for step in range(8):
            config, state = self.target(f"other-{step}")
            process = subprocess.Popen([CLI, "-c", config, "restore", self.file], stdout=subprocess.DEVNULL)
            time.sleep(0.01 * step)
            process.kill()
            process.wait(10)
            self.restore(config, "--force")
            self.assertEqual(self.assert_whole(state), 60)
            self.assertFalse(os.path.exists(os.path.join(state, ".restore")))

    def test_full_disk_leaves_nothing(self):
        self.fill(5)

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

        done = subprocess.run([CLI, "-c", self.world.config, "backup", self.file], capture_output=True, text=True,
                              timeout=60, preexec_fn=small_files)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write", done.stderr)
        self.no_debris()

    def test_reserve_is_kept(self):
        with open(self.world.config) as f:
            text = f.read()
        config = os.path.join(self.world.root, "large.conf")
        with open(config, "w") as f:
            f.write(text.replace("reserve = 1M", "reserve = 1000000G"))
        done = subprocess.run([CLI, "-c", config, "backup", self.file], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("reserve", done.stderr)
        self.no_debris()


class Refused(Backups):
    def test_file_that_exists_unless_forced(self):
        self.backup()
        self.assertIn("--force", self.backup(expect=1).stderr)
        self.backup("--force")

    def test_state_in_use_and_not_empty(self):
        self.backup()
        self.assertIn("stop it first", self.restore(self.world.config, "--force", expect=1).stderr)
        self.world.stop()
        self.assertIn("--force", self.restore(self.world.config, expect=1).stderr)
        self.restore(self.world.config, "--force")
        aside = glob.glob(self.world.state + "/.before-restore-*/scanpost.db")
        self.assertEqual(len(aside), 1)
        self.world.start()

    def test_damaged_anywhere(self):
        self.world.wait_for_job(self.world.post([("a.pdf", pdf(5000))]).json()["id"])
        self.backup()
        with open(self.file, "rb") as f:
            whole = f.read()
        config, state = self.target()
        spot = whole.index(b"%PDF-1.4") + 100
        broken = {"flipped": whole[:spot] + bytes([whole[spot] ^ 1]) + whole[spot + 1:], "cut": whole[:len(whole) // 2],
                  "no-end": whole[:-20_000], "empty": b"", "not-a-tar": os.urandom(5000)}
        for name, content in broken.items():
            path = os.path.join(self.world.root, name)
            with open(path, "wb") as f:
                f.write(content)
            self.restore(config, expect=1, file=path)
            self.assertFalse(os.path.exists(state), name)

    def test_names_that_lead_elsewhere(self):
        for name in ("../../evil", "scanpost-backup/../../evil", "/etc/evil", "scanpost-backup/spool/x/1"):
            path = os.path.join(self.world.root, "evil.tar")
            with tarfile.open(path, "w") as tar:
                tar.addfile(tarfile.TarInfo(name))
            config, state = self.target()
            self.restore(config, expect=1, file=path)
            self.assertFalse(os.path.exists(state))

    def test_what_others_put_there_is_not_written_into(self):
        victim = os.path.join(self.world.root, "victim")
        open(victim, "w").close()
        os.link(victim, self.file + ".partial")
        self.backup()
        self.assertEqual(os.path.getsize(victim), 0)
        self.assertEqual(os.stat(self.file).st_nlink, 1)

    def rewritten(self, members):
        """A backup as somebody else would leave it: whole, with members (name, bytes, mode) of theirs."""
        path, sums = os.path.join(self.world.root, "theirs.tar"), b""
        with tarfile.open(self.file) as old, tarfile.open(path, "w") as new:
            kept = [(m.name.split("/", 1)[1], old.extractfile(m).read(), m.mode) for m in old]
            for name, content, mode in [m for m in kept if m[0] != "SHA256SUMS"] + members:
                sums += f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()
                self.add(new, name, content, mode)
            self.add(new, "SHA256SUMS", sums, 0o600)
        return path

    @staticmethod
    def add(tar, name, content, mode):
        info = tarfile.TarInfo("scanpost-backup/" + name)
        info.size, info.mode = len(content), mode
        tar.addfile(info, io.BytesIO(content))

    def test_an_archive_does_not_say_what_is_written_elsewhere(self):
        self.backup()
        with tempfile.TemporaryDirectory() as elsewhere:
            planted, here = os.path.join(elsewhere, "cron.d", "job"), os.path.join(self.world.root, "more.conf")
            theirs = self.rewritten([("config" + planted, b"* * * * * root id\n", 0o777), ("config" + here, b"#\n", 0o777)])
            config, _ = self.target()
            self.assertIn("1 files of the configuration belong in other folders", self.restore(config, file=theirs).stdout)
            self.assertEqual(os.listdir(elsewhere), [])
            self.assertEqual(os.stat(here).st_mode & 0o777, 0o644)
            self.restore(config, "--force", "--config-files", file=theirs)
            self.assertTrue(os.path.exists(planted))

    def test_without_a_database(self):
        config, _ = self.target()
        done = subprocess.run([CLI, "-c", config, "backup", self.file], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.no_debris()


if __name__ == "__main__":
    unittest.main()
