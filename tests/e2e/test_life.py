"""Start, stop, new configuration."""
import os
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from house import DAEMON, World, attachments, multipart, pdf, wait_until


class Configuration(unittest.TestCase):
    def refused(self, text, *words):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
            f.write(text)
            f.flush()
            done = subprocess.run([DAEMON, "-c", f.name, "-t"], capture_output=True, text=True, timeout=30)
            self.assertEqual(done.returncode, 1, done.stdout)
            said = done.stdout + done.stderr
            self.assertIn(f.name + ":", said)
            for word in words:
                self.assertIn(word, said)
            return said

    GOOD = """gateway { state-dir = /tmp/x  run-dir = /tmp/y  hostname = scan.contoso.com }
tenant contoso { domain = contoso.com  sender = scanner@contoso.com }
method direct { }
route r { to = { a@contoso.com } }
"""

    def test_mistakes_are_told_with_file_and_line(self):
        self.refused(self.GOOD + "method direct { prot = 25 }\n", ":5")
        self.refused(self.GOOD + "gadget { }\n", ":5:")
        self.refused(self.GOOD + "retry { first = soon }\n", ":5:", "first")
        self.refused(self.GOOD + "retry { first = 1m  first = 2m }\n", ":5:", "first")
        self.refused(self.GOOD + "route r { to = { b@contoso.com } }\n", ":5")
        self.refused(self.GOOD + "retry { first = 1m\n")
        self.refused(self.GOOD + "route s { to = { nonsense } }\n", ":5:", "nonsense")
        self.refused(self.GOOD.replace("scan.contoso.com", "SCANNER"), ":1:", "hostname")
        self.refused('include("/no/such/file")\n' + self.GOOD, "/no/such/file")

    def test_good_one_is_fine(self):
        with World(start=False) as world:
            done = subprocess.run([DAEMON, "-c", world.config, "-t"], capture_output=True, text=True, timeout=30)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_version(self):
        done = subprocess.run([DAEMON, "--version"], capture_output=True, text=True, timeout=30)
        self.assertRegex(done.stdout, r"^scanpostd \d+\.\d+")


class Signals(unittest.TestCase):
    def test_sigterm_ends_within_ten_seconds_and_takes_nothing_with_it(self):
        with World() as world:
            world.sandbox.play("submission/hang:mail", "mx/hang:mail")
            job = world.post([("a.pdf", pdf())]).json()
            wait_until("it is under way", lambda: world.job(job["id"])["state"] == "sending")
            status, seconds = world.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, 10)
            world.sandbox.play()
            world.start()
            world.wait_for_job(job["id"])

    def test_sigterm_in_the_middle_of_an_upload_leaves_nothing_unknown(self):
        with World(tenant="methods = { submission }") as world:
            world.sandbox.play("submission/hang:body")
            job = world.post([("a.pdf", pdf(12_000_000))]).json()
            wait_until("it is under way", lambda: world.job(job["id"])["state"] == "sending")
            status, seconds = world.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, 10)
            world.sandbox.play()
            world.start()
            job = world.wait_for_job(job["id"])
            self.assertEqual([(a["outcome"], a["cause"]) for a in job["attempts"]],
                             [("failed", "stopped"), ("accepted", "")])
            self.assertEqual(len(world.sandbox.mails()), 1)

    def test_sighup_with_a_bad_file_keeps_the_old_configuration(self):
        with World() as world:
            with open(world.config) as f:
                good = f.read()
            with open(world.config, "w") as f:
                f.write(good + "\nnonsense {\n")
            world.daemon.send_signal(signal.SIGHUP)
            wait_until("it is told", lambda: "new configuration is not used" in world.log_text())
            world.drop("a.pdf", pdf())
            world.wait_for_job()

    def test_sighup_takes_the_new_configuration_over(self):
        with World() as world:
            world.write_config(extra="route legal { to = { legal@contoso.com } }")
            before = world.children()["gateway"]
            world.daemon.send_signal(signal.SIGHUP)
            wait_until("a new gateway works", lambda: world.children().get("gateway") not in (None, before))

            def known():  # for a moment the gateway before still answers
                answer = world.post([("a.pdf", pdf())], [("route", "legal")])
                return answer if answer.status != 400 else None
            job = wait_until("the route is known", known)
            self.assertEqual(job.status, 201, job.body)
            self.assertEqual(world.wait_for_job(job.json()["id"])["recipients"][0]["address"], "legal@contoso.com")

    def test_sighup_loses_no_upload(self):
        with World() as world:
            token = world.token("slow", "--route", "accounting")
            content = pdf(400_000)
            body, kind = multipart([("route", "accounting")], [("slow.pdf", content)])

            def trickle():
                for at in range(0, len(body), 40_000):
                    yield body[at:at + 40_000]
                    time.sleep(0.3)
            answers = []
            headers = {"Content-Type": kind, "Content-Length": str(len(body)), "Authorization": "Bearer " + token}
            upload = threading.Thread(
                target=lambda: answers.append(world.ask_tcp("POST", "/api/v1/scans", trickle(), headers)))
            upload.start()
            time.sleep(0.8)
            world.daemon.send_signal(signal.SIGHUP)
            time.sleep(0.3)
            world.wait_ready()
            other = world.post([("b.pdf", pdf())], token=token)
            self.assertEqual(other.status, 201)
            upload.join(60)
            self.assertEqual(answers[0].status, 201, answers[0].body)
            world.wait_for_job(answers[0].json()["id"])
            world.wait_for_job(other.json()["id"])
            mails = [attachments(m)[0][1] for _, m in world.sandbox.mails()]
            self.assertIn(content, mails)


if __name__ == "__main__":
    unittest.main()
