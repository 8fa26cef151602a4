"""Files that are moved in all at once: each arrives, once and whole, and memory does not grow with their number.

How many: $SCANPOST_MANY, 10000 by default. It is a matter of fsyncs: the reference machine needs some 100 seconds."""
import os
import time
import unittest

from house import World, pdf, sha256, wait_until

MANY = int(os.environ.get("SCANPOST_MANY", "10000"))
PATIENCE = float(os.environ.get("SCANPOST_MANY_SECONDS", "300"))


def resident_kb(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(next(line for line in f if line.startswith("VmRSS")).split()[1])


def count_sent(world):
    """The sandbox stores a file pair a mail."""
    names = os.listdir(os.path.join(world.sandbox.folder, "mail"))
    return sum(n.endswith(".eml") and not n.startswith(".") for n in names)


class Many(unittest.TestCase):
    def test_all_that_is_moved_in_at_once_is_taken(self):
        with World(tenant="methods = { direct }", extra="retention { documents = 0s }") as world:
            wait_until("the folder is watched", lambda: world.ask("GET", "/api/v1/folders").json()["folders"][0][
                "watch"] == "inotify")
            outside = os.path.join(world.root, "outside")
            os.mkdir(outside)
            sums = set()
            for n in range(MANY):
                content = pdf(400)
                sums.add(sha256(content))
                with open(os.path.join(outside, f"SCN_{n:05}.PDF"), "wb") as f:
                    f.write(content)
            gateway = world.children()["gateway"]
            before, peak = resident_kb(gateway), 0
            began = time.monotonic()
            for name in os.listdir(outside):
                os.rename(os.path.join(outside, name), os.path.join(world.scans, name))

            def taken():
                nonlocal peak
                peak = max(peak, resident_kb(gateway))
                return world.ask("GET", "/api/v1/folders").json()["folders"][0]["taken"] == MANY
            wait_until("all are taken", taken, PATIENCE, 0.5)
            seconds = time.monotonic() - began
            wait_until("all are sent", lambda: count_sent(world) == MANY, PATIENCE, 1)
            arrival = time.monotonic() - began
            jobs = world.jobs()
            self.assertEqual(len(jobs), MANY)
            self.assertEqual({d["sha256"] for j in jobs for d in j["documents"]}, sums)
            self.assertEqual(world.waiting_files(), [])
            print(f"{MANY} files taken in {seconds:.0f} s, sent in {arrival:.0f} s; the gateway had {before} KB before and {peak} KB at most")
            self.assertLess(peak - before, 64 * 1024)
            self.assertEqual(world.children()["gateway"], gateway)


if __name__ == "__main__":
    unittest.main()
