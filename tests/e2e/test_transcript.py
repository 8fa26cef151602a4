"""What is kept of the dialogue of an attempt: all of it, and never a secret, by whatever way a scan goes."""
import base64
import os
import unittest

from house import pdf
from test_oauth import CERTIFICATE, CONNECTOR, NEXT_SECRET, OAUTH, RELAY, SECRET, AppWorld

PASSWORD = """type = submission  host = {submission_host}  port = {submission_port}  ca-file = "{ca}"
    auth = password  username = {user}  password-file = "{password_file}" """
DIRECT = 'type = direct  port = {mx_port}  ca-file = "{ca}" '
GRAPH = """type = graph  host = {graph_host}  port = {graph_port}  ca-file = "{ca}"  username = {user}
    oauth-token-url = "{token_url}"  oauth-tenant = {oauth_tenant}  oauth-client-id = {oauth_client_id}  """


def secrets_of(world):
    """Every form in which a secret could stand somewhere."""
    facts, forms = world.sandbox.facts, []
    for name in ("password_file", "oauth_client_secret_file", "oauth_next_client_secret_file"):
        with open(facts[name], "rb") as f:
            secret = f.read().strip()
        forms += [secret, base64.b64encode(secret)]
    return forms + [b"eyJ", b"Bearer ", base64.b64encode(facts["user"].encode()), b"dXNlcj", b"client_assertion=",
                    b"authtoken"]


def everything_kept(world):
    """The database as it is on the disk, and the log."""
    kept = world.log_text().encode()
    for folder, _, names in os.walk(world.root):
        for name in names:
            if name.startswith("scanpost.db"):
                with open(os.path.join(folder, name), "rb") as f:
                    kept += f.read()
    return kept


class Transcript(unittest.TestCase):
    def sent(self, method, scenarios=(), size=2000, state="sent", to=None):
        """(the job, its transcript as shown) after a scan; secrets are looked for everywhere."""
        world = AppWorld(method, list(scenarios), gateway="log-level = debug")
        self.addCleanup(world.close)
        fields = (("route", "accounting"),) if to is None else (("to", to),)
        job = world.post([("a.pdf", pdf(size))], fields).json()
        job = world.wait_for_job(job["id"], state=state)
        shown = world.cli("show", job["id"], "--transcript").stdout
        kept = everything_kept(world)
        text = "".join(a["transcript"] for a in job["attempts"])
        for secret in secrets_of(world):
            self.assertNotIn(secret, text.encode())
            self.assertNotIn(secret, shown.encode())
            self.assertNotIn(secret, kept)
        self.assertNotIn("%PDF", text)
        self.assertLess(len(text), 8192 * len(job["attempts"]))
        return text, shown

    def test_direct(self):
        text, shown = self.sent(DIRECT)
        for line in ("C: EHLO ", "C: STARTTLS", "-- TLSv1.3", "C: MAIL FROM:<", "C: RCPT TO:<", " octets of message)",
                     "S: 250 2.6.0 "):
            self.assertIn(line, text)
            self.assertIn(line, shown)
        self.assertEqual(text.count("PIPELINING"), 1)
        self.assertLess(len(text), 2000)

    def test_relay_by_certificate(self):
        text, _ = self.sent(RELAY + CONNECTOR)
        self.assertIn("S: 250 ", text)

    def test_submission_by_password(self):
        text, _ = self.sent(PASSWORD)
        self.assertIn("C: AUTH LOGIN (user name)\n", text)
        self.assertIn("C: (secret)\n", text)
        self.assertIn("S: 235 ", text)

    def test_submission_by_password_that_is_refused(self):
        text, _ = self.sent(PASSWORD, ["auth-failed"], state="deferred")
        self.assertIn("S: 535 5.7.139 ", text)

    def test_submission_by_token(self):
        for proof, name in ((SECRET, "secret"), (CERTIFICATE, "certificate")):
            with self.subTest(proof=name):
                text, _ = self.sent(OAUTH + proof)
                self.assertIn(f"by the {name})\n", text)
                self.assertIn("S: 200 a token for ", text)
                self.assertIn("C: AUTH XOAUTH2", text)

    def test_submission_by_token_that_is_refused(self):
        text, _ = self.sent(OAUTH + SECRET, ["auth-failed"], state="deferred")
        self.assertEqual(text.count("S: 535 "), 2)
        self.assertIn("-- again, with another proof of who we are\n", text)

    def test_secret_that_expired(self):
        text, _ = self.sent(OAUTH + SECRET + NEXT_SECRET, ["secret-expired"])
        self.assertIn("S: 401 AADSTS7000222", text)
        self.assertIn("by the next secret)\n", text)

    def test_graph(self):
        text, _ = self.sent(GRAPH + SECRET)
        self.assertIn("/sendMail (", text)
        self.assertIn("S: 202", text)

    def test_graph_with_an_upload_session(self):
        text, _ = self.sent(GRAPH + CERTIFICATE, size=9_000_000)
        self.assertIn("C: PUT (the upload session), bytes 0-", text)

    def test_graph_that_refuses(self):
        text, _ = self.sent(GRAPH + SECRET, ["sender-denied"], state="deferred")
        self.assertIn("S: 403 ErrorSendAsDenied", text)

    def test_what_broke_before_a_word_was_said(self):
        text, _ = self.sent(DIRECT + " enabled = yes host = nowhere.invalid", state="deferred")
        self.assertIn("-- ", text)
        self.assertIn("nowhere.invalid", text)


if __name__ == "__main__":
    unittest.main()
