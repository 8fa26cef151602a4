"""peers.py - those who are measured: scanpost, Postfix, nodemailer's pool; and the sink they all send to.

Each peer has `send(count, size)`, which returns once the sink has accepted everything, and `usage()`.
"""
import email.message
import email.policy
import mmap
import os
import pwd
import shutil
import socket
import struct
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TICK = os.sysconf("SC_CLK_TCK")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def document(size):
    return b"%PDF-1.4\n" + os.urandom(size - 29) + b"\nstartxref\n0\n%%EOF\n\n"


def descendants(pid):
    pids, more = [], [pid]
    while more:
        pid = more.pop()
        pids.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children") as f:
                    more += [int(p) for p in f.read().split()]
        except OSError:
            pass
    return pids


class Usage:
    """CPU seconds of processes and of those that ended below them; memory (PSS) in MB; the most that each had (RSS)."""

    def __init__(self, pid):
        self.cpu = self.pss = 0.0
        for p in descendants(pid):
            try:
                with open(f"/proc/{p}/stat") as f:
                    fields = f.read().rpartition(")")[2].split()
                self.cpu += sum(int(n) for n in fields[11:15]) / TICK
                with open(f"/proc/{p}/smaps_rollup") as f:
                    self.pss += next(int(line.split()[1]) for line in f if line.startswith("Pss:")) / 1024
            except (OSError, StopIteration):
                pass


class Sink:
    def __init__(self, root, tools):
        self.certificate, key = os.path.join(root, "sink.pem"), os.path.join(root, "sink.key")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", self.certificate,
            "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        os.chmod(self.certificate, 0o644)
        counters = os.path.join(root, "counters")
        self.process = subprocess.Popen([os.path.join(tools, "bench-sink"), self.certificate, key, counters],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        with open(counters, "rb") as f:
            self.map = mmap.mmap(f.fileno(), 40, access=mmap.ACCESS_READ)

    def read(self):
        names = ("messages", "octets", "turnarounds", "connections", "last_ns")
        return dict(zip(names, struct.unpack("5Q", self.map[:40])))

    def hang_up(self):
        """On everybody: what comes next needs a new connection, and may resume its TLS session."""
        self.process.stdin.write("d")
        self.process.stdin.flush()
        time.sleep(0.2)  # longer than the wire

    def wait(self, messages, seconds=120):
        deadline = time.monotonic() + seconds
        while self.read()["messages"] < messages:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.read()} after {seconds} s, not {messages} messages")
            time.sleep(0.001)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


