"""Folders that inotify cannot see, or not all of: it is noticed, looked at by intervals, and shown; nothing stays behind.

Limits and mounts of their own need a user name space, which an ordinary user may make where the kernel allows it."""
import os
import signal
import subprocess
import sys
import time
import unittest

from house import DAEMON, World, pdf, wait_until

NAME_SPACE = ["unshare", "--user", "--map-root-user", "--mount"]
# The daemon in one more, where it is nobody in particular: as root it would look for its users.
AS_SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


def run(*command):
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def start(world):
    with open(os.path.join(world.root, "log"), "ab") as log:
        world.daemon = subprocess.Popen([*AS_SOMEBODY, DAEMON, "-c", world.config], stdout=log, stderr=log)
    world.wait_ready()


def folder(world, name="scans"):
    return next(f for f in world.ask("GET", "/api/v1/folders").json()["folders"] if f["name"] == name)


def put(path, content=None):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content or pdf())


def without_watches():
    """One watch for two folders and their sub-folders."""
    with open("/proc/sys/user/max_inotify_watches", "w") as f:
        f.write("1")
    world = World(start=False)
    try:
        subs = os.path.join(world.root, "subs")
        os.mkdir(subs)
        world.write_config(extra="route people { otherwise = { desk@contoso.com } }\n"
                           f'folder subs {{ path = "{subs}"  route = people  recipient-from = subfolder  settle = 300ms }}')
        start(world)
        wait_until("one is heard", lambda: folder(world)["watch"] == "inotify")
        assert folder(world, "subs")["watch"] == "poll"
        for name in ("a", "b"):
            put(os.path.join(subs, name, "x.pdf"))
        world.drop("y.pdf", pdf())
        wait_until("all are taken", lambda: (folder(world)["taken"], folder(world, "subs")["taken"]) == (1, 2))
        shown = world.cli("folders").stdout
        assert "inotify" in shown and "poll" in shown, shown
        assert "no more watches" in world.log_text()
    finally:
        world.close()


def watches_end_at_a_sub_folder():
    with open("/proc/sys/user/max_inotify_watches", "w") as f:
        f.write("2")
    world = World(start=False, folder="recipient-from = subfolder", route="otherwise = { desk@contoso.com }")
    try:
        start(world)
        wait_until("it is heard", lambda: folder(world)["watch"] == "inotify")
        for name in ("a", "b", "c"):
            put(os.path.join(world.scans, name, "x.pdf"))
        wait_until("all are taken", lambda: folder(world)["taken"] == 3)
        put(os.path.join(world.scans, "c", "y.pdf"))
        wait_until("more is taken", lambda: folder(world)["taken"] == 4)
        assert folder(world)["watch"] == "poll", folder(world)
        assert "fs.inotify.max_user_watches" in world.log_text()
    finally:
        world.close()


def mounts():
    """A share that is unmounted and comes back; and one that another machine writes to, which a layer below stands for."""
    world = World(start=False)
    try:
        deaf = os.path.join(world.root, "deaf")
        layers = os.path.join(world.root, "layers")
        for path in (deaf, layers):
            os.mkdir(path)
        run("mount", "-t", "tmpfs", "none", layers)
        for name in ("lower", "upper", "work"):
            os.mkdir(os.path.join(layers, name))
        run("mount", "-t", "overlay", "-o", f"lowerdir={layers}/lower,upperdir={layers}/upper,workdir={layers}/work",
            "none", deaf)
        os.chmod(world.scans, 0)
        run("mount", "-t", "tmpfs", "-o", "mode=755", "none", world.scans)
        world.write_config(extra=f'folder deaf {{ path = "{deaf}"  route = accounting  settle = 300ms }}')
        start(world)
        wait_until("both are heard", lambda: folder(world)["watch"] == folder(world, "deaf")["watch"] == "inotify")
        world.drop("a.pdf", pdf())
        wait_until("it is taken", lambda: folder(world)["taken"] == 1)
        run("umount", "--lazy", world.scans)
        put(f"{layers}/upper/far.pdf")
        trouble = wait_until("it is noticed", lambda: folder(world)["trouble"], 100)
        assert "cannot open the folder" in trouble, trouble
        assert "cannot open the folder" in world.cli("folders").stdout
        wait_until("what inotify did not report is found", lambda: folder(world, "deaf")["taken"] == 1, 100)
        assert folder(world, "deaf")["watch"] == "poll"
        put(f"{layers}/upper/again.pdf")
        run("mount", "-t", "tmpfs", "-o", "mode=755", "none", world.scans)
        world.drop("b.pdf", pdf())
        wait_until("it is taken when it is back", lambda: folder(world)["taken"] == 2, 60)
        wait_until("all is well again", lambda: folder(world)["trouble"] == "")
        wait_until("the other goes on", lambda: folder(world, "deaf")["taken"] == 2)
    finally:
        world.close()


def name_space_trouble():
    made = subprocess.run([*NAME_SPACE, *AS_SOMEBODY, "true"], capture_output=True, text=True, timeout=60)
    return None if made.returncode == 0 else "the kernel gives no user name spaces: " + made.stderr.strip()


@unittest.skipIf(name_space_trouble(), name_space_trouble())
class Blind(unittest.TestCase):
    def inside(self, what):
        done = subprocess.run([*NAME_SPACE, sys.executable, "-c", f"import test_folder_watch; test_folder_watch.{what}()"],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_without_watches_folders_are_looked_at(self):
        self.inside("without_watches")

    def test_when_watches_end_at_a_sub_folder_the_folder_is_looked_at(self):
        self.inside("watches_end_at_a_sub_folder")

    def test_unmounted_and_mounted_again_and_written_to_from_elsewhere(self):
        self.inside("mounts")


class Overflow(unittest.TestCase):
    def test_events_that_were_lost_lose_no_file(self):
        with World() as world:
            wait_until("it is heard", lambda: folder(world)["watch"] == "inotify")
            with open("/proc/sys/fs/inotify/max_queued_events") as f:
                room = int(f.read())
            gateway = world.children()["gateway"]
            os.kill(gateway, signal.SIGSTOP)
            try:
                with open(os.path.join(world.scans, "a.tmp"), "wb", buffering=0) as a, \
                        open(os.path.join(world.scans, "b.tmp"), "wb", buffering=0) as b:
                    for _ in range(room // 2 + 100):
                        a.write(b"x")
                        b.write(b"x")
                for i in range(50):
                    world.drop(f"{i}.pdf", pdf())
            finally:
                os.kill(gateway, signal.SIGCONT)
            wait_until("all are taken", lambda: folder(world)["taken"] == 50)
            time.sleep(0.5)
            self.assertEqual(folder(world)["watch"], "inotify")  # they were not merely found by the slow look
            self.assertEqual(len(world.jobs()), 50)


if __name__ == "__main__":
    unittest.main()
