"""The page in a real browser: Debian's Chromium, driven through the daemon with the sandbox behind it."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from page_scene import Scene

HERE = os.path.dirname(os.path.abspath(__file__))
MOST_SECONDS = 420


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
    def test_what_people_do_on_the_page(self):
        home = tempfile.mkdtemp(prefix="scanpost-page-")
        scene = Scene()
        try:
            facts = os.path.join(home, "facts.json")
            with open(facts, "w") as f:
                json.dump(scene.facts(), f)
            env = dict(os.environ, HOME=home, SCANPOST_FACTS=facts)
            status, out = run_bounded(["node", HERE + "/page/all.mjs"], env)
            print(out)
            self.assertEqual(status, 0, out[-6000:] + "\n" + scene.world.log_text()[-2000:])
        finally:
            scene.close()
            shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    unittest.main()