class Delay:
    """A wire in front of the sink."""

    def __init__(self, tools, port, one_way_ms, kilobits=0, slow_start=False):
        command = [os.path.join(tools, "bench-delay"), str(port), str(one_way_ms), str(kilobits)]
        self.process = subprocess.Popen(command + (["slow"] if slow_start else []),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


class Scanpost:
    def __init__(self, root, build, sink, port=None, binarymime=False):
        self.name = "BINARYMIME" if binarymime else "scanpost"
        self.binarymime = binarymime
        self.sink = sink
        self.root = tempfile.mkdtemp(prefix="scanpost-", dir=root)
        self.scans, self.staging = os.path.join(self.root, "scans"), os.path.join(self.root, "staging")
        os.mkdir(self.scans)
        os.mkdir(self.staging)
        config = os.path.join(self.root, "scanpost.conf")
        with open(config, "w") as f:
            f.write(f"""
gateway {{ state-dir = "{self.root}/state"  run-dir = "{self.root}/run"  hostname = scan.contoso.com
    resolver = "127.0.0.1:9"  reserve = 1M }}
http {{ listen = {{ "127.0.0.1:{free_port()}" }} }}
tenant contoso {{ domain = contoso.com  sender = scanner@contoso.com  methods = {{ direct }} }}
method direct {{ host = localhost  port = {port or sink.port}  ca-file = "{sink.certificate}"  connections = 3
    max-size = 200M  binarymime = {"yes" if binarymime else "no"} }}
route accounting {{ to = {{ accounting@contoso.com }} }}
folder scans {{ path = "{self.scans}"  route = accounting  settle = 1ms }}
""")
        identity = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            run("chown", "-R", f"{nobody.pw_uid}:{nobody.pw_gid}", self.root)
            identity = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self.log = open(os.path.join(root, "scanpost.log"), "ab")
        self.process = subprocess.Popen([os.path.join(build, "gateway/daemon/scanpostd"), "-c", config],
                                        stdout=self.log, stderr=self.log, **identity)
        deadline = time.monotonic() + 20
        while not os.path.exists(os.path.join(self.root, "run/scanpost.sock")):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise RuntimeError("scanpostd did not start: " + open(self.log.name).read())
            time.sleep(0.05)
        time.sleep(0.5)

    def prepare(self, count, size):
        self.files = []
        for n in range(count):
            path = os.path.join(self.staging, f"scan-{time.monotonic_ns()}-{n}.pdf")
            with open(path, "wb") as f:
                f.write(document(size))
            if os.geteuid() == 0:
                os.chown(path, os.stat(self.scans).st_uid, -1)
            self.files.append(path)
        os.sync()

    def begin(self):
        """Renaming is what a copier does that writes a temporary file first."""
        for path in self.files:
            os.rename(path, os.path.join(self.scans, os.path.basename(path)))

    def send(self, count):
        before = self.sink.read()["messages"]
        self.begin()
        self.sink.wait(before + count)

    def write(self, content):
        """As a copier writes: create, write, close."""
        before = self.sink.read()["messages"]
        with open(os.path.join(self.scans, f"scan-{time.monotonic_ns()}.pdf"), "wb") as f:
            f.write(content)
        closed = time.monotonic_ns()
        self.sink.wait(before + 1)
        return (self.sink.read()["last_ns"] - closed) / 1e9

    def settle(self):
        """Until everything is written down."""
        time.sleep(0.3)

    def usage(self):
        return Usage(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


MAIN_CF = """
compatibility_level = 3.6
maillog_file = {root}/maillog
maillog_file_prefixes = {root}
queue_directory = {root}/queue
data_directory = {root}/data
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
myhostname = localhost
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
message_size_limit = 300000000
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
relayhost = [localhost]:{port}
smtp_host_lookup = native
in_flow_delay = 0
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
default_destination_concurrency_limit = 3
initial_destination_concurrency = 3
smtp_connection_cache_destinations = [localhost]:{port}
smtp_connection_cache_time_limit = 60s
smtp_connection_reuse_time_limit = 3600s
smtp_tls_security_level = secure
smtp_tls_secure_cert_match = hostname
smtp_tls_CAfile = {certificate}
smtp_tls_connection_reuse = yes
smtp_tls_session_cache_database = btree:{root}/data/smtp_scache
"""

MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
relay unix - - n - - smtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
error unix - - n - - error
retry unix - - n - - error
tlsmgr unix - - n 1000? 1 tlsmgr
tlsproxy unix - - n - 0 tlsproxy
proxymap unix - - n - - proxymap
flush unix n - n 1000? 0 flush
"""


class Postfix:
    """Mail comes in over SMTP on eight kept connections, and leaves over three that are kept."""
    name = "Postfix"
    connections = 8
    binarymime = False

    def __init__(self, root, tools, sink, port=None):
        self.sink, self.tools = sink, tools
        self.root = tempfile.mkdtemp(prefix="postfix-", dir=root)
        os.chmod(self.root, 0o755)
        self.port = free_port()
        owner = pwd.getpwnam("postfix")
        for name, uid in (("queue", 0), ("data", owner.pw_uid), ("conf", 0)):
            os.mkdir(os.path.join(self.root, name), 0o755)
            os.chown(os.path.join(self.root, name), uid, 0)
        self.conf = os.path.join(self.root, "conf")
        with open(os.path.join(self.conf, "main.cf"), "w") as f:
            f.write(MAIN_CF.format(root=self.root, port=port or sink.port, certificate=sink.certificate))
        with open(os.path.join(self.conf, "master.cf"), "w") as f:
            f.write(MASTER_CF.format(port=self.port))
        run("postfix", "-c", self.conf, "start")
        with open(os.path.join(self.root, "queue/pid/master.pid")) as f:
            self.pid = int(f.read())
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.1)

    def prepare(self, count, size):
        mail = email.message.EmailMessage(policy=email.policy.SMTP)
        mail["From"], mail["To"], mail["Subject"] = "scanner@contoso.com", "accounting@contoso.com", "Scan"
        mail.set_content("A scan.\n")
        mail.add_attachment(document(size), maintype="application", subtype="pdf", filename="scan.pdf")
        self.mail = os.path.join(self.root, "mail")
        with open(self.mail, "wb") as f:
            f.write(mail.as_bytes())

    def hand_in(self, count):
        run(os.path.join(self.tools, "bench-inject"), str(self.port), str(min(self.connections, count)), str(count),
            self.mail, "scanner@contoso.com", "accounting@contoso.com")

    def send(self, count):
        before = self.sink.read()["messages"]
        self.hand_in(count)
        self.sink.wait(before + count)

    def settle(self):
        time.sleep(0.3)

    def usage(self):
        return Usage(self.pid)

    def stop(self):
        run("postfix", "-c", self.conf, "stop")


class Sendmail(Postfix):
    """The same, but each mail comes by a `sendmail` of its own, three at a time."""
    name = "sendmail"

    def hand_in(self, count):
        command = f"seq {count} | xargs -P 3 -I% sh -c 'exec sendmail -C {self.conf} -i -f scanner@contoso.com " \
                  f"accounting@contoso.com < {self.mail}'"
        run("sh", "-c", command)


class Nodemailer:
    """Its pool of three connections, in one process, with nothing on disk."""
    name = "nodemailer"
    binarymime = False

    def __init__(self, root, modules, sink, port=None):
        self.sink = sink
        self.file = os.path.join(root, "nodemailer.pdf")
        self.process = subprocess.Popen(["node", os.path.join(HERE, "nodemailer.js"), str(port or sink.port),
                                         sink.certificate], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "NODE_PATH": modules})
        self.process.stdout.readline()

    def prepare(self, count, size):
        with open(self.file, "wb") as f:
            f.write(document(size))

    def send(self, count):
        before = self.sink.read()["messages"]
        self.process.stdin.write(f"go {count} {self.file}\n")
        self.process.stdin.flush()
        self.process.stdout.readline()
        self.sink.wait(before + count)

    def settle(self):
        pass

    def usage(self):
        return Usage(self.process.pid)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


def install_nodemailer(root):
    """The folder of its modules; None where npm cannot have it."""
    if shutil.which("npm") is None:
        return None
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, name), root)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=root, capture_output=True,
                          text=True, timeout=180)
    return os.path.join(root, "node_modules") if done.returncode == 0 else None
