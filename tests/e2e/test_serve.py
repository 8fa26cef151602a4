"""What the page stands on: live events, sources and refusals, who did what, the first user, HTTPS."""
import http.client
import json
import os
import re
import signal
import ssl
import unittest

from house import UnixConnection, World, pdf, wait_until
from web import Browser, Events, PASSWORD, add_user, own_ca, signed_in


def local_events(world):
    return Events(UnixConnection(os.path.join(world.run_dir, "scanpost.sock")))


def gateway_threads(world):
    return len(os.listdir(f"/proc/{world.children()['gateway']}/task"))


class Live(unittest.TestCase):
    def test_a_scan_is_seen_from_its_coming_to_its_going(self):
        with World() as world:
            events = local_events(world)
            self.assertEqual(events.status, 200)
            self.assertEqual(events.response.headers["Content-Type"], "text/event-stream")
            first = world.post([("a.pdf", pdf())]).json()["id"]
            wait_until("the listener hears", lambda: heard_of(events, world, first))
            job = world.post([("b.pdf", pdf())]).json()["id"]
            events.until(lambda kind, data: kind == "job" and data == {"id": job, "state": "sent"})
            events.close()

    def test_a_burst_is_a_few_messages(self):
        with World() as world:
            events = local_events(world)
            for i in range(60):
                world.post([(f"{i}.pdf", pdf())])
            wait_until("all are sent", lambda: len(world.jobs("&state=sent")) == 60)
            world.token("the-end")  # a change of another kind, told behind the rest
            count = 0
            while events.next()[0] != "source":
                count += 1
            self.assertLess(count, 60)  # three changes each, and more
            events.close()

    def test_a_method_and_a_check_are_seen(self):
        with World(tenant="methods = { direct, submission }") as world:
            events = local_events(world)
            check = world.ask("POST", "/api/v1/methods/submission/check").json()["id"]
            seen = events.until(lambda kind, data: kind == "check" and data["state"] == "done")[1]
            self.assertEqual((seen["id"], seen["method"]), (check, "submission"))
            world.sandbox.play("ip-blocked")
            world.post([("a.pdf", pdf())])
            events.until(lambda kind, data: kind == "method" and data == {"name": "direct", "state": "down"})
            events.close()

    def test_listeners_cost_no_threads_and_end_with_their_session(self):
        with World() as world:
            vera = signed_in(world, "vera", "viewer")
            before = gateway_threads(world)
            listening = [Events(vera.connect(), {"Cookie": vera.cookie}) for _ in range(6)]
            self.assertTrue(all(e.status == 200 for e in listening))
            self.assertEqual(gateway_threads(world), before)
            self.assertEqual(vera.ask("DELETE", "/api/v1/session").status, 204)
            self.assertEqual([e.next() for e in listening], [None] * 6)
            self.assertEqual(vera.ask("GET", "/api/v1/events").status, 401)

    def test_a_new_configuration_ends_the_stream_and_the_next_one_works(self):
        with World() as world:
            events = local_events(world)
            old = world.children()["gateway"]
            world.daemon.send_signal(signal.SIGHUP)
            while events.next() is not None:
                pass
            wait_until("the new gateway is there", lambda: world.children().get("gateway") not in (old, None))
            again = wait_until("somebody answers", lambda: try_events(world))
            job = world.post([("a.pdf", pdf())]).json()["id"]
            again.until(lambda kind, data: kind == "job" and data == {"id": job, "state": "sent"})
            status, _ = world.stop()
            self.assertEqual(status, 0)


def heard_of(events, world, job_id):
    """The first scan may come before the listener listens: then it makes itself heard by another change."""
    world.ask("POST", f"/api/v1/jobs/{job_id}/retry")
    world.token("t" + os.urandom(4).hex())
    return events.next() is not None


def try_events(world):
    try:
        events = local_events(world)
        return events if events.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None


