"""Killed at any instant: nothing that was taken is lost, nothing is taken twice, and a second copy of a mail exists only
where an attempt with an unknown outcome is on record."""
import collections
import os
import random
import threading
import time
import unittest

from house import World, attachments, pdf, sha256, wait_until

SCANS = int(os.environ.get("SCANPOST_CRASH_SCANS", "500"))
KILLS = int(os.environ.get("SCANPOST_CRASH_KILLS", "50"))


class Killed(unittest.TestCase):
    def drop_stream(self, world, contents, pace):
        for i, content in enumerate(contents):
            temporary = os.path.join(world.scans, f"{i}.part")
            with open(temporary, "wb") as f:
                f.write(content)
            os.rename(temporary, os.path.join(world.scans, f"drop-{i}.pdf"))
            time.sleep(pace)

    def post_stream(self, world, token, contents, pace):
        """As a careful script does: the same key until somebody said 201."""
        for i, content in enumerate(contents):
            for _ in range(600):
                try:
                    answer = world.post([(f"post-{i}.pdf", content)], token=token, key=f"post-{i}")
                    if answer.status in (200, 201):
                        break
                    self.assertIn(answer.status, (429, 500, 503), answer.body)
                except OSError:
                    pass
                except Exception as error:  # half an answer
                    self.assertNotIsInstance(error, AssertionError)
                time.sleep(0.05)
            else:
                self.fail(f"post {i} was never taken")
            time.sleep(pace)

    def kill_something(self, world):
        victim = random.choice(["all", "supervisor", "gateway", "sender", "gateway", "sender"])
        children = world.children()
        if victim in ("all", "supervisor"):
            world.kill_all() if victim == "all" else world.kill(world.daemon.pid)
            world.daemon.wait(10)
            world.start(wait=False)
        elif victim in children:
            world.kill(children[victim])

    def check_mails(self, world, contents):
        jobs = {}
        for job in world.jobs():
            self.assertNotIn(job["documents"][0]["sha256"], jobs, "one scan became two jobs")
            jobs[job["documents"][0]["sha256"]] = job
        self.assertEqual(set(jobs), {sha256(c) for c in contents}, "a scan was lost")
        copies = collections.Counter(sha256(attachments(mail)[0][1]) for _, mail in world.sandbox.mails())
        self.assertEqual(set(copies), set(jobs))
        for digest, count in copies.items():
            if count > 1:
                story = world.job(jobs[digest]["id"])
                unknown = [a for a in story["attempts"] if a["outcome"] == "unknown"]
                self.assertGreaterEqual(len(unknown), count - 1, story)
        return sum(copies.values()) - len(copies)

    def test_kill_dash_nine_at_random_moments(self):
        contents = [pdf(random.randrange(2_000, 60_000)) for _ in range(SCANS)]
        half = SCANS // 2
        with World(retry="first = 200ms  max = 1s  expire = 1h") as world:
            token = world.token("poster", "--route", "accounting")
            seconds = KILLS * 0.9
            pace = seconds / max(half, 1) * 0.8
            streams = [threading.Thread(target=self.drop_stream, args=(world, contents[:half], pace)),
                       threading.Thread(target=self.post_stream, args=(world, token, contents[half:], pace))]
            for s in streams:
                s.start()
            for _ in range(KILLS):
                time.sleep(random.uniform(0.3, 1.5))
                self.kill_something(world)
            for s in streams:
                s.join(300)
                self.assertFalse(s.is_alive())
            world.wait_ready()
            wait_until("every scan is sent", lambda: len(world.jobs("&state=sent")) >= SCANS, 180, 0.5)
            twice = self.check_mails(world, contents)
            self.assertEqual(world.waiting_files(), [])
            print(f"{SCANS} scans, {KILLS} kills: none lost, {twice} second copies, each with an unknown attempt")

    def test_command_line_while_the_daemon_is_killed(self):
        """A script sends each file until it is told that it is taken, which is mostly the first time."""
        contents = [pdf(random.randrange(20_000, 400_000)) for _ in range(40)]
        with World(retry="first = 200ms  max = 1s  expire = 1h") as world:
            over = threading.Event()

            def kill_now_and_then():
                while not over.wait(random.uniform(0.05, 0.4)):
                    self.kill_something(world)

            killer = threading.Thread(target=kill_now_and_then)
            killer.start()
            failed = 0
            try:
                for i, content in enumerate(contents):
                    path = os.path.join(world.root, f"send-{i}.pdf")
                    with open(path, "wb") as f:
                        f.write(content)
                    for _ in range(200):
                        done = world.cli("send", path, "--route", "accounting", expect=None)
                        if done.returncode == 0:
                            break
                        self.assertIn("not running", done.stderr)  # it was away from the start: nothing was handed over
                        failed += 1
                        time.sleep(0.05)
                    else:
                        self.fail(f"file {i} was never taken")
            finally:
                over.set()
                killer.join()
            world.wait_ready()
            wait_until("every scan is sent", lambda: len(world.jobs("&state=sent")) >= len(contents), 120, 0.5)
            self.check_mails(world, contents)
            print(f"{len(contents)} files sent by the command line, {failed} times nobody was there")

    def test_database_deleted_is_rebuilt_from_the_spool_and_held(self):
        with World(tenant="methods = { submission }") as world:
            world.sandbox.play("auth-disabled")
            contents = [pdf() for _ in range(5)]
            ids = [world.post([("a.pdf", c)]).json()["id"] for c in contents]
            wait_until("all wait", lambda: len(world.jobs("&state=deferred")) == 5)
            world.stop()
            for name in os.listdir(world.state):
                if name.startswith("scanpost.db"):
                    os.unlink(os.path.join(world.state, name))
            world.sandbox.play()
            world.start()
            self.assertEqual(sorted(j["id"] for j in world.jobs("&state=held")), sorted(ids))
            self.assertEqual(world.sandbox.mails(), [])
            for i in ids:
                world.cli("retry", i)
            wait_until("all are sent", lambda: len(world.jobs("&state=sent")) == 5)
            arrived = sorted(attachments(m)[0][1] for _, m in world.sandbox.mails())
            self.assertEqual(arrived, sorted(contents))

    def test_database_damaged_is_put_aside_and_rebuilt(self):
        with World(tenant="methods = { submission }") as world:
            world.sandbox.play("auth-disabled")
            job = world.post([("a.pdf", pdf())]).json()
            wait_until("it waits", lambda: len(world.jobs("&state=deferred")) == 1)
            world.stop()
            with open(os.path.join(world.state, "scanpost.db"), "r+b") as f:
                f.write(b"\0" * 4096)
            world.start()
            self.assertEqual([j["id"] for j in world.jobs("&state=held")], [job["id"]])
            self.assertTrue([n for n in os.listdir(world.state) if "damaged" in n])

    def test_second_daemon_on_the_same_state_is_refused(self):
        with World() as world:
            import subprocess
            from house import DAEMON
            done = subprocess.run([DAEMON, "-c", world.config], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1)
            self.assertIn("another scanpostd", done.stderr)
            self.assertEqual(world.ask("GET", "/healthz").status, 200)


if __name__ == "__main__":
    unittest.main()
