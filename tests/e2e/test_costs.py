"""What idleness costs, what a large scan costs."""
import os
import time
import unittest

from house import World, pdf, wait_until


def status_of(pid, key):
    with open(f"/proc/{pid}/status") as f:
        return int(next(line.split()[1] for line in f if line.startswith(key + ":")))


def pss_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return int(next(line.split()[1] for line in f if line.startswith("Pss:")))


def wakeups(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as f:
            total += sum(int(line.split()[1]) for line in f if "ctxt_switches" in line)
    return total


@unittest.skipUnless(os.geteuid() == 0, "looks into processes that let nobody but root look")
class Costs(unittest.TestCase):
    @staticmethod
    def world(**options):
        world = World(start=False, **options)
        world.start_as_nobody()
        return world

    def test_large_scan_does_not_raise_peak_memory(self):
        with self.world(submission="max-size = 200M", direct="max-size = 200M") as world:
            world.wait_for_job(world.post([("small.pdf", pdf(50_000))]).json()["id"])
            pids = list(world.children().values())
            before = {pid: status_of(pid, "VmHWM") for pid in pids}
            content = pdf(100_000_000)
            world.drop("large.pdf", content)
            os.chown(os.path.join(world.scans, "large.pdf"), 65534, 65534)
            job = wait_until("it is taken", lambda: [j for j in world.jobs() if "large" in j["documents"][0]["name"]])[0]
            world.wait_for_job(job["id"], seconds=120)
            posted = world.post([("large2.pdf", content)]).json()
            world.wait_for_job(posted["id"], seconds=120)
            growth = sum(status_of(pid, "VmHWM") - before[pid] for pid in pids)
            print(f"two scans of 100 MB raise the peak of all processes by {growth} kB")
            if not os.environ.get("SCANPOST_SANITIZED"):
                self.assertLess(growth, 16 * 1024)

    def test_idle_is_small_and_quiet(self):
        with self.world() as world:
            world.wait_for_job(world.post([("small.pdf", pdf(50_000))]).json()["id"])
            time.sleep(13)  # idle connections are closed after 10 s
            pids = [world.daemon.pid, *world.children().values()]
            total = sum(pss_kb(pid) for pid in pids)
            before = sum(wakeups(pid) for pid in pids)
            time.sleep(5)
            woken = sum(wakeups(pid) for pid in pids) - before
            print(f"idle: {total} kB (PSS) in {len(pids)} processes, {woken} context switches in 5 s")
            if not os.environ.get("SCANPOST_SANITIZED"):
                self.assertLess(total, 24 * 1024)
                self.assertLessEqual(woken, 4)


if __name__ == "__main__":
    unittest.main()
