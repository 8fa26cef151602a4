"""POST /api/v1/scans and what surrounds it, as a device or a script sees it; bad input gets a clear answer."""
import json
import os
import socket
import time
import unittest

from house import World, attachments, multipart, pdf, sha256, wait_until


class Posting(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(gateway="max-document = 2M")
        cls.device = cls.world.token("copier-1", "--route", "accounting", "--to", "*@contoso.com")

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def problem(self, answer, status):
        self.assertEqual(answer.status, status, answer.body)
        self.assertTrue(answer.headers["Content-Type"].startswith("application/problem+json"))
        problem = answer.json()
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["detail"])
        return problem["detail"]

    def test_posted_scan_arrives_unchanged(self):
        content = pdf(123_456)
        answer = self.world.post([("Über mich.pdf", content)], token=self.device)
        self.assertEqual(answer.status, 201, answer.body)
        job = answer.json()
        self.assertTrue(answer.headers["Location"].endswith(job["id"]))
        self.assertEqual(job["documents"][0]["sha256"], sha256(content))
        self.assertEqual((job["source"], job["source_name"]), ("http", "copier-1"))
        job = self.world.wait_for_job(job["id"])
        mail = next(m for f, m in self.world.sandbox.mails() if job["message_id"].encode() in m)
        self.assertEqual(attachments(mail)[0][1], content)

    def test_several_documents_are_one_mail(self):
        contents = [pdf(10_000) for _ in range(3)]
        job = self.world.post([(f"{i}.pdf", c) for i, c in enumerate(contents)]).json()
        job = self.world.wait_for_job(job["id"])
        mail = next(m for f, m in self.world.sandbox.mails() if job["message_id"].encode() in m)
        self.assertEqual([c for _, c in attachments(mail)], contents)

    def test_same_key_and_body_make_one_job(self):
        content = pdf()
        first = self.world.post([("a.pdf", content)], token=self.device, key="k1")
        again = self.world.post([("a.pdf", content)], token=self.device, key="k1")
        self.assertEqual(first.status, 201)
        self.assertIn(again.status, (200, 201))
        self.assertEqual(first.json()["id"], again.json()["id"])
        self.problem(self.world.post([("a.pdf", pdf())], token=self.device, key="k1"), 409)

    def test_no_token_wrong_token_revoked_token(self):
        body, kind = multipart([("route", "accounting")], [("a.pdf", pdf())])
        self.problem(self.world.ask_tcp("POST", "/api/v1/scans", body, {"Content-Type": kind}), 401)
        self.problem(self.world.post([("a.pdf", pdf())], token="sp_" + "x" * 43), 401)
        token = self.world.token("gone", "--to", "*")
        self.world.cli("token", "revoke", "gone")
        self.problem(self.world.post([("a.pdf", pdf())], token=token), 401)

    def test_recipient_that_the_token_may_not_name(self):
        fields = [("route", "accounting"), ("to", "someone@fabrikam.com")]
        self.problem(self.world.post([("a.pdf", pdf())], fields, self.device), 403)

    def test_wrong_type_is_415(self):
        self.problem(self.world.post([("a.pdf", b"MZ not a document" * 10)]), 415)

    def test_too_large_is_413(self):
        self.problem(self.world.post([("a.pdf", pdf(3_500_000))]), 413)

    def test_bad_input_is_400(self):
        for fields in ([("to", "not an address")], [("to", "a@contoso.com\r\nBcc: x@contoso.com")],
                       [("to", "a@contoso.com"), ("subject", "x\r\nBcc: y@contoso.com")], [("route", "no-such-route")],
                       [("to", "@contoso.com")], [("to", "a" * 300 + "@contoso.com")]):
            with self.subTest(fields=fields):
                self.problem(self.world.post([("a.pdf", pdf())], fields), 400)

    def test_no_document_is_400(self):
        self.problem(self.world.post([]), 400)

    def test_odd_file_names_do_no_harm(self):
        for name in ("../../etc/passwd.pdf", "a\nb.pdf", 'a"b.pdf', b"\xff\xfe.pdf", "x" * 255 + ".pdf", "..", ""):
            with self.subTest(name=name):
                answer = self.world.post([(name, pdf())])
                self.assertIn(answer.status, (201, 400), answer.body)
                if answer.status == 201:
                    shown = answer.json()["documents"][0]["name"]
                    self.assertNotIn("/", shown)
                    self.assertNotIn("\n", shown)
                    self.assertLessEqual(len(shown.encode()), 255)

    def test_body_cut_off_leaves_nothing(self):
        before = len(self.world.jobs())
        body, kind = multipart([("route", "accounting")], [("a.pdf", pdf(200_000))])
        with socket.create_connection(("127.0.0.1", self.world.port)) as s:
            s.sendall(f"POST /api/v1/scans HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.device}\r\n"
                      f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:100_000])
            time.sleep(0.5)
        new = os.path.join(self.world.state, "spool", ".new")
        wait_until("the rest is cleared away", lambda: not os.path.isdir(new) or os.listdir(new) == [])
        self.assertEqual(len(self.world.jobs()), before)

    def test_length_and_chunks_at_once_is_refused(self):
        with socket.create_connection(("127.0.0.1", self.world.port)) as s:
            s.sendall(b"POST /api/v1/scans HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                      b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            s.settimeout(10)
            said = b""
            while chunk := s.recv(65536):
                said += chunk
        self.assertTrue(said.startswith(b"HTTP/1.1 400"), said[:200])
        self.assertEqual(said.count(b"HTTP/1.1 "), 1)

    def test_unknown_paths_and_methods(self):
        self.problem(self.world.ask("GET", "/api/v1/nothing"), 404)
        self.problem(self.world.ask("GET", "/api/v1/jobs/01HZZZZZZZZZZZZZZZZZZZZZZZ"), 404)
        answer = self.world.ask("DELETE", "/api/v1/jobs")
        self.problem(answer, 405)
        self.assertIn("GET", answer.headers["Allow"])
        self.problem(self.world.ask_tcp("GET", "/api/v1/jobs"), 401)
        self.assertEqual(self.world.ask_tcp("GET", "/healthz").status, 200)


class NoRoom(unittest.TestCase):
    def test_no_room_is_507_and_nothing_is_kept(self):
        with World(start=False) as world:
            with open(world.config) as f:
                text = f.read()
            with open(world.config, "w") as f:
                f.write(text.replace("reserve = 1M", "reserve = 900000G"))
            world.start(wait=False)
            wait_until("it answers", lambda: os.path.exists(os.path.join(world.run_dir, "scanpost.sock")))
            answer = wait_until("a refusal", lambda: world.post([("a.pdf", pdf())]))
            self.assertEqual(answer.status, 507, answer.body)
            self.assertIn("detail", answer.json())


class CommandLine(unittest.TestCase):
    def test_send_show_jobs_methods_explain(self):
        with World() as world:
            world.sandbox.play("ip-blocked")
            path = os.path.join(world.root, "from-cli.pdf")
            content = pdf(60_000)
            with open(path, "wb") as f:
                f.write(content)
            done = world.cli("send", path, "--route", "accounting", "--subject", "Über den Tisch", "--wait")
            job_id = done.stdout.split()[0]
            job = json.loads(world.cli("--json", "show", job_id).stdout)
            self.assertEqual((job["state"], job["source"], job["subject"]), ("sent", "cli", "Über den Tisch"))
            story = world.cli("show", job_id).stdout
            for word in ("5.7.606", "submission", "accounting@contoso.com", "from-cli"):
                self.assertIn(word, story)
            self.assertIn(job_id, world.cli("jobs").stdout)
            self.assertEqual(json.loads(world.cli("--json", "jobs", "--state", "sent").stdout)["jobs"][0]["id"], job_id)
            self.assertRegex(world.cli("methods").stdout, r"direct.*down")
            explained = json.loads(world.cli("--json", "explain", job["attempts"][0]["reply"]).stdout)
            self.assertEqual((explained["class"], explained["scope"]), ("ip_reputation", "method"))

    def test_clear_words_for_mistakes(self):
        with World() as world:
            self.assertIn("no-such", world.cli("send", "/no-such-file.pdf", "--route", "accounting", expect=1).stderr)
            world.cli("show", "01HZZZZZZZZZZZZZZZZZZZZZZZ", expect=1)
            world.cli("frobnicate", expect=2)
            world.cli("send", expect=2)
            world.stop()
            self.assertRegex(world.cli("jobs", expect=1).stderr, "scanpostd")

    def test_users_and_tokens(self):
        with World() as world:
            world.cli("user", "add", "anna", "--role", "admin", "--password-stdin", stdin="correct horse battery\n")
            self.assertIn("anna", world.cli("user", "list").stdout)
            world.cli("user", "passwd", "anna", "--password-stdin", stdin="another good one\n")
            world.cli("user", "remove", "anna")
            self.assertNotIn("anna", world.cli("user", "list").stdout)
            token = world.token("lobby", "--route", "accounting")
            self.assertTrue(token.startswith("sp_"))
            self.assertNotIn(token, world.cli("token", "list").stdout)
            with open(os.path.join(world.state, "scanpost.db"), "rb") as f:
                self.assertNotIn(token.encode(), f.read())

    def test_cancel_and_retry(self):
        with World(tenant="methods = { submission }") as world:
            world.sandbox.play("auth-disabled")
            job = world.post([("a.pdf", pdf())]).json()
            world.wait_for_job(job["id"], "deferred")
            world.cli("cancel", job["id"])
            self.assertEqual(world.job(job["id"])["state"], "cancelled")
            world.sandbox.play()
            world.cli("retry", job["id"])
            wait_until("it waits again", lambda: world.job(job["id"])["state"] in ("deferred", "sent", "queued"))
            world.daemon.send_signal(1)
            world.wait_for_job(job["id"])
            self.assertEqual(world.cli("cancel", job["id"], expect=1).returncode, 1)


if __name__ == "__main__":
    unittest.main()
