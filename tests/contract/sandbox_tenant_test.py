"""scanpost-sandbox as the tenant sees to it: who may relay, how much a mailbox may send, what DNS says of it, and that
there is a scenario for each class of refusal.

sandbox_tenant_test.py PATH-OF-scanpost-sandbox [TEST...]
"""
import json
import re
import smtplib
import socket
import ssl
import struct
import subprocess
import unittest

from sandbox_box import MESSAGE, PATIENCE, PROGRAM, TO, USER, Case

OUTSIDE = "someone@example.net"


class Relay(Case):
    def with_certificate(self, box, certificate="relay_certificate", key="relay_key"):
        smtp = box.connect("mx")
        smtp.ehlo()
        context = box.trust()
        context.load_cert_chain(box.card[certificate], box.card[key])
        smtp.starttls(context=context)
        smtp.ehlo()
        return smtp

    def refused_outside(self, smtp, sender=USER):
        smtp.mail(sender)
        self.assert_reply(smtp.rcpt(OUTSIDE), "550 5.7.64 TenantAttribution; Relay Access Denied")
        smtp.close()

    def test_the_right_certificate_may_send_to_the_world(self):
        box = self.start("--scenario", "direct-rejected", "--scenario", "ip-blocked", "--scenario", "spamhaus")
        smtp = self.with_certificate(box)
        self.assert_reply(self.send(smtp, to=[TO, OUTSIDE]), "250 2.6.0")
        self.assertEqual((box.mail(1)[0]["method"], box.mail(1)[0]["rcpts"]), ("relay", [TO, OUTSIDE]))
        smtp.quit()
        smtp = box.secure("mx")
        self.assert_reply(self.send(smtp), "550 5.7.1 Service unavailable")  # without it, it is direct send
        smtp.close()
        with open(box.card["stats"], encoding="ascii") as file:
            self.assertEqual(json.load(file)["mx"]["relayed"], 1)

    def test_other_certificates_are_nobody_s(self):
        box = self.start("--connector-certificate", "gateway.contoso.com")
        self.assertEqual(box.card["relay_name"], "gateway.contoso.com")
        self.refused_outside(self.with_certificate(box, "oauth_certificate", "oauth_key"))  # signed by itself
        box.card.update(mx_pem=box.dir + "/mx.pem", mx_key=box.dir + "/mx.key")
        self.refused_outside(self.with_certificate(box, "mx_pem", "mx_key"))  # of another name
        self.refused_outside(box.secure("mx"))
        smtp = self.with_certificate(box, "oauth_certificate", "oauth_key")
        self.assert_reply(self.send(smtp), "250")
        self.assertEqual(box.mail(1)[0]["method"], "mx")
        smtp.quit()

    def test_a_certificate_is_remembered_with_the_tls_session(self):
        box = self.start()
        context = box.trust()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(box.card["relay_certificate"], box.card["relay_key"])
        session = None
        for resumed in (False, True):
            smtp = box.connect("mx")
            smtp.ehlo()
            smtp.docmd("STARTTLS")
            smtp.sock = context.wrap_socket(smtp.sock, server_hostname=box.card["mx_host"], session=session)
            smtp.file = None
            self.assertEqual(smtp.sock.session_reused, resumed)
            session = smtp.sock.session
            smtp.ehlo()
            self.assert_reply(self.send(smtp, to=[OUTSIDE]), "250")
            smtp.quit()
        self.assertEqual(box.mail(2)[0]["method"], "relay")

    def test_a_connector_by_address(self):
        box = self.start("--connector-ip", "127.0.0.0/8")
        smtp = box.secure("mx")
        self.assert_reply(self.send(smtp, to=[OUTSIDE]), "250")
        for sender in ("x@example.org", ""):  # neither ours, nor anybody's
            smtp.mail(sender)
            self.assert_reply(smtp.rcpt(OUTSIDE), "550 5.7.64")
            smtp.rset()
        box.play("no-connector")
        smtp.mail(USER)
        self.assert_reply(smtp.rcpt(OUTSIDE), "550 5.7.64")
        smtp.close()
        other = self.start("--connector-ip", "192.0.2.0/24", name="other")
        self.refused_outside(other.secure("mx"))
        other.play("connector-ip")
        smtp = other.secure("mx")
        self.assert_reply(self.send(smtp, to=[OUTSIDE]), "250")
        smtp.quit()

    def test_prefixes_tell_relay_and_direct_send_apart(self):
        box = self.start()
        for scenario, direct, relayed in (("direct/busy", "451", "250"), ("relay/busy", "250", "451"),
                                          ("mx/busy", "451", "451"), ("mx/ip-blocked", "550", "550")):
            with self.subTest(scenario):
                box.play(scenario)
                for smtp, start in ((box.secure("mx"), direct), (self.with_certificate(box), relayed)):
                    self.assert_reply(self.send(smtp), start)
                    smtp.close()


