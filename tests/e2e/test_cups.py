"""Print queues that send mails: a real CUPS of our own beside the machine's, and ippeveprinter for those without."""
import os
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest

from house import PREFIX, UnixConnection, World, attachments, free_port, header, pdf, sha256, wait_until

BACKEND = os.path.join(PREFIX, "lib", "cups", "backend", "scanpost")
COMMAND = os.path.join(PREFIX, "lib", "cups", "command", "scanpost")
DRIVER = os.path.join(PREFIX, "share", "cups", "model", "scanpost.ppd")
SERVER_BIN, DATA = "/usr/lib/cups", "/usr/share/cups"
WAITING = "com.scanpost-waiting-for-daemon-warning"


def run(*command, expect=0, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **more)
    if expect is not None and done.returncode != expect:
        raise AssertionError(f"{command}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Cups:
    """cupsd with folders and a socket of its own, our backend and driver beside the system's filters."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="scanpost-cups-")
        os.chmod(self.root, 0o755)
        self.socket = os.path.join(self.root, "cups.sock")
        for name in ("etc", "bin", "bin/backend", "data", "data/model", "spool", "cache", "run", "tmp", "log"):
            os.mkdir(os.path.join(self.root, name))
        for name in os.listdir(SERVER_BIN):
            if not name.startswith("backend"):
                os.symlink(os.path.join(SERVER_BIN, name), os.path.join(self.root, "bin", name))
        for name in os.listdir(DATA):
            if name != "model":
                os.symlink(os.path.join(DATA, name), os.path.join(self.root, "data", name))
        shutil.copy(BACKEND, os.path.join(self.root, "bin/backend/scanpost"))
        shutil.copy(DRIVER, os.path.join(self.root, "data/model/scanpost.ppd"))
        for name, mode in (("spool", 0o710), ("tmp", 0o1770)):
            shutil.chown(os.path.join(self.root, name), "root", "lp")
            os.chmod(os.path.join(self.root, name), mode)
        self.write_config()
        self.start()

    def write_config(self):
        r = self.root
        with open(f"{r}/etc/cups-files.conf", "w") as f:
            f.write(f"ServerRoot {r}/etc\nServerBin {r}/bin\nDataDir {r}/data\nRequestRoot {r}/spool\n"
                    f"CacheDir {r}/cache\nStateDir {r}/run\nTempDir {r}/tmp\nAccessLog {r}/log/access\n"
                    f"ErrorLog {r}/log/error\nPageLog {r}/log/page\nUser lp\nGroup lp\nSystemGroup root\n")
        with open(f"{r}/etc/cupsd.conf", "w") as f:  # the usual error policy: a backend that fails stops the queue
            f.write(f"LogLevel debug\nListen {self.socket}\nBrowsing No\nWebInterface No\nErrorPolicy stop-printer\n"
                    "IdleExitTimeout 0\n<Location />\nOrder allow,deny\nAllow all\n</Location>\n"
                    "<Policy default>\n<Limit All>\nOrder deny,allow\n</Limit>\n</Policy>\n")

    def start(self):
        with open(f"{self.root}/log/out", "ab") as log:
            self.process = subprocess.Popen(
                ["cupsd", "-f", "-c", f"{self.root}/etc/cupsd.conf", "-s", f"{self.root}/etc/cups-files.conf"],
                stdout=log, stderr=log)
        wait_until("cupsd answers", lambda: "running" in self.do("lpstat", "-r", expect=None) and
                   "not running" not in self.do("lpstat", "-r", expect=None))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)

    def close(self):
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def do(self, *command, **more):
        environment = dict(os.environ, CUPS_SERVER=self.socket, LC_ALL="C.UTF-8")
        return run(*command, env=environment, **more)

    def queue(self, name, uri):
        self.do("lpadmin", "-p", name, "-E", "-v", uri, "-m", "scanpost.ppd")

    def print(self, queue, files, *options, user="alice"):
        out = self.do("lp", "-U", user, "-d", queue, *options, *files)
        return int(out.split(f"{queue}-")[1].split()[0])

    def open_jobs(self):
        return [line.split()[0] for line in self.do("lpstat", "-o").splitlines()]

    def state(self, number):
        """The job-state of a job, asked by IPP (RFC 8011) through the socket."""
        def attribute(tag, name, value):
            return struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(value)) + value
        request = (struct.pack(">BBHIB", 2, 0, 0x0009, 1, 1) + attribute(0x47, b"attributes-charset", b"utf-8") +
                   attribute(0x48, b"attributes-natural-language", b"en") +
                   attribute(0x45, b"job-uri", b"ipp://localhost/jobs/%d" % number) +
                   attribute(0x44, b"requested-attributes", b"job-state") + b"\3")
        connection = UnixConnection(self.socket)
        connection.request("POST", "/", request, {"Content-Type": "application/ipp", "Host": "localhost"})
        answer = connection.getresponse().read()
        connection.close()
        at = answer.index(b"\x23\0\x09job-state\0\4") + 14
        names = ("pending", "pending-held", "processing", "processing-stopped", "canceled", "aborted", "completed")
        return names[struct.unpack(">I", answer[at:at + 4])[0] - 3]

    def printer(self, queue):
        return self.do("lpstat", "-l", "-p", queue)

    def log(self):
        with open(f"{self.root}/log/error", errors="replace") as f:
            return f.read()


def need_cups():
    missing = [p for p in ("cupsd", "lpadmin", "ipptool") if shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin") is None]
    if os.geteuid() != 0:
        return "needs root"
    return f"needs {', '.join(missing)}" if missing else None


@unittest.skipIf(need_cups(), need_cups())
class Queue(unittest.TestCase):
    def setUp(self):
        os.environ["PATH"] += ":/usr/sbin" if "/usr/sbin" not in os.environ["PATH"] else ""
        self.files = tempfile.mkdtemp(prefix="scanpost-print-")
        os.chmod(self.files, 0o755)
        self.addCleanup(shutil.rmtree, self.files, True)
        self.cups = Cups()
        self.addCleanup(self.cups.close)

    def world(self, **options):
        world = World(start=False, **options)
        self.addCleanup(world.close)
        os.chmod(world.root, 0o755)
        world.start_as_nobody()
        return world

    def again(self, world):
        """Starts it after a stop."""
        world.start(user=65534, group=65534, extra_groups=[])

    def queue(self, world, path="/accounting", more=""):
        self.cups.queue("office", f"scanpost:{path}?run-dir={world.run_dir}{more}")

    def file(self, name, content):
        path = os.path.join(self.files, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def settle(self, seconds=60):
        wait_until("CUPS is done", lambda: not self.cups.open_jobs(), seconds)

    def check_queue(self):
        printer = self.cups.printer("office")
        self.assertIn("enabled since", printer)
        self.assertNotIn(WAITING, printer)

    def finished(self, world, count, seconds=60):
        return wait_until(f"{count} jobs are sent", lambda: len(world.jobs("&state=sent")) == count, seconds)

    # --- what everybody expects ---

    def test_discovered_and_offered_as_a_driver(self):
        self.assertEqual(os.stat(BACKEND).st_mode & 0o7777, 0o755)
        self.assertIn("network scanpost", self.cups.do("lpinfo", "-v"))
        self.assertIn("scanpost.ppd scanpost scan to e-mail", self.cups.do("lpinfo", "-m"))
        self.assertIn("PASS", run("cupstestppd", "-q", "-W", "sizes", DRIVER, expect=None) or "PASS")

    def test_a_pdf_arrives_bit_by_bit_with_all_that_was_said(self):
        world = self.world(tenant="methods = { direct, submission }  accepted-domains = { contoso.com, example.com }")
        world.sandbox.play("ip-blocked")
        self.queue(world)
        content = pdf(300_000)
        number = self.cups.print("office", [self.file("Bericht März.pdf", content)], "-n", "3",
                                 "-o", "mail-to=bob@contoso.com,carol@contoso.com", "-o", "mail-cc=dave@contoso.com",
                                 "-o", "mail-subject='It''s \"here\", ä'", "-o", "mail-body='Line one'")
        self.settle()
        self.finished(world, 1)
        job = world.job(world.jobs()[0]["id"])
        self.assertEqual((job["source"], job["source_name"], job["user"], job["route"]),
                         ("cups", "office", "alice", "accounting"))
        self.assertEqual([d["name"] for d in job["documents"]], ["Bericht März.pdf"])
        self.assertEqual(job["documents"][0]["sha256"], sha256(content))
        self.assertEqual(sorted(r["address"] for r in job["recipients"]),
                         ["accounting@contoso.com", "bob@contoso.com", "carol@contoso.com", "dave@contoso.com"])
        self.assertEqual(job["method"], "submission")
        mail = world.sandbox.mails()[0][1]
        self.assertEqual(attachments(mail), [("Bericht März.pdf", content)])
        self.assertIn("dave@contoso.com", header(mail, "Cc"))
        self.assertNotIn("dave@contoso.com", header(mail, "To"))
        self.assertIn("ä", header(mail, "Subject"))
        self.assertIn(job["id"], self.cups.log())
        self.assertEqual(self.cups.state(number), "completed")
        self.check_queue()

    def test_files_of_a_job_are_one_mail_and_text_becomes_pdf(self):
        world = self.world()
        self.queue(world, more="&subject=From%20the%20queue")
        a, b = pdf(50_000), pdf(1_000)
        self.cups.print("office", [self.file("a.pdf", a), self.file("notes.txt", b"Hello\n"), self.file("b.pdf", b)],
                        "-t", "Title")
        self.cups.print("office", [self.file("c.txt", b"Alone\n")])
        self.settle()
        self.finished(world, 2)
        jobs = {len(j["documents"]): world.job(j["id"]) for j in world.jobs()}
        self.assertEqual([d["name"] for d in jobs[3]["documents"]], ["a.pdf", "notes.txt.pdf", "b.pdf"])
        self.assertEqual(jobs[3]["documents"][0]["sha256"], sha256(a))
        self.assertEqual(jobs[3]["documents"][2]["sha256"], sha256(b))
        self.assertEqual(jobs[3]["subject"], "From the queue")
        self.assertEqual([d["name"] for d in jobs[1]["documents"]], ["c.txt.pdf"])
        for job in jobs.values():
            self.assertEqual({d["type"] for d in job["documents"]}, {"application/pdf"})
        self.assertEqual(sorted(os.listdir(os.path.join(world.state, "parts", "spool"))), [".new", ".old"])
        self.check_queue()

    def test_driver_choices_and_print_users(self):
        people = self.file("people.csv", b"name,address,alias\nAlice Smith,alice.smith@contoso.com,alice\n")
        world = self.world(extra=f'people {{ file = "{people}" }}\nroute personal {{ otherwise = {{ it@contoso.com }} }}')
        self.queue(world, "/personal")
        self.cups.print("office", [self.file("a.pdf", pdf())])
        self.cups.print("office", [self.file("b.pdf", pdf())], user="mallory")
        self.cups.print("office", [self.file("c.pdf", pdf())], "-o", "MailTo=Custom.bob@contoso.com")
        self.settle()
        self.finished(world, 3)
        to = {j["documents"][0]["name"]: [r["address"] for r in world.job(j["id"])["recipients"]] for j in world.jobs()}
        self.assertEqual(to, {"a.pdf": ["alice.smith@contoso.com"], "b.pdf": ["it@contoso.com"],
                              "c.pdf": ["bob@contoso.com"]})

    def test_printed_again_by_a_person_is_sent_again(self):
        world = self.world()
        self.queue(world)
        files = [self.file("a.pdf", pdf()), self.file("b.pdf", pdf())]
        number = self.cups.print("office", files)
        self.settle()
        self.finished(world, 1)
        time.sleep(1.1)  # CUPS tells the two runs apart by the second in which the first was completed
        self.cups.do("lp", "-i", f"office-{number}", "-H", "restart")
        self.settle()
        self.finished(world, 2)

    # --- what is refused ---

    def test_what_is_refused_is_cancelled_in_words_and_the_next_job_goes_through(self):
        world = self.world()
        self.queue(world)
        good = self.file("good.pdf", pdf())
        wrong = {
            "not an e-mail address": self.cups.print("office", [good], "-o", "mail-to=nobody"),
            "outside the domains": self.cups.print("office", [good], "-o", "mail-to=x@elsewhere.net"),
            "stands alone": self.cups.print("office", [good], "-o", "mail-to=a@contoso.com, b@contoso.com"),
            "outside the domains of": self.cups.print("office", [good, good], "-o", "mail-to=x@elsewhere.net"),
        }
        self.cups.print("office", [good])
        self.settle()
        for words, number in wrong.items():
            self.assertIn(self.cups.state(number), ("canceled", "aborted"))
            self.assertIn(words, self.cups.log())
        self.finished(world, 1)
        self.assertEqual(len(world.jobs()), 1)
        refused = [r for r in world.ask("GET", "/api/v1/sources").json()["refusals"] if r["door"] == "cups"]
        self.assertEqual({r["who"] for r in refused}, {"office"})
        self.assertTrue(any("outside the domains" in r["reason"] for r in refused), refused)
        self.check_queue()

    def test_line_breaks_in_options_and_titles_make_no_headers(self):
        world = self.world()
        self.queue(world)
        number = self.cups.print("office", [self.file("a.pdf", pdf())], "-t", "x\nERROR: faked\nSTATE: +paused",
                                 "-o", "mail-to=bob@contoso.com", "-o", "mail-body='.\r\n.\r\nQUIT'",
                                 "-o", "mail-subject='a\r\nBcc: evil@contoso.com\r\nX-Evil: 1\r\n\r\nhello'")
        self.cups.print("office", [self.file("b.pdf", pdf())], "-o", "mail-to=bob@contoso.com\r\nBcc:evil@contoso.com")
        self.settle()
        self.assertEqual(self.cups.state(number), "completed")
        self.finished(world, 1)
        job = world.job(world.jobs()[0]["id"])
        self.assertEqual(sorted(r["address"] for r in job["recipients"]), ["accounting@contoso.com", "bob@contoso.com"])
        self.assertNotRegex(job["subject"] + job["documents"][0]["name"], r"[\r\n]")
        facts, mail = world.sandbox.mails()[0]
        self.assertNotIn("evil@contoso.com", str(facts))
        head = mail.split(b"\r\n\r\n", 1)[0]
        self.assertNotRegex(head, rb"(?im)^(bcc|x-evil):")
        self.assertIn(b"\r\n\r\n.\r\n.\r\nQUIT\r\n", mail)
        self.check_queue()

    def test_a_queue_set_up_wrong_holds_its_jobs(self):
        world = self.world()
        self.queue(world, more="&recipient=x")
        number = self.cups.print("office", [self.file("a.pdf", pdf())])
        wait_until("it is held", lambda: self.cups.state(number) == "pending-held")
        self.assertIn("known are to=", self.cups.log())
        self.queue(world)
        self.cups.do("lp", "-i", f"office-{number}", "-H", "resume")
        self.settle()
        self.finished(world, 1)
        self.check_queue()

    # --- when the daemon is away ---

    def test_daemon_stopped_and_started(self):
        world = self.world()
        self.queue(world)
        world.stop()
        contents = [pdf(), pdf(), pdf()]
        files = [self.file(f"{i}.pdf", c) for i, c in enumerate(contents)]
        number = self.cups.print("office", files[:1])
        self.cups.print("office", files[1:])
        wait_until("CUPS says why", lambda: WAITING in self.cups.printer("office"))
        self.assertEqual(self.cups.state(number), "processing")
        self.again(world)
        self.settle()
        self.finished(world, 2)
        got = sorted(d["sha256"] for j in world.jobs() for d in j["documents"])
        self.assertEqual(got, sorted(sha256(c) for c in contents))
        self.check_queue()

    def test_cancelled_in_mid_job(self):
        world = self.world()
        self.queue(world)
        world.stop()
        one = self.cups.print("office", [self.file("a.pdf", pdf())])
        wait_until("it waits", lambda: WAITING in self.cups.printer("office"))
        self.cups.do("cancel", f"office-{one}")
        two = self.cups.print("office", [self.file("b.pdf", pdf()), self.file("c.pdf", pdf())])
        wait_until("the next one waits", lambda: self.cups.state(two) == "processing")
        time.sleep(1)
        self.cups.do("cancel", f"office-{two}")
        self.settle()
        self.assertEqual(self.cups.state(one), "canceled")
        self.assertIn(self.cups.state(two), ("canceled", "aborted"))  # how CUPS 2.4 calls it in front of other files
        self.again(world)
        self.cups.print("office", [self.file("d.pdf", pdf())])
        self.settle()
        self.finished(world, 1)
        self.assertEqual([d["name"] for j in world.jobs() for d in j["documents"]], ["d.pdf"])
        self.check_queue()

    def test_queue_paused_in_mid_job_of_many_files_makes_one_mail_with_each_file_once(self):
        world = self.world()
        self.queue(world)
        contents = [pdf(2_000) for _ in range(40)]
        self.cups.print("office", [self.file(f"{i:02}.pdf", c) for i, c in enumerate(contents)])
        for _ in range(4):
            time.sleep(random.uniform(0.1, 0.4))
            self.cups.do("cupsdisable", "office")
            time.sleep(0.2)
            if random.random() < 0.5:
                world.kill(random.choice(list(world.children().values())))
            self.cups.do("cupsenable", "office")
        self.settle()
        self.finished(world, 1)
        job = world.job(world.jobs()[0]["id"])
        self.assertEqual([d["sha256"] for d in job["documents"]], [sha256(c) for c in contents])
        self.check_queue()

    def test_cupsd_ended_and_started_in_mid_job(self):
        world = self.world()
        self.queue(world)
        contents = [pdf(2_000) for _ in range(20)]
        self.cups.print("office", [self.file(f"{i:02}.pdf", c) for i, c in enumerate(contents)])
        time.sleep(0.3)
        self.cups.stop()
        self.cups.start()
        self.settle()
        self.finished(world, 1)
        job = world.job(world.jobs()[0]["id"])
        self.assertEqual([d["sha256"] for d in job["documents"]], [sha256(c) for c in contents])

    def test_fifty_jobs_at_once_while_the_daemon_is_killed(self):
        world = self.world(retry="first = 200ms  max = 1s  expire = 1h")
        self.queue(world)
        for i in range(3):
            self.cups.queue(f"other{i}", f"scanpost:/accounting?run-dir={world.run_dir}")
        contents = [pdf(random.randrange(2_000, 200_000)) for _ in range(50)]
        queues = ["office", "other0", "other1", "other2"]
        for i, content in enumerate(contents):
            self.cups.print(queues[i % 4], [self.file(f"{i:02}.pdf", content)])
            if i % 10 == 5:
                children = list(world.children().values())
                world.kill(random.choice(children)) if children else None
            if i == 27:
                world.kill_all()
                self.again(world)
        self.settle()
        wait_until("all are sent", lambda: len(world.jobs("&state=sent")) == 50)
        self.assertEqual(len(world.jobs()), 50)
        self.assertEqual({j["documents"][0]["sha256"] for j in world.jobs()}, {sha256(c) for c in contents})
        self.check_queue()


class Bus:
    """A D-Bus and an Avahi of our own: ippeveprinter does not start without, even when it shall not announce itself."""

    def __init__(self, root):
        self.address = f"unix:path={root}/bus"
        self.environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=self.address)
        with open(f"{root}/bus.conf", "w") as f:
            f.write('<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" '
                    '"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd"><busconfig><type>system</type>'
                    f"<listen>{self.address}</listen><auth>EXTERNAL</auth>"
                    '<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>'
                    '<allow own="*"/><allow user="*"/></policy></busconfig>')
        with open(f"{root}/avahi.conf", "w") as f:
            f.write("[server]\nuse-ipv6=no\nallow-interfaces=lo\n[wide-area]\nenable-wide-area=no\n")
        self.log = open(f"{root}/bus.log", "wb")
        self.bus = subprocess.Popen(["dbus-daemon", f"--config-file={root}/bus.conf", "--nofork"], stdout=self.log,
                                    stderr=self.log)
        wait_until("the bus is there", lambda: os.path.exists(f"{root}/bus"))
        self.avahi = subprocess.Popen(["avahi-daemon", "-f", f"{root}/avahi.conf", "--no-drop-root", "--no-chroot",
                                       "--no-rlimits"], stdout=self.log, stderr=self.log, env=self.environment)

    def close(self):
        for process in (self.avahi, self.bus):
            process.terminate()
            process.wait(15)
        self.log.close()


def need_ippeve():
    path = os.environ["PATH"] + ":/usr/sbin"
    missing = [p for p in ("ippeveprinter", "ipptool", "dbus-daemon", "avahi-daemon") if shutil.which(p, path=path) is None]
    if os.geteuid() != 0:
        return "needs root"
    if os.path.exists("/run/avahi-daemon/pid") and os.path.exists(f"/proc/{open('/run/avahi-daemon/pid').read().strip()}"):
        return "an Avahi runs here already"
    return f"needs {', '.join(missing)}" if missing else None


@unittest.skipIf(need_ippeve(), need_ippeve())
class Driverless(unittest.TestCase):
    def setUp(self):
        os.environ["PATH"] += ":/usr/sbin" if "/usr/sbin" not in os.environ["PATH"] else ""
        self.root = tempfile.mkdtemp(prefix="scanpost-ipp-")
        os.chmod(self.root, 0o755)
        self.addCleanup(shutil.rmtree, self.root, True)
        self.bus = Bus(self.root)
        self.addCleanup(self.bus.close)
        self.port = free_port()

    def start_printer(self, world):
        log = open(f"{self.root}/ipp.log", "wb")
        self.addCleanup(log.close)
        spool = f"{self.root}/spool"
        os.mkdir(spool)
        shutil.chown(spool, "lp", "lp")
        command = ["setpriv", "--reuid=lp", "--regid=lp", "--clear-groups", "ippeveprinter", "-v", "-r", "off", "-n",
                   "localhost", "-p", str(self.port), "-d", spool, "-f", "application/pdf,image/jpeg", "-D",
                   f"scanpost:/accounting?queue=phones&run-dir={world.run_dir}", "-c", COMMAND, "Scan to mail"]
        def started():
            process = subprocess.Popen(command, stdout=log, stderr=log, env=self.bus.environment)
            time.sleep(0.5)
            return process if process.poll() is None else None
        process = wait_until("ippeveprinter runs", started)
        self.addCleanup(process.wait, 15)
        self.addCleanup(process.terminate)

    def print(self, name, content, status="successful-ok"):
        path, test = f"{self.root}/{name}.pdf", f"{self.root}/print.test"
        with open(path, "wb") as f:
            f.write(content)
        with open(test, "w") as f:
            f.write(f"""{{ OPERATION Print-Job
 GROUP operation-attributes-tag
 ATTR charset attributes-charset utf-8
 ATTR language attributes-natural-language en
 ATTR uri printer-uri $uri
 ATTR name requesting-user-name bob
 ATTR name job-name "{name}"
 ATTR mimeMediaType document-format application/pdf
 FILE $filename
 STATUS {status}
}}""")
        run("ipptool", "-tv", "-f", path, f"ipp://localhost:{self.port}/ipp/print", test)

    def test_phones_and_windows_print_without_a_driver(self):
        world = World(start=False)
        self.addCleanup(world.close)
        os.chmod(world.root, 0o755)
        world.start_as_nobody()
        self.start_printer(world)
        content = pdf(100_000)
        wait_until("it prints", lambda: self.print("Über alles", content) or True)
        job = world.job(world.wait_for_job()["id"])
        self.assertEqual((job["source"], job["source_name"], job["user"]), ("cups", "phones", "bob"))
        self.assertEqual(job["documents"][0]["name"], "Über alles.pdf")
        self.assertEqual(job["documents"][0]["sha256"], sha256(content))


if __name__ == "__main__":
    unittest.main()
