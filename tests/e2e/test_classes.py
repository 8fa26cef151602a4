"""Every class of trouble once: what becomes of the job, the recipient, the method, and who is told."""
import time
import unittest

from house import World, pdf, wait_until
from test_notices import Hook

BOTH, ALONE = "methods = { direct, submission }", "methods = { submission }"
TO = "accounting@contoso.com"

# scenario, order, class of the first attempt, state of the job, method that delivered, state of the first method, notice
ROWS = [
    ("ip-blocked", BOTH, "ip_reputation", "sent", "submission", "down", "method_down"),
    ("spamhaus", BOTH, "ip_reputation", "sent", "submission", "down", "method_down"),
    ("ip-rate-limited", BOTH, "ip_reputation", "sent", "submission", "down", "method_down"),
    ("direct-rejected", BOTH, "direct_send_rejected", "sent", "submission", "down", "method_down"),
    ("mx/wrong-region", BOTH, "not_attributed", "sent", "submission", "down", "method_down"),
    ("sender-authentication", BOTH, "sender_authentication", "sent", "submission", "down", "method_down"),
    ("mx/no-starttls", BOTH, "tls", "sent", "submission", "down", "method_down"),
    ("mx/old-tls", BOTH, "tls", "sent", "submission", "down", "method_down"),
    ("mx/drop:banner", BOTH, "network", "sent", "submission", "unproven", None),
    ("mx/throttled", BOTH, "rate_limited", "sent", "submission", "unproven", None),
    ("mx/busy", BOTH, "busy", "sent", "submission", "unproven", None),
    ("mx/spam", BOTH, "spam_content", "sent", "submission", "unproven", None),
    ("mx/too-large:1000", BOTH, "too_large", "sent", "submission", "unproven", None),
    ("mx/malformed", BOTH, "protocol", "sent", "submission", "unproven", None),
    ("mx/other", BOTH, "other", "sent", "submission", "unproven", None),
    (f"recipient-auth-required:{TO}", BOTH, "recipient_refused", "sent", "submission", "unproven", None),
    (f"recipient-unknown:{TO}", BOTH, "recipient_unknown", "failed", None, "unproven", "job_failed"),
    (f"quota:{TO}", BOTH, "quota", "failed", None, "unproven", "job_failed"),
    ("auth-disabled", ALONE, "auth_disabled", "deferred", None, "down", "method_down"),
    ("auth-failed", ALONE, "auth_failed", "deferred", None, "down", "method_down"),
    ("logon-failed", ALONE, "auth_failed", "deferred", None, "down", "method_down"),
    ("auth-required", ALONE, "auth_required", "deferred", None, "down", "method_down"),
    ("basic-auth-retired", ALONE, "basic_auth_retired", "deferred", None, "down", "method_down"),
    ("sender-denied", ALONE, "sender_denied", "deferred", None, "down", "method_down"),
    ("submission/throttled", ALONE, "rate_limited", "deferred", None, "unproven", None),
    ("submission/busy", ALONE, "busy", "deferred", None, "unproven", None),
    ("submission/spam", ALONE, "spam_content", "failed", None, "unproven", "job_failed"),
    ("submission/too-large:1000", ALONE, "too_large", "failed", None, "unproven", "job_failed"),
    ("submission/malformed", ALONE, "protocol", "held", None, "unproven", "job_held"),
    ("submission/other", ALONE, "other", "held", None, "unproven", "job_held"),
]


class Classes(unittest.TestCase):
    def play(self, hook, scenario, order, class_, state, by, method_state, notice):
        with World(start=False, tenant=order, retry="first = 60s  max = 60s  expire = 1h") as world:
            world.write_config(extra=f'notify {{ webhook = "{hook.url}"  every = 1s }}')
            world.start()
            world.sandbox.play(scenario)
            job_id = world.post([("a.pdf", pdf(5000))]).json()["id"]
            job = world.wait_for_job(job_id, state, seconds=30)
            first = job["attempts"][0]
            self.assertEqual(first["class"], class_)
            self.assertTrue(first["summary"])
            self.assertEqual(job["recipients"][0]["state"],
                             {"sent": "sent", "failed": "failed"}.get(state, "waiting"))
            if by:
                self.assertEqual(job["method"], by)
            self.assertEqual(len(world.sandbox.mails()), 1 if state == "sent" else 0)
            method = world.method(first["method"])
            self.assertEqual(method["state"], method_state)
            if method_state == "down":
                self.assertEqual(method["class"], class_)
                self.assertTrue(method["fix"] and method["retry_at"])
            if notice:
                wait_until(f"{notice} is told", lambda: any(n["kind"] == notice for n in hook.notices()), 10)
            else:
                time.sleep(0.3)
                self.assertEqual([n["kind"] for n in hook.notices()], [])

    def test_each_class(self):
        for row in ROWS:
            with self.subTest(scenario=row[0]):
                hook = Hook()
                try:
                    self.play(hook, *row)
                finally:
                    hook.shutdown()
                    hook.server_close()


if __name__ == "__main__":
    unittest.main()
