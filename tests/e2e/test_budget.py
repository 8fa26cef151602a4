"""What a mailbox may use: never a fourth connection, never a message too many in a window, and everybody gets a turn."""
import json
import os
import re
import unittest

from house import World, pdf, wait_until

SOURCES, SCANS = 4, 1000
RATE, WINDOW = 60, 2  # messages, seconds


def stats(world):
    with open(os.path.join(world.sandbox.folder, "stats.json")) as f:
        return json.load(f)["submission"]


def arrivals(world):
    """When each mail was accepted, oldest first."""
    folder = os.path.join(world.sandbox.folder, "mail")
    return sorted(entry.stat().st_mtime for entry in os.scandir(folder) if entry.name.endswith(".eml"))


def most_in_window(times, seconds):
    first, most = 0, 0
    for last, time in enumerate(times):
        while times[first] <= time - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def folders(root):
    text = ""
    for n in range(1, SOURCES):
        path = os.path.join(root, f"copier-{n}")
        os.makedirs(path, exist_ok=True)
        text += f'folder copier-{n} {{ path = "{path}"  route = accounting  settle = 300ms }}\n'
    return text


def source_of(mail):
    return re.search(rb"filename=\"?(copier-\d|scans)-", mail).group(1).decode()


class Budget(unittest.TestCase):
    def drop_all(self, world, counts):
        for source, count in counts.items():
            folder = world.scans if source == "scans" else os.path.join(world.root, source)
            for n in range(count):
                with open(os.path.join(folder, f"{source}-{n}.pdf"), "wb") as f:
                    f.write(pdf(3000))

    def wait_all(self, world, count):
        wait_until(f"{count} mails arrived", lambda: len(arrivals(world)) >= count, 80, 0.2)

    def test_a_thousand_scans_within_connections_and_rate(self):
        with World(start=False, tenant="methods = { submission }", submission=f"rate = {RATE}/{WINDOW}s  per-day = off",
                   sandbox_options=("--rate", f"{RATE}/{WINDOW}")) as world:
            world.write_config(extra=folders(world.root))
            world.start()
            few = 20
            counts = {"scans": SCANS - (SOURCES - 1) * few, "copier-1": few, "copier-2": few, "copier-3": few}
            self.drop_all(world, counts)
            self.wait_all(world, SCANS)
            found = stats(world)
            self.assertEqual(found["over_connections"], 0, found)
            self.assertEqual(found["over_rate"], 0, found)
            self.assertLessEqual(found["connections_max"], 3, found)
            self.assertLessEqual(found["window_max"], RATE, found)
            used = most_in_window(arrivals(world), WINDOW - 0.02)  # file times are that coarse
            self.assertLessEqual(used, RATE)
            self.assertGreaterEqual(used, RATE * 3 // 4, "the rate was used")
            arrived = [source_of(mail) for _, mail in world.sandbox.mails()]
            self.assertEqual({s: arrived.count(s) for s in counts}, counts)
            last = max(i for i, source in enumerate(arrived) if source != "scans")
            self.assertLess(last, SCANS // 2, "the few did not wait behind the many")
            wait_until("every job is written down as sent", lambda: not world.jobs("&state=queued") and
                       not world.jobs("&state=deferred") and not world.jobs("&state=sending"), 20, 0.5)
            self.assertEqual(world.method("submission")["state"], "up")

    def test_a_limit_that_we_did_not_know_is_found_and_respected(self):
        with World(tenant="methods = { submission }", submission="rate = off  per-day = off",
                   sandbox_options=("--rate", "4/2")) as world:
            for n in range(16):
                world.drop(f"scans-{n}.pdf", pdf(3000))
            self.wait_all(world, 16)
            self.assertGreater(stats(world)["over_rate"], 0)
            self.assertNotEqual(world.method("submission")["state"], "down")

    def test_beside_a_large_scan_one_connection_is_ready_for_a_small_one(self):
        with World(tenant="methods = { submission }", submission="max-size = 140M") as world:
            world.drop("first.pdf", pdf(3000))
            self.wait_all(world, 1)
            for n in range(5):  # on a machine that is quick or busy enough, the large one is gone before the spare is there
                world.drop(f"large-{n}.pdf", pdf(90_000_000))
                self.wait_all(world, n + 2)
                if stats(world)["signed_in_max"] > 1:
                    break
            self.assertEqual(stats(world)["signed_in_max"], 2, "one carried it, one stood ready")
            world.drop("small.pdf", pdf(3000))
            self.wait_all(world, n + 3)
            self.assertEqual(stats(world)["signed_in_max"], 2, "no third for it")
            self.assertEqual(stats(world)["over_connections"], 0)
            wait_until("none is kept when there is no work", lambda: stats(world)["signed_in"] == 0, 30, 0.2)

    def test_the_reason_of_waiting_is_told(self):
        with World(tenant="methods = { submission }", submission="rate = 1/1h  per-day = off") as world:
            for n in range(2):
                world.drop(f"scans-{n}.pdf", pdf(3000))
            wait_until("one is deferred", lambda: world.jobs("&state=deferred"))
            wait_until("the other is sent", lambda: world.jobs("&state=sent"))
            job = world.job(world.jobs("&state=deferred")[0]["id"])
            self.assertRegex(job["trouble"], r"submission is busy: 1 messages in 3600 s, next at \d\d:\d\d:\d\d UTC")
            method = world.method("submission")
            self.assertEqual(method["state"], "up")
            self.assertEqual(method["budget"]["rate"], {"count": 1, "window_s": 3600, "used": 1})


if __name__ == "__main__":
    unittest.main()
