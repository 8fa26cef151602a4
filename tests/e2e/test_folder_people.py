"""Whom a dropped scan is for, and which files are one scan: sub-folders, owners, file names, sidecars, pages, duplicates."""
import json
import os
import pwd
import threading
import time
import unittest

from house import World, attachments, header, pdf, wait_until

PEOPLE = """\
name,address,aliases
Alice Smith,alice.smith@contoso.com,asmith,alice
Bob Brown,bob@contoso.com,"bob"
"""
PAPERCUT = """<?xml version="1.0" encoding="UTF-8"?>
<scan><name>Scan to me</name><files><file>{file}</file></files>
<user><name>asmith</name><email>alice.smith@contoso.com</email></user></scan>
"""


class People(unittest.TestCase):
    """One house for all: a folder for each way to tell."""

    @classmethod
    def setUpClass(cls):
        cls.world = world = World(start=False)
        cls.people = os.path.join(world.root, "people.csv")
        with open(cls.people, "w") as f:
            f.write(PEOPLE)
            f.write(f"Owner,owner@contoso.com,{pwd.getpwuid(os.geteuid()).pw_name}\n")
        cls.folders = {}
        text = f'people {{ file = "{cls.people}" }}\n'
        text += "route told { otherwise = { desk@contoso.com } }\nroute nobody { subject = \"Scan of {user}\" }\n"
        for name, keys in {
                "sub": "route = told  recipient-from = subfolder",
                "strict": "route = nobody  recipient-from = subfolder",
                "owner": "route = nobody  recipient-from = owner",
                "names": "route = told  recipient-from = filename",
                "beside": "route = told  recipient-from = sidecar",
                "pages": "route = accounting  group = pages",
                "twice": "route = accounting  duplicates = hold",
                "slow": "route = accounting  settle = 6s",
        }.items():
            cls.folders[name] = os.path.join(world.root, "drop-" + name)
            os.mkdir(cls.folders[name])
            settle = "" if "settle" in keys else "settle = 600ms"
            text += f'folder {name} {{ path = "{cls.folders[name]}"  {settle}  {keys} }}\n'
        world.write_config(extra=text)
        world.start()
        wait_until("the folders are watched by inotify", lambda: all(
            f["watch"] == "inotify" for f in world.ask("GET", "/api/v1/folders").json()["folders"]))
        cls.alone = pdf()  # these two wait for a minute for what does not come, while the other tests run
        cls.put(cls, "beside", "alone.pdf", cls.alone)
        cls.put(cls, "beside", "lonely.xml", "<scanpost><to>alice</to></scanpost>")

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def put(self, folder, name, content):
        path = os.path.join(self.folders[folder], name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())

    def jobs_of(self, folder):
        return [j for j in self.world.jobs() if j["source_name"] == folder]

    def job_with(self, content, seconds=60, state="sent"):
        import hashlib
        digest = hashlib.sha256(content).hexdigest()

        def there():
            for job in self.world.jobs():
                if job["state"] == state and any(d["sha256"] == digest for d in job["documents"]):
                    return job
            return None
        return wait_until(f"a job with that document is {state}", there, seconds, 0.1)

    def recipients(self, job):
        return sorted(r["address"] for r in job["recipients"])

    def mail_of(self, job):
        return next(m for _, m in self.world.sandbox.mails() if job["id"].encode() in m)

    # --- who ---

    def test_subfolder_names_the_person(self):
        first, second, third = pdf(), pdf(), pdf()
        self.put("sub", "Alice Smith/a.pdf", first)          # a folder that is new
        self.assertEqual(self.recipients(self.job_with(first)), ["alice.smith@contoso.com"])
        self.put("sub", "Alice Smith/a.pdf", second)         # one that is known
        job = self.job_with(second)
        self.assertEqual(self.recipients(job), ["alice.smith@contoso.com"])
        self.assertEqual(header(self.mail_of(job), "Reply-To"), "owner@contoso.com")  # who owns the file has scanned
        self.assertEqual(job["user"], "Owner")
        os.rename(os.path.join(self.folders["sub"], "Alice Smith"), os.path.join(self.folders["sub"], "BOB@contoso.com"))
        self.put("sub", "BOB@contoso.com/a.pdf", third)
        self.assertEqual(self.recipients(self.job_with(third)), ["bob@contoso.com"])
        self.assertEqual(os.listdir(os.path.join(self.folders["sub"], "BOB@contoso.com")), [])

    def test_unknown_subfolder_goes_to_otherwise_or_is_rejected(self):
        content = pdf()
        self.put("sub", "stranger/a.pdf", content)
        job = self.job_with(content)
        self.assertEqual(self.recipients(job), ["desk@contoso.com"])
        self.assertIn("stranger", self.mail_of(job).decode())
        self.put("strict", "stranger/a.pdf", pdf())
        rejected = os.path.join(self.folders["strict"], "stranger", "rejected")
        wait_until("it is rejected", lambda: os.path.exists(os.path.join(rejected, "a.pdf")))
        with open(os.path.join(rejected, "a.pdf.txt")) as f:
            self.assertIn("stranger", f.read())

    def test_owner_is_the_recipient(self):
        content = pdf()
        self.put("owner", "a.pdf", content)
        job = self.job_with(content)
        self.assertEqual(self.recipients(job), ["owner@contoso.com"])
        self.assertEqual((job["user"], job["subject"]), ("Owner", "Scan of Owner"))

    def test_file_name_names_the_person(self):
        cases = {"alice.pdf": "alice.smith@contoso.com", "ASMITH_0001.PDF": "alice.smith@contoso.com",
                 "Bob Brown 2026-11-24.pdf": "bob@contoso.com",
                 "to-carol@contoso.com-0001.pdf": "carol@contoso.com", "SCN_0001.pdf": "desk@contoso.com"}
        contents = {name: pdf() for name in cases}
        for name, content in contents.items():
            self.put("names", name, content)
        for name, content in contents.items():
            self.assertEqual(self.recipients(self.job_with(content)), [cases[name]], name)

    # --- sidecars ---

    def test_sidecar_first_and_last(self):
        first, second, third = pdf(), pdf(), pdf()
        self.put("beside", "one.json", json.dumps({"to": ["asmith", "bob@contoso.com"], "subject": "Für Alice",
                                                   "user": "CONTOSO\\bob"}))
        time.sleep(2)
        self.put("beside", "one.pdf", first)
        job = self.job_with(first)
        self.assertEqual(self.recipients(job), ["alice.smith@contoso.com", "bob@contoso.com"])
        self.assertEqual((job["subject"], job["user"]), ("Für Alice", "Bob Brown"))
        self.assertEqual(header(self.mail_of(job), "Reply-To"), "bob@contoso.com")
        self.put("beside", "two.pdf", second)
        time.sleep(2)
        self.put("beside", "two.xml", PAPERCUT.format(file="two.pdf"))
        self.assertEqual(self.recipients(self.job_with(second)), ["alice.smith@contoso.com"])
        self.put("beside", "three.pdf", third)
        self.put("beside", "three.pdf.xml", "<scanpost><to>bob@contoso.com</to></scanpost>")
        self.assertEqual(self.recipients(self.job_with(third)), ["bob@contoso.com"])
        self.assertEqual([n for n in os.listdir(self.folders["beside"]) if n.startswith(("one", "two", "three"))], [])

    def test_sidecar_with_several_documents_is_one_mail_in_its_order(self):
        last, first = pdf(), pdf()
        self.put("beside", "b.pdf", last)
        self.put("beside", "a.pdf", first)
        self.put("beside", "both.json", json.dumps({"to": "alice", "documents": ["b.pdf", "a.pdf"]}))
        job = self.job_with(first)
        self.assertEqual([c for _, c in attachments(self.mail_of(job))], [last, first])

    def test_hostile_sidecars_tell_nobody_and_the_scan_is_not_lost(self):
        entities = "".join(f'<!ENTITY a{i} "&a{i - 1};&a{i - 1};">' for i in range(1, 40))
        hostile = {
            "laughs.xml": f'<!DOCTYPE l [<!ENTITY a0 "alice">{entities}]><scanpost><to>&a39;</to></scanpost>',
            "entity.xml": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><scanpost><to>alice</to><subject>&e;</subject></scanpost>',
            "deep.xml": "<scanpost>" + "<a>" * 100_000,
            "endless.xml": "<scanpost><to>alice</to>" + "<field>x</field>" * 700_000 + "</scanpost>",
            "many.xml": "<scanpost>" + "<to>alice</to>" * 5000 + "</scanpost>",
            "nested.json": "[" * 200_000,
            "large.json": json.dumps({"to": "alice", "more": ["x"] * 2_000_000}),
            "twice.json": '{"to": "alice", "to": "bob"}',
            "zero.json": '{"to": "ali\\u0000ce"}',
            "header.json": json.dumps({"to": "alice@contoso.com>\r\nBcc: evil@contoso.com"}),
        }
        scans = {name: pdf() for name in hostile}
        for name, text in hostile.items():
            self.put("beside", name.rsplit(".", 1)[0] + ".pdf", scans[name])
            self.put("beside", name, text)
        for name, content in scans.items():
            job = self.job_with(content)
            self.assertEqual(self.recipients(job), ["desk@contoso.com"], name)
            self.assertIn(b"could not be told", self.mail_of(job), name)
            self.assertNotIn(b"root:", self.mail_of(job))
        content = pdf()
        self.put("beside", "inject.json", json.dumps({"to": "alice", "subject": "x\r\nBcc: evil@contoso.com\r\n\r\nhello",
                                                      "documents": ["../../etc/passwd", "inject.pdf"]}))
        self.put("beside", "inject.pdf", content)
        job = self.job_with(content, seconds=90)
        self.assertEqual(self.recipients(job), ["alice.smith@contoso.com"])
        self.assertNotRegex(self.mail_of(job).split(b"\r\n\r\n", 1)[0], rb"(?im)^bcc:")

    def test_without_its_sidecar_it_goes_to_otherwise(self):
        job = self.job_with(self.alone, seconds=90)
        self.assertEqual(self.recipients(job), ["desk@contoso.com"])
        rejected = os.path.join(self.folders["beside"], "rejected", "lonely.xml.txt")
        wait_until("the sidecar is put aside", lambda: os.path.exists(rejected))

    # --- pages ---

    def test_pages_are_one_mail_in_order(self):
        pages = [pdf() for _ in range(12)]
        for n in sorted(range(12), key=lambda n: (n % 3, n)):
            self.put("pages", f"SCAN_{n + 1:04}.pdf", pages[n])
            time.sleep(0.1)
        job = self.job_with(pages[0])
        self.assertEqual([c for _, c in attachments(self.mail_of(job))], pages)

    def test_pages_in_a_folder_of_their_own(self):
        pages = [pdf() for _ in range(3)]
        self.put("pages", "DOC.XSM/DOC.LCK", b"x")
        for n, page in enumerate(pages):
            self.put("pages", f"DOC.XSM/{n + 1:08}.PDF", page)
            time.sleep(1)
        self.put("pages", "DOC.XSM/DOC.XST", b"log")
        time.sleep(2)
        self.assertEqual(len([j for j in self.jobs_of("pages") if len(j["documents"]) == 3]), 0)
        os.unlink(os.path.join(self.folders["pages"], "DOC.XSM", "DOC.LCK"))
        job = self.job_with(pages[0])
        self.assertEqual([c for _, c in attachments(self.mail_of(job))], pages)
        self.assertFalse(os.path.exists(os.path.join(self.folders["pages"], "DOC.XSM")))

    # --- one scan or two ---

    def test_duplicates_are_held(self):
        content = pdf()
        self.put("twice", "a.pdf", content)
        first = self.job_with(content)
        self.assertIsNone(first["duplicate_of"])
        self.put("twice", "b.pdf", content)
        second = self.job_with(content, state="held")
        self.assertEqual(second["duplicate_of"], first["id"])
        self.assertIn(first["id"], second["trouble"])
        self.world.cli("retry", second["id"])
        self.assertEqual(self.world.wait_for_job(second["id"])["state"], "sent")

    def test_page_by_page_with_pauses_is_one_scan(self):
        content = pdf(400_000)
        path = os.path.join(self.folders["slow"], "pages.pdf")
        for at in range(0, len(content), 100_000):
            with open(path, "ab") as f:
                f.write(content[at:at + 100_000])
            time.sleep(4)
        self.job_with(content)
        self.assertEqual(len(self.jobs_of("slow")), 1)
        folder = next(f for f in self.world.ask("GET", "/api/v1/folders").json()["folders"] if f["name"] == "slow")
        self.assertGreaterEqual(folder["advised_settle_ms"], 7900)
        self.assertIsNotNone(folder["last_scan"])

    def test_rewritten_right_after_it_was_taken_is_a_second_scan(self):
        first, second = pdf(), pdf()
        self.put("twice", "SCN_0001.pdf", first)
        path = os.path.join(self.folders["twice"], "SCN_0001.pdf")
        wait_until("the first is taken", lambda: not os.path.exists(path), pause=0.005)
        time.sleep(1)
        self.put("twice", "SCN_0001.pdf", second)
        self.assertNotEqual(self.job_with(first)["id"], self.job_with(second)["id"])

    # --- the command line ---

    def test_people_as_the_admin_sees_them(self):
        listed = json.loads(self.world.cli("--json", "people").stdout)
        self.assertEqual([p["name"] for p in listed["people"]], ["Alice Smith", "Bob Brown", "Owner"])
        self.assertEqual(listed["problems"], [])
        bad = os.path.join(self.world.root, "bad.csv")
        with open(bad, "w") as f:
            f.write("Alice,alice@contoso.com,a\nAnn,ann@contoso.com,A\nnobody\n")
        words = self.world.cli("people", "check", bad, expect=1).stderr
        self.assertIn("line 2: 'a'", words)
        self.assertIn("line 3", words)
        self.world.cli("people", "make-folders", "sub")
        self.assertTrue(os.path.isdir(os.path.join(self.folders["sub"], "Bob Brown")))

    def test_people_import_takes_an_export_whole_or_not_at_all(self):
        with World(start=False) as other:
            people, export = os.path.join(other.root, "people.csv"), os.path.join(other.root, "export.csv")
            other.write_config(extra=f'people {{ file = "{people}" }}')
            with open(export, "w") as f:
                f.write("\ufeffuserPrincipalName,displayName,mail,proxyAddresses\r\n"
                        "asmith@contoso.com,\"Smith, Alice\",alice.smith@contoso.com,"
                        "SMTP:alice.smith@contoso.com+smtp:a.smith@contoso.com\r\n"
                        "room@contoso.com,Room,,\r\n")
            other.cli("people", "import", export)
            with open(people) as f:
                text = f.read()
            self.assertIn('"Smith, Alice",alice.smith@contoso.com', text)
            self.assertIn("a.smith@contoso.com", text)
            with open(export, "a") as f:
                f.write("x@contoso.com,\"Smith, Alice\",second@contoso.com,\r\n")
            self.assertIn("Smith", other.cli("people", "import", export, expect=1).stderr)
            with open(people) as f:
                self.assertEqual(f.read(), text)


if __name__ == "__main__":
    unittest.main()
