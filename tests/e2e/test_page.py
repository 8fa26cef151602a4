"""The page in a real browser: Debian's Chromium, driven through the daemon with the sandbox behind it."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from house import World
from page_scene import Scene

HERE = os.path.dirname(os.path.abspath(__file__))
MOST_SECONDS = 900


def run_bounded(command, env):
    """Its own process group: a browser has many processes, and none is left when the time is up."""
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)
    try:
        out, _ = process.communicate(timeout=MOST_SECONDS)
        return process.returncode, out
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        return None, out


@unittest.skipUnless(os.path.exists("/usr/bin/chromium"), "chromium is not installed")
@unittest.skipUnless(os.path.isdir(HERE + "/page/node_modules"), "the modules of tests/e2e/page are not installed")
class Page(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.mkdtemp(prefix="scanpost-page-")
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)

    def drive(self, script, facts, world):
        """Runs a script of page/ in a browser; what it tells is told here."""
        path = os.path.join(self.home, "facts.json")
        with open(path, "w") as f:
            json.dump(facts, f)
        env = dict(os.environ, HOME=self.home, SCANPOST_FACTS=path)
        status, out = run_bounded(["node", f"{HERE}/page/{script}"], env)
        print(out)
        self.assertEqual(status, 0, out[-6000:] + "\n" + world.log_text()[-2000:])

    def test_what_people_do_on_the_page(self):
        scene = Scene()
        self.addCleanup(scene.close)
        self.drive("all.mjs", scene.facts(), scene.world)

    def test_first_start(self):
        with World() as world:
            link = next(word for word in world.cli("user", "link").stdout.split() if word.startswith("http"))
            self.drive("first.mjs", {"url": f"http://127.0.0.1:{world.port}", "link": link}, world)


if __name__ == "__main__":
    unittest.main()