class Sources(unittest.TestCase):
    def test_who_came_and_who_was_refused(self):
        with World() as world:
            token = world.token("lobby", "--route", "accounting")
            self.assertEqual(world.post([("a.pdf", pdf())], (), token).status, 201)
            self.assertEqual(world.post([("a.pdf", b"MZ" * 99)], (), token).status, 415)
            self.assertEqual(world.post([("a.pdf", pdf())], [("route", "elsewhere")], token).status, 403)
            for _ in range(3):
                self.assertEqual(world.post([("a.pdf", pdf())], (), "sp_" + "x" * 43).status, 401)
            world.drop("good.pdf", pdf())
            world.drop("program.exe", b"MZ" * 99)
            wait_until("both are done", lambda: self.refusals(world) == self.expected and len(world.jobs()) == 2)
            self.check(world)
            world.daemon.send_signal(signal.SIGHUP)  # a new gateway process knows it, too
            wait_until("the new gateway knows", lambda: self.refusals(world) == self.expected)
            world.stop()
            world.start()
            self.check(world)
            shown = world.cli("sources").stdout
            for word in ("lobby", "scans", "Refused at the door", "another route", "127.0.0.1"):
                self.assertIn(word, shown)

    expected = {("http", "lobby", 415, 1), ("http", "lobby", 403, 1), ("http", "", 401, 3), ("folder", "scans", None, 1)}

    def refusals(self, world):
        found = world.ask("GET", "/api/v1/sources").json()["refusals"]
        return {(r["door"], r["who"], r["status"], r["count"]) for r in found}

    def check(self, world):
        all_ = world.ask("GET", "/api/v1/sources").json()
        self.assertEqual(self.refusals(world), self.expected)
        self.assertEqual([(d["name"], d["count"]) for d in all_["devices"]], [("lobby", 1)])
        self.assertEqual([(f["name"], f["count"], f["silent"]) for f in all_["folders"]], [("scans", 1, False)])
        self.assertRegex(all_["folders"][0]["last_scan"], r"^20\d\d-")
        folder = next(r for r in all_["refusals"] if r["door"] == "folder")
        self.assertIn("program.exe", folder["what"])


class Audit(unittest.TestCase):
    def test_who_did_what(self):
        with World() as world:
            ada = signed_in(world, "ada", "admin", source="127.0.0.9")
            job = world.post([("scan.pdf", pdf())]).json()["id"]
            world.wait_for_job(job)
            self.assertEqual(ada.ask("GET", f"/api/v1/jobs/{job}/document/1").status, 200)
            self.assertEqual(Browser(world).sign_in("ada", "wrong password").status, 401)
            ada.ask("DELETE", "/api/v1/session")
            entries = json.loads(world.cli("--json", "audit").stdout)["entries"]
            seen = [(e["action"], e["who"], e["object"]) for e in entries]
            for expected in (("sign_in", "ada", ""), ("document_open", "ada", job), ("sign_in_failed", "ada", ""),
                             ("sign_out", "ada", "")):
                self.assertIn(expected, seen)
            opened = next(e for e in entries if e["action"] == "document_open")
            self.assertEqual((opened["address"], opened["role"], opened["detail"]), ("127.0.0.9", "admin", "scan.pdf"))
            self.assertIn("document_open", world.cli("audit", "--limit", "10").stdout)
            world.cli("audit", "--limit", "0", expect=2)


