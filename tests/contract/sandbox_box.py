"""What the sandbox's tests share: one running program, and a test case that has a folder for it.

The program to test is the first argument of whatever test is run.
"""
import http.client
import json
import os
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

PROGRAM = sys.argv.pop(1)
USER = "scanner@contoso.com"
TO = "anna@contoso.com"
PATIENCE = 30  # for things that take no time; a slow machine may take some
MESSAGE = b"From: Scanner <scanner@contoso.com>\r\nMessage-ID: <1@scan.contoso.com>\r\nSubject: s\r\n\r\nhi\r\n.dot\r\n"


class Sandbox:
    """One running program with a folder of its own."""

    def __init__(self, folder, *options):
        self.dir = folder
        self.clients = []
        self.process = subprocess.Popen(
            [PROGRAM, "--dir", folder, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.greeting = []
        for line in self.process.stdout:
            self.greeting.append(line)
            if line.startswith("ready"):
                break
        else:
            raise AssertionError("did not start: " + self.process.stderr.read())
        self.log = []
        self.reader = threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True)
        self.reader.start()
        with open(os.path.join(folder, "sandbox.json"), encoding="utf-8") as file:
            self.card = json.load(file)
        with open(self.card["password_file"], encoding="utf-8") as file:
            self.password = file.read().strip()

    def play(self, *scenarios):
        with open(self.card["scenario"] + ".tmp", "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in scenarios))
        os.replace(self.card["scenario"] + ".tmp", self.card["scenario"])

    def mails(self):
        return sorted(int(name[:-5]) for name in os.listdir(self.card["mail"]) if name.endswith(".json"))

    def mail(self, number):
        path = os.path.join(self.card["mail"], str(number))
        with open(path + ".json", encoding="utf-8") as facts, open(path + ".eml", "rb") as content:
            return json.load(facts), content.read()

    def connect(self, which):
        smtp = smtplib.SMTP(local_hostname="scan.contoso.com", timeout=PATIENCE)
        self.clients.append(smtp)
        smtp.banner = smtp.connect("127.0.0.1", self.card[which + "_port"])
        smtp._host = self.card[which + "_host"]  # the name the certificate must have
        return smtp

    def trust(self):
        return ssl.create_default_context(cafile=self.card["ca"])

    def secure(self, which):
        smtp = self.connect(which)
        smtp.ehlo()
        smtp.starttls(context=self.trust())
        smtp.ehlo()
        return smtp

    def signed_in(self):
        smtp = self.secure("submission")
        smtp.login(USER, self.password)
        return smtp

    def open(self, which):
        return self.signed_in() if which == "submission" else self.secure(which)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        for smtp in self.clients:
            smtp.close()
        return code

    def wait_log(self, words):
        """Until the log has a line with these words."""
        end = time.monotonic() + PATIENCE
        while not any(words in line for line in self.log):
            assert time.monotonic() < end, self.log
            time.sleep(0.01)


def stop_quietly(sandbox):
    if sandbox.process.poll() is None:
        code = sandbox.stop()
        assert code == 0, (code, sandbox.log)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def start(self, *options, name="box"):
        sandbox = Sandbox(os.path.join(self.folder.name, name), *options)
        self.addCleanup(stop_quietly, sandbox)
        return sandbox

    def assert_reply(self, reply, start):
        text = "%d %s" % (reply[0], reply[1].decode())
        self.assertTrue(text.startswith(start), text)

    def send(self, smtp, sender=USER, to=(TO,), message=MESSAGE):
        """The last reply of one transaction by DATA."""
        reply = smtp.mail(sender)
        for address in to:
            if reply[0] == 250:
                reply = smtp.rcpt(address)
        try:
            return smtp.data(message) if reply[0] == 250 else reply
        except smtplib.SMTPDataError as refused:  # DATA itself
            return refused.smtp_code, refused.smtp_error

    def refused(self, box, scenario, which, start):
        box.play(scenario)
        smtp = box.open(which)
        self.assert_reply(self.send(smtp), start)
        smtp.close()


class Https(http.client.HTTPSConnection):
    """A kept connection to one of the sandbox's servers, by the name its certificate must have."""

    def __init__(self, box, which, host=None):
        super().__init__(host or box.card[which + "_host"], box.card[which + "_port"], timeout=PATIENCE)
        self.trust = box.trust()

    def connect(self):
        sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self.sock = self.trust.wrap_socket(sock, server_hostname=self.host)

    def ask(self, method, path, body=None, **headers):
        """(status, headers, what the JSON holds or the bytes)"""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            named.setdefault("Content-Type", "application/json")
        self.request(method, path, body, named)
        response = self.getresponse()
        content = response.read()
        if (response.headers["Content-Type"] or "").startswith("application/json") and content:
            content = json.loads(content)
        return response.status, response.headers, content


class HttpsCase(Case):
    def https(self, box, which, host=None):
        connection = Https(box, which, host)
        self.addCleanup(connection.close)
        return connection

    def form(self, box, **changes):
        """What scanpost would ask the token endpoint; None leaves a field out."""
        with open(box.card["oauth_client_secret_file"], encoding="ascii") as file:
            fields = {"grant_type": "client_credentials", "client_id": box.card["oauth_client_id"],
                      "scope": "https://outlook.office365.com/.default", "client_secret": file.read().strip()}
        fields.update(changes)
        return urllib.parse.urlencode({name: value for name, value in fields.items() if value is not None})

    def ask_token(self, box, tenant=None, **changes):
        path = "/%s/oauth2/v2.0/token" % (tenant or box.card["oauth_tenant"])
        connection = self.https(box, "login")
        answer = connection.ask("POST", path, self.form(box, **changes),
                                Content_Type="application/x-www-form-urlencoded")
        connection.close()
        return answer

    def token(self, box, scope="https://outlook.office365.com/.default", **changes):
        status, _, answer = self.ask_token(box, scope=scope, **changes)
        self.assertEqual(status, 200, answer)
        return answer["access_token"]

    def graph_token(self, box):
        return self.token(box, "https://graph.microsoft.com/.default")

    def stats(self, box):
        with open(box.card["stats"], encoding="ascii") as file:
            return json.load(file)
