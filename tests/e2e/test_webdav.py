"""Scans by WebDAV: as curl, cadaver, rclone, Finder and Windows send them, and what litmus thinks of it."""
import base64
import os
import random
import re
import socket
import subprocess
import threading
import time
import unittest
import xml.etree.ElementTree as ET

from house import World, attachments, pdf, sha256, wait_until

DAV = "{DAV:}"

# What of litmus is not met, and why. Each of its own files is a line of text, which is no document: 415.
LITMUS_FAILS = {"put_get": "its file is no document", "put_get_utf8_segment": "its file is no document"}
LITMUS_SKIPPED = {"mkcol_over_plain", "delete"}  # litmus skips them after put_get failed; see test_folders_and_files


def lock_body(scope="exclusive"):
    return (f'<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:{scope}/></D:lockscope>'
            "<D:locktype><D:write/></D:locktype><D:owner>a program</D:owner></D:lockinfo>")


class Dav:
    """One token's view of a world."""

    def __init__(self, world, name="copier-1", route="accounting"):
        self.world, self.name = world, name
        self.token = world.token(name, *(("--route", route) if route else ()))
        self.auth = "Basic " + base64.b64encode(f"any:{self.token}".encode()).decode()

    def ask(self, method, path, body=None, **headers):
        all_headers = {"Authorization": self.auth, **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self.world.ask_tcp(method, "/dav" + path, body, all_headers)

    def url(self, path="/accounting/"):
        return f"http://127.0.0.1:{self.world.port}/dav{path}"

    def find(self, path, depth="1", body=None):
        """path -> {property name: text} of a multistatus."""
        answer = self.ask("PROPFIND", path, body, Depth=depth)
        if answer.status != 207:
            raise AssertionError((answer.status, answer.body))
        found = {}
        for response in ET.fromstring(answer.body):
            stat = next(s for s in response.findall(DAV + "propstat") if " 200 " in s.findtext(DAV + "status"))
            found[response.findtext(DAV + "href")] = {p.tag.removeprefix(DAV): p.text for p in stat.find(DAV + "prop")}
        return found

    def names(self, path="/accounting/"):
        return sorted(h.removeprefix("/dav" + path) for h in self.find(path) if h != "/dav" + path)


class WebDav(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World(gateway="max-document = 2M")

    @classmethod
    def tearDownClass(cls):
        cls.world.close()

    def setUp(self):
        self.dav = Dav(self.world, self._testMethodName.removeprefix("test_").replace("_", "-")[:50])

    def run_client(self, *command, expect=0, stdin=None, **environment):
        home = os.path.join(self.world.root, self.dav.name)
        os.makedirs(home, exist_ok=True)
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60, input=stdin,
                              cwd=home, env={**os.environ, "HOME": home, **environment})
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def home_file(self, name, content):
        home = os.path.join(self.world.root, self.dav.name)
        os.makedirs(os.path.dirname(os.path.join(home, name)), exist_ok=True)
        with open(os.path.join(home, name), "wb", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return os.path.join(home, name)

    def jobs(self):
        return [self.world.job(j["id"]) for j in self.world.jobs("&source=webdav") if j["source_name"] == self.dav.name]

    def problem(self, answer, status):
        self.assertEqual(answer.status, status, answer.body)
        self.assertTrue(answer.json()["detail"])

    # --- clients ---

    def test_curl_through_the_fallback_arrives_unchanged(self):
        content = pdf(300_000)
        self.world.sandbox.play("ip-blocked")
        path = self.home_file("Über uns.pdf", content)
        self.run_client("curl", "-sSf", "-u", "x:" + self.dav.token, "-T", path, self.dav.url())
        job = self.world.wait_for_job(self.jobs()[0]["id"])
        self.world.sandbox.play()
        self.assertEqual((job["source"], job["source_name"], job["route"], job["method"]),
                         ("webdav", self.dav.name, "accounting", "submission"))
        self.assertEqual(job["documents"][0]["sha256"], sha256(content))
        mail = next(m for f, m in self.world.sandbox.mails() if job["message_id"].encode() in m)
        self.assertEqual(attachments(mail)[0], ("Über uns.pdf", content))

    def test_cadaver(self):
        content = pdf(60_000)
        self.home_file(".netrc", f"machine 127.0.0.1 login x password {self.dav.token}\n")
        self.home_file("a.pdf", content)
        commands = ["put a.pdf a.pdf.part", "ls", "move a.pdf.part a.pdf", "mkcol sub", "put a.pdf sub/b.pdf", "ls sub",
                    "lock a.pdf", "unlock a.pdf", "get a.pdf back.pdf", "delete a.pdf", "ls", "quit"]
        done = self.run_client("cadaver", self.dav.url(), stdin="\n".join(commands) + "\n")
        self.assertNotIn("failed", done.stdout)
        self.assertIn("a.pdf.part", done.stdout)
        with open(os.path.join(self.world.root, self.dav.name, "back.pdf"), "rb") as f:
            self.assertEqual(f.read(), content)
        self.assertEqual(sorted(j["documents"][0]["name"] for j in self.jobs()), ["a.pdf", "b.pdf"])
        self.assertEqual(self.dav.names(), ["sub/"])

    def test_rclone_looks_and_does_not_send_again(self):
        contents = [pdf(20_000 + i) for i in range(5)]
        for i, content in enumerate(contents):
            self.home_file(f"up/{i}.pdf", content)
        secret = self.run_client("rclone", "obscure", self.dav.token).stdout.strip()
        config = self.home_file("rclone.conf", f"[scan]\ntype = webdav\nurl = {self.dav.url()}\nvendor = other\n"
                                               f"user = x\npass = {secret}\n")
        for _ in range(3):
            self.run_client("rclone", "--config", config, "copy", "up", "scan:batch")
        self.run_client("rclone", "--config", config, "check", "up", "scan:batch")
        self.assertEqual(sorted(j["documents"][0]["sha256"] for j in self.jobs()), sorted(map(sha256, contents)))

    def test_litmus(self):
        done = self.run_client("litmus", "-k", self.dav.url(), "x", self.dav.token, TESTS="http basic", expect=None)
        results = re.findall(r"^ ?\d+\. (\w+)\.* (pass|FAIL|SKIPPED)", done.stdout, re.M)
        self.assertEqual({n for n, r in results if r == "FAIL"}, set(LITMUS_FAILS), done.stdout)
        self.assertEqual({n for n, r in results if r == "SKIPPED"}, LITMUS_SKIPPED)
        passed = {n for n, r in results if r == "pass"}
        for name in ("expect100", "options", "put_no_parent", "delete_null", "delete_fragment", "mkcol", "mkcol_again",
                     "delete_coll", "mkcol_no_parent", "mkcol_with_body"):
            self.assertIn(name, passed)

    def test_litmus_with_a_document_of_ours(self):
        """Its locks and moves, where they need no COPY and no properties of their own."""
        self.home_file("htdocs/foo", pdf(3000))
        done = self.run_client("litmus", "-k", "--htdocs=" + os.path.join(self.world.root, self.dav.name, "htdocs"),
                               self.dav.url(), "x", self.dav.token, TESTS="copymove locks", expect=None)
        failed = set(re.findall(r"^ ?\d+\. (\w+)\.* FAIL", done.stdout, re.M))
        self.assertEqual(failed, {"copy_simple", "copy_overwrite", "copy_coll", "copy_shallow", "copy",  # no COPY
                                  "move_coll",  # begins with a COPY
                                  "owner_modify"}, done.stdout)  # ends with a property of its own
        passed = set(re.findall(r"^ ?\d+\. (\w+)\.* pass", done.stdout, re.M))
        for name in ("move", "lock_excl", "discover", "refresh", "notowner_lock", "unlock", "lock_shared", "cond_put",
                     "fail_cond_put", "double_sharedlock", "lock_collection", "indirect_refresh"):
            self.assertIn(name, passed)

    def test_as_windows_does_it(self):
        content, path = pdf(30_000), "/accounting/report.pdf"
        self.assertEqual(self.world.ask_tcp("OPTIONS", "/dav/accounting").headers["DAV"], "1, 2")
        self.assertEqual(self.dav.ask("PROPFIND", path, Depth="0").status, 404)
        self.assertEqual(self.dav.ask("PUT", path, b"").status, 201)
        answer = self.dav.ask("LOCK", path, lock_body(), Timeout="Second-3600")
        token = answer.headers["Lock-Token"]
        self.assertEqual(answer.status, 200)
        self.assertEqual(self.dav.ask("PUT", path, content).status, 423)
        self.assertEqual(self.dav.ask("PUT", path, content, If=f"({token})").status, 204)
        times = ('<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:" xmlns:Z="urn:schemas-microsoft-com:"><D:set>'
                 "<D:prop><Z:Win32FileAttributes>00000020</Z:Win32FileAttributes></D:prop></D:set></D:propertyupdate>")
        answer = self.dav.ask("PROPPATCH", path, times, If=f"({token})")
        self.assertEqual((answer.status, answer.body.count(b"200 OK")), (207, 1))
        self.assertEqual(self.dav.ask("UNLOCK", path, Lock_Token=token).status, 204)
        self.assertEqual([j["documents"][0]["sha256"] for j in self.jobs()], [sha256(content)])

    def test_as_finder_does_it(self):
        content, path = pdf(30_000), "/accounting/Scan%201.pdf"
        for junk in ("/accounting/._Scan%201.pdf", "/accounting/.DS_Store"):
            self.assertEqual(self.dav.ask("PUT", junk, b"\0\5\26\7" * 1000).status, 201)
        answer = self.dav.ask("LOCK", path, lock_body(), Depth="0")  # of a name that is free: an empty file
        self.assertEqual(answer.status, 201)
        token = answer.headers["Lock-Token"]
        chunks = (content[i:i + 7000] for i in range(0, len(content), 7000))
        self.assertEqual(self.dav.ask("PUT", path, chunks, If=f"({token})").status, 204)
        self.assertEqual(self.dav.ask("UNLOCK", path, Lock_Token=token).status, 204)
        self.assertEqual(self.dav.ask("GET", "/accounting/._Scan%201.pdf").body, b"\0\5\26\7" * 1000)
        self.assertEqual([j["documents"][0]["name"] for j in self.jobs()], ["Scan 1.pdf"])

    # --- what it means ---

    def test_a_temporary_name_waits_for_its_move(self):
        content = pdf(50_000)
        for name in (".hidden.pdf", "a.pdf.tmp", "a.pdf.part", "~$a.pdf"):
            self.assertEqual(self.dav.ask("PUT", "/accounting/" + name.replace("$", "%24"), content).status, 201)
        self.assertEqual(self.jobs(), [])
        answer = self.dav.ask("MOVE", "/accounting/a.pdf.part", Destination=self.dav.url("/accounting/a.pdf"))
        self.assertEqual(answer.status, 201, answer.body)
        self.assertEqual([j["documents"][0]["sha256"] for j in self.jobs()], [sha256(content)])
        self.assertEqual(self.dav.names(), [".hidden.pdf", "a.pdf", "a.pdf.tmp", "~%24a.pdf"])
        self.dav.ask("PUT", "/accounting/b.tmp", b"not a document")
        self.problem(self.dav.ask("MOVE", "/accounting/b.tmp", Destination="/dav/accounting/b.pdf"), 415)
        self.assertIn("b.tmp", self.dav.names())

    def test_a_token_sees_its_own_and_deleting_hides(self):
        content = pdf(40_000)
        answer = self.dav.ask("PUT", "/accounting/a.pdf", content)
        seen = self.dav.find("/accounting/a.pdf", "0")["/dav/accounting/a.pdf"]
        self.assertEqual((seen["getcontentlength"], seen["getetag"]), ("40000", answer.headers["ETag"]))
        head = self.dav.ask("HEAD", "/accounting/a.pdf")
        self.assertEqual((head.status, head.headers["Content-Length"]), (200, "40000"))
        self.assertEqual(head.headers["Last-Modified"], seen["getlastmodified"])
        self.assertEqual(Dav(self.world, "somebody-else").names(), [])
        self.assertEqual(self.dav.ask("DELETE", "/accounting/a.pdf").status, 204)
        self.assertEqual(self.dav.names(), [])
        self.assertEqual(self.world.wait_for_job(self.jobs()[0]["id"])["state"], "sent")

    def test_same_bytes_are_one_scan_and_others_are_another(self):
        content, other = pdf(), pdf()
        self.assertEqual(self.dav.ask("PUT", "/accounting/a.pdf", content).status, 201)
        self.assertEqual(self.dav.ask("PUT", "/accounting/a.pdf", content).status, 204)
        self.dav.ask("DELETE", "/accounting/a.pdf")  # as rclone tidies up after an answer that was lost
        self.assertEqual(self.dav.ask("PUT", "/accounting/a.pdf", content).status, 201)
        self.assertEqual(len(self.jobs()), 1)
        self.assertEqual(self.dav.ask("PUT", "/accounting/a.pdf", other).status, 204)
        self.assertEqual({j["documents"][0]["sha256"] for j in self.jobs()}, {sha256(content), sha256(other)})
        etag = self.dav.ask("HEAD", "/accounting/a.pdf").headers["ETag"]
        self.problem(self.dav.ask("PUT", "/accounting/a.pdf", pdf(), If_Match='"0"'), 412)
        self.problem(self.dav.ask("PUT", "/accounting/a.pdf", pdf(), If_None_Match="*"), 412)
        self.assertEqual(self.dav.ask("PUT", "/accounting/a.pdf", pdf(), If_Match=etag).status, 204)

    def test_folders_and_files(self):
        self.dav.ask("PUT", "/accounting/a.pdf", pdf())
        self.problem(self.dav.ask("MKCOL", "/accounting/a.pdf"), 405)
        self.assertEqual(self.dav.ask("MKCOL", "/accounting/untitled").status, 201)
        self.assertEqual(self.dav.ask("PUT", "/accounting/untitled/b.pdf", pdf()).status, 201)
        self.assertEqual(self.dav.ask("MOVE", "/accounting/untitled", Destination="/dav/accounting/2026/").status, 201)
        self.assertEqual(self.dav.names("/accounting/2026/"), ["b.pdf"])
        self.problem(self.dav.ask("PUT", "/accounting/2026", pdf()), 405)
        self.assertEqual(self.dav.ask("DELETE", "/accounting/a.pdf").status, 204)
        self.assertEqual(self.dav.ask("DELETE", "/accounting/2026").status, 204)
        self.assertEqual(self.dav.names(), [])
        self.assertEqual(len(self.jobs()), 2)
        self.assertEqual(Dav(self.world, "every-route", None).names("/"), ["accounting/"])

    def test_bad_input_gets_clear_answers(self):
        ask = self.dav.ask
        self.problem(self.world.ask_tcp("PUT", "/dav/accounting/a.pdf", pdf()), 401)
        self.problem(ask("PUT", "/sales/a.pdf", pdf()), 403)  # of another route
        self.problem(Dav(self.world, "no-route", None).ask("PUT", "/sales/a.pdf", pdf()), 409)  # there is none
        self.problem(ask("PUT", "/accounting/no/such/folder.pdf", pdf()), 409)
        self.problem(ask("PUT", "/accounting/a.pdf", b"MZ not a document" * 10), 415)
        answer = ask("PUT", "/accounting/a.pdf", pdf(5_000_000))
        self.problem(answer, 413)
        self.assertIn("max-document", answer.json()["detail"])
        answer = ask("PUT", "/accounting/%DCbersicht.pdf", pdf())  # as Latin-1
        self.problem(answer, 400)
        self.assertIn("UTF-8", answer.json()["detail"])
        self.problem(ask("PUT", "/accounting/a.pdf", pdf(2_200_000)), 413)
        self.problem(ask("PUT", "/accounting/a.tmp", bytes(2_200_000)), 413)
        self.problem(ask("PUT", "/accounting/a.pdf", pdf(), Content_Range="bytes 0-9/20"), 400)
        self.problem(ask("PUT", "/accounting/..%2Fa.pdf", pdf()), 400)
        self.problem(ask("PUT", "/accounting//a.pdf", pdf()), 400)
        self.problem(ask("PUT", "/accounting/" + "x" * 256 + ".pdf", pdf()), 400)
        self.problem(ask("MKCOL", "/accounting/x", "<a/>", Content_Type="text/xml"), 415)
        self.problem(ask("DELETE", "/accounting/"), 403)
        self.problem(ask("COPY", "/accounting/a.pdf", Destination="/dav/accounting/b.pdf"), 403)
        self.problem(ask("MOVE", "/accounting/a.pdf", Destination="/dav/accounting/b.pdf"), 404)
        self.problem(ask("PROPFIND", "/accounting/", "<nonsense", Depth="0"), 400)
        laughs = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><D:propfind xmlns:D="DAV:">&b;</D:propfind>'
        self.problem(ask("PROPFIND", "/accounting/", laughs, Depth="0"), 400)
        self.assertEqual(ask("PROPFIND", "/accounting/", Depth="infinity").status, 403)
        self.problem(ask("GET", "/accounting/a.pdf"), 404)
        self.assertEqual(self.jobs(), [])
        self.assertEqual(self.dav.names(), [])

    def test_destinations_elsewhere_are_refused(self):
        url = self.dav.url
        wrong = {"/etc/passwd": 403, "/dav/../etc/passwd": 400, "/dav/accounting/%2e%2e/x.pdf": 400, "file:///etc/passwd": 403,
                 "": 400, "http://": 400, "//other/dav/accounting/x.pdf": 403, "/dav/accounting/": 403, "/dav/": 403,
                 "/dav/sales/x.pdf": 403, "/dav/accounting/a/../b.pdf": 400, "/dav/accounting/" + "y" * 5000: 400,
                 url("/accounting/%zz.pdf"): 400, url("/accounting/a%00.pdf"): 400, url("/accounting/a%0d%0ab.pdf"): 400}
        self.dav.ask("PUT", "/accounting/m.tmp", pdf())
        for destination, status in wrong.items():
            answer = self.dav.ask("MOVE", "/accounting/m.tmp", Destination=destination)
            self.assertEqual(answer.status, status, (destination, answer.body))
        self.assertEqual((self.dav.names(), self.jobs()), (["m.tmp"], []))

    def test_floods_and_bombs_end_at_their_bounds(self):
        answers = [self.dav.ask("MKCOL", f"/accounting/c{i}").status for i in range(520)]
        self.assertEqual((answers.count(201), answers[-1]), (500, 507))
        answers = [self.dav.ask("LOCK", f"/accounting/c{i}", lock_body(), Depth="0").status for i in range(110)]
        self.assertEqual((answers.count(200), answers[-1]), (100, 507))
        head = '<D:propfind xmlns:D="DAV:">'
        entities = "".join(f'<!ENTITY a{i} "&a{i - 1};&a{i - 1};">' for i in range(1, 40))
        for body, status in ((f'<!DOCTYPE l [<!ENTITY a0 "ha">{entities}]>{head}&a39;</D:propfind>', 400),
                             ('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + head + "&e;</D:propfind>", 400),
                             (head + "<a>" * 15000, 413), (head + "<D:prop>" + "<x/>" * 15000 + "</D:prop></D:propfind>", 413),
                             ("x" * 3_000_000, 413), (b"\xff\xfe<\0a\0/\0>\0", 400)):
            answer = self.dav.ask("PROPFIND", "/accounting/c0", body, Depth="0")
            self.assertEqual(answer.status, status, answer.body)
        for condition in ("(" * 4000, "<" * 100, "(Not " * 100):
            self.problem(self.dav.ask("PUT", "/accounting/q.pdf", pdf(), If=condition), 400)
        self.assertEqual(self.dav.ask("PUT", "/accounting/a.pdf", pdf()).status, 201)  # and all goes on

    def test_what_waits_is_bounded(self):
        answers = [self.dav.ask("PUT", f"/accounting/{i}.tmp", b"x").status for i in range(70)]
        self.assertEqual((answers[0], answers[-1]), (201, 507))
        self.assertLessEqual(len(self.dav.names()), 64)
        self.assertEqual(self.dav.ask("PUT", "/accounting/a.pdf", pdf()).status, 201)

    def test_what_waits_is_bounded_when_all_come_at_once(self):
        """Each of them finds room when it begins: 4 MB may wait here, which is twice max-document."""
        size, sockets = 1_500_000, []
        for i in range(6):
            s = socket.create_connection(("127.0.0.1", self.world.port), timeout=30)
            sockets.append(s)
            self.addCleanup(s.close)
            s.sendall(f"PUT /dav/accounting/{i}.part HTTP/1.1\r\nHost: x\r\nAuthorization: {self.dav.auth}\r\n"
                      f"Content-Length: {size}\r\n\r\n".encode() + bytes(size // 2))
        time.sleep(0.5)
        for s in sockets:
            s.sendall(bytes(size - size // 2))
        answers = [s.recv(4096).split()[1] for s in sockets]
        self.assertEqual(sorted(answers), [b"201"] * 2 + [b"507"] * 4)
        self.assertEqual(len(self.dav.names()), 2)
        for s in sockets:
            s.close()
        waiting = os.path.join(self.world.state, "dav-waiting")
        wait_until("what was refused is gone", lambda: sum(
            os.path.getsize(os.path.join(waiting, n)) == size for n in os.listdir(waiting)) == 2)

    def test_a_put_that_was_cut_off_is_nothing(self):
        self.dav.ask("PUT", "/accounting/b.tmp", b"x")
        self.dav.ask("DELETE", "/accounting/b.tmp")
        before = set(os.listdir(os.path.join(self.world.state, "dav-waiting")))
        for name in ("a.pdf", "a.tmp"):
            with socket.create_connection(("127.0.0.1", self.world.port)) as s:
                s.sendall(f"PUT /dav/accounting/{name} HTTP/1.1\r\nHost: x\r\nAuthorization: {self.dav.auth}\r\n"
                          f"Content-Length: 200000\r\n\r\n".encode() + pdf(100_000))
                time.sleep(0.3)
        waiting, new = (os.path.join(self.world.state, p) for p in ("dav-waiting", "spool/.new"))
        wait_until("the rest is cleared away", lambda: os.listdir(new) == [] and set(os.listdir(waiting)) <= before)
        self.assertEqual((self.dav.names(), self.jobs()), ([], []))


class Crash(unittest.TestCase):
    def test_killed_at_any_moment_each_put_is_one_job(self):
        with World() as world:
            dav, over, kills = Dav(world), threading.Event(), []
            contents = [pdf(30_000 + i) for i in range(40)]

            def put_until_answered(i):
                name, through_a_move = f"/accounting/{i}.pdf", i % 3 == 0
                for _ in range(200):
                    try:
                        where = name + ".part" if through_a_move else name
                        answer = dav.ask("PUT", where, contents[i])
                        if answer.status in (201, 204) and through_a_move:
                            answer = dav.ask("MOVE", where, Destination="/dav" + name)
                        if answer.status in (201, 204):
                            return
                    except OSError:
                        pass
                    except Exception as error:  # half an answer
                        if "http.client" not in str(type(error)):
                            raise
                    time.sleep(0.05)

            def kill_now_and_then():
                while not over.is_set():
                    time.sleep(random.uniform(0.1, 0.6))
                    pid = world.children().get("gateway") or next(iter(world.children().values()), None)
                    if pid:
                        world.kill(pid)
                        kills.append(pid)

            killer = threading.Thread(target=kill_now_and_then)
            killer.start()
            threads = []
            try:
                for i in range(len(contents)):
                    threads.append(threading.Thread(target=put_until_answered, args=(i,)))
                    threads[-1].start()
                    time.sleep(0.1)
                for thread in threads:
                    thread.join(90)
            finally:
                over.set()
                killer.join()
            world.wait_ready()
            self.assertGreater(len(kills), 3)
            taken = sorted(world.job(j["id"])["documents"][0]["sha256"] for j in world.jobs())
            self.assertEqual(taken, sorted(map(sha256, contents)))

    def test_reload_and_restart_keep_what_is_seen(self):
        with World() as world:
            dav = Dav(world)
            dav.ask("PUT", "/accounting/a.pdf", pdf())
            dav.ask("PUT", "/accounting/b.part", pdf())
            token = dav.ask("LOCK", "/accounting/b.part", lock_body()).headers["Lock-Token"]
            world.stop()
            world.start()
            self.assertEqual(dav.names(), ["a.pdf", "b.part"])
            self.assertEqual(dav.ask("DELETE", "/accounting/b.part").status, 423)
            answer = dav.ask("MOVE", "/accounting/b.part", Destination="/dav/accounting/b.pdf", If=f"({token})")
            self.assertEqual(answer.status, 201, answer.body)
            self.assertEqual(len(world.jobs()), 2)


class NoRoom(unittest.TestCase):
    def test_no_room_is_507(self):
        with World() as world:
            dav = Dav(world)
            with open(world.config) as f:
                text = f.read()
            with open(world.config, "w") as f:
                f.write(text.replace("reserve = 1M", "reserve = 900000G"))
            world.stop()
            world.start(wait=False)
            answer = wait_until("an answer", lambda: self.try_put(dav))
            self.assertEqual(answer.status, 507, answer.body)
            self.assertEqual(dav.ask("PUT", "/accounting/a.tmp", pdf()).status, 507)

    def try_put(self, dav):
        try:
            return dav.ask("PUT", "/accounting/a.pdf", pdf())
        except OSError:
            return None


if __name__ == "__main__":
    unittest.main()
