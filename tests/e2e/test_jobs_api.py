"""What admins look at: searches, counts, actions, forwarding, export, overview, statistics, metrics - with the real daemon and
mails that really go out."""
import csv
import io
import json
import unittest
import urllib.parse

from house import World, header, pdf, wait_until


def q(text):
    return "&q=" + urllib.parse.quote(text)


class JobsApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        w = cls.world
        cls.taken = [answer.json()["id"] for answer in (
            w.post([("Invoice Müller 4711.pdf", pdf(3000))]),
            w.post([("contract.pdf", pdf(90000))], fields=(("to", "anna@contoso.com"),
                                                           ("subject", "Offer for ÜBERLINGEN"))),
            w.post([("a.pdf", pdf(2000)), ("b.pdf", pdf(2500))], fields=(("to", "bernd@contoso.com"),)))]
        wait_until("all are sent", lambda: len(w.jobs("&state=sent")) == 3)

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def ids(self, text):
        return [job["id"] for job in self.world.jobs(q(text))]

    def get(self, path):
        answer = self.world.ask("GET", path)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def post(self, path, body):
        return self.world.ask("POST", path, json.dumps(body), {"Content-Type": "application/json"})

    def check_searches(self):
        bill, offer, two = self.taken
        for text, found in [("MÜLLER", [bill]), ("überlingen", [offer]), ('"for über"', [offer]), ("to:anna", [offer]),
                            ("to:anna to:bernd", []), ("name:.pdf larger:80k", [offer]), ("-to:accounting", [two, offer]),
                            ("status:sent name:b.pdf", [two]), ("status:failed", []), ("id:" + bill[:14], [bill]),
                            (bill, [bill]), ("47", [bill]), ("method:direct -name:contract -invoice", [two]),
                            ("after:1h before:2030-01-01 b.p", [two]), ("zebra", [])]:
            with self.subTest(text):
                self.assertEqual(self.ids(text), found)
                self.assertEqual(self.get("/api/v1/jobs/count?" + q(text)[1:]), {"count": len(found), "more": False})

    def test_a_search_finds_the_same_before_and_after_indexing(self):
        self.check_searches()
        wait_until("the index of words is filled", lambda: self.indexed() >= 3)
        self.check_searches()

    def indexed(self):
        import sqlite3
        db = sqlite3.connect(f"file:{self.world.state}/scanpost.db?mode=ro", uri=True)
        try:
            return db.execute("SELECT value FROM house WHERE key = 'indexed'").fetchone()[0]
        finally:
            db.close()

    def test_a_mistake_is_explained(self):
        answer = self.world.ask("GET", "/api/v1/jobs?q=stauts:failed")
        self.assertEqual(answer.status, 400)
        self.assertIn("'status:'", answer.json()["detail"])
        done = self.world.cli("jobs", "--search", "larger:much", expect=1)
        self.assertIn("larger:5M", done.stderr)

    def test_the_command_line_takes_the_same(self):
        found = json.loads(self.world.cli("--json", "jobs", "--search", "to:anna status:sent").stdout)["jobs"]
        self.assertEqual([job["subject"] for job in found], ["Offer for ÜBERLINGEN"])
        self.assertIn("No jobs", self.world.cli("jobs", "--search", "to:anna status:failed").stdout)

    def test_z_forwarded(self):
        """The last one here: it makes a job that other searches would find."""
        old = self.world.job(self.taken[0])
        answer = self.post(f"/api/v1/jobs/{old['id']}/forward", {"to": ["carla@contoso.com"]})
        self.assertEqual(answer.status, 201, answer.body)
        new = self.world.wait_for_job(answer.json()["id"])
        self.assertEqual([r["address"] for r in new["recipients"]], ["carla@contoso.com"])
        self.assertEqual(new["forwarded_from"], old["id"])
        self.assertIn(new["id"], self.world.job(old["id"])["forwarded_to"])
        self.assertEqual([d["sha256"] for d in new["documents"]], [d["sha256"] for d in old["documents"]])
        mail = next(m for _, m in self.world.sandbox.mails() if new["message_id"].encode() in m)
        self.assertIn("carla@contoso.com", header(mail, "To"))
        self.assertEqual(header(mail, "Subject"), old["subject"])
        told = self.world.cli("forward", old["id"], "--to", "dora@contoso.com", "--to", "emil@contoso.com").stdout.strip()
        again = self.world.wait_for_job(told)
        self.assertEqual([r["address"] for r in again["recipients"]], ["dora@contoso.com", "emil@contoso.com"])
        self.assertEqual(again["forwarded_from"], old["id"])
        self.assertIn("to whom", self.world.cli("forward", old["id"], expect=2).stderr)
        self.assertIn("no such job", self.world.cli("forward", "nonsense", "--to", "dora@contoso.com", expect=1).stderr)

    def test_export(self):
        answer = self.world.ask("GET", "/api/v1/jobs/export?q=invoice")
        self.assertEqual(answer.status, 200)
        rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
        self.assertEqual([row["documents"] for row in rows], ["Invoice Müller 4711.pdf"])
        self.assertEqual(rows[0]["state"], "sent")

    def test_overview_and_stats(self):
        view = self.get("/api/v1/overview")
        self.assertIn(view["works"], ("yes", "partly"))
        self.assertRegex(view["sentence"], r"^Works.* scans went out in the last 24 hours, the last one .* ago")
        self.assertEqual(view["troubles"], [])
        self.assertGreaterEqual(view["sent_24h"], 3)
        stats = self.get("/api/v1/stats?since=24h")
        self.assertGreaterEqual(sum(b["sent"] for b in stats["buckets"]), 3)
        self.assertGreaterEqual(stats["delivery"]["count"], 3)

    def test_metrics(self):
        self.assertEqual(self.world.ask_tcp("GET", "/metrics").status, 401)
        text = self.world.ask("GET", "/metrics").body.decode()
        self.assertIn('\nscanpost_method_up{method="direct",type="direct"} 1\n', text)
        self.assertIn("\nscanpost_oldest_waiting_seconds 0\n", text)


