"""What attackers try at the web side, and what becomes of it: each is refused, and scans come in all the while."""
import os
import re
import resource
import socket
import threading
import time
import unittest

from house import UnixConnection, World, multipart, pdf, wait_until
from web import PASSWORD, Browser, add_user, say, signed_in


def statuses(heard):
    return [int(s) for s in re.findall(rb"^HTTP/1\.1 (\d+)", heard, re.M)]


class OneWorld(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.token = cls.world.token("copier", "--route", "accounting")
        add_user(cls.world, "ada", "admin")
        cls.gateway = cls.world.children()["gateway"]

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def tearDown(self):
        self.assertEqual(self.world.children()["gateway"], self.gateway, "the gateway fell")
        self.assertEqual(self.world.ask_tcp("GET", "/healthz").status, 200)


class Smuggling(OneWorld):
    """A request hidden in another one is never answered, and nobody can tell a proxy and us different lengths."""
    hidden = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

    def refused(self, request, only=None):
        heard = say(self.world, request, seconds=3)
        found = statuses(heard)  # libmicrohttpd says some of its own twice
        self.assertNotIn(b'"status":"ok"', heard)
        self.assertLessEqual(heard.count(b"X-Content-Type-Options"), 1, heard)
        self.assertTrue(all(s in only if only else s >= 400 for s in found), heard)

    def head(self, *lines, target=b"/api/v1/session"):
        return b"POST " + target + b" HTTP/1.1\r\nHost: x\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n"

    def test_two_lengths(self):
        for lines in ((b"Content-Length: 5", b"Transfer-Encoding: chunked"),
                      (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
                      (b"Content-Length: 0", b"Content-Length: 34"), (b"Content-Length: 5", b"Content-Length: 5"),
                      (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
                      (b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked")):
            with self.subTest(lines=lines):
                self.refused(self.head(*lines) + b"0\r\n\r\n" + self.hidden, only=[400])

    def test_lengths_that_are_no_numbers(self):
        for value in (b"+0", b"-1", b"0x0", b"0, 0", b"0 0", b"1e1", b"", b"18446744073709551616",
                      b"99999999999999999999999999999999"):
            with self.subTest(value=value):
                self.refused(self.head(b"Content-Length: " + value) + self.hidden)

    def test_codings_that_only_look_like_chunked(self):
        for value in (b"xchunked", b"chunked, chunked", b"chunked, identity", b"gzip, chunked", b"chunked;q=1",
                      b"\x0bchunked", b"chunked\x00", b'"chunked"', b"identity"):
            with self.subTest(value=value):
                self.refused(self.head(b"Transfer-Encoding: " + value) + b"0\r\n\r\n" + self.hidden)

    def test_names_and_lines_that_are_not_well_formed(self):
        for line in (b"Content-Length : 5", b"Content-Length\t: 5", b" Content-Length: 5", b"Transfer-Encoding : chunked",
                     b"X: a\r\n Transfer-Encoding: chunked", b"X: a\r\n\tb", b"Content-Length: 5\x00", b"no colon here",
                     b": 5", b"Content\x00-Length: 5", b"X(y): z", b"X:y", b"X: y\x00z", b"X: y\x7f"):
            with self.subTest(line=line):
                self.refused(self.head(line) + self.hidden)

    def test_bare_line_ends(self):
        for request in (b"POST /api/v1/session HTTP/1.1\nHost: x\nContent-Length: 0\n\n",
                        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                        b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\nX: a\rContent-Length: 34\r\n\r\n",
                        b"POST /api/v1/session HTTP/1.1\rHost: x\r\r"):
            with self.subTest(request=request):
                self.refused(request + self.hidden)

    def test_chunks_that_lie(self):
        for chunk in (b"FFFFFFFFFFFFFFFFF\r\n", b"-1\r\n\r\n", b"0x5\r\nhello\r\n", b"5;" + b"a" * 70_000 + b"\r\nhello\r\n",
                      b"5\nhello\n0\n\n", b" 5\r\nhello\r\n0\r\n\r\n", b"5 \r\nhello\r\n0\r\n\r\n", b"5\r\nhelloXX0\r\n\r\n",
                      b"\r\n\r\n", b"5\r\nhell\r\n0\r\n\r\n"):
            with self.subTest(chunk=chunk[:40]):
                self.refused(self.head(b"Transfer-Encoding: chunked", b"Content-Type: application/json") + chunk +
                             self.hidden)

    def test_a_chunk_with_an_extension_is_one_body(self):
        body = b'{"name":"ada","password":"wrong"}'
        chunks = b"%x;ext=1;other=\"a b\"\r\n" % len(body) + body + b"\r\n0;last\r\nTrailer: x\r\n\r\n"
        heard = say(self.world, self.head(b"Transfer-Encoding: chunked", b"Content-Type: application/json",
                                          b"Connection: close") + chunks)
        self.assertIn(statuses(heard)[:1], ([401], [400]), heard)
        self.assertEqual(len(statuses(heard)), 1)

    def test_versions_and_methods_that_do_not_exist(self):
        for request in (b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n", b"GET /healthz\r\n\r\n", b"\r\n\r\n\r\n\r\n",
                        b"G\x00ET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
                        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n"):
            with self.subTest(request=request):
                heard = say(self.world, request, seconds=3)
                self.assertNotIn(b'"status":"ok"', heard)
                self.assertTrue(all(s >= 400 for s in statuses(heard)), heard)


class Traversal(OneWorld):
    up = ("..", "%2e%2e", "%2E.", ".%2e", "..%2f..", "..%5c..", "..\\..", "%252e%252e", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae",
          "....//", "..;", "..%00", "%00", "..%0d%0a", "\u2025")

    def test_no_way_out_of_any_folder(self):
        ada = Browser(self.world)
        ada.sign_in("ada")
        auth = {"Authorization": "Bearer " + self.token}
        for base in ("/", "/assets/", "/api/v1/", "/api/v1/jobs/", "/api/v1/users/", "/dav/", "/dav/accounting/"):
            for way in self.up:
                for target in ("/".join([way] * 6) + "/etc/passwd", way, way + "/scanpost.db"):
                    path = (base + target).encode()
                    for extra in ("Cookie: " + ada.cookie, "Authorization: Bearer " + self.token):
                        heard = say(self.world, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                                    extra.encode() + b"\r\n\r\n")
                        self.assertNotIn(b"root:", heard)
                        self.assertNotIn(b"SQLite format", heard)
                        self.assertTrue(all(s >= 400 for s in statuses(heard)), (path, heard[:300]))
        self.assertEqual(self.world.ask_tcp("GET", "/dav/accounting/", headers=auth).status, 405)

    def test_what_is_put_stays_in_the_spool(self):
        before = files_below(self.world.root)
        for name in self.up + ("a/../../b.pdf", "/etc/x.pdf", "..%2f..%2fx.pdf", "C%3a%5cx.pdf", "-rf.pdf", "$(id).pdf"):
            say(self.world, f"PUT /dav/accounting/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode() +
                f"Authorization: Bearer {self.token}\r\nContent-Length: 2000\r\n\r\n".encode() + pdf(2000))
            answer = self.world.post([(name, pdf())])
            self.assertIn(answer.status, (201, 400))
            if answer.status == 201:
                self.assertNotRegex(answer.json()["documents"][0]["name"], r"[/\\\x00-\x1f]|^\.\.$")
        new = {p for p in files_below(self.world.root) - before if not p.startswith(("state/spool/", "sandbox/"))}
        self.assertEqual({p for p in new if not p.startswith("state/")}, set())
        self.assertFalse(os.path.exists("/etc/x.pdf"))


def files_below(root):
    return {os.path.relpath(os.path.join(folder, name), root) for folder, _, names in os.walk(root) for name in names}


class Scripts(OneWorld):
    """What could be a script is never anything a browser would run."""
    nasty = '<img src=x onerror=alert(1)><script>alert(2)</script>"\'><svg/onload=alert(3)>'

    def safe(self, headers):
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertIn("frame-ancestors 'none'", headers["Content-Security-Policy"])
        self.assertNotIn("unsafe", headers["Content-Security-Policy"])
        self.assertEqual(headers["X-Frame-Options"], "DENY")

    def test_names_subjects_and_replies_come_as_json_and_nothing_else(self):
        ada = Browser(self.world)
        ada.sign_in("ada")
        fields = [("route", "accounting"), ("subject", self.nasty)]
        body, kind = multipart(fields, [(self.nasty.replace("/", "_") + ".pdf", pdf())])
        job = ada.ask("POST", "/api/v1/scans", body, {"Content-Type": kind})
        self.assertEqual(job.status, 201, job.body)
        job_id = job.json()["id"]
        self.assertEqual(job.json()["subject"], self.nasty)
        for path in (f"/api/v1/jobs/{job_id}", "/api/v1/jobs", "/api/v1/jobs?q=script", "/api/v1/sources"):
            answer = ada.ask("GET", path)
            self.assertEqual(answer.headers["Content-Type"], "application/json")
            self.safe(answer.headers)
        document = ada.ask("GET", f"/api/v1/jobs/{job_id}/document/1")
        self.assertTrue(document.headers["Content-Disposition"].startswith("attachment"))
        self.assertIn("sandbox", document.headers["Content-Security-Policy"])
        self.assertEqual(document.headers["X-Content-Type-Options"], "nosniff")

    def test_errors_say_nothing_back_as_html(self):
        ada = Browser(self.world)
        ada.sign_in("ada")
        quoted = "%3Cscript%3Ealert(1)%3C%2Fscript%3E"
        for path in ("/" + quoted, "/api/v1/jobs/" + quoted, f"/api/v1/jobs?state={quoted}", f"/api/v1/jobs?q={quoted}%3A",
                     "/assets/" + quoted, f"/dav/{quoted}/x", "/api/v1/audit?cursor=" + quoted):
            answer = ada.ask("GET", path)
            self.assertIn(answer.headers["Content-Type"], ("application/problem+json", "application/json"), path)
            self.safe(answer.headers)

    def test_every_kind_of_answer_has_its_headers(self):
        for method, path, headers in (("GET", "/", {}), ("GET", "/healthz", {}), ("GET", "/none", {}),
                                      ("DELETE", "/healthz", {}), ("OPTIONS", "/api/v1/jobs", {}), ("GET", "/api/v1/jobs", {}),
                                      ("GET", "/dav/accounting/", {"Authorization": "Bearer " + self.token}),
                                      ("POST", "/api/v1/scans", {}), ("OPTIONS", "/dav/", {})):
            answer = self.world.ask_tcp(method, path, headers=headers)
            with self.subTest(path=path, status=answer.status):
                self.safe(answer.headers)
                self.assertNotIn("Strict-Transport-Security", answer.headers)  # not without TLS
                self.assertNotIn("Server", answer.headers)

    def test_header_values_cannot_be_split(self):
        name = "a\r\nSet-Cookie: scanpost_session=evil\r\n\r\n<script>.pdf"
        answer = self.world.post([(name, pdf())])
        if answer.status == 201:
            ada = Browser(self.world)
            ada.sign_in("ada")
            document = ada.ask("GET", f"/api/v1/jobs/{answer.json()['id']}/document/1")
            self.assertNotIn("Set-Cookie", document.headers)
        heard = say(self.world, b"GET /api/v1/jobs/%0d%0aSet-Cookie:%20x=y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertNotIn(b"\r\nSet-Cookie", heard)


class Sessions(OneWorld):
    def test_another_site_cannot_make_changes(self):
        ada = Browser(self.world)
        ada.sign_in("ada")
        job = self.world.post([("a.pdf", pdf())]).json()["id"]
        forms = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
        for kind in forms:
            headers = {"Content-Type": kind, "Origin": "https://evil.example", "Referer": "https://evil.example/"}
            for method, path in (("POST", f"/api/v1/jobs/{job}/cancel"), ("POST", "/api/v1/users"),
                                 ("DELETE", "/api/v1/users/ada"), ("POST", "/api/v1/tokens"), ("POST", "/api/v1/scans")):
                answer = ada.ask(method, path, b'{"name":"eve"}', headers, csrf=False)
                self.assertEqual(answer.status, 403, (method, path, answer.body))
        self.assertEqual([u["name"] for u in ada.ask("GET", "/api/v1/users").json()["users"]], ["ada"])

    def test_another_site_cannot_sign_somebody_in(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded"):
            answer = Browser(self.world).ask("POST", "/api/v1/session",
                                             b'{"name":"ada","password":"%s"}' % PASSWORD.encode(), {"Content-Type": kind})
            self.assertEqual(answer.status, 415)
            self.assertNotIn("Set-Cookie", answer.headers)

    def test_nobody_can_be_given_a_session(self):
        planted = "scanpost_session=" + "A" * 43
        ada = Browser(self.world)
        ada.cookie = planted
        self.assertEqual(ada.sign_in("ada").status, 200)
        self.assertNotEqual(ada.cookie, planted)
        self.assertEqual(Browser(self.world).ask("GET", "/api/v1/jobs", headers={"Cookie": planted}).status, 401)
        before = ada.cookie
        ada.sign_in("ada")
        self.assertNotEqual(ada.cookie, before)
        self.assertEqual(Browser(self.world).ask("GET", "/api/v1/jobs", headers={"Cookie": before}).status, 401)

    def test_the_cookie_is_out_of_reach_of_scripts(self):
        ada = Browser(self.world)
        ada.sign_in("ada")
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(word, ada.set_cookie)
        self.assertNotIn("Domain", ada.set_cookie)
        self.assertNotIn("Secure", ada.set_cookie)  # this world has no TLS, the cookie would never come back
        self.assertGreaterEqual(len(ada.cookie), len("scanpost_session=") + 43)


class BruteForce(OneWorld):
    def test_guessing_gets_slow_and_the_admin_still_gets_in(self):
        guesser = Browser(self.world, source="127.0.0.66")
        got = [guesser.sign_in("ada", f"guess {i} guess").status for i in range(12)]
        self.assertEqual(got[:5], [401] * 5)
        self.assertIn(429, got[5:])
        late = guesser.sign_in("ada", PASSWORD)
        self.assertEqual(late.status, 429)
        self.assertGreater(int(late.headers["Retry-After"]), 0)
        # from elsewhere she waits at most half a minute, whatever anybody does
        wait_until("ada is let in", lambda: Browser(self.world, source="127.0.0.7").sign_in("ada").status == 200)
        entries = self.world.ask("GET", "/api/v1/audit").json()["entries"]
        failed = [e for e in entries if e["action"] == "sign_in_failed" and e["address"] == "127.0.0.66"]
        self.assertEqual(len(failed), 1)
        self.assertGreaterEqual(failed[0]["count"], 5)

    def test_wrong_tokens_fill_nothing(self):
        for i in range(300):
            say(self.world, b"POST /api/v1/scans HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer sp_" +
                b"%043d" % i + b"\r\nContent-Length: 0\r\n\r\n")
        refusals = self.world.ask("GET", "/api/v1/sources").json()["refusals"]
        self.assertEqual([(r["status"], r["count"]) for r in refusals if r["who"] == ""], [(401, 300)])


class TooLong(OneWorld):
    def test_lines_and_headers(self):
        for request in (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"A" * 200_000,
                        b"GET /healthz?" + b"a=b&" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                        b"GET /healthz HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 100_000 + b"\r\n\r\n",
                        b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 5_000 + b"\r\n",
                        b"GET /" + b"a/" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"):
            heard = say(self.world, request, seconds=5)
            self.assertTrue(all(s >= 400 for s in statuses(heard)), heard[:300])
            self.assertLessEqual(len(statuses(heard)), 1)

    def test_bodies(self):
        ada = Browser(self.world)
        ada.sign_in("ada")
        for data in (b'{"name":"' + b"a" * 1_000_000 + b'"}', b"[" * 60_000, b'{"a":' * 10_000, b'{"name":"ada","name":"eve"}',
                     b'{"name":"\\u0000","role":"admin","password":"%s"}' % PASSWORD.encode(), b"\xff\xfe", b"null", b"",
                     b'{"name":"' + b"a" * 65 + b'","password":"%s"}' % PASSWORD.encode(),
                     b'{"name":"eve","password":"' + b"p" * 300 + b'"}'):
            answer = ada.ask("POST", "/api/v1/users", data, {"Content-Type": "application/json"})
            self.assertIn(answer.status, (400, 413), (data[:40], answer.body))
        self.assertEqual(len(ada.ask("GET", "/api/v1/users").json()["users"]), 1)

    def test_searches(self):
        ada = Browser(self.world)
        ada.sign_in("ada")
        for q in ("a" * 20_000, "%25" * 3_000, "%22" * 3_000, "to%3A" * 3_000, "-" * 9_000, "%C3%A4%2A%5B%5D" * 1_000):
            answer = ada.ask("GET", "/api/v1/jobs?q=" + q)
            self.assertIn(answer.status, (200, 400), q[:40])

    def test_forms(self):
        fields = [("to", f"a{i}@contoso.com") for i in range(2_000)]
        self.assertEqual(self.world.post([("a.pdf", pdf())], fields).status, 400)
        self.assertEqual(self.world.post([("a.pdf", pdf())], [("subject", "s" * 100_000)]).status, 400)
        answer = self.world.post([("n" * 20_000 + ".pdf", pdf())])
        self.assertEqual(answer.status, 400)
        many = self.world.post([(f"{i}.pdf", pdf(200)) for i in range(1_100)])
        self.assertIn(many.status, (400, 413), many.body[:300])


class Slow(unittest.TestCase):
    def test_a_thousand_held_open_stop_no_scan(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 4096:
            self.skipTest("the system gives this test too few descriptors")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with World() as world:
            token = world.token("copier", "--route", "accounting")
            held = []
            self.addCleanup(lambda: [s.close() for s in held])
            part = (f"POST /api/v1/scans HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                    "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n--x\r\n").encode()
            starts = [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"G", b"POST /api/v1/session HTTP/1.1\r\nHost: x\r\n"
                      b"Content-Type: application/json\r\nContent-Length: 60\r\n\r\n{", part]
            for i in range(1000):
                s = socket.create_connection(("127.0.0.1", world.port), timeout=30)
                s.sendall(starts[i % 4] if i >= 40 else part)
                held.append(s)
            for i in range(100):
                s = socket.socket(socket.AF_UNIX)
                s.connect(os.path.join(world.run_dir, "scanpost.sock"))
                s.sendall(starts[i % 4])
                held.append(s)
            dripping = threading.Event()
            self.addCleanup(dripping.set)
            threading.Thread(target=drip, args=(held, dripping), daemon=True).start()
            ids = [world.post([("tcp.pdf", pdf())], (), token).json()["id"], world.post([("unix.pdf", pdf())]).json()["id"]]
            world.drop("folder.pdf", pdf())
            for job in ids:
                world.wait_for_job(job)
            wait_until("the folder's scan is sent", lambda: [j for j in world.jobs("&state=sent") if j["source"] == "folder"])
            self.assertEqual(signed_in(world, "vera", "viewer").ask("GET", "/api/v1/jobs").status, 200)
            dripping.set()


def drip(held, done):
    """A byte now and then on each, as who wants to stay would send."""
    while not done.is_set():
        for s in held:
            try:
                s.send(b"a", socket.MSG_DONTWAIT)
            except OSError:
                pass
        done.wait(0.5)


if __name__ == "__main__":
    unittest.main()
