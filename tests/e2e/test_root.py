"""Started by root: three processes with three identities, and what each may see. Makes throw-away users."""
import os
import stat
import subprocess
import unittest

from house import World, attachments, pdf, wait_until

GATEWAY, SENDER, COPIER, DATA = "sp-e2e-gate", "sp-e2e-send", "sp-e2e-copy", "scanpost-data"


def run(*command):
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def ids_of(pid):
    with open(f"/proc/{pid}/status") as f:
        lines = dict(line.split(":", 1) for line in f)
    return int(lines["Uid"].split()[0]), lines["CapEff"].strip(), lines["NoNewPrivs"].strip()


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Separation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        import grp
        import pwd
        cls.made_group = False
        try:
            grp.getgrnam(DATA)
        except KeyError:
            run("groupadd", "--system", DATA)
            cls.made_group = True
        for user in (GATEWAY, SENDER, COPIER):
            run("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", user)
        cls.uid = {user: pwd.getpwnam(user).pw_uid for user in (GATEWAY, SENDER, COPIER)}
        cls.gid = {user: pwd.getpwnam(user).pw_gid for user in (GATEWAY, SENDER, COPIER)}

    @classmethod
    def tearDownClass(cls):
        for user in (GATEWAY, SENDER, COPIER):
            subprocess.run(["userdel", user], capture_output=True, timeout=60)
        if cls.made_group:
            subprocess.run(["groupdel", DATA], capture_output=True, timeout=60)

    def world(self, people="", **options):
        """As the package would lay it out: folder of the gateway's group, secret for the sender alone."""
        world = World(gateway=f"user = {GATEWAY}  sender-user = {SENDER}", start=False, **options)
        if people:
            with open(os.path.join(world.root, "people.csv"), "w") as f:
                f.write(people)
            world.write_config(extra=f'people {{ file = "{f.name}" }}')
        os.chmod(world.root, 0o755)
        os.chmod(world.sandbox.folder, 0o755)
        os.chown(world.scans, self.uid[COPIER], self.gid[GATEWAY])
        os.chmod(world.scans, 0o2770)
        os.chown(world.sandbox.password_file, 0, self.gid[SENDER])
        os.chmod(world.sandbox.password_file, 0o640)
        world.start()
        return world

    def drop_as_copier(self, world, name, content, mode):
        path = os.path.join(world.scans, name)
        with open(path, "wb") as f:
            f.write(content)
        os.chown(path, self.uid[COPIER], self.gid[COPIER])
        os.chmod(path, mode)

    def test_each_process_is_what_it_should_be(self):
        with self.world() as world:
            children = wait_until("both run", lambda: (c := world.children()) and len(c) == 3 and c)
            gateway = wait_until("gateway changed", lambda: (i := ids_of(children["gateway"]))[0] != 0 and i)
            sender = wait_until("sender changed", lambda: (i := ids_of(children["sender"]))[0] != 0 and i)
            self.assertEqual(gateway, (self.uid[GATEWAY], f"{1 << 28:016x}", "1"))  # CAP_LEASE and no more
            self.assertEqual(sender, (self.uid[SENDER], "0" * 16, "1"))
            opener = wait_until("opener changed", lambda: (i := ids_of(children["opener"]))[0] != 0 and i)
            self.assertEqual(opener, (self.uid[GATEWAY], f"{1 << 2:016x}", "1"))  # CAP_DAC_READ_SEARCH and no more
            world.drop("a.pdf", pdf())
            os.chown(os.path.join(world.scans, "a.pdf"), self.uid[GATEWAY], -1)
            world.wait_for_job()

    def test_shared_files_are_for_the_two_and_nobody_else(self):
        with self.world() as world:
            world.wait_for_job(world.post([("a.pdf", pdf())]).json()["id"])
            for folder, _, names in os.walk(world.state):
                for path in [folder] + [os.path.join(folder, n) for n in names]:
                    mode = stat.S_IMODE(os.lstat(path).st_mode)
                    self.assertEqual(mode & 0o007, 0, f"{path} {mode:o}")

    def test_files_of_another_user_are_taken_whole_whatever_their_mode(self):
        with self.world() as world:
            contents = {"0600.pdf": pdf(40_000), "0660.pdf": pdf(40_000), "0640.pdf": pdf(40_000)}
            for name, content in contents.items():
                self.drop_as_copier(world, name, content, int(name[:4], 8))
            wait_until("all are sent", lambda: len(world.jobs("&state=sent")) == len(contents))
            arrived = sorted(attachments(m)[0][1] for _, m in world.sandbox.mails())
            self.assertEqual(arrived, sorted(contents.values()))

    def test_sets_in_sub_folders_of_another_user_are_for_the_owner_of_the_folder(self):
        people = f"Copier,copier@contoso.com,{COPIER}\n"
        with self.world(folder="recipient-from = subfolder  group = pages", people=people) as world:
            sub = os.path.join(world.scans, COPIER)
            os.mkdir(sub)
            os.chown(sub, self.uid[COPIER], self.gid[GATEWAY])
            os.chmod(sub, 0o2770)
            pages = [pdf() for _ in range(3)]
            for n, page in enumerate(pages):
                self.drop_as_copier(world, f"{COPIER}/SCAN_{n + 1:04}.pdf", page, 0o600)
            job = world.wait_for_job()
            self.assertIn("copier@contoso.com", [r["address"] for r in job["recipients"]])
            self.assertEqual(job["user"], "Copier")
            self.assertEqual([c for _, c in attachments(world.sandbox.mails()[0][1])], pages)
            self.assertEqual(os.listdir(sub), [])

    def test_stranger_is_refused_at_the_socket(self):
        with self.world() as world:
            path = os.path.join(world.run_dir, "scanpost.sock")
            program = ("import socket; s = socket.socket(socket.AF_UNIX); s.connect(%r);"
                       "s.sendall(b'GET /api/v1/jobs HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n');"
                       "print(s.recv(4096)[:12])" % path)
            done = subprocess.run(["setpriv", "--reuid", str(self.uid[COPIER]), "--regid", str(self.gid[COPIER]),
                                   "--clear-groups", "/usr/bin/python3", "-c", program], capture_output=True, text=True, timeout=30)
            self.assertIn("403", done.stdout, done.stderr)

    def test_missing_user_is_told(self):
        world = World(gateway="user = no-such-user", start=False)
        try:
            from house import DAEMON
            done = subprocess.run([DAEMON, "-c", world.config], capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 1)
            self.assertIn("no-such-user", done.stderr)
        finally:
            world.close()


if __name__ == "__main__":
    unittest.main()
