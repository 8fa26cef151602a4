"""scanpost-sandbox's token endpoint and Graph, against Python's http.client, ssl and openssl(1).

sandbox_https_test.py PATH-OF-scanpost-sandbox [TEST...]
"""
import base64
import email
import email.policy
import hashlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import threading
import time
import unittest
import uuid
from email.utils import parsedate_to_datetime

from sandbox_box import MESSAGE, PATIENCE, TO, USER, HttpsCase

GRAPH = "/v1.0/users/" + USER


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(text):
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def xoauth2(user, token):
    return base64.b64encode(b"user=%s\x01auth=Bearer %s\x01\x01" % (user.encode(), token.encode())).decode()


class Token(HttpsCase):
    def refused(self, answer, status, error, code, words):
        self.assertEqual((answer[0], answer[2]["error"], answer[2]["error_codes"]), (status, error, [code]))
        self.assertTrue(answer[2]["error_description"].startswith("AADSTS%d: %s" % (code, words)), answer[2])
        for name in ("trace_id", "correlation_id", "timestamp", "error_uri"):
            self.assertIn(name, answer[2])

    def test_a_secret_gets_a_token_that_looks_like_entra_s(self):
        box = self.start()
        status, headers, answer = self.ask_token(box)
        self.assertEqual((status, answer["token_type"], answer["expires_in"]), (200, "Bearer", 3599))
        self.assertIn("no-store", headers["Cache-Control"])
        header, payload, _ = answer["access_token"].split(".")
        self.assertEqual(part(header)["typ"], "JWT")
        facts = part(payload)
        self.assertEqual((facts["aud"], facts["roles"], facts["ver"]),
                         ("https://outlook.office365.com", ["SMTP.SendAsApp"], "1.0"))
        self.assertEqual((facts["appid"], facts["tid"]), (box.card["oauth_client_id"], box.card["oauth_tenant"]))
        self.assertEqual(facts["exp"] - facts["iat"], 3599)
        self.assertGreater(len(answer["access_token"]), 1200)  # longer than any line of 512 bytes
        self.assertEqual(self.stats(box)["token"]["by_secret"], 1)

    def test_the_url_it_names_is_the_one_that_works(self):
        box = self.start()
        self.assertEqual(box.card["token_url"], "https://login.microsoftonline.com:%d/%s/oauth2/v2.0/token" % (
            box.card["login_port"], box.card["oauth_tenant"]))
        self.assertEqual(self.ask_token(box, tenant="contoso.com")[0], 200)
        self.assertEqual(self.ask_token(box, tenant="contoso.onmicrosoft.com")[0], 200)
        for host in ("localhost", "127.0.0.1", "login.microsoftonline.us"):
            self.assertEqual(self.https(box, "login", host).ask("GET", "/x")[0], 404)

    def test_what_is_wrong_is_said_in_entra_s_words(self):
        box = self.start()
        client = box.card["oauth_client_id"]
        self.refused(self.ask_token(box, client_secret="wrong"), 401, "invalid_client", 7000215,
                     "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                     "value, not the client secret ID, for a secret added to app '%s'." % client)
        self.refused(self.ask_token(box, client_id=str(uuid.uuid4())), 400, "unauthorized_client", 700016,
                     "Application with identifier '")
        self.refused(self.ask_token(box, tenant="fabrikam.com"), 400, "invalid_request", 90002,
                     "Tenant 'fabrikam.com' not found.")
        self.refused(self.ask_token(box, client_secret=None), 401, "invalid_client", 7000218, "The request body must")
        self.refused(self.ask_token(box, grant_type=None), 400, "invalid_request", 900144, "The request body must")
        self.refused(self.ask_token(box, grant_type="password"), 400, "unsupported_grant_type", 70003, "The app")
        self.refused(self.ask_token(box, scope=None), 400, "invalid_scope", 70011, "The provided request must")
        self.refused(self.ask_token(box, scope="https://outlook.office365.com"), 400, "invalid_scope", 1002012,
                     "The provided value for scope https://outlook.office365.com is not valid.")
        self.refused(self.ask_token(box, scope="https://x.example/.default"), 400, "invalid_resource", 500011, "The res")
        path = "/%s/oauth2/v2.0/token" % box.card["oauth_tenant"]
        self.refused(self.https(box, "login").ask("GET", path), 400, "invalid_request", 900561, "The endpoint only")

    def test_scenarios_of_the_token_endpoint(self):
        box = self.start()
        for scenario, status, error, code in (
                ("secret-wrong", 401, "invalid_client", 7000215), ("secret-expired", 401, "invalid_client", 7000222),
                ("app-missing", 400, "unauthorized_client", 700016), ("tenant-unknown", 400, "invalid_request", 90002),
                ("scope-refused", 400, "invalid_scope", 70011), ("conditional-access", 400, "invalid_grant", 53003),
                ("unavailable", 503, "temporarily_unavailable", 90033), ("throttled", 429, "invalid_request", 50196)):
            with self.subTest(scenario):
                box.play("token/" + scenario)
                self.refused(self.ask_token(box), status, error, code, "")
        box.play("token/unavailable", "retry-after:17")
        self.assertEqual(self.ask_token(box)[1]["Retry-After"], "17")
        box.play("no-roles")
        self.assertNotIn("roles", part(self.token(box).split(".")[1]))
        box.play("graph/unavailable")
        self.assertEqual(self.ask_token(box)[0], 200)  # not this one's trouble

    def test_the_next_secret_works_when_the_first_has_expired(self):
        box = self.start("--scenario", "secret-expired")
        with open(box.card["oauth_next_client_secret_file"], encoding="ascii") as file:
            self.token(box, client_secret=file.read().strip())

    def test_tokens_live_as_long_as_told(self):
        box = self.start("--token-lifetime", "600")
        self.assertEqual(self.ask_token(box)[2]["expires_in"], 600)
        box.play("token-lifetime:60")
        facts = part(self.token(box).split(".")[1])
        self.assertEqual(facts["exp"] - facts["nbf"], 60)

    def test_the_clock_of_the_scenario_is_everywhere(self):
        box = self.start("--scenario", "clock:-2h")
        _, headers, answer = self.ask_token(box)
        behind = time.time() - parsedate_to_datetime(headers["Date"]).timestamp()
        self.assertTrue(7190 < behind < 7300, behind)
        self.assertTrue(7190 < time.time() - part(answer["access_token"].split(".")[1])["iat"] < 7300)
        refused = self.ask_token(box, client_secret=None, **self.assertion(box))
        self.refused(refused, 401, "invalid_client", 700024, "Client assertion is not within its valid time range.")

    # Assertions, signed by openssl(1).

    def sign(self, text, key, pss):
        how = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"] if pss else []
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", key, *how], input=text.encode(), check=True,
                              capture_output=True).stdout

    def assertion(self, box, prefix="oauth_", algorithm="PS256", header=None, **claims):
        with open(box.card[prefix + "certificate"], encoding="ascii") as file:
            der = ssl.PEM_cert_to_DER_cert(file.read())
        head = {"alg": algorithm, "typ": "JWT", "x5t#S256": b64url(hashlib.sha256(der).digest())}
        if algorithm == "RS256":
            head = {"alg": algorithm, "typ": "JWT", "x5t": b64url(hashlib.sha1(der).digest())}
        now = int(time.time())
        body = {"aud": box.card["token_url"], "iss": box.card["oauth_client_id"], "sub": box.card["oauth_client_id"],
                "jti": str(uuid.uuid4()), "nbf": now, "iat": now, "exp": now + 300}
        head.update(header or {})
        body.update(claims)
        text = b64url(json.dumps(head).encode()) + "." + b64url(json.dumps(body).encode())
        signed = self.sign(text, box.card[prefix + "key"], algorithm == "PS256")
        return {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": text + "." + b64url(signed)}

    def test_a_certificate_gets_a_token(self):
        box = self.start()
        for algorithm in ("PS256", "RS256"):
            token = self.token(box, client_secret=None, **self.assertion(box, algorithm=algorithm))
            self.assertEqual(part(token.split(".")[1])["appidacr"], "2")
        self.token(box, client_secret=None, **self.assertion(box, "oauth_next_"))
        self.assertEqual(self.stats(box)["token"]["by_certificate"], 3)

    def test_assertions_that_entra_refuses(self):
        box = self.start()
        for code, words, changes in (
                (700027, "The certificate with identifier used to sign", {"header": {"x5t#S256": b64url(b"x" * 32)}}),
                (700027, "Client assertion failed signature", {"header": {"alg": "RS256"}}),
                (700021, "Client assertion application identifier", {"sub": "somebody"}),
                (700023, "Client assertion audience", {"aud": "https://login.microsoftonline.com/x/oauth2/v2.0/token"}),
                (700024, "Client assertion is not within", {"nbf": 1000, "exp": 2000}),
                (50013, "Assertion failed", {"jti": ""})):
            with self.subTest(code=code, words=words):
                answer = self.ask_token(box, client_secret=None, **self.assertion(box, **changes))
                self.refused(answer, 401, "invalid_client", code, words)
        once = self.assertion(box)
        self.token(box, client_secret=None, **once)
        self.refused(self.ask_token(box, client_secret=None, **once), 401, "invalid_client", 50013, "Assertion failed")
        torn = {**once, "client_assertion": "x.y"}
        self.refused(self.ask_token(box, client_secret=None, **torn), 401, "invalid_client", 50027, "JWT token is")
        for scenario, words in (("certificate-expired", "is expired on application"), ("certificate-unknown", "not reg")):
            box.play(scenario)
            answer = self.ask_token(box, client_secret=None, **self.assertion(box))
            self.assertIn(words, answer[2]["error_description"])
            self.token(box, client_secret=None, **self.assertion(box, "oauth_next_"))

    # What tokens are good for.

    def sign_in(self, box, token, user=USER):
        smtp = box.secure("submission")
        reply = smtp.docmd("AUTH", "XOAUTH2 " + xoauth2(user, token))
        smtp.close()
        return "%d %s" % (reply[0], reply[1].decode())

    def test_tokens_sign_in_where_they_are_for_and_while_they_live(self):
        box = self.start()
        token = self.token(box)
        self.assertTrue(self.sign_in(box, token).startswith("235 2.7.0"))
        self.assertTrue(self.sign_in(box, token, "else@contoso.com").startswith("535 5.7.3"))
        self.assertTrue(self.sign_in(box, self.graph_token(box)).startswith("535 5.7.3"))
        forged = token[:-8] + ("AAAAAAAA" if token[-8:] != "AAAAAAAA" else "BBBBBBBB")
        self.assertTrue(self.sign_in(box, forged).startswith("535 5.7.3"))
        box.play("no-roles")
        self.assertTrue(self.sign_in(box, self.token(box)).startswith("235"))  # RBAC for Applications
        box.play("clock:2h")
        self.assertTrue(self.sign_in(box, token).startswith("535 5.7.3"))
        box.play()
        self.assertEqual(box.stop(), 0)
        again = self.start()
        self.assertTrue(self.sign_in(again, token).startswith("235"))  # a restart does not end them


class Graph(HttpsCase):
    def open(self, box, token=None):
        """ask(method, path, body, **headers) of a kept connection with a token."""
        connection = self.https(box, "graph")
        bearer = "Bearer " + (token or self.graph_token(box))
        return lambda method, path, body=None, **headers: connection.ask(
            method, path, body, **{"Authorization": bearer, **headers})

    def send_mime(self, ask, message, **headers):
        return ask("POST", GRAPH + "/sendMail", base64.b64encode(message), Content_Type="text/plain", **headers)

    def refused(self, answer, status, code, words=""):
        self.assertEqual((answer[0], answer[2]["error"]["code"]), (status, code))
        self.assertIn(words, answer[2]["error"]["message"])

    WHOLE = (b"From: Scanner <scanner@contoso.com>\r\nTo: \"A, B\" <anna@contoso.com>,\r\n x@example.net\r\n"
             b"Bcc: hidden@contoso.com\r\nMessage-ID: <7@scan.contoso.com>\r\n\r\nhi\r\n")

    def test_mime_is_kept_to_the_octet(self):
        box = self.start()
        ask = self.open(box)
        message = self.WHOLE + os.urandom(300000)
        status, headers, content = self.send_mime(ask, message)
        self.assertEqual((status, content, headers["Content-Length"]), (202, b"", "0"))
        facts, stored = box.mail(1)
        self.assertEqual(stored, message)
        self.assertEqual((facts["method"], facts["transfer"], facts["mail_from"]), ("graph", "mime", USER))
        self.assertEqual(facts["rcpts"], ["anna@contoso.com", "x@example.net", "hidden@contoso.com"])
        self.assertEqual((facts["auth_user"], facts["tls"], facts["size"]), (USER, "TLSv1.3", len(message)))
        lines = base64.encodebytes(self.WHOLE)  # with line breaks, chunked, on the same connection
        self.assertEqual(ask("POST", GRAPH + "/sendMail", iter([lines[:7], lines[7:]]), Content_Type="text/plain")[0],
                         202)
        self.assertEqual(box.mail(2)[1], self.WHOLE)
        self.assertEqual(self.stats(box)["graph"]["messages"], 2)

    def test_messages_it_does_not_take(self):
        box = self.start("--send-as", "reception@contoso.com")
        ask = self.open(box)
        self.refused(ask("POST", GRAPH + "/sendMail", "no base64!", Content_Type="text/plain"), 400,
                     "ErrorMimeContentInvalidBase64String")
        self.refused(self.send_mime(ask, self.WHOLE.replace(b"From: Scanner <scanner@", b"From: <boss@")), 403,
                     "ErrorSendAsDenied")
        self.assertEqual(self.send_mime(ask, self.WHOLE.replace(b"<scanner@", b"<reception@"))[0], 202)
        self.refused(self.send_mime(ask, MESSAGE), 400, "ErrorInvalidRecipients")
        self.refused(self.send_mime(ask, self.WHOLE.replace(b"x@example.net", b"nobody")), 400,
                     "ErrorInvalidRecipients", "'nobody'")
        self.refused(ask("POST", GRAPH + "/sendMail", "{", Content_Type="application/json"), 400, "BadRequest")
        self.refused(ask("POST", GRAPH + "/sendMail", "x", Content_Type="image/png"), 415, "RequestBodyRead")
        self.refused(ask("POST", "/v1.0/users/nobody@contoso.com/sendMail", "x"), 404, "ErrorInvalidUser", "nobody@")
        self.refused(ask("GET", GRAPH + "/frobnicate"), 400, "BadRequest", "'frobnicate'")
        self.refused(ask("PATCH", GRAPH + "/sendMail"), 405, "Request_BadRequest")

    def test_over_4_mb_is_refused_and_the_connection_goes_on(self):
        box = self.start()
        ask = self.open(box)
        self.refused(ask("POST", GRAPH + "/sendMail", b"A" * (4 * 1024 * 1024 + 4), Content_Type="text/plain"), 413,
                     "RequestEntityTooLarge")
        self.assertEqual(ask("GET", GRAPH)[0], 200)
        self.assertEqual(self.send_mime(ask, self.WHOLE + b"x" * 3000000)[0], 202)

    def test_a_client_that_waits_for_100_is_told_at_once(self):
        box = self.start()
        with socket.create_connection(("127.0.0.1", box.card["graph_port"]), PATIENCE) as plain:
            with box.trust().wrap_socket(plain, server_hostname="graph.microsoft.com") as sock:
                head = "POST %s/sendMail HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
                sock.sendall((head % (GRAPH, 5)).encode())
                self.assertEqual(sock.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
                sock.sendall(b"12345")
                self.assertTrue(sock.recv(4000).startswith(b"HTTP/1.1 401 "))
                sock.sendall((head % (GRAPH, 5000000)).encode())
                self.assertTrue(sock.recv(4000).startswith(b"HTTP/1.1 413 "))

    def test_nonsense_is_refused_and_hung_up_on(self):
        box = self.start()
        for text in (b"HELO x\r\n\r\n", b"GET x HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nno header\r\n\r\n",
                     b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                     b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 40000,
                     b"GET /" + b"y" * 5000 + b" HTTP/1.1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", box.card["graph_port"]), PATIENCE) as plain:
                with box.trust().wrap_socket(plain, server_hostname="graph.microsoft.com") as sock:
                    sock.sendall(text + b"\r\n\r\n")
                    self.assertRegex(sock.recv(4000), b"^HTTP/1.1 4(00|31) ")

    def test_tokens_that_graph_refuses(self):
        box = self.start()
        outlook, good = self.token(box), self.graph_token(box)
        connection = self.https(box, "graph")
        self.refused(connection.ask("GET", GRAPH), 401, "InvalidAuthenticationToken", "Access token is empty.")
        for token, words in ((outlook, "Invalid audience."), ("x", "JWT is not well formed"),
                             (good[:-8] + "AAAAAAAA", "Signature is invalid")):
            answer = connection.ask("GET", GRAPH, Authorization="Bearer " + token)
            self.refused(answer, 401, "InvalidAuthenticationToken", words)
            self.assertIn("Bearer", answer[1]["WWW-Authenticate"])
        box.play("graph/clock:2h")
        self.refused(connection.ask("GET", GRAPH, Authorization="Bearer " + good), 401, "InvalidAuthenticationToken",
                     "Lifetime validation failed, the token is expired.")
        box.play("no-roles")
        token = self.graph_token(box)
        self.refused(connection.ask("GET", GRAPH, Authorization="Bearer " + token), 403, "ErrorAccessDenied")

    def message(self, **more):
        return {"subject": "Füße \u2713", "body": {"contentType": "Text", "content": "Grüße"},
                "toRecipients": [{"emailAddress": {"address": TO, "name": "Ännchen"}}],
                "internetMessageId": "<9@scan.contoso.com>", **more}

    def attachment(self, name, content):
        return {"@odata.type": "#microsoft.graph.fileAttachment", "name": name, "contentType": "application/pdf",
                "contentBytes": base64.b64encode(content).decode()}

    def test_json_becomes_a_message(self):
        box = self.start()
        ask = self.open(box)
        message = self.message(attachments=[self.attachment("Scän 1.pdf", b"%PDF-1")],
                               bccRecipients=[{"emailAddress": {"address": "hidden@contoso.com"}}],
                               internetMessageHeaders=[{"name": "X-Scan", "value": "7"}])
        self.assertEqual(ask("POST", GRAPH + "/sendMail", {"message": message, "saveToSentItems": False})[0], 202)
        facts, content = box.mail(1)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        self.assertEqual((mail["Subject"], mail["Message-ID"], mail["X-Scan"]),
                         ("Füße \u2713", "<9@scan.contoso.com>", "7"))
        self.assertEqual((mail["From"], mail["To"], mail["Bcc"]), (USER, "Ännchen <%s>" % TO, None))
        body, file = mail.iter_parts()
        self.assertEqual(body.get_content().strip(), "Grüße")
        self.assertEqual((file.get_filename(), file.get_content()), ("Scän 1.pdf", b"%PDF-1"))
        self.assertEqual(facts["rcpts"], [TO, "hidden@contoso.com"])
        bad = self.message(internetMessageHeaders=[{"name": "Date", "value": "x"}])
        self.refused(ask("POST", GRAPH + "/messages", bad), 400, "InvalidInternetMessageHeader", "'Date'")

    def begin(self, ask):
        status, _, draft = ask("POST", GRAPH + "/messages", self.message())
        self.assertEqual((status, draft["isDraft"], draft["internetMessageId"]), (201, True, "<9@scan.contoso.com>"))
        return GRAPH + "/messages/" + draft["id"]

    def session(self, ask, draft, size, name="big.pdf"):
        return ask("POST", draft + "/attachments/createUploadSession",
                   {"AttachmentItem": {"attachmentType": "file", "name": name, "size": size}})

    def path(self, box, url):
        start = "https://graph.microsoft.com:%d" % box.card["graph_port"]
        self.assertTrue(url.startswith(start), url)
        return url[len(start):]

    def put(self, connection, path, content, first, whole, **headers):
        return connection.ask("PUT", path, content, Content_Type="application/octet-stream", Content_Range=(
            "bytes %d-%d/%d" % (first, first + len(content) - 1, whole)), **headers)

    def test_a_draft_with_small_and_large_attachments_is_sent_whole(self):
        box = self.start()
        ask = self.open(box)
        draft = self.begin(ask)
        self.assertEqual(ask("POST", draft + "/attachments", self.attachment("small.pdf", b"small"))[0], 201)
        big = os.urandom(10 * 1000 * 1000)
        status, _, session = self.session(ask, draft, len(big))
        self.assertEqual((status, session["nextExpectedRanges"]), (201, ["0-"]))
        upload, connection = self.path(box, session["uploadUrl"]), self.https(box, "graph")
        step = 4 * 1024 * 1024 - 4 * 1024 * 1024 % 327680
        for at in range(0, len(big), step):
            status, _, answer = self.put(connection, upload, big[at:at + step], at, len(big))
            if at + step < len(big):
                self.assertEqual((status, answer["nextExpectedRanges"]), (200, ["%d-" % (at + step)]))
                self.assertEqual(connection.ask("GET", upload)[2]["nextExpectedRanges"], ["%d-" % (at + step)])
                self.refused(ask("POST", draft + "/send"), 400, "ErrorInvalidRequest")
            else:
                self.assertEqual(status, 201)
        self.assertEqual(ask("GET", draft)[2]["hasAttachments"], True)
        self.assertEqual(ask("POST", draft + "/send", "")[0], 202)
        facts, content = box.mail(1)
        _, small, large = email.message_from_bytes(content, policy=email.policy.default).iter_parts()
        self.assertEqual((small.get_content(), large.get_content(), large.get_filename()), (b"small", big, "big.pdf"))
        self.assertEqual((facts["transfer"], facts["message_id"]), ("draft", "<9@scan.contoso.com>"))
        self.refused(ask("POST", draft + "/send", ""), 404, "ErrorItemNotFound")

    def test_upload_sessions_are_strict(self):
        box = self.start()
        ask = self.open(box)
        draft = self.begin(ask)
        self.refused(self.session(ask, draft, 1000), 400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize")
        self.refused(self.session(ask, draft, 151 << 20), 413, "ErrorAttachmentSizeLimitExceeded")
        whole = 3 << 20
        upload = self.path(box, self.session(ask, draft, whole)[2]["uploadUrl"])
        connection = self.https(box, "graph")
        self.refused(self.put(connection, upload, b"x" * 100, 100, whole), 416, "InvalidRange", "0-")
        self.refused(self.put(connection, upload, b"x" * 100, 0, whole + 1), 416, "InvalidRange")
        self.refused(self.put(connection, upload, b"x" * 100, 0, whole, Authorization="Bearer x"), 401,
                     "InvalidAuthenticationToken")
        self.refused(self.put(connection, upload[:-3] + "x", b"x" * 100, 0, whole), 404, "ErrorItemNotFound")
        self.assertEqual(self.put(connection, upload, b"x" * 100, 0, whole)[0], 200)
        self.refused(self.put(connection, upload, b"x" * 100, 0, whole), 416, "InvalidRange", "100-")
        box.play("upload-lost")
        self.refused(self.put(connection, upload, b"x" * 100, 100, whole), 404, "ErrorItemNotFound")
        box.play()
        self.assertEqual(connection.ask("DELETE", upload)[0], 204)
        self.refused(connection.ask("GET", upload), 404, "ErrorItemNotFound")
        self.assertEqual(ask("DELETE", draft)[0], 204)
        self.refused(ask("GET", draft), 404, "ErrorItemNotFound")
        self.assertEqual(box.mails(), [])

    def test_the_fifth_request_of_a_mailbox_is_throttled(self):
        box = self.start("--scenario", "graph/slow:400")
        token = self.graph_token(box)
        answers = []

        def one():
            answers.append(self.open(box, token)("GET", GRAPH))

        clients = [threading.Thread(target=one) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(PATIENCE)
        over = [answer for answer in answers if answer[0] == 429]
        self.assertEqual(len(over) + sum(answer[0] == 200 for answer in answers), 8)
        self.assertTrue(over)
        self.refused(over[0], 429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.")
        self.assertGreater(int(over[0][1]["Retry-After"]), 0)
        graph = self.stats(box)["graph"]
        self.assertEqual((graph["requests_max"], graph["requests"], graph["over_requests"]), (4, 0, len(over)))

    def test_the_rate_and_the_day_of_a_mailbox(self):
        box = self.start("--rate", "3/600", "--per-day", "7")
        ask = self.open(box)
        self.assertEqual([self.send_mime(ask, self.WHOLE)[0] for _ in range(2)], [202, 202])
        self.refused(self.send_mime(ask, self.WHOLE), 429, "ErrorExceededMessageLimit")  # three recipients each
        alone = b"From: <%s>\r\nTo: %s\r\n\r\nx" % (USER.encode(), TO.encode())
        self.assertEqual(self.send_mime(ask, alone)[0], 202)
        answer = self.send_mime(ask, alone)
        self.refused(answer, 429, "ApplicationThrottled")
        self.assertTrue(500 < int(answer[1]["Retry-After"]) <= 601)
        graph = self.stats(box)["graph"]
        self.assertEqual((graph["window_max"], graph["over_rate"], graph["over_day"], graph["recipients"]), (3, 1, 1, 7))

    def test_scenarios_of_graph(self):
        box = self.start()
        ask = self.open(box)
        for scenario, status, code in (
                ("graph/access-denied", 403, "ErrorAccessDenied"), ("graph/sender-denied", 403, "ErrorSendAsDenied"),
                ("graph/invalid-user", 404, "ErrorInvalidUser"), ("invalid-token", 401, "InvalidAuthenticationToken"),
                ("graph/mailbox-missing", 404, "MailboxNotEnabledForRESTAPI"),
                ("graph/too-large:20", 413, "ErrorMessageSizeExceeded"),
                ("graph/unavailable", 503, "ServiceUnavailable"), ("graph/throttled", 429, "ApplicationThrottled"),
                ("submission-quota", 429, "ErrorExceededMessageLimit")):
            with self.subTest(scenario):
                box.play(scenario)
                self.refused(self.send_mime(ask, self.WHOLE), status, code)
        box.play("graph/throttled", "retry-after:3")
        self.assertEqual(self.send_mime(ask, self.WHOLE)[1]["Retry-After"], "3")
        box.play("no-directory")
        self.refused(ask("GET", GRAPH), 403, "Authorization_RequestDenied")
        self.assertEqual(ask("GET", GRAPH + "/mailFolders/drafts")[0], 200)
        box.play('graph/reply:request:418 {"error":{"code":"Teapot","message":"short"}}')
        self.refused(ask("GET", GRAPH), 418, "Teapot", "short")
        self.assertEqual(box.mails(), [])
        self.assertEqual(self.https(box, "graph").ask("GET", "/v1.0/$metadata")[0], 418)
        box.play()
        self.assertEqual(self.https(box, "graph").ask("GET", "/v1.0/$metadata")[0], 200)

    def test_lines_that_break(self):
        box = self.start()
        for scenario in ("drop:banner", "drop:tls", "drop:request", "garbage", "garbage:request"):
            with self.subTest(scenario):
                token = self.graph_token(box)
                box.play("graph/" + scenario)
                with self.assertRaises((OSError, http.client.HTTPException)):
                    self.open(box, token)("GET", GRAPH)
                box.play()
        ask = self.open(box)
        box.play("graph/lost-answer:1")
        self.assertRaises((OSError, http.client.HTTPException), self.send_mime, ask, self.WHOLE)
        self.assertEqual(box.mails(), [1])
        self.assertEqual(self.send_mime(self.open(box), self.WHOLE)[0], 202)
        box.play("graph/certificate:untrusted")
        self.assertRaises(ssl.SSLCertVerificationError, self.open(box), "GET", GRAPH)

    def test_hung_until_it_is_stopped(self):
        box = self.start("--scenario", "graph/hang:request")
        ask = self.open(box)
        client = threading.Thread(target=lambda: self.assertRaises((OSError, http.client.HTTPException), ask, "GET", GRAPH))
        client.start()
        box.wait_log("hangs, as the scenario wants")
        self.assertEqual(box.stop(), 0)
        client.join(PATIENCE)
        self.assertFalse(client.is_alive())

    def test_large_uploads_do_not_fill_the_memory(self):
        box = self.start()
        ask = self.open(box)
        draft = self.begin(ask)
        whole, block = 100 << 20, os.urandom(4 << 20)
        upload = self.path(box, self.session(ask, draft, whole)[2]["uploadUrl"])
        connection = self.https(box, "graph")
        for at in range(0, whole, len(block)):
            self.assertIn(self.put(connection, upload, block, at, whole)[0], (200, 201))
        self.assertEqual(ask("POST", draft + "/send", "")[0], 202)
        with open("/proc/%d/status" % box.process.pid, encoding="ascii") as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        self.assertLess(peak, 100 * 1024)  # kB
        self.assertGreater(box.mail(1)[0]["size"], whole)


unittest.main()