class Troubles(unittest.TestCase):
    def test_what_failed_for_one_reason_goes_out_again(self):
        """As an admin does it: the overview says what is wrong and who can mend it, its search finds the jobs, and once
        it is mended they are sent again together."""
        with World() as world:
            world.sandbox.play("recipient-unknown:nobody@contoso.com")
            ids = [world.post([(f"{i}.pdf", pdf(1500 + i))], fields=(("to", "nobody@contoso.com"),)).json()["id"]
                   for i in range(3)]
            wait_until("they fail", lambda: all(world.job(i)["state"] == "failed" for i in ids))
            view = world.ask("GET", "/api/v1/overview").json()
            trouble, = view["troubles"]
            self.assertEqual((view["works"], trouble["class"], trouble["count"]), ("partly", "recipient_unknown", 3))
            self.assertTrue(trouble["who"] and trouble["summary"] and trouble["fix"])
            self.assertRegex(trouble["summary"], r"^The last of them: .*nobody@contoso\.com")
            self.assertEqual({job["id"] for job in world.jobs(q(trouble["q"]))}, set(ids))
            world.sandbox.play()
            answer = world.ask("POST", "/api/v1/jobs/actions", json.dumps({"action": "retry", "q": trouble["q"]}),
                               {"Content-Type": "application/json"}).json()
            self.assertEqual((answer["done"], answer["more"], set(answer["ids"])), (3, False, set(ids)))
            for i in ids:
                world.wait_for_job(i)
            self.assertEqual(world.ask("GET", "/api/v1/overview").json()["troubles"], [])

    def test_nothing_leaves(self):
        with World(tenant="methods = { direct }", retry="first = 60s  max = 60s  expire = 1h") as world:
            world.sandbox.play("ip-blocked")
            job = world.post([("a.pdf", pdf(1500))]).json()
            world.wait_for_job(job["id"], "deferred")
            view = world.ask("GET", "/api/v1/overview").json()
            self.assertRegex(view["sentence"], r"^Nothing leaves since \d\d:\d\d: .*\. 1 scan waits, for a moment\.$")
            self.assertEqual((view["works"], view["waiting"]), ("no", 1))
            metrics = world.ask("GET", "/metrics").body.decode()
            self.assertIn('scanpost_method_up{method="direct",type="direct"} 0\n', metrics)


if __name__ == "__main__":
    unittest.main()
