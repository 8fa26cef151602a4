"""The drop folder as copiers really use it: each scan is taken once and whole, and nothing else is touched."""
import os
import random
import shutil
import tempfile
import threading
import time
import unittest

from house import World, attachments, pdf, sha256, wait_until

SEAL = b"\nstartxref\n0\n%%EOF\n"


class Taking(unittest.TestCase):
    def test_file_disappears_and_arrives_unchanged(self):
        with World() as world:
            content = pdf(700_000)
            world.drop("Scan 0001.PDF", content)
            job = world.wait_for_job()
            self.assertEqual(world.waiting_files(), [])
            self.assertEqual((job["source"], job["source_name"], job["route"]), ("folder", "scans", "accounting"))
            name, arrived = attachments(world.sandbox.mails()[0][1])[0]
            self.assertEqual(arrived, content)
            self.assertEqual(name, job["documents"][0]["name"])

    def test_what_came_is_shown_after_a_restart(self):
        def shown():
            return world.ask("GET", "/api/v1/folders").json()["folders"][0]
        with World() as world:
            self.assertEqual((shown()["last_scan"], shown()["count"]), (None, 0))
            for n in (1, 2):
                world.drop("a.pdf", pdf())
                wait_until("it is counted", lambda: shown()["count"] == n)
            last = shown()["last_scan"]
            world.stop()
            world.start()
            self.assertEqual(shown()["count"], 2)
            self.assertEqual(shown()["last_scan"][:10], last[:10])
            table = world.cli("folders").stdout
            self.assertIn("SCANS", table)
            self.assertRegex(table, rf"scans +\w+ +{last[:10]} [0-9:]+ +2 ")

    def test_spool_on_another_mount(self):
        scans = tempfile.mkdtemp(prefix="scanpost-e2e-", dir="/dev/shm")
        try:
            with World(scans=scans) as world:
                self.assertNotEqual(os.stat(scans).st_dev, os.stat(world.root).st_dev)
                content = pdf(300_000)
                world.drop("a.pdf", content)
                world.wait_for_job()
                self.assertEqual(attachments(world.sandbox.mails()[0][1])[0][1], content)
                self.assertEqual(world.waiting_files(), [])
        finally:
            shutil.rmtree(scans, ignore_errors=True)

    def test_written_slowly_is_one_scan(self):
        with World() as world:
            content = pdf(200_000)
            with open(os.path.join(world.scans, "slow.pdf"), "wb", buffering=0) as f:
                for at in range(0, len(content), 25_000):
                    f.write(content[at:at + 25_000])
                    time.sleep(0.2)
            world.wait_for_job()
            time.sleep(1)
            self.assertEqual(len(world.jobs()), 1)
            self.assertEqual(attachments(world.sandbox.mails()[0][1])[0][1], content)

    def test_reopened_after_closing_is_one_scan(self):
        with World(folder="", ) as world:
            content = pdf(90_000)
            path = os.path.join(world.scans, "pages.pdf")
            for at in range(0, len(content), 30_000):
                with open(path, "ab") as f:
                    f.write(content[at:at + 30_000])
                time.sleep(0.15)
            world.wait_for_job()
            time.sleep(1)
            self.assertEqual(len(world.jobs()), 1)
            self.assertEqual(attachments(world.sandbox.mails()[0][1])[0][1], content)

    def test_held_open_by_a_writer_is_waited_for(self):
        with World() as world:
            content = pdf(10_000)
            with open(os.path.join(world.scans, "open.pdf"), "wb", buffering=0) as f:
                f.write(content)
                time.sleep(2)
                self.assertEqual(world.jobs(), [])
            world.wait_for_job()
            self.assertEqual(attachments(world.sandbox.mails()[0][1])[0][1], content)

    def test_same_name_again_is_a_second_scan(self):
        with World() as world:
            first, second = pdf(), pdf()
            world.drop("SCN_0001.pdf", first)
            wait_until("the first is taken", lambda: not world.waiting_files())
            world.drop("SCN_0001.pdf", second)
            wait_until("both are there", lambda: len(world.sandbox.mails()) == 2)
            arrived = sorted(attachments(m[1])[0][1] for m in world.sandbox.mails())
            self.assertEqual(arrived, sorted([first, second]))

    def test_moved_in_whole_is_taken(self):
        with World() as world:
            content = pdf()
            world.drop("upload.tmp", content)
            time.sleep(1)
            self.assertEqual(world.jobs(), [])
            os.rename(os.path.join(world.scans, "upload.tmp"), os.path.join(world.scans, "done.pdf"))
            world.wait_for_job()
            self.assertEqual(attachments(world.sandbox.mails()[0][1])[0][1], content)

    def test_many_at_once_all_arrive(self):
        with World() as world:
            contents = {f"batch-{i:03}.pdf": pdf(5_000) for i in range(200)}
            threads = [threading.Thread(target=lambda part: [world.drop(n, contents[n]) for n in part],
                                        args=(list(contents)[k::4],)) for k in range(4)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            wait_until("all are sent", lambda: len(world.jobs("&state=sent")) == len(contents), 90, 0.3)
            arrived = sorted(attachments(m[1])[0][1] for m in world.sandbox.mails())
            self.assertEqual(arrived, sorted(contents.values()))
            self.assertEqual(world.waiting_files(), [])


class Names(unittest.TestCase):
    def test_odd_names_do_no_harm(self):
        names = [b"new\nline.pdf", b'quo"te.pdf', b"apo'strophe.pdf", b"-rf.pdf", b"a b\tc.pdf", b"\xff\xfe.pdf",
                 "Übung €.pdf".encode(), b"x" * 251 + b".pdf", b"$(id).pdf", b"a%00b.pdf", b"<b>.pdf"]
        with World() as world:
            contents = {name: pdf() for name in names}
            for name, content in contents.items():
                world.drop(name, content)
            wait_until("all are sent", lambda: len(world.jobs("&state=sent")) == len(names))
            arrived = sorted(attachments(m[1])[0][1] for m in world.sandbox.mails())
            self.assertEqual(arrived, sorted(contents.values()))
            self.assertEqual(world.waiting_files(), [])
            for job in world.jobs():
                self.assertNotIn("\n", job["documents"][0]["name"])
                self.assertNotIn("\n", job["subject"])
            for _, mail in world.sandbox.mails():
                head = mail.split(b"\r\n\r\n", 1)[0]
                self.assertNotIn(b"\n", head.replace(b"\r\n", b""))

    def test_what_is_not_a_scan_is_left_alone(self):
        with World() as world:
            for name in (".hidden.pdf", "Thumbs.db", "desktop.ini", "~$doc.docx", "a.tmp", "b.part", "old.FAILED.txt"):
                world.drop(name, pdf())
            world.drop("empty.pdf", b"")
            outside = os.path.join(world.root, "secret.pdf")
            with open(outside, "wb") as f:
                f.write(pdf())
            os.symlink(outside, os.path.join(world.scans, "link.pdf"))
            os.mkfifo(os.path.join(world.scans, "pipe.pdf"))
            os.mkdir(os.path.join(world.scans, "folder.pdf"))
            before = sorted(os.listdir(world.scans))
            world.drop("real.pdf", pdf())
            world.wait_for_job()
            time.sleep(1)
            self.assertEqual(len(world.jobs()), 1)
            after = sorted(n for n in os.listdir(world.scans) if n != ".scanpost")
            self.assertEqual(after, [n for n in before if n != ".scanpost"])
            self.assertTrue(os.path.exists(outside))


def sealed(size):
    """A document that tells itself whether it is whole."""
    body = random.randbytes(size)
    return b"%PDF-1.4\n" + sha256(body).encode() + b"\n" + body + SEAL


def is_whole(content):
    return content.endswith(SEAL) and content[9:73] == sha256(content[74:-len(SEAL)]).encode()


class Hostile(unittest.TestCase):
    """While files are taken, others are put in their place, and links; and some are written to by another name."""

    def write_slowly(self, world, k):
        content = sealed(random.randrange(1000, 2_000_000))
        with open(os.path.join(world.scans, f"slow{k}.pdf"), "wb", buffering=0) as f:
            for at in range(0, len(content), len(content) // 4 + 1):
                f.write(content[at:at + len(content) // 4 + 1])
                time.sleep(random.uniform(0, 0.1))
        time.sleep(random.uniform(0, 0.7))

    def put_another_in_its_place(self, world, k):
        temporary = os.path.join(world.scans, f".new{k}")
        with open(temporary, "wb") as f:
            f.write(sealed(random.randrange(1000, 300_000)))
        os.rename(temporary, os.path.join(world.scans, "same.pdf"))
        time.sleep(random.uniform(0, 0.5))

    def swap_with_a_link(self, world, k):
        name, new = os.path.join(world.scans, f"link{k}.pdf"), os.path.join(world.scans, f".link{k}")
        for _ in range(100):
            os.symlink(os.path.join(world.root, "secret.pdf"), new)
            os.rename(new, name)
            with open(new, "wb") as f:
                f.write(sealed(2000))
            os.rename(new, name)
        time.sleep(random.uniform(0.2, 0.5))

    def write_by_another_name(self, world, k):
        outside, name = os.path.join(world.root, f"outside{k}"), os.path.join(world.scans, f"hard{k}.pdf")
        with open(outside, "wb") as f:
            f.write(sealed(1_000_000))
        if not os.path.exists(name):
            os.link(outside, name)
        time.sleep(random.uniform(0.2, 0.6))
        content = sealed(1_000_000)
        with open(outside, "r+b", buffering=0) as f:
            for at in range(0, len(content), 100_000):
                f.write(content[at:at + 100_000])
        os.unlink(outside)

    def test_what_is_swapped_while_it_is_taken(self):
        with World(folder="") as world:
            with open(os.path.join(world.root, "secret.pdf"), "wb") as f:
                f.write(pdf(3000, "SECRET"))
            end = time.monotonic() + 12

            def go_on(what, k):
                while time.monotonic() < end:
                    what(world, k)
            threads = [threading.Thread(target=go_on, args=(what, k)) for k in range(2) for what in (
                self.write_slowly, self.put_another_in_its_place, self.swap_with_a_link, self.write_by_another_name)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()

            def files_left():
                return [n for n in world.waiting_files() if not os.path.islink(os.path.join(world.scans, n))]
            wait_until("all is taken", lambda: not files_left() and os.listdir(os.path.join(world.scans, ".scanpost")) == [])
            wait_until("all is sent", lambda: all(j["state"] == "sent" for j in world.jobs()))
            arrived = [content for _, mail in world.sandbox.mails() for _, content in attachments(mail)]
            self.assertGreater(len(arrived), 20)
            self.assertEqual([c for c in arrived if b"SECRET" in c], [])
            self.assertEqual([len(c) for c in arrived if not is_whole(c)], [])
            self.assertFalse(os.path.exists(os.path.join(world.scans, "rejected")))


class Refusing(unittest.TestCase):
    def rejected(self, world, name):
        folder = os.path.join(world.scans, "rejected")
        wait_until("it was moved aside", lambda: os.path.exists(os.path.join(folder, name)))
        wait_until("the reason is there", lambda: os.path.exists(os.path.join(folder, name + ".txt")))
        with open(os.path.join(folder, name + ".txt")) as f:
            return f.read()

    def test_wrong_type_moves_to_rejected_with_the_reason(self):
        with World() as world:
            world.drop("virus.pdf", b"MZ" + os.urandom(4000))
            words = self.rejected(world, "virus.pdf")
            self.assertIn("virus.pdf", words)
            self.assertEqual(world.jobs(), [])

    def test_too_large_moves_to_rejected_with_the_reason(self):
        with World(gateway="max-document = 100k") as world:
            content = pdf(300_000)
            world.drop("big.pdf", content)
            words = self.rejected(world, "big.pdf")
            self.assertRegex(words, "large|big|100")
            self.assertIn("move it back", words)
            self.assertEqual(world.jobs(), [])
            world.stop()
            world.write_config(gateway="")
            world.start()
            os.rename(os.path.join(world.scans, "rejected", "big.pdf"), os.path.join(world.scans, "big.pdf"))
            world.wait_for_job()
            self.assertEqual(attachments(world.sandbox.mails()[0][1])[0][1], content)

    def test_a_folder_that_may_not_be_written_to_any_more_is_said(self):
        def trouble():
            return world.ask("GET", "/api/v1/folders").json()["folders"][0]["trouble"]
        with World(folder="watch = poll") as world:
            self.assertEqual(trouble(), "")
            os.chmod(world.scans, 0o500)
            self.assertIn("read and write", wait_until("it is noticed", trouble))
            os.chmod(world.scans, 0o700)
            world.drop("a.pdf", pdf())
            world.wait_for_job()
            wait_until("all is well again", lambda: trouble() == "")

    def test_no_room_leaves_the_file_until_there_is(self):
        with World() as world:
            world.write_config(gateway="")
            with open(world.config) as f:
                text = f.read()
            with open(world.config, "w") as f:
                f.write(text.replace("reserve = 1M", "reserve = 900000G"))
            world.stop()
            world.start(wait=False)
            time.sleep(1)
            content = pdf()
            world.drop("a.pdf", content)
            time.sleep(2)
            self.assertEqual(world.jobs(), [])
            kept = [os.path.join(d, n) for d, _, names in os.walk(world.scans) for n in names if n.endswith("a.pdf")]
            self.assertEqual(len(kept), 1)
            with open(kept[0], "rb") as f:
                self.assertEqual(f.read(), content)
            with open(world.config, "w") as f:
                f.write(text)
            world.daemon.send_signal(1)
            world.wait_for_job()
            self.assertEqual(attachments(world.sandbox.mails()[0][1])[0][1], content)


if __name__ == "__main__":
    unittest.main()
