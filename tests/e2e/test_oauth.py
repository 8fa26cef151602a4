"""Signing in as an application, by secret and by certificate, and relay by the certificate a connector knows."""
import json
import os
import signal
import socket
import threading
import time
import unittest

from house import World, attachments, pdf, wait_until

EXTERNAL = "somebody@fabrikam.com"


class AppWorld(World):
    """One method that the test writes, {name} of the sandbox's facts put in."""

    def __init__(self, method, scenarios=(), tenant="", route="", sandbox_options=(), gateway=""):
        super().__init__(tenant=f"methods = {{ tested }}  {tenant}", route=route, sandbox_options=sandbox_options,
                         gateway=gateway, start=False)
        self.tested(method)
        if scenarios:
            self.sandbox.play(*scenarios)
        self.start()

    def tested(self, method):
        self.write_config(extra="method tested { " + method.format(**self.sandbox.facts) + " }")

    def stats(self):
        with open(self.sandbox.facts["stats"]) as f:
            return json.load(f)


OAUTH = """type = submission  host = {submission_host}  port = {submission_port}  ca-file = "{ca}"
    auth = oauth2  username = {user}  oauth-token-url = "{token_url}"  oauth-tenant = {oauth_tenant}
    oauth-client-id = {oauth_client_id}  """
SECRET = 'oauth-client-secret-file = "{oauth_client_secret_file}"  '
NEXT_SECRET = 'next-oauth-client-secret-file = "{oauth_next_client_secret_file}"  '
CERTIFICATE = 'oauth-certificate = "{oauth_certificate}"  oauth-key = "{oauth_key}"  '
NEXT_CERTIFICATE = 'next-oauth-certificate = "{oauth_next_certificate}"  next-oauth-key = "{oauth_next_key}"  '
RELAY = 'type = relay  port = {mx_port}  ca-file = "{ca}"  '
CONNECTOR = 'client-certificate = "{relay_certificate}"  client-key = "{relay_key}"  '


