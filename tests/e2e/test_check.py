"""scanpost check: what it finds when all is well and when it is not, the test mail, and a method brought back by it."""
import json
import unittest

from house import World, header, pdf, wait_until

CHECK_TO = "notify { check-to = accounting@contoso.com }"


def step(check, title):
    return next(s for s in check["steps"] if s["title"] == title)


def failures(check):
    return [s for s in check["steps"] if s["outcome"] == "failed"]


class Checks(unittest.TestCase):
    def setUp(self):
        self.world = World(extra=CHECK_TO)
        self.addCleanup(self.world.close)

    def check(self, method, *options, expect):
        """The one check of a method, as JSON."""
        answer = json.loads(self.world.cli("--json", "check", method, *options, expect=expect).stdout)
        (check,) = answer["checks"]
        self.assertEqual((check["state"], check["method"]), ("done", method))
        return check


class WhatItFinds(Checks):
    def test_all_is_well(self):
        out = self.world.cli("check").stdout
        for words in ("contoso-com.mail.protection.outlook.com (127.0.0.1)", "Signed in as scanner@contoso.com",
                      "TLSv1.3", "sees this office as 127.0.0.1", "clock agrees", "for accounting@contoso.com",
                      "=> direct works as far as can be known", "=> submission works as far as can be known",
                      # nothing is proven: who is not signed for comes last
                      "recommended order: submission, direct"):
            self.assertIn(words, out)
        self.assertEqual(self.world.sandbox.mails(), [])
        method = self.world.method("direct")
        self.assertEqual((method["state"], method["check_outcome"], method["proven_at"]), ("unproven", "ok", None))
        self.assertIsNotNone(method["checked"])

    def test_blocked_address(self):
        self.world.sandbox.play("ip-blocked")
        out = self.world.cli("check", expect=1).stdout
        for words in ("FAILED  Recipient", "550 5.7.606", "=> direct does not work", "=> submission works",
                      "recommended order: submission."):
            self.assertIn(words, out)
        check = self.check("direct", expect=1)
        (failed,) = failures(check)
        self.assertEqual((failed["stage"], check["result"]), ("rcpt", "failed"))
        self.assertIn("127.0.0.1", failed["fix"])
        method = self.world.method("direct")
        self.assertEqual((method["state"], method["class"], method["check_outcome"]),
                         ("down", "ip_reputation", "failed"))

    def test_without_starttls_nothing_goes_on_in_clear(self):
        self.world.sandbox.play("no-starttls")
        (failed,) = failures(self.check("submission", expect=1))
        self.assertEqual(failed["stage"], "starttls")
        self.assertNotIn("Geheim", self.world.log_text())

    def test_password_sign_in_is_switched_off(self):
        self.world.sandbox.play("auth-disabled")
        check = self.check("submission", expect=1)
        (failed,) = failures(check)
        self.assertEqual(failed["stage"], "auth")
        self.assertIn("535 5.7.139", failed["reply"])
        self.assertIn("SmtpClientAuthenticationDisabled", failed["fix"])
        self.assertEqual(step(check, "Connection")["outcome"], "ok")

    def test_certificate_of_another_name(self):
        self.world.sandbox.play("certificate:name")
        (failed,) = failures(self.check("submission", expect=1))
        self.assertEqual(failed["stage"], "tls")

    def test_mail_exchanger_of_somebody_else(self):
        self.world.sandbox.play("mx-foreign")
        (failed,) = failures(self.check("direct", expect=1))
        self.assertEqual(failed["stage"], "dns")
        self.assertIn("mailgateway.example.net", failed["reply"])

    def test_silence_ends(self):
        self.world.sandbox.play("mx/drop:banner")
        (failed,) = failures(self.check("direct", expect=1))
        self.assertEqual(failed["stage"], "banner")