class Budget(Case):
    def stats(self, box):
        with open(box.card["stats"], encoding="ascii") as file:
            return json.load(file)["submission"]

    def test_the_message_over_the_rate_ends_the_connection(self):
        box = self.start("--rate", "3/600")
        smtp = box.signed_in()
        smtp.mail(USER)
        smtp.rset()  # what was not sent does not count
        for _ in range(3):
            self.assert_reply(self.send(smtp), "250")
        self.assert_reply(smtp.mail(USER), "421 4.4.2 Message submission rate for this client has exceeded the config")
        self.assertRaises(smtplib.SMTPServerDisconnected, smtp.noop)
        stats = self.stats(box)
        self.assertEqual((stats["messages"], stats["window_max"], stats["over_rate"]), (3, 3, 1))
        smtp = box.secure("mx")
        self.assert_reply(self.send(smtp), "250")  # the MX has no such limit
        smtp.quit()

    def test_the_window_slides(self):
        box = self.start("--rate", "1/1")
        smtp, sent = box.signed_in(), 0
        while sent < 3:
            if self.send(smtp)[0] == 250:
                sent += 1
            else:
                smtp = box.signed_in()
        self.assertEqual(self.stats(box)["window_max"], 1)

    def test_thirty_a_minute_unless_told(self):
        box = self.start()
        smtp = box.signed_in()
        for _ in range(30):
            self.assert_reply(self.send(smtp), "250")
        self.assert_reply(smtp.mail(USER), "421 4.4.2")
        free = self.start("--rate", "off", name="free")
        smtp = free.signed_in()
        for _ in range(35):
            self.assert_reply(self.send(smtp), "250")
        self.assertEqual(self.stats(free)["window_max"], 35)

    def test_recipients_of_a_day(self):
        box = self.start("--per-day", "3")
        smtp = box.signed_in()
        self.assert_reply(self.send(smtp, to=[TO, OUTSIDE]), "250")
        self.assert_reply(self.send(smtp, to=[TO, OUTSIDE]), "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuota")
        self.assert_reply(self.send(smtp), "250")
        stats = self.stats(box)
        self.assertEqual((stats["recipients"], stats["over_day"], stats["messages"]), (3, 1, 2))

    def test_connections_are_counted_until_the_client_has_said_goodbye(self):
        box = self.start()
        for _ in range(20):
            clients = [box.signed_in() for _ in range(3)]
            for smtp in clients:
                smtp.quit()
        stats = self.stats(box)
        self.assertEqual((stats["connections_max"], stats["signed_in_max"], stats["over_connections"]), (3, 3, 0))
        self.assertEqual((stats["connections"], stats["signed_in"]), (0, 0))
        four = [box.signed_in() for _ in range(4)]
        self.assert_reply(self.send(four[3]), "432 4.3.2")
        stats = self.stats(box)
        self.assertEqual((stats["connections_max"], stats["signed_in_max"], stats["over_connections"]), (4, 4, 1))