class Proxy:
    """An office's web proxy: CONNECT, to this machine whatever name is asked for, or a refusal."""

    def __init__(self, refusal=None):
        self.asked, self.refusal = [], refusal
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        try:
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()
        except OSError:
            pass

    def serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(4096)
                if not piece:
                    return
                head += piece
            self.asked.append(head.split(b"\r\n")[0].decode())
            if self.refusal:
                client.sendall(f"HTTP/1.1 {self.refusal}\r\nContent-Length: 0\r\n\r\n".encode())
                return
            with socket.create_connection(("127.0.0.1", int(self.asked[-1].split()[1].split(":")[1]))) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
                back.start()
                self.copy(client, server)
                back.join()

    @staticmethod
    def copy(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.listener.close()


def text_of(path):
    with open(path) as f:
        return f.read().strip()


def attempt_of(job):
    return job["attempts"][-1]


class ByOAuth(unittest.TestCase):
    def test_secret_signs_in_and_one_token_serves_all(self):
        with AppWorld(OAUTH + SECRET) as world:
            contents = [pdf(20_000 + i) for i in range(8)]
            for i, content in enumerate(contents):
                world.drop(f"{i}.pdf", content)
            wait_until("all are sent", lambda: [j["state"] for j in world.jobs()] == ["sent"] * 8)
            self.assertEqual(sorted(attachments(m)[0][1] for _, m in world.sandbox.mails()), sorted(contents))
            self.assertEqual(world.stats()["token"]["by_secret"], 1)
            job = world.job(world.jobs()[0]["id"])
            self.assertEqual((job["method"], attempt_of(job)["outcome"]), ("tested", "accepted"))
            self.assertNotIn(text_of(world.sandbox.facts["oauth_client_secret_file"]), world.log_text())
            self.assertNotIn("eyJ", world.log_text())

    def test_certificate_signs_in(self):
        with AppWorld(OAUTH + CERTIFICATE) as world:
            world.drop("a.pdf", pdf())
            world.wait_for_job()
            stats = world.stats()["token"]
            self.assertEqual((stats["by_certificate"], stats["refused"]), (1, 0))

    def test_token_that_expires_in_the_middle_is_renewed(self):
        with AppWorld(OAUTH + SECRET, ["token-lifetime:2"]) as world:
            for i in range(4):
                world.drop(f"{i}.pdf", pdf())
                world.wait_for_job()
                wait_until("it has gone", lambda: not world.waiting_files())
                time.sleep(1.2)
            self.assertEqual([j["state"] for j in world.jobs()], ["sent"] * 4)
            self.assertTrue(all(len(world.job(j["id"])["attempts"]) == 1 for j in world.jobs()))

    def test_expired_secret_waits_for_a_new_one(self):
        with AppWorld(OAUTH + SECRET, ["secret-expired"]) as world:
            job = world.post([("a.pdf", pdf())]).json()
            job = world.wait_for_job(job["id"], state="deferred")
            told = attempt_of(job)
            self.assertEqual((told["stage"], told["class"], told["code"]), ("token", "auth_failed", 401))
            self.assertIn("AADSTS7000222", told["reply"])
            self.assertIn("expired", told["summary"])
            method = world.method("tested")
            self.assertEqual((method["state"], method["class"], method["cause"]),
                             ("down", "auth_failed", "secret_expired"))
            self.assertEqual(world.sandbox.mails(), [])
            other = world.post([("b.pdf", pdf())]).json()
            world.wait_for_job(other["id"], state="deferred")
            facts = world.sandbox.facts
            new = os.path.join(world.root, "new-secret")
            with open(new, "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
                f.write(text_of(facts["oauth_next_client_secret_file"]))
            world.tested(OAUTH + f'oauth-client-secret-file = "{new}"')
            world.daemon.send_signal(signal.SIGHUP)
            for one in (job, other):
                self.assertEqual(world.wait_for_job(one["id"])["method"], "tested")
            self.assertEqual(world.method("tested")["state"], "up")

    def test_next_secret_takes_over_by_itself(self):
        with AppWorld(OAUTH + SECRET + NEXT_SECRET, ["secret-expired"]) as world:
            world.drop("a.pdf", pdf())
            job = world.wait_for_job()
            self.assertEqual([a["outcome"] for a in job["attempts"]], ["accepted"])
            stats = world.stats()["token"]
            self.assertEqual((stats["refused"], stats["by_secret"]), (1, 1))
            self.assertIn("the next one works", world.log_text())

    def test_next_certificate_takes_over_by_itself(self):
        with AppWorld(OAUTH + CERTIFICATE + NEXT_CERTIFICATE, ["certificate-expired"]) as world:
            world.drop("a.pdf", pdf())
            job = world.wait_for_job()
            self.assertEqual([a["outcome"] for a in job["attempts"]], ["accepted"])

    def test_refused_token_is_fetched_anew_once_before_it_counts(self):
        with AppWorld(OAUTH + SECRET, ["auth-failed"]) as world:
            job = world.post([("a.pdf", pdf())]).json()
            job = world.wait_for_job(job["id"], state="deferred")
            self.assertEqual((attempt_of(job)["stage"], attempt_of(job)["class"]), ("auth", "auth_failed"))
            self.assertEqual(len(job["attempts"]), 1)
            self.assertEqual(world.stats()["token"]["by_secret"], 2)

    def test_what_entra_says_is_told(self):
        for scenario, number, cause in (("app-missing", "AADSTS700016", "app_missing"),
                                        ("tenant-unknown", "AADSTS90002", "tenant_unknown")):
            with self.subTest(scenario), AppWorld(OAUTH + SECRET, [scenario]) as world:
                job = world.post([("a.pdf", pdf())]).json()
                job = world.wait_for_job(job["id"], state="deferred")
                self.assertIn(number, attempt_of(job)["reply"])
                self.assertEqual(world.method("tested")["cause"], cause)

    def test_certificate_of_the_endpoint_is_checked_before_a_secret_is_said(self):
        with AppWorld(OAUTH + SECRET, ["token/certificate:untrusted"]) as world:
            job = world.post([("a.pdf", pdf())]).json()
            job = world.wait_for_job(job["id"], state="deferred")
            self.assertEqual((attempt_of(job)["stage"], attempt_of(job)["class"]), ("token", "tls"))
            self.assertEqual(world.stats()["token"]["refused"], 0)


    def test_proxy_is_used_for_tokens(self):
        with Proxy() as proxy:
            with AppWorld(OAUTH + SECRET, gateway=f'proxy = "http://127.0.0.1:{proxy.port}"') as world:
                world.drop("a.pdf", pdf())
                world.wait_for_job()
                facts = world.sandbox.facts
                self.assertEqual(proxy.asked, [f"CONNECT {facts['login_host']}:{facts['login_port']} HTTP/1.1"])

    def test_proxy_that_wants_a_password_is_named(self):
        with Proxy("407 Proxy Authentication Required") as proxy:
            with AppWorld(OAUTH + SECRET, gateway=f'proxy = "http://127.0.0.1:{proxy.port}"') as world:
                job = world.post([("a.pdf", pdf())]).json()
                told = attempt_of(world.wait_for_job(job["id"], state="deferred"))
                self.assertEqual((told["stage"], told["class"]), ("token", "network"))
                self.assertIn("proxy", told["summary"])


class ByPassword(unittest.TestCase):
    def test_next_password_takes_over_by_itself(self):
        with World(tenant="methods = { submission }", start=False) as world:
            wrong = os.path.join(world.root, "wrong-password")
            with open(wrong, "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
                f.write("not-it\n")
            good = world.sandbox.password_file
            world.sandbox.password_file = wrong
            world.write_config(submission=f'next-password-file = "{good}"')
            world.start()
            world.drop("a.pdf", pdf())
            job = world.wait_for_job()
            self.assertEqual([a["outcome"] for a in job["attempts"]], ["accepted"])


class ByRelay(unittest.TestCase):
    def test_certificate_reaches_everybody(self):
        with AppWorld(RELAY + CONNECTOR, route=f"allow-external = yes  cc = {{ {EXTERNAL} }}") as world:
            content = pdf(30_000)
            world.drop("a.pdf", content)
            job = world.wait_for_job()
            self.assertEqual({r["state"] for r in job["recipients"]}, {"sent"})
            self.assertEqual(attachments(world.sandbox.mails()[0][1])[0][1], content)
            self.assertEqual(world.stats()["mx"]["relayed"], 1)

    def test_address_known_to_a_connector_is_enough(self):
        with AppWorld(RELAY, ["connector-ip"], route=f"allow-external = yes  cc = {{ {EXTERNAL} }}") as world:
            world.drop("a.pdf", pdf())
            self.assertEqual({r["state"] for r in world.wait_for_job()["recipients"]}, {"sent"})

    def test_next_certificate_takes_over_by_itself(self):
        strange = 'client-certificate = "{oauth_certificate}"  client-key = "{oauth_key}"  '
        successor = 'next-client-certificate = "{relay_certificate}"  next-client-key = "{relay_key}"  '
        with AppWorld(RELAY + strange + successor, route=f"allow-external = yes  cc = {{ {EXTERNAL} }}") as world:
            world.drop("a.pdf", pdf())
            job = world.wait_for_job()
            # Whoever is inside is reached without a connector, so nothing was refused for the first certificate there.
            self.assertEqual({a["outcome"] for a in job["attempts"]}, {"accepted"})
            self.assertEqual({r["state"] for r in job["recipients"]}, {"sent"})
            self.assertIn("trying the next one", world.log_text())
            self.assertEqual(world.method("tested")["state"], "up")

    def test_stranger_is_told_what_is_missing(self):
        with AppWorld(RELAY + CONNECTOR, ["not-attributed"]) as world:
            job = world.post([("a.pdf", pdf())]).json()
            job = world.wait_for_job(job["id"], state="deferred")
            self.assertEqual(attempt_of(job)["class"], "not_attributed")
            self.assertEqual(world.method("tested")["state"], "down")

    def test_foreign_mail_exchanger_is_passed_by(self):
        with AppWorld(RELAY + CONNECTOR, ["mx-foreign"]) as world:
            job = world.post([("a.pdf", pdf())]).json()
            job = world.wait_for_job(job["id"], state="deferred")
            self.assertEqual(attempt_of(job)["stage"], "dns")
            self.assertIn("not Microsoft's", attempt_of(job)["reply"])
        with AppWorld(RELAY + CONNECTOR, ["mx-foreign"], tenant="onmicrosoft = contoso.onmicrosoft.com") as world:
            world.drop("a.pdf", pdf())
            self.assertEqual(attempt_of(world.wait_for_job())["outcome"], "accepted")
            self.assertIn("which is not Microsoft's", world.log_text())


if __name__ == "__main__":
    unittest.main()
