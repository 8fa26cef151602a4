"""scanpost doctor: quiet when all is well, and for each thing that is broken one finding with the command that mends it."""
import json
import os
import socket
import sqlite3
import subprocess
import unittest

from house import World, free_port, pdf, wait_until


class Doctors(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)

    def doctor(self):
        """(exit status, findings that are wrong)"""
        done = self.world.cli("--json", "doctor", expect=None)
        answer = json.loads(done.stdout)
        wrong = [f for f in answer["findings"] if f["level"] == "wrong"]
        self.assertEqual(answer["wrong"], len(wrong))
        self.assertEqual(done.returncode, 1 if wrong else 0)
        return done.returncode, wrong

    def assert_well(self):
        self.assertEqual(self.doctor(), (0, []))

    def assert_wrong(self, subject, *words, only=True):
        _, wrong = self.doctor()
        found = [f for f in wrong if f["subject"] == subject and all(w in json.dumps(f) for w in words)]
        self.assertTrue(found, json.dumps(wrong, indent=1))
        if only:
            self.assertEqual(len(wrong), 1, json.dumps(wrong, indent=1))
        self.assertTrue(found[0]["means"] or found[0]["mend"])
        return found[0]


class AllIsWell(Doctors):
    def test_nothing_is_wrong_also_while_scans_come_and_go(self):
        for _ in range(20):
            self.world.post([("a.pdf", pdf())])
        self.assert_well()
        said = self.world.cli("doctor").stdout
        self.assertIn("Nothing is wrong here", said)
        self.assertIn("scanpostd 0", said)
        self.assertTrue(all(len(line) > 0 for line in said.splitlines()[:5]))
        self.assertEqual([n for n in os.listdir(self.world.scans) if n.startswith(".scanpost-")], [])

    def test_stopped_daemon_is_the_only_thing(self):
        self.world.stop()
        self.assert_wrong("daemon", "does not run", "systemctl")


class WhatIsBroken(Doctors):
    def mend(self, finding):
        """The command does what it says."""
        subprocess.run(["/bin/sh", "-ec", finding["mend"]], check=True, capture_output=True, timeout=30)
        self.assert_well()

    def test_secret_for_everybody(self):
        os.chmod(self.world.sandbox.password_file, 0o644)
        self.mend(self.assert_wrong("secrets", "read by everybody", "chmod 600"))

    def test_state_open_to_everybody(self):
        self.world.post([("a.pdf", pdf())])
        os.chmod(os.path.join(self.world.state, "spool"), 0o2777)
        self.mend(self.assert_wrong("state", "open to everybody", "chmod -R o="))

    def test_configuration_that_others_can_change(self):
        os.chmod(self.world.config, 0o666)
        self.assert_wrong("configuration", "chmod go-w")

    def test_configuration_with_a_mistake(self):
        with open(self.world.config, "a") as f:
            f.write("gateway { }\n")
        done = self.world.cli("doctor", expect=1)
        self.assertIn(self.world.config + ":", done.stdout)
        self.assertIn("scanpostd -t", done.stdout)

    def test_documents_that_are_gone(self):
        self.world.sandbox.play("busy")
        job = self.world.post([("a.pdf", pdf())]).json()["id"]
        wait_until("it was tried", lambda: self.world.job(job)["attempts"])
        os.remove(os.path.join(self.world.state, "spool", job, "1"))
        self.assert_wrong("spool", job, "scanpost show " + job)

    def test_entry_that_nobody_knows(self):
        os.mkdir(os.path.join(self.world.state, "spool", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), 0o770)
        self.assert_wrong("spool", "unknown to the database", "01ARZ3NDEKTSV4RRFFQ69G5FAV", only=False)

    def test_damaged_database(self):
        self.world.post([("a.pdf", pdf())])
        self.world.stop()
        path = os.path.join(self.world.state, "scanpost.db")
        size = os.path.getsize(path)
        with open(path, "r+b") as f:
            for page in range(2, size // 4096):
                f.seek(page * 4096)
                f.write(b"\xff" * 600)
        self.assert_wrong("database", "damaged", only=False)

    def test_database_of_a_newer_version(self):
        self.world.stop()
        db = sqlite3.connect(os.path.join(self.world.state, "scanpost.db"))
        db.execute("PRAGMA user_version = 9999")
        db.close()
        self.assert_wrong("database", "newer scanpost", only=False)

    def test_disk_below_the_reserve(self):
        self.world.write_config(gateway="")
        with open(self.world.config) as f:
            text = f.read()
        with open(self.world.config, "w") as f:
            f.write(text.replace("reserve = 1M", "reserve = 100000G"))
        self.assert_wrong("disk", "reserve")

    def test_folder_that_is_not_there(self):
        self.world.stop()
        os.rmdir(os.path.join(self.world.scans, ".scanpost"))
        os.rmdir(self.world.scans)
        self.assert_wrong("folders", "is not there", "install -d", only=False)

    def test_folder_without_rights(self):
        os.chmod(self.world.scans, 0o500)
        self.addCleanup(os.chmod, self.world.scans, 0o755)
        self.assert_wrong("folders", "cannot be read and changed by", "chmod", only=False)

    def test_port_that_somebody_else_has(self):
        self.world.stop()
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", self.world.port))
            other.listen()
            self.assert_wrong("page", "already in use", f"sport = :{self.world.port}", only=False)

    def test_names_that_are_not_found(self):
        self.world.sandbox.play("dns-fails")
        self.assert_wrong("names", "contoso.com", "resolver")

    def test_page_for_the_network_without_or_with_an_old_certificate(self):
        port = free_port()
        with open(self.world.config) as f:
            text = f.read()
        listen = f"listen = {{ 127.0.0.1:{self.world.port} }}"

        def configure(http):
            with open(self.world.config, "w") as f:
                f.write(text.replace(listen, http))

        self.world.stop()
        configure(f"listen = {{ 0.0.0.0:{port} }}")
        self.assert_wrong("page", "in clear", only=False)
        pem, key = os.path.join(self.world.root, "p.pem"), os.path.join(self.world.root, "p.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", pem, "-days", "3",
                        "-subj", "/CN=x"], check=True, capture_output=True, timeout=60)
        os.chmod(key, 0o600)
        configure(f'listen = {{ 0.0.0.0:{port} }}  tls-certificate = "{pem}"  tls-key = "{key}"')
        self.assert_wrong("page", "ends soon", "setup --page lan", only=False)

    def test_interrupted_restore(self):
        os.mkdir(os.path.join(self.world.state, ".restore"), 0o700)
        self.assert_wrong("restore", "interrupted")


if __name__ == "__main__":
    unittest.main()
