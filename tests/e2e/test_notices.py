"""People are told: by mail through a method that works, by webhook and command; bundled, and once."""
import http.server
import json
import os
import threading
import time
import unittest

from house import World, attachments, header, pdf, wait_until


class Hook(http.server.ThreadingHTTPServer):
    """A webhook on loopback that keeps what it was told."""

    def __init__(self):
        told = self.told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook?key=secret"

    def notices(self):
        return [n for t in self.told for n in t["notices"]]


def notices(world):
    return [m for _, m in world.sandbox.mails() if "scanpost on" in header(m, "Subject")]


def text_of(mail):
    import email
    import email.policy
    return email.message_from_bytes(mail, policy=email.policy.default).get_content()


def content_of(path):
    if not os.path.exists(path):
        return ""
    with open(path) as f:
        return f.read()


class Telling(unittest.TestCase):
    def test_method_down_is_mailed_by_the_one_that_works(self):
        with World(extra="notify { to = { it@contoso.com }  every = 1s }") as world:
            world.sandbox.play("ip-blocked")
            world.drop("a.pdf", pdf())
            mail = wait_until("the admin is told", lambda: notices(world))[0]
            self.assertIn("direct is down", header(mail, "Subject"))
            self.assertEqual(header(mail, "To"), "it@contoso.com")
            self.assertIn("sender.office.com", text_of(mail))
            self.assertEqual(attachments(mail), [])
            job = wait_until("it is in the history", lambda: world.jobs("&source=notice"))[0]
            self.assertEqual(world.wait_for_job(job["id"])["method"], "submission")
            world.drop("b.pdf", pdf())
            time.sleep(3)
            self.assertEqual(len(notices(world)), 1, "told twice")

    def test_failed_scans_are_told_together_and_none_twice(self):
        with World(extra="notify { to = { it@contoso.com }  every = 4s }", tenant="methods = { submission }") as world:
            world.sandbox.play("recipient-unknown:nobody@contoso.com")
            ids = [world.post([(f"{i}.pdf", pdf())], [("to", "nobody@contoso.com")]).json()["id"] for i in range(6)]
            for i in ids:
                world.wait_for_job(i, "failed")
            wait_until("all are told", lambda: sum(text_of(m).count("scanpost show") for m in notices(world)) == 6)
            self.assertLessEqual(len(notices(world)), 3)
            time.sleep(5)
            self.assertEqual(sum(text_of(m).count("scanpost show") for m in notices(world)), 6)

    def test_webhook_and_command_when_no_mail_can_leave(self):
        hook = Hook()
        try:
            with World(start=False) as world:
                written = os.path.join(world.root, "told.json")
                world.write_config(extra=f"notify {{ webhook = \"{hook.url}\"  command = \"cat >> {written}\"  every = 1s }}")
                world.start()
                world.sandbox.play("ip-blocked", "auth-disabled")
                world.drop("a.pdf", pdf())
                wait_until("the webhook is told of both", lambda: {n["about"] for n in hook.notices()} >=
                           {"direct", "submission"})
                kinds = {n["about"]: n["kind"] for n in hook.notices()}
                self.assertEqual((kinds["direct"], kinds["submission"]), ("method_down", "method_down"))
                wait_until("the command is told too", lambda: "submission" in content_of(written))
                self.assertNotIn("key=secret", world.log_text())
                world.sandbox.play("ip-blocked")
                world.daemon.send_signal(1)
                wait_until("its coming back is told", lambda: any(n["kind"] == "method_up" for n in hook.notices()))
        finally:
            hook.shutdown()
            hook.server_close()

    def test_scans_that_wait_for_long_are_told_once(self):
        hook = Hook()
        try:
            with World(start=False, tenant="methods = { submission }") as world:
                world.write_config(extra=f"notify {{ webhook = \"{hook.url}\"  every = 1s  late-after = 2s }}")
                world.start()
                world.sandbox.play("auth-disabled")
                world.drop("a.pdf", pdf())
                wait_until("lateness is told", lambda: any(n["kind"] == "late" for n in hook.notices()))
                time.sleep(4)
                self.assertEqual([n["kind"] for n in hook.notices()].count("late"), 1)
        finally:
            hook.shutdown()
            hook.server_close()

    def test_secret_that_ends_soon_is_told(self):
        hook = Hook()
        try:
            with World(start=False) as world:
                day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 6 * 86400))
                secret = os.path.join(world.root, "oauth.secret")
                with open(secret, "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
                    f.write("x\n")
                world.write_config(extra=f"""notify {{ webhook = "{hook.url}"  every = 1s }}
method office {{ type = submission  username = scanner@contoso.com  auth = oauth2  oauth-tenant = contoso.com
    oauth-client-id = "11111111-2222-3333-4444-555555555555"  oauth-client-secret-file = "{secret}"
    oauth-client-secret-expires = {day} }}""")
                world.start()
                notice = wait_until("it is told", lambda: [n for n in hook.notices() if n["kind"] == "expires"])[0]
                self.assertEqual(notice["about"], "office")
                self.assertRegex(notice["headline"], "ends in [56] days")
        finally:
            hook.shutdown()
            hook.server_close()


if __name__ == "__main__":
    unittest.main()