class TheOfficesAddress(Checks):
    def test_spf_covers_it_and_no_list_knows_it(self):
        check = self.check("direct", expect=0)
        self.assertEqual(step(check, "SPF")["outcome"], "ok")
        self.assertEqual(step(check, "Block lists")["outcome"], "ok")

    def test_spf_does_not_name_it(self):
        self.world.sandbox.play("spf:v=spf1 include:spf.protection.outlook.com -all")
        check = self.check("direct", expect=0)
        self.assertEqual(step(check, "SPF")["outcome"], "unproven")
        self.assertIn("ip4:127.0.0.1", step(check, "SPF")["fix"])

    def test_a_list_knows_it(self):
        self.world.sandbox.play("dnsbl-listed")
        listed = step(self.check("direct", expect=0), "Block lists")
        self.assertEqual(listed["outcome"], "unproven")
        self.assertIn("zen.spamhaus.org lists 127.0.0.1", listed["text"])

    def test_lists_are_not_asked_when_switched_off(self):
        self.world.stop()
        self.world.write_config(gateway="dnsbl = no")
        self.world.start()
        self.assertNotIn("Block lists", [s["title"] for s in self.check("direct", expect=0)["steps"]])


class Applications(Checks):
    """Methods that sign in as an application: Graph, and submission with a token."""

    def setUp(self):
        self.world = World(start=False, extra=CHECK_TO)
        self.addCleanup(self.world.close)
        facts = self.world.sandbox.facts
        app = f"""username = scanner@contoso.com  oauth-tenant = {facts['oauth_tenant']}
            oauth-client-id = {facts['oauth_client_id']}
            oauth-client-secret-file = "{facts['oauth_client_secret_file']}"  oauth-token-url = "{facts['token_url']}"
            ca-file = "{facts['ca']}" """
        self.world.write_config(extra=f"""{CHECK_TO}
            method graph {{ host = {facts['graph_host']}  port = {facts['graph_port']}  {app} }}
            method modern {{ type = submission  host = {facts['submission_host']}
                port = {facts['submission_port']}  {app} }}""")
        self.world.start()

    def test_token_and_roles_are_told(self):
        check = self.check("modern", expect=0)
        self.assertIn(self.world.sandbox.facts["oauth_client_id"], step(check, "Token")["text"])
        self.assertEqual(step(check, "Permission")["outcome"], "ok")
        self.assertEqual(step(check, "Sign-in")["outcome"], "ok")
        check = self.check("graph", expect=0)
        self.assertEqual(step(check, "Mailbox")["outcome"], "ok")
        self.assertEqual(step(check, "Clock")["outcome"], "ok")
        self.assertEqual(self.world.sandbox.mails(), [])

    def test_a_token_without_roles_is_a_hint(self):
        self.world.sandbox.play("no-roles")
        self.assertEqual(step(self.check("modern", expect=0), "Permission")["outcome"], "unproven")

    def test_an_expired_secret(self):
        self.world.sandbox.play("secret-wrong")
        for name in ("graph", "modern"):
            (failed,) = failures(self.check(name, expect=1))
            self.assertEqual(failed["stage"], "token")
            self.assertIn("AADSTS7000215", failed["reply"])

    def test_graph_that_does_not_know_the_mailbox(self):
        self.world.sandbox.play("invalid-user")
        (failed,) = failures(self.check("graph", expect=1))
        self.assertEqual(failed["stage"], "api")

    def test_graph_that_may_not_look_proves_nothing(self):
        self.world.sandbox.play("access-denied", "no-roles")
        check = self.check("graph", expect=0)
        self.assertEqual(step(check, "Mailbox")["outcome"], "unproven")
        self.assertEqual(self.world.method("graph")["state"], "unproven")

    def test_a_clock_that_is_wrong(self):
        self.world.sandbox.play("graph/clock:-600")
        check = self.check("graph", expect=1)  # the token is not valid yet over there
        self.assertEqual(step(check, "Clock")["outcome"], "unproven")
        self.assertIn("600 s ahead of", step(check, "Clock")["text"])

    def test_a_test_mail_by_graph(self):
        self.check("graph", "--send", "it@contoso.com", expect=0)
        ((_, mail),) = self.world.sandbox.mails()
        self.assertIn("scanpost test by graph", header(mail, "Subject"))