class Names(Case):
    def ask(self, box, name, kind):
        """(rcode, texts or rdata of each answer)"""
        labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
        query = struct.pack(">HHHHHH", 9, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE)
            sock.sendto(query, ("127.0.0.1", box.card["dns_port"]))
            reply = sock.recv(4096)
        answers, at, found = struct.unpack(">H", reply[6:8])[0], len(query), []
        for _ in range(answers):
            self.assertLess(struct.unpack(">I", reply[at + 6:at + 10])[0], 60)
            size = struct.unpack(">H", reply[at + 10:at + 12])[0]
            found.append(reply[at + 12:at + 12 + size])
            at += 12 + size
        return reply[3] & 15, found

    def text(self, box, name):
        code, found = self.ask(box, name, 16)
        self.assertEqual(code, 0)
        texts = []
        for data in found:
            text = b""
            while data:
                text, data = text + data[1:1 + data[0]], data[1 + data[0]:]
            texts.append(text.decode())
        return texts

    def test_all_servers_have_addresses(self):
        box = self.start()
        for name in ("login.microsoftonline.com", "graph.microsoft.com", "smtp.office365.com", "smtp.office365.us",
                     "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn", "smtp.hve.mx.microsoft"):
            self.assertEqual(self.ask(box, name, 1), (0, [b"\x7f\0\0\1"]), name)

    def test_the_onmicrosoft_domain_s_mail_never_goes_elsewhere(self):
        box = self.start("--scenario", "mx-foreign")
        self.assertIn(b"mailgateway", self.ask(box, "contoso.com", 15)[1][0])
        self.assertIn(b"outlook", self.ask(box, "contoso.onmicrosoft.com", 15)[1][0])

    def test_spf(self):
        box = self.start()
        self.assertEqual(self.text(box, "contoso.com"),
                         ["v=spf1 ip4:127.0.0.1 include:spf.protection.outlook.com ~all"])
        self.assertTrue(self.text(box, "spf.protection.outlook.com")[0].startswith("v=spf1 ip4:40.92"))
        long = "v=spf1 " + "ip4:192.0.2.1 " * 40 + "-all"
        box.play("spf:" + long)
        self.assertEqual(self.text(box, "contoso.com"), [long])
        box.play("spf:none")
        self.assertEqual(self.text(box, "contoso.com"), [])

    def test_block_lists(self):
        box = self.start()
        lists = ("zen.spamhaus.org", "bl.spamcop.net", "any.dnsbl.sandbox")
        for name in lists:
            self.assertEqual(self.ask(box, "1.0.0.127." + name, 1), (3, []))
            self.assertEqual(self.ask(box, "2.0.0.127." + name, 1), (0, [b"\x7f\0\0\2"]))
        box.play("dnsbl-listed:any.dnsbl.sandbox")
        self.assertEqual([self.ask(box, "1.0.0.127." + name, 1)[0] for name in lists], [3, 3, 0])
        box.play("dnsbl-listed")
        for name in lists:
            self.assertEqual(self.ask(box, "1.0.0.127." + name, 1), (0, [b"\x7f\0\0\2"]))
            self.assertEqual(len(self.text(box, "1.0.0.127." + name)), 1)
        self.assertEqual(self.ask(box, "x.0.0.127.zen.spamhaus.org", 1)[0], 3)


class Scenarios(Case):
    CLASSES = set("""ip_reputation direct_send_rejected not_attributed auth_disabled auth_failed auth_required
        basic_auth_retired tls network sender_denied sender_authentication recipient_unknown recipient_refused quota
        too_large spam_content rate_limited busy protocol other""".split())

    def rows(self):
        done = subprocess.run([PROGRAM, "--list-scenarios"], capture_output=True, text=True, timeout=PATIENCE, check=True)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def test_each_class_has_one(self):
        classes = {row[2] for row in self.rows()}
        self.assertEqual(classes - {"-"}, self.CLASSES)

    def test_each_is_understood(self):
        box = self.start()
        arguments = {"ADDRESS": TO, "STAGE": "tls", "N": "1", "SECONDS": "-5m", "KIND": "name", "STAGE:REPLY": "tls:450 x",
                     "TEXT": "none"}
        lines = []
        for name, places, _, _ in self.rows():
            word, _, argument = re.sub(r"[\[\]]", "", name).partition(":")
            self.assertRegex(places, r"^(direct|relay|submission|token|graph|dns)(,|$)")
            lines.append("%s/%s%s" % (places.split(",")[0], word, ":" + arguments[argument] if argument else ""))
        box.play(*lines, "gossip/busy")
        smtp = box.connect("mx")
        smtp.close()
        box.wait_log("'gossip/' is no prefix")
        box.stop()
        self.assertEqual([line for line in box.log if "skipped" in line and "gossip" not in line], [])

    def test_refusals_that_came_later(self):
        box = self.start()
        for scenario, which, start in (
                ("ip-rate-limited", "mx", "451 4.7.650 The mail server [127.0.0.1]"),
                ("not-attributed", "mx", "550 5.7.64 TenantAttribution"), ("wrong-region", "mx", "451 4.4.62"),
                ("sender-authentication", "mx", "550 5.7.509 Access denied, sending domain [contoso.com] does not"),
                ("auth-required", "submission", "530 5.7.57"), ("logon-failed", "submission", "430 4.2.0 STOREDRV"),
                ("submission-quota", "submission", "554 5.2.0 STOREDRV"), ("malformed", "mx", "550 5.7.512"),
                ("other", "submission", "554 5.9.9")):
            with self.subTest(scenario):
                self.refused(box, scenario, which, start)
        box.play("old-tls")
        smtp = box.connect("mx")
        smtp.ehlo()
        self.assert_reply(smtp.docmd("STARTTLS"), "421 4.7.66")
        box.play("basic-auth-removed")
        smtp = box.secure("submission")
        self.assertRaisesRegex(smtplib.SMTPAuthenticationError, "5.7.30", smtp.login, USER, box.password)
        self.assertEqual(box.mails(), [])


unittest.main()
