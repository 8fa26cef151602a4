"""house.py - a whole scanpost in a temporary folder, with a sandbox that plays Microsoft 365 behind it.

    with World() as world:
        world.drop("a.pdf", pdf(1000))
        job = world.wait_for_job(state="sent")

Programs come from the installed prefix in $SCANPOST_PREFIX. Everything listens on 127.0.0.1, on ports that were free;
every wait is bounded; every process that was started is ended by its pid.
"""
import base64
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PREFIX = os.environ["SCANPOST_PREFIX"]
DAEMON = os.path.join(PREFIX, "sbin", "scanpostd")
CLI = os.path.join(PREFIX, "bin", "scanpost")
SANDBOX = os.path.join(PREFIX, "bin", "scanpost-sandbox")
PATIENCE = 60.0


def pdf(size=2000, mark=None):
    """A document that begins and ends as a PDF does, unlike any other one."""
    mark = mark or f"{random.getrandbits(64):016x}"
    head = f"%PDF-1.4\n% {mark}\n".encode()
    tail = b"\nstartxref\n0\n%%EOF\n"
    return head + random.randbytes(max(0, size - len(head) - len(tail))) + tail


def wait_until(what, condition, seconds=PATIENCE, pause=0.05):
    """Returns what the condition returned once it is true; fails with the words otherwise."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(pause)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


def multipart(fields, documents):
    """fields: (name, value) pairs; documents: (file name as str or bytes, bytes) pairs."""
    boundary = b"----scan" + base64.b16encode(random.randbytes(8))
    out = b""
    for name, value in fields:
        out += b"--" + boundary + f'\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        out += value.encode() + b"\r\n"
    for name, content in documents:
        raw = name if isinstance(name, bytes) else name.encode()
        quoted = raw.replace(b'"', b"%22").replace(b"\r", b"%0D").replace(b"\n", b"%0A")
        out += b"--" + boundary + b'\r\nContent-Disposition: form-data; name="document"; filename="' + quoted + b'"'
        out += b"\r\nContent-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"
    return out + b"--" + boundary + b"--\r\n", "multipart/form-data; boundary=" + boundary.decode()


class Sandbox:
    """scanpost-sandbox in a folder; its scenario can be changed while it runs."""

    def __init__(self, folder, *options):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.password_file = os.path.join(folder, "password")
        with open(self.password_file, "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write("Geheim-123\n")
        self.log = open(os.path.join(folder, "log"), "wb")
        self.process = subprocess.Popen(
            [SANDBOX, "--dir", folder, "--user", "scanner@contoso.com", "--password-file", self.password_file, *options],
            stdout=self.log, stderr=self.log)
        description = os.path.join(folder, "sandbox.json")
        wait_until("the sandbox is ready", lambda: os.path.exists(description) or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise AssertionError("the sandbox ended: " + open(os.path.join(folder, "log")).read())
        with open(description) as f:
            self.facts = json.load(f)

    def play(self, *scenarios):
        path = os.path.join(self.folder, "scenario")
        with open(path + ".new", "w") as f:
            f.write("".join(s + "\n" for s in scenarios))
        os.replace(path + ".new", path)

    def mails(self):
        """(facts, bytes) of every message that was stored, in order."""
        folder, found = os.path.join(self.folder, "mail"), []
        names = [n for n in os.listdir(folder) if n.endswith(".json") and not n.startswith(".")]
        for name in sorted(names, key=lambda n: int(n.split(".")[0])):
            with open(os.path.join(folder, name)) as f, open(os.path.join(folder, name[:-5] + ".eml"), "rb") as e:
                found.append((json.load(f), e.read()))
        return found

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(15)
        self.log.close()


class World:
    """A folder with a configuration, a sandbox, and scanpostd."""

    def __init__(self, gateway="", tenant="methods = { direct, submission }", folder="", extra="", retry=None,
                 scans=None, start=True, sandbox_options=(), direct="", submission="", route="", http=""):
        self.root = tempfile.mkdtemp(prefix="scanpost-e2e-")
        self.scans = scans or os.path.join(self.root, "scans")
        os.makedirs(self.scans, exist_ok=True)
        self.state = os.path.join(self.root, "state")
        self.run_dir = os.path.join(self.root, "run")
        self.port = free_port()
        self.daemon = None
        self.sandbox = Sandbox(os.path.join(self.root, "sandbox"), *sandbox_options)
        self.config = os.path.join(self.root, "scanpost.conf")
        self.parts = {"gateway": gateway, "tenant": tenant, "folder": folder, "extra": extra, "direct": direct,
                      "submission": submission, "route": route, "http": http,
                      "retry": retry or "first = 1s  max = 2s  expire = 1h"}
        self.write_config()
        if start:
            self.start()

    def write_config(self, **changes):
        self.parts.update(changes)
        p, s = self.parts, self.sandbox
        with open(self.config, "w") as f:
            f.write(f"""
gateway {{ state-dir = "{self.state}"  run-dir = "{self.run_dir}"  hostname = scan.contoso.com
    resolver = "127.0.0.1:{s.facts['dns_port']}"  reserve = 1M  time-zone = "Europe/Berlin"  {p['gateway']} }}
http {{ listen = {{ 127.0.0.1:{self.port} }}  {p['http']} }}
tenant contoso {{ domain = contoso.com  sender = scanner@contoso.com  {p['tenant']} }}
method direct {{ port = {s.facts['mx_port']}  ca-file = "{s.facts['ca']}"  {p['direct']} }}
method submission {{ host = {s.facts['submission_host']}  port = {s.facts['submission_port']}
    ca-file = "{s.facts['ca']}"
    auth = password  username = scanner@contoso.com  password-file = "{s.password_file}"  {p['submission']} }}