class WhatItDoes(Checks):
    def test_test_mail_arrives_and_proves_the_method(self):
        check = self.check("direct", "--send", "it@contoso.com", expect=0)
        self.assertEqual(step(check, "Test mail")["outcome"], "ok")
        ((facts, mail),) = self.world.sandbox.mails()
        self.assertEqual(facts["rcpts"], ["it@contoso.com"])
        self.assertIn("scanpost test by direct", header(mail, "Subject"))
        method = self.world.method("direct")
        self.assertEqual(method["state"], "up")
        self.assertIsNotNone(method["proven_at"])
        self.assertIn("recommended order: direct, submission", self.world.cli("check").stdout)

    def test_test_mail_that_is_refused_fails_the_check(self):
        self.world.sandbox.play("sender-denied")
        self.assertEqual(self.check("submission", expect=0)["result"], "ok")  # shows only when a mail is handed over
        check = self.check("submission", "--send", "it@contoso.com", expect=1)
        (failed,) = failures(check)
        self.assertEqual(failed["stage"], "message")
        self.assertEqual(self.world.method("submission")["class"], "sender_denied")

    def test_a_method_that_was_down_comes_back_and_jobs_go(self):
        world = self.world
        world.write_config(tenant="methods = { submission }")
        world.stop()
        world.start()
        world.sandbox.play("auth-disabled")
        world.drop("a.pdf", pdf())
        job = world.wait_for_job(state="deferred")
        self.assertEqual(world.method("submission")["state"], "down")
        self.check("submission", expect=1)
        world.sandbox.play()
        self.check("submission", expect=0)
        self.assertEqual(world.wait_for_job(job["id"], seconds=20)["method"], "submission")
        self.assertEqual(world.method("submission")["state"], "up")


class Asking(Checks):
    def test_what_cannot_be_checked_is_said(self):
        world = self.world
        self.assertIn("no method 'fax'", world.cli("check", "fax", expect=1).stderr)
        self.assertIn("no e-mail address", world.cli("check", "--send", "nobody", expect=2).stderr)
        self.assertEqual(world.ask("POST", "/api/v1/methods/fax/check").status, 404)
        self.assertEqual(world.ask("GET", "/api/v1/checks/01M85XRQFKZW2PF4FPKQ3HXV60").status, 404)
        bad = world.ask("POST", "/api/v1/methods/direct/check", json.dumps({"send": "nobody"}),
                        {"Content-Type": "application/json"})
        self.assertEqual(bad.status, 400)

    def test_over_http(self):
        world = self.world
        asked = world.ask("POST", "/api/v1/methods/direct/check")
        self.assertEqual(asked.status, 202)
        where = asked.headers["Location"]
        done = wait_until("the check is done", lambda: (lambda c: c if c["state"] == "done" else None)(
            world.ask("GET", where).json()))
        self.assertEqual(done["result"], "ok")

    def test_a_check_that_hangs_ends_with_the_sender_and_is_not_begun_again(self):
        world = self.world
        world.sandbox.play("submission/hang:banner")
        where = world.ask("POST", "/api/v1/methods/submission/check").headers["Location"]
        wait_until("the check runs", lambda: world.ask("GET", where).json()["steps"])
        world.kill(world.children()["sender"])
        check = wait_until("the check is done", lambda: (lambda c: c if c["state"] == "done" else None)(
            world.ask("GET", where).json()))
        self.assertEqual(check["result"], "interrupted")
        where = world.ask("POST", "/api/v1/methods/submission/check").headers["Location"]
        wait_until("the next one runs", lambda: world.ask("GET", where).json()["steps"])
        status, seconds = world.stop()
        self.assertEqual(status, 0)
        self.assertLess(seconds, 10)

    def test_without_a_daemon(self):
        self.world.stop()
        self.assertIn("scanpostd is not running", self.world.cli("check", expect=1).stderr)


if __name__ == "__main__":
    unittest.main()
