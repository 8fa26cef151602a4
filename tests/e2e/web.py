"""web.py - asking scanpost as a browser does, with a cookie and a CSRF token; and as nobody should, byte for byte."""
import http.client
import json
import socket
import ssl

PASSWORD = "correct horse battery"


class Browser:
    """One person at one browser. source: the address they come from."""

    def __init__(self, world, tls=None, source=None):
        self.world, self.tls, self.source = world, tls, source
        self.cookie = self.csrf = None
        self.set_cookie = ""

    def connect(self):
        source = (self.source, 0) if self.source else None
        if self.tls:
            return http.client.HTTPSConnection("localhost", self.world.port, timeout=60, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=60, source_address=source)

    def ask(self, method, path, data=None, headers=None, csrf=True):
        """data: JSON, or bytes as they are."""
        all_headers = dict(headers or {})
        if self.cookie:
            all_headers.setdefault("Cookie", self.cookie)
        if csrf and self.csrf and method != "GET":
            all_headers.setdefault("X-CSRF-Token", self.csrf)
        body = data
        if data is not None and not isinstance(data, bytes):
            body = json.dumps(data).encode()
            all_headers.setdefault("Content-Type", "application/json")
        connection = self.connect()
        try:
            connection.request(method, path, body, all_headers)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def sign_in(self, name, password=PASSWORD, headers=None):
        return self.take(self.ask("POST", "/api/v1/session", {"name": name, "password": password}, headers))

    def take(self, answer):
        """The session of an answer that signs in."""
        if answer.status in (200, 201):
            self.set_cookie = answer.headers["Set-Cookie"]
            self.cookie = self.set_cookie.split(";")[0]
            self.csrf = answer.json()["csrf_token"]
        return answer


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


def add_user(world, name, role):
    world.cli("user", "add", name, "--role", role, "--password-stdin", stdin=PASSWORD + "\n")


def signed_in(world, name, role, **how):
    add_user(world, name, role)
    browser = Browser(world, **how)
    answer = browser.sign_in(name)
    assert answer.status == 200, answer.body
    return browser


def say(world, request, seconds=10):
    """Exactly these bytes on a connection of their own; what came until the server hung up or fell silent."""
    with socket.create_connection(("127.0.0.1", world.port), timeout=seconds) as s:
        heard = b""
        try:
            s.sendall(request)
            while piece := s.recv(65536):
                heard += piece
        except (ConnectionError, socket.timeout):
            pass
        return heard


class Events:
    """GET /api/v1/events, read as it comes."""

    def __init__(self, connection, headers=None):
        self.connection = connection
        connection.request("GET", "/api/v1/events", headers=headers or {})
        self.response = connection.getresponse()
        self.status = self.response.status
        self.heard, self.rest = [], b""

    def next(self):
        """The next (event, data); None: the stream has ended."""
        while not self.heard:
            piece = self.response.read1(65536)
            if not piece:
                return None
            self.rest += piece
            while b"\n\n" in self.rest:
                block, self.rest = self.rest.split(b"\n\n", 1)
                fields = dict(line.split(": ", 1) for line in block.decode().split("\n")
                              if ": " in line and not line.startswith(":"))
                if "event" in fields:
                    self.heard.append((fields["event"], json.loads(fields["data"])))
        return self.heard.pop(0)

    def until(self, condition):
        """Reads on until one fits, which is returned; the connection's own timeout bounds it."""
        while (event := self.next()) is not None:
            if condition(*event):
                return event
        raise AssertionError("the stream ended before")

    def close(self):
        self.response.close()
        self.connection.close()


def own_ca(folder):
    """A CA, a certificate for localhost by it, and a context that trusts nothing else: (certificate, key, context)."""
    import os
    import subprocess
    path = lambda name: os.path.join(folder, name)

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=office CA", "-keyout", path("ca.key"), "-out", path("ca.pem"))
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
            "-keyout", path("page.key"), "-out", path("page.csr"))
    with open(path("page.ext"), "w") as f:
        f.write("subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", path("page.csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial",
            "-days", "2", "-extfile", path("page.ext"), "-out", path("page.pem"))
    return path("page.pem"), path("page.key"), ssl.create_default_context(cafile=path("ca.pem"))