route accounting {{ to = {{ accounting@contoso.com }}  {p['route']} }}
folder scans {{ path = "{self.scans}"  route = accounting  settle = 300ms  {p['folder']} }}
retry {{ {p['retry']} }}
{p['extra']}
""")

    # --- the daemon ---

    def start(self, wait=True, **identity):
        """identity: user, group and so on, as subprocess.Popen knows them."""
        with open(os.path.join(self.root, "log"), "ab") as log:
            self.daemon = subprocess.Popen([DAEMON, "-c", self.config], stdout=log, stderr=log, **identity)
        if wait:
            self.wait_ready()

    def start_as_nobody(self):
        """For tests that need root themselves."""
        subprocess.run(["chown", "-R", "65534:65534", self.root], check=True, timeout=30)
        self.start(user=65534, group=65534, extra_groups=[])

    def wait_ready(self):
        def ready():
            if self.daemon.poll() is not None:
                raise AssertionError("scanpostd ended:\n" + self.log_text())
            try:
                return self.ask("GET", "/healthz").status == 200
            except OSError:
                return False
        wait_until("scanpostd answers", ready)

    def children(self):
        """name -> pid of the processes below the supervisor."""
        found = {}
        try:
            with open(f"/proc/{self.daemon.pid}/task/{self.daemon.pid}/children") as f:
                for pid in f.read().split():
                    with open(f"/proc/{pid}/comm") as c:
                        found[c.read().strip()] = int(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
        return found

    def kill(self, pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def kill_all(self):
        pids = list(self.children().values())
        self.kill(self.daemon.pid)
        for pid in pids:
            self.kill(pid)
        self.daemon.wait(10)

    def stop(self):
        """SIGTERM; returns the exit status and the seconds it took."""
        if self.daemon is None or self.daemon.poll() is not None:
            return (self.daemon.returncode if self.daemon else None), 0.0
        began = time.monotonic()
        self.daemon.send_signal(signal.SIGTERM)
        try:
            status = self.daemon.wait(20)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError("scanpostd did not end on SIGTERM:\n" + self.log_text())
        return status, time.monotonic() - began

    def log_text(self):
        with open(os.path.join(self.root, "log"), errors="replace") as f:
            return f.read()

    # --- asking it ---

    def ask(self, method, path, body=None, headers=None):
        """As root or the daemon's own user, through the Unix socket."""
        connection = UnixConnection(os.path.join(self.run_dir, "scanpost.sock"))
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def ask_tcp(self, method, path, body=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def post(self, documents, fields=(("route", "accounting"),), token=None, key=None):
        body, content_type = multipart(fields, documents)
        headers = {"Content-Type": content_type}
        if key:
            headers["Idempotency-Key"] = key
        if token is None:
            return self.ask("POST", "/api/v1/scans", body, headers)
        headers["Authorization"] = "Bearer " + token
        return self.ask_tcp("POST", "/api/v1/scans", body, headers)

    def cli(self, *arguments, expect=0, stdin=None):
        done = subprocess.run([CLI, "-c", self.config, *arguments], capture_output=True, text=True, timeout=60,
                              input=stdin)
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"scanpost {arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def token(self, name="copier", *options):
        return json.loads(self.cli("--json", "token", "add", name, *options).stdout)["token"]

    def job(self, job_id):
        return self.ask("GET", "/api/v1/jobs/" + job_id).json()

    def jobs(self, query=""):
        found, cursor = [], ""
        for _ in range(1000):
            page = self.ask("GET", f"/api/v1/jobs?limit=200{query}{cursor}").json()
            found += page["jobs"]
            if not page["next"]:
                return found
            cursor = "&cursor=" + page["next"]
        raise AssertionError("the list of jobs never ends")

    def wait_for_job(self, job_id=None, state="sent", seconds=PATIENCE):
        def there():
            jobs = [self.job(job_id)] if job_id else [self.job(j["id"]) for j in self.jobs()[:1]]
            return jobs[0] if jobs and jobs[0]["state"] == state else None
        try:
            return wait_until(f"job {job_id or ''} is {state}", there, seconds)
        except AssertionError as error:
            seen = json.dumps(self.job(job_id) if job_id else self.jobs(), indent=1)
            raise AssertionError(f"{error}\n{seen}\n{self.log_text()[-4000:]}") from None

    def method(self, name):
        return next(m for m in self.ask("GET", "/api/v1/methods").json()["methods"] if m["name"] == name)

    # --- the copier ---

    def drop(self, name, content):
        with open(os.path.join(os.fsencode(self.scans), os.fsencode(name)), "wb") as f:
            f.write(content)

    def waiting_files(self):
        return sorted(n for n in os.listdir(self.scans) if not n.startswith(".") and n != "rejected")

    # --- the end ---

    def close(self):
        try:
            self.stop()
        finally:
            self.sandbox.stop()
            if os.environ.get("SCANPOST_KEEP"):
                print("kept:", self.root)
            else:
                shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is not None and os.path.exists(os.path.join(self.root, "log")):
            print(f"--- the end of scanpostd's log ---\n{self.log_text()[-3000:]}")
        self.close()


def attachments(mail):
    """The attached files of a stored mail: (name, bytes)."""
    import email
    import email.policy
    message = email.message_from_bytes(mail, policy=email.policy.default)
    return [(p.get_filename(), p.get_payload(decode=True)) for p in message.iter_attachments()]


def header(mail, name):
    import email
    import email.policy
    return email.message_from_bytes(mail, policy=email.policy.default)[name]


def sha256(content):
    return hashlib.sha256(content).hexdigest()
