"""What happens to a scan when Microsoft refuses: the next method at once, the story told, nothing said in clear."""
import os
import time
import unittest

from house import World, attachments, header, pdf, wait_until


class Fallback(unittest.TestCase):
    def test_blocked_at_rcpt_goes_by_submission_in_the_same_run(self):
        with World() as world:
            world.sandbox.play("ip-blocked")
            content = pdf(50_000)
            world.drop("invoice.pdf", content)
            job = world.wait_for_job()
            self.assertEqual(job["method"], "submission")
            refused, taken = job["attempts"]
            self.assertEqual((refused["method"], refused["stage"], refused["class"], refused["outcome"]),
                             ("direct", "rcpt", "ip_reputation", "failed"))
            self.assertEqual((refused["code"], refused["enhanced"]), (550, "5.7.606"))
            self.assertTrue(refused["summary"] and refused["fix"])
            self.assertEqual((taken["method"], taken["outcome"]), ("submission", "accepted"))
            self.assertEqual(job["recipients"][0]["state"], "sent")
            self.assertEqual(job["recipients"][0]["method"], "submission")
            facts, mail = world.sandbox.mails()[0]
            self.assertEqual(attachments(mail)[0][1], content)
            self.assertEqual(header(mail, "Message-ID"), job["message_id"])

    def test_next_jobs_skip_the_blocked_method_and_say_why(self):
        with World() as world:
            world.sandbox.play("ip-blocked")
            world.drop("a.pdf", pdf())
            world.wait_for_job()
            job = world.post([("b.pdf", pdf())]).json()
            job = world.wait_for_job(job["id"])
            self.assertEqual([a["method"] for a in job["attempts"]], ["submission"])
            direct = next(d for d in job["decision"] if d["method"] == "direct")
            self.assertFalse(direct["chosen"])
            self.assertIn("down", direct["reason"])
            method = world.method("direct")
            self.assertEqual((method["state"], method["class"]), ("down", "ip_reputation"))
            self.assertTrue(method["retry_at"] and method["fix"])

    def test_lost_answer_is_sent_again_by_the_same_method_with_the_same_bytes(self):
        with World() as world:
            world.sandbox.play("mx/lost-answer:1")
            world.drop("a.pdf", pdf(30_000))
            job = world.wait_for_job()
            self.assertEqual([(a["method"], a["outcome"]) for a in job["attempts"]],
                             [("direct", "unknown"), ("direct", "accepted")])
            first, second = world.sandbox.mails()
            self.assertEqual(first[1], second[1])
            self.assertEqual(header(first[1], "Message-ID"), job["message_id"])

    def test_one_unknown_recipient_does_not_keep_the_mail_from_the_other(self):
        with World(route="cc = { nobody@contoso.com }") as world:
            world.sandbox.play("recipient-unknown:nobody@contoso.com")
            world.drop("a.pdf", pdf())
            job = world.wait_for_job(state="partial")
            states = {r["address"]: r["state"] for r in job["recipients"]}
            self.assertEqual(states, {"accounting@contoso.com": "sent", "nobody@contoso.com": "failed"})
            self.assertIn("nobody@contoso.com", job["attempts"][0]["summary"])  # who is meant, of the two
            self.assertEqual(len(world.sandbox.mails()), 1)

    def test_all_methods_shut_waits_and_goes_out_when_told(self):
        with World() as world:
            world.sandbox.play("ip-blocked", "auth-disabled")
            world.drop("a.pdf", pdf())
            job = world.wait_for_job(state="deferred")
            self.assertEqual({a["class"] for a in job["attempts"]}, {"ip_reputation", "auth_disabled"})
            self.assertEqual(world.sandbox.mails(), [])
            world.sandbox.play()
            world.daemon.send_signal(1)  # SIGHUP: what was down for signing in may be tried at once
            wait_until("submission is tried again", lambda: world.job(job["id"])["state"] != "deferred" or
                       world.method("submission")["state"] != "down")
            world.cli("retry", job["id"], expect=None)
            self.assertEqual(world.wait_for_job(job["id"])["method"], "submission")

    def test_throttled_goes_another_way_or_later(self):
        with World(tenant="methods = { direct }") as world:
            world.sandbox.play("mx/throttled")
            world.drop("a.pdf", pdf())
            job = world.wait_for_job(state="deferred")
            self.assertEqual(job["attempts"][0]["class"], "rate_limited")
            self.assertEqual(world.method("direct")["state"], "unproven")
            world.sandbox.play()
            self.assertEqual(world.wait_for_job(job["id"])["method"], "direct")

    def test_too_large_for_microsoft_fails_with_the_reason_and_a_note(self):
        with World() as world:
            world.sandbox.play("too-large:20000")
            world.drop("big.pdf", pdf(50_000))
            job = world.wait_for_job(state="failed")
            self.assertEqual({a["class"] for a in job["attempts"]}, {"too_large"})
            note = os.path.join(world.scans, "big.pdf.FAILED.txt")
            wait_until("the note is there", lambda: os.path.exists(note))
            with open(note) as f:
                self.assertIn("big.pdf", f.read())


class Transport(unittest.TestCase):
    def refused_for_tls(self, scenario):
        with World(tenant="methods = { submission }") as world:
            world.sandbox.play(scenario)
            world.drop("a.pdf", pdf())
            job = world.wait_for_job(state="deferred")
            self.assertEqual(job["attempts"][0]["class"], "tls")
            method = world.method("submission")
            self.assertEqual((method["state"], method["class"]), ("down", "tls"))
            self.assertEqual(world.sandbox.mails(), [])
            with open(os.path.join(world.root, "log"), errors="replace") as f:
                self.assertNotIn("Geheim", f.read())
            return job

    def test_no_starttls_says_nothing_in_clear(self):
        self.assertEqual(self.refused_for_tls("no-starttls")["attempts"][0]["stage"], "starttls")

    def test_expired_certificate(self):
        self.refused_for_tls("certificate:expired")

    def test_certificate_of_another_name(self):
        self.refused_for_tls("certificate:name")

    def test_certificate_of_an_unknown_authority(self):
        self.refused_for_tls("certificate:untrusted")

    def test_silence_at_the_banner_counts_as_network(self):
        with World(tenant="methods = { direct, submission }") as world:
            world.sandbox.play("mx/drop:banner")
            world.drop("a.pdf", pdf())
            job = world.wait_for_job()
            self.assertEqual([a["class"] for a in job["attempts"]][0], "network")
            self.assertEqual(job["method"], "submission")


class Speed(unittest.TestCase):
    def test_fallback_within_a_second(self):
        """Not a benchmark: the run continues at once instead of waiting for a retry, which would be 1 s at least."""
        with World(retry="first = 30s  max = 60s  expire = 1h") as world:
            world.sandbox.play("ip-blocked")
            job = world.wait_for_job(world.post([("a.pdf", pdf())]).json()["id"], seconds=20)
            refused, taken = job["attempts"]
            began = time.strptime(taken["started"][:19], "%Y-%m-%dT%H:%M:%S")
            ended = time.strptime(refused["started"][:19], "%Y-%m-%dT%H:%M:%S")
            self.assertLessEqual(time.mktime(began) - time.mktime(ended), 2)


if __name__ == "__main__":
    unittest.main()
