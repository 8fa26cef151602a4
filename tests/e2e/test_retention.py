"""Documents go when their time is over and not before; the files of the database stay bounded while everything goes on."""
import os
import threading
import unittest

from house import World, pdf, wait_until


def entries(world):
    return [n for n in os.listdir(os.path.join(world.state, "spool")) if not n.startswith(".")]


class Documents(unittest.TestCase):
    def test_gone_once_accepted_with_0s_each_time(self):
        with World(extra="retention { documents = 0s }") as world:
            for _ in range(15):
                job = world.post([("a.pdf", pdf())]).json()["id"]
                world.wait_for_job(job)
                wait_until("its documents are gone", lambda: entries(world) == [], 10)
                wait_until("that is known", lambda: world.ask("GET", f"/api/v1/jobs/{job}/document/1").status == 410, 10)
                self.assertEqual(world.job(job)["state"], "sent")

    def test_what_failed_waits_or_is_held_stays_when_sent_ones_go(self):
        with World(extra="retention { documents = 1s }", tenant="methods = { direct }",
                   route="allow-external = no") as world:
            sent = world.post([("a.pdf", pdf())]).json()["id"]
            world.wait_for_job(sent)
            world.sandbox.play("direct/reply:rcpt:550 5.1.1 unknown")
            failed = world.post([("b.pdf", pdf())]).json()["id"]
            wait_until("it failed", lambda: world.job(failed)["state"] in ("failed", "held"))
            world.sandbox.play("busy")
            waiting = world.post([("c.pdf", pdf())]).json()["id"]
            wait_until("the sent one is gone", lambda: sent not in entries(world), 20)
            self.assertEqual(sorted(entries(world)), sorted([failed, waiting]))

    def test_default_keeps_what_was_sent(self):
        with World() as world:
            job = world.post([("a.pdf", pdf())]).json()["id"]
            world.wait_for_job(job)
            self.assertEqual(entries(world), [job])


class Database(unittest.TestCase):
    def test_log_stays_small_while_it_is_read_all_the_time(self):
        with World(extra="retention { documents = 0s }") as world:
            stop, largest = threading.Event(), [0]

            def reader():
                while not stop.is_set():
                    world.ask("GET", "/api/v1/jobs?limit=200")
                    wal = os.path.join(world.state, "scanpost.db-wal")
                    largest[0] = max(largest[0], os.path.getsize(wal) if os.path.exists(wal) else 0)

            threads = [threading.Thread(target=reader) for _ in range(3)]
            for thread in threads:
                thread.start()
            try:
                for _ in range(250):
                    self.assertEqual(world.post([("a.pdf", pdf(300))]).status, 201)
                wait_until("all are sent", lambda: len(world.jobs("&state=sent")) == 250)
            finally:
                stop.set()
                for thread in threads:
                    thread.join(30)
            self.assertLess(largest[0], 32 * 1024 * 1024)


if __name__ == "__main__":
    unittest.main()
