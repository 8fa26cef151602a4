"""Scans by Microsoft Graph: small ones in one request, large ones by an upload session, Retry-After honoured."""
import os
import time
import unittest

from house import World, attachments, header, pdf, sha256


def graph_world(**changes):
    """A world whose tenant sends by Graph only."""
    world = World(tenant="methods = { graph }", start=False, gateway="max-document = 150M", **changes)
    facts = world.sandbox.facts
    world.write_config(extra=f"""
method graph {{ host = {facts['graph_host']}  port = {facts['graph_port']}  ca-file = "{facts['ca']}"
    username = scanner@contoso.com  max-size = 150M
    oauth-tenant = {facts['oauth_tenant']}  oauth-client-id = {facts['oauth_client_id']}
    oauth-client-secret-file = "{facts['oauth_client_secret_file']}"  oauth-token-url = "{facts['token_url']}" }}
""")
    world.start()
    return world


def started(attempt):
    whole = time.mktime(time.strptime(attempt["started"][:19], "%Y-%m-%dT%H:%M:%S"))
    return whole + float(attempt["started"][19:23])


class Whole(unittest.TestCase):
    def arrives_whole(self, size):
        with graph_world() as world:
            content = pdf(size)
            world.drop("Übersicht.pdf", content)
            job = world.wait_for_job()
            self.assertEqual(job["method"], "graph")
            attempt = job["attempts"][0]
            self.assertEqual((attempt["outcome"], attempt["stage"], attempt["code"]), ("accepted", "api", 202))
            self.assertTrue(attempt["tls"].startswith("TLSv1."))
            mails = world.sandbox.mails()
            self.assertEqual(len(mails), 1)
            facts, mail = mails[0]
            self.assertEqual(header(mail, "Message-ID"), job["message_id"])
            self.assertEqual(header(mail, "From").addresses[0].addr_spec, "scanner@contoso.com")
            (name, got), = attachments(mail)
            self.assertEqual((name, sha256(got)), ("Übersicht.pdf", sha256(content)))

    def test_1_mb_in_one_request(self):
        self.arrives_whole(1_000_000)

    def test_5_mb_by_an_upload_session(self):
        self.arrives_whole(5_000_000)

    def test_100_mb_by_an_upload_session(self):
        self.arrives_whole(100_000_000)

    def test_memory_does_not_grow_with_the_document(self):
        def peak(world):
            with open(f"/proc/{world.children()['sender']}/status") as f:
                return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
        with graph_world() as world:
            world.wait_for_job(world.post([("a.pdf", pdf(5_000_000))]).json()["id"])
            before = peak(world)
            world.wait_for_job(world.post([("b.pdf", pdf(60_000_000))]).json()["id"])
            self.assertLess(peak(world) - before, 4096)


class Refused(unittest.TestCase):
    def test_throttled_comes_again_when_told_to(self):
        with graph_world() as world:
            world.sandbox.play("graph/throttled", "graph/retry-after:4")
            world.drop("a.pdf", pdf())
            job = world.wait_for_job(state="deferred")
            self.assertEqual((job["attempts"][0]["class"], job["attempts"][0]["code"]), ("rate_limited", 429))
            world.sandbox.play()
            first, second = world.wait_for_job(job["id"])["attempts"]
            self.assertEqual(second["outcome"], "accepted")
            self.assertGreaterEqual(started(second) - started(first), 4.0)

    def test_lost_answer_is_sent_again_with_the_same_bytes(self):
        with graph_world() as world:
            world.sandbox.play("graph/lost-answer:1")
            world.drop("a.pdf", pdf(30_000))
            job = world.wait_for_job()
            self.assertEqual([(a["method"], a["outcome"]) for a in job["attempts"]],
                             [("graph", "unknown"), ("graph", "accepted")])
            first, second = world.sandbox.mails()
            self.assertEqual(first[1], second[1])

    def test_send_as_denied_shuts_the_way_and_says_who_must_act(self):
        with graph_world() as world:
            world.sandbox.play("graph/sender-denied")
            world.drop("a.pdf", pdf())
            job = world.wait_for_job(state="deferred")
            attempt = job["attempts"][0]
            self.assertEqual((attempt["class"], attempt["code"]), ("sender_denied", 403))
            self.assertIn("ErrorSendAsDenied", attempt["reply"])
            self.assertEqual(world.method("graph")["state"], "down")
            self.assertEqual(world.sandbox.mails(), [])

    def test_too_large_for_the_mailbox_leaves_no_draft_and_fails_with_the_reason(self):
        with graph_world() as world:
            world.sandbox.play("graph/too-large:4000000")
            world.drop("a.pdf", pdf(5_000_000))
            job = world.wait_for_job(state="failed")
            self.assertEqual(job["attempts"][0]["class"], "too_large")
            self.assertEqual(world.sandbox.mails(), [])

    def test_secret_is_nowhere_but_in_its_file(self):
        with graph_world() as world:
            world.drop("a.pdf", pdf())
            world.wait_for_job()
            with open(world.sandbox.facts["oauth_client_secret_file"]) as f:
                secret = f.read().strip()
            self.assertNotIn(secret, world.log_text())
            with open(os.path.join(world.state, "scanpost.db"), "rb") as f:
                self.assertNotIn(secret.encode(), f.read())


if __name__ == "__main__":
    unittest.main()