class FirstUser(unittest.TestCase):
    def test_from_the_logged_link_to_a_session(self):
        with World() as world:
            link = wait_until("the link is logged", lambda: re.search(
                r"(http://127\.0\.0\.1:\d+)/#/first\?key=([\w-]{43})", world.log_text()))
            key = link.group(2)
            with open(os.path.join(world.state, "scanpost.db"), "rb") as f:
                self.assertNotIn(key.encode(), f.read())
            ada = Browser(world)
            hint = ada.sign_in("ada")
            self.assertEqual((hint.status, hint.json()["code"]), (401, "no_users"))
            wish = {"key": "x" * 43, "name": "ada", "password": PASSWORD}
            self.assertEqual(ada.ask("POST", "/api/v1/first-user", wish).status, 401)
            wish["key"] = key
            self.assertEqual(ada.take(ada.ask("POST", "/api/v1/first-user", wish)).status, 201)
            self.assertEqual(ada.ask("GET", "/api/v1/users").json()["users"][0]["role"], "admin")
            self.assertEqual(ada.ask("POST", "/api/v1/first-user", dict(wish, name="eve"), csrf=False).status, 409)
            world.cli("user", "link", expect=1)
            self.assertEqual([u["name"] for u in ada.ask("GET", "/api/v1/users").json()["users"]], ["ada"])

    def test_a_new_link_by_the_command_line(self):
        with World() as world:
            old = wait_until("it is logged", lambda: re.search(r"key=([\w-]{43})", world.log_text())).group(1)
            link = json.loads(world.cli("--json", "user", "link").stdout)["link"]
            new = link.split("key=")[1]
            eve = Browser(world)
            wish = {"key": old, "name": "eve", "password": PASSWORD}
            self.assertEqual(eve.ask("POST", "/api/v1/first-user", wish).status, 401)
            old_pid = world.children()["gateway"]
            world.daemon.send_signal(signal.SIGHUP)  # keeps the link that was given
            wait_until("the new gateway is there", lambda: world.children().get("gateway") not in (old_pid, None))
            wish["key"] = new
            answer = wait_until("it is taken", lambda: try_ask(eve, wish))
            self.assertEqual(answer.status, 201, answer.body)
            world.stop()
            before = world.log_text()
            world.start()
            self.assertNotIn("key=", world.log_text()[len(before):])


def try_ask(browser, wish):
    try:
        return browser.ask("POST", "/api/v1/first-user", wish, csrf=False)
    except (OSError, http.client.HTTPException):
        return None


class Https(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(start=False)
        certificate, key, cls.tls = own_ca(cls.world.root)
        cls.world.write_config(http=f'tls-certificate = "{certificate}"  tls-key = "{key}"')
        cls.world.start()

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def test_page_and_api_by_a_certificate_of_the_office(self):
        ada = signed_in(self.world, "ada", "admin", tls=self.tls)
        for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, ada.set_cookie)
        page = ada.ask("GET", "/")
        self.assertEqual(page.status, 200)
        self.assertIn("text/html", page.headers["Content-Type"])
        self.assertRegex(page.headers["Strict-Transport-Security"], r"max-age=\d+")
        jobs = ada.ask("GET", "/api/v1/jobs")
        self.assertEqual(jobs.status, 200)
        self.assertRegex(jobs.headers["Strict-Transport-Security"], r"max-age=\d+")
        self.assertIn("https://127.0.0.1:", self.world.log_text())

    def test_one_connection_for_many_requests(self):
        connection = http.client.HTTPSConnection("localhost", self.world.port, timeout=30, context=self.tls)
        connection.connect()
        own = connection.sock
        for _ in range(5):
            connection.request("GET", "/healthz")
            response = connection.getresponse()
            self.assertEqual((response.status, response.version, response.read()), (200, 11, b'{"status":"ok"}'))
        self.assertIs(connection.sock, own)
        connection.close()

    def test_live_events_over_tls(self):
        vera = signed_in(self.world, "vera", "viewer", tls=self.tls)
        events = Events(vera.connect(), {"Cookie": vera.cookie})
        self.assertEqual(events.status, 200)
        wait_until("it is heard", lambda: self.world.token("t" + os.urandom(4).hex()) and events.next())
        events.close()

    def test_a_device_posts_over_tls(self):
        from house import multipart
        token = self.world.token("copier", "--route", "accounting")
        body, kind = multipart([], [("a.pdf", pdf(300_000))])
        connection = http.client.HTTPSConnection("localhost", self.world.port, timeout=60, context=self.tls)
        connection.request("POST", "/api/v1/scans", body, {"Content-Type": kind, "Authorization": "Bearer " + token})
        self.assertEqual(connection.getresponse().status, 201)
        connection.close()

    def test_no_plain_text_no_old_versions_no_stranger(self):
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.world.ask_tcp("GET", "/healthz", timeout=10)
        old = ssl.create_default_context(cafile=os.path.join(self.world.root, "ca.pem"))
        old.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises(OSError):
            http.client.HTTPSConnection("localhost", self.world.port, timeout=10, context=old).connect()
        with self.assertRaises(ssl.SSLError):
            http.client.HTTPSConnection("localhost", self.world.port, timeout=10).connect()


if __name__ == "__main__":
    unittest.main()
