"""scanpost-sandbox against Python's own smtplib and ssl: it behaves as Microsoft 365 does, and plays each scenario.

sandbox_test.py PATH-OF-scanpost-sandbox [TEST...]
"""
import base64
import hashlib
import os
import re
import smtplib
import socket
import ssl
import struct
import subprocess
import threading
import unittest

from sandbox_box import MESSAGE, PATIENCE, PROGRAM, TO, USER, Case


class Behaves(Case):
    def test_mx_takes_mail_and_keeps_it_to_the_octet(self):
        box = self.start()
        smtp = box.secure("mx")
        self.assertRegex(smtp.banner[1].decode(), r"\.mail\.protection\.outlook\.com Microsoft ESMTP MAIL Service ready")
        self.assertRegex(smtp.ehlo_resp.decode(), r"Hello \[127\.0\.0\.1\]")
        self.assertNotIn("auth", smtp.esmtp_features)
        self.assert_reply(self.send(smtp), "250 2.6.0 <1@scan.contoso.com> [InternalId=")
        facts, content = box.mail(1)
        self.assertEqual(content, MESSAGE)
        self.assertEqual(facts["size"], len(MESSAGE))
        self.assertEqual(facts["sha256"], hashlib.sha256(MESSAGE).hexdigest())
        self.assertEqual((facts["n"], facts["method"], facts["mail_from"], facts["rcpts"]), (1, "mx", USER, [TO]))
        self.assertEqual((facts["peer"], facts["auth_user"], facts["transfer"]), ("127.0.0.1", None, "DATA"))
        self.assertEqual((facts["tls"], facts["message_id"]), ("TLSv1.3", "<1@scan.contoso.com>"))
        self.assert_reply(self.send(smtp), "250 2.6.0")
        self.assertEqual(box.mail(2)[0]["connection"], facts["connection"])
        self.assert_reply(smtp.quit(), "221")

    def test_extensions_are_those_of_exchange_online(self):
        box = self.start()
        plain = {"size", "pipelining", "dsn", "enhancedstatuscodes", "8bitmime", "binarymime", "chunking", "smtputf8"}
        for which in ("mx", "submission"):
            smtp = box.connect(which)
            smtp.ehlo()
            self.assertEqual(set(smtp.esmtp_features), plain | {"starttls"})
            self.assertEqual(smtp.esmtp_features["size"], "157286400")
            smtp.starttls(context=box.trust())
            smtp.ehlo()
            self.assertEqual(set(smtp.esmtp_features), plain | ({"auth"} if which == "submission" else set()))
            smtp.close()

    def test_submission_wants_tls_then_a_sign_in(self):
        box = self.start()
        smtp = box.connect("submission")
        smtp.ehlo()
        self.assert_reply(smtp.docmd("AUTH", "LOGIN"), "504 5.7.4")
        self.assert_reply(smtp.mail(USER), "451 5.7.3 STARTTLS is required")
        smtp.starttls(context=box.trust())
        self.assert_reply(smtp.mail(USER), "503 5.5.2 Send hello first")
        smtp.ehlo()
        self.assert_reply(smtp.mail(USER), "530 5.7.57 SMTP; Client was not authenticated")
        self.assert_reply(smtp.docmd("AUTH", "PLAIN AGEAYg=="), "504 5.7.4 Unrecognized authentication type")
        self.assertRaises(smtplib.SMTPAuthenticationError, smtp.login, USER, "wrong")
        self.assert_reply(smtp.mail(USER), "530 5.7.57 Client not authenticated to send mail. Error: 535 5.7.139")
        smtp.login(USER, box.password)
        self.assert_reply(self.send(smtp, to=[TO, "someone@example.net"]), "250 2.0.0 OK <1@scan.contoso.com> [Hostname=")
        facts, _ = box.mail(1)
        self.assertEqual((facts["method"], facts["auth_user"], facts["mechanism"]), ("submission", USER, "LOGIN"))
        self.assertEqual(facts["rcpts"], [TO, "someone@example.net"])
        smtp.quit()

    def test_xoauth2_takes_the_token_it_was_given(self):
        token = os.path.join(self.folder.name, "token")
        with open(token, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write("eyJ0.token." + "x" * 2500)
        box = self.start("--token-file", token)
        smtp = box.secure("submission")

        def blob(user, bearer):
            return base64.b64encode(b"user=%s\x01auth=Bearer %s\x01\x01" % (user.encode(), bearer.encode())).decode()

        good = "eyJ0.token." + "x" * 2500
        self.assert_reply(smtp.docmd("AUTH", "XOAUTH2 " + blob(USER, "wrong")), "535 5.7.3 Authentication unsuccessful")
        self.assert_reply(smtp.docmd("AUTH", "XOAUTH2"), "334 ")
        self.assert_reply(smtp.docmd(blob(USER, good)), "235 2.7.0")
        self.assert_reply(self.send(smtp), "250 2.0.0")
        smtp.quit()

    def test_the_tenant_refuses_others_recipients_and_the_mailbox_others_senders(self):
        box = self.start("--send-as", "reception@contoso.com")
        smtp = box.secure("mx")
        smtp.mail(USER)
        self.assert_reply(smtp.rcpt("someone@example.net"), "550 5.7.64 TenantAttribution; Relay Access Denied [")
        self.assert_reply(smtp.rcpt(TO), "250 2.1.5")
        smtp.close()
        smtp = box.signed_in()
        self.assert_reply(self.send(smtp, sender="other@contoso.com"), "554 5.2.252")
        other = MESSAGE.replace(b"scanner@", b"boss@")
        self.assert_reply(self.send(smtp, message=other), "554 5.2.252 STOREDRV.Submission.Exception:SendAsDenied")
        allowed = MESSAGE.replace(b"scanner@", b"reception@")
        self.assert_reply(self.send(smtp, sender="reception@contoso.com", message=allowed), "250")
        smtp.quit()

    def test_commands_out_of_order_and_nonsense_are_answered(self):
        box = self.start()
        smtp = box.connect("mx")
        self.assert_reply(smtp.docmd("EHLO", "MacBook.."), "501 5.5.4 Invalid domain name")
        self.assert_reply(smtp.docmd("EHLO", "[192.0.2.1]"), "250")
        self.assert_reply(smtp.rcpt(TO), "503 5.5.2 Need mail command")
        self.assert_reply(smtp.docmd("MAIL", "FROM:<a@b@c>"), "501 5.1.7")
        self.assert_reply(smtp.docmd("MAIL", "FROM:<%s> SIZE=157286401" % USER), "552 5.3.4")
        self.assert_reply(smtp.docmd("MAIL", "FROM:<%s> HOLDFOR=3" % USER), "555 5.5.4")
        self.assert_reply(smtp.docmd("MAIL", "FROM:<> BODY=8BITMIME SIZE=100 RET=HDRS"), "250")
        self.assert_reply(smtp.docmd("RCPT", "TO:<not an address>"), "501 5.1.3")
        self.assert_reply(smtp.docmd("DATA"), "503 5.5.2 Need rcpt command")
        self.assert_reply(smtp.docmd("VRFY", "x"), "252")
        self.assert_reply(smtp.docmd("NOOP"), "250")
        self.assert_reply(smtp.docmd("RSET"), "250")
        self.assert_reply(smtp.docmd("X" * 20000), "421")
        self.assertRaises(smtplib.SMTPServerDisconnected, smtp.noop)

    def test_five_mistakes_end_it(self):
        box = self.start()
        smtp = box.connect("mx")
        for _ in range(4):
            self.assert_reply(smtp.docmd("BLAH"), "500")
        self.assert_reply(smtp.docmd("BLAH"), "500")
        self.assert_reply(smtp.getreply(), "421 4.7.0 Too many errors")

    def test_pipelined_commands_and_data_come_out_whole(self):
        box = self.start()
        body = b"..\r\n.\r\n..x\r\n\r\r\n" + b"y" * 5000 + b"\r\n"
        stuffed = re.sub(rb"(?m)^\.", b"..", body)
        smtp = box.secure("mx")
        flight = b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (USER.encode(), TO.encode())
        smtp.sock.sendall(flight)
        for code in (250, 250, 354):
            self.assertEqual(smtp.getreply()[0], code)
        for byte in stuffed[:30]:
            smtp.sock.sendall(bytes([byte]))  # every cut a boundary could have
        smtp.sock.sendall(stuffed[30:] + b".\r\nNOOP\r\n")
        self.assert_reply(smtp.getreply(), "250 2.6.0")
        self.assert_reply(smtp.getreply(), "250 2.0.0 OK")
        self.assertEqual(box.mail(1)[1], body)
        smtp.quit()

    def test_bare_line_feeds_are_refused(self):
        box = self.start()
        smtp = box.secure("mx")
        smtp.mail(USER)
        smtp.rcpt(TO)
        smtp.docmd("DATA")
        smtp.sock.sendall(b"Subject: x\r\n\r\nhi\n.\nMAIL FROM:<eve@example.com>\r\n.\r\n")
        self.assert_reply(smtp.getreply(), "550 5.6.11")
        self.assertEqual(box.mails(), [])
        smtp.quit()

    def test_bdat_and_binary_parts(self):
        box = self.start()
        smtp = box.secure("mx")
        content = MESSAGE + os.urandom(100000) + b"\r\n.\r\n\n\r"
        self.assert_reply(smtp.docmd("MAIL", "FROM:<%s> BODY=BINARYMIME" % USER), "250")
        smtp.rcpt(TO)
        self.assert_reply(smtp.docmd("DATA"), "503")
        smtp.sock.sendall(b"BDAT 70000\r\n" + content[:70000])
        self.assert_reply(smtp.getreply(), "250 2.6.0 CHUNK received OK, 70000 octets")
        smtp.sock.sendall(b"BDAT %d LAST\r\n" % (len(content) - 70000) + content[70000:])
        self.assert_reply(smtp.getreply(), "250 2.6.0 <1@scan.contoso.com>")
        facts, stored = box.mail(1)
        self.assertEqual(stored, content)
        self.assertEqual((facts["transfer"], facts["body"]), ("BDAT", "BINARYMIME"))
        smtp.sock.sendall(b"BDAT 5 LAST\r\nNOOP\n")  # nobody to send it to: its octets are no command
        self.assert_reply(smtp.getreply(), "503")
        self.assert_reply(smtp.noop(), "250")
        self.assert_reply(self.send(smtp), "250")
        self.assert_reply(smtp.docmd("BDAT", "x"), "501")

    def test_a_message_over_the_announced_size_is_refused_and_not_kept(self):
        box = self.start()
        smtp = box.secure("mx")
        smtp.mail(USER)
        smtp.rcpt(TO)
        block = b"x" * (1 << 20)
        for _ in range(151):
            smtp.sock.sendall(b"BDAT %d\r\n" % len(block) + block)
            self.assertEqual(smtp.getreply()[0], 250)
        smtp.sock.sendall(b"BDAT 0 LAST\r\n")
        self.assert_reply(smtp.getreply(), "552 5.3.4")
        self.assertEqual(os.listdir(box.card["mail"]), [])
        with open("/proc/%d/status" % box.process.pid, encoding="ascii") as file:
            peak = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
        self.assertLess(peak, 151 * 1024)  # kB: it was not held in memory
        smtp.quit()

    def test_the_fourth_connection_of_a_mailbox_hears_of_the_limit_after_its_message(self):
        box = self.start()
        first = [box.signed_in() for _ in range(3)]
        fourth = box.signed_in()
        self.assert_reply(self.send(fourth), "432 4.3.2 Concurrent connections limit exceeded")
        self.assert_reply(self.send(first[2]), "250")
        first[0].quit()
        self.assert_reply(self.send(fourth), "250")
        for smtp in first[1:] + [fourth]:
            smtp.quit()

    def test_what_is_slipped_in_before_tls_is_not_heard(self):
        box = self.start()
        smtp = box.connect("mx")
        smtp.ehlo()
        smtp.sock.sendall(b"STARTTLS\r\nMAIL FROM:<eve@example.com>\r\n")
        self.assert_reply(smtp.getreply(), "220")
        secure = box.trust().wrap_socket(smtp.sock, server_hostname=box.card["mx_host"])
        smtp.sock, smtp.file = secure, None
        smtp.ehlo()
        self.assert_reply(smtp.rcpt(TO), "503 5.5.2 Need mail command")
        smtp.close()

    def test_started_again_it_keeps_its_authority_its_password_and_counts_on(self):
        box = self.start()
        smtp = box.signed_in()
        self.send(smtp)
        smtp.quit()
        trust, password = box.trust(), box.password
        self.assertEqual(box.stop(), 0)
        again = self.start()
        self.assertEqual(again.password, password)
        smtp = again.connect("submission")
        smtp.ehlo()
        smtp.starttls(context=trust)
        smtp.ehlo()
        smtp.login(USER, password)
        self.send(smtp)
        smtp.quit()
        self.assertEqual(again.mails(), [1, 2])

    def test_keys_and_password_are_for_the_owner_only(self):
        box = self.start()
        for name in ("ca.key", "mx.key", "submission.key", "password"):
            self.assertEqual(os.stat(os.path.join(box.dir, name)).st_mode & 0o777, 0o600, name)

    def test_stopped_while_clients_hang_it_ends(self):
        box = self.start("--scenario", "hang:mail")
        smtp = box.secure("mx")
        smtp.putcmd("MAIL", "FROM:<%s>" % USER)
        idle = box.connect("mx")
        self.assertEqual(box.stop(), 0)
        smtp.close()
        idle.close()

    def test_wrong_options_are_said(self):
        for options in (["--scenario", "rain"], ["--mx-port", "99999"], ["--user", "x"], ["--frobnicate"], ["x"],
                        ["--scenario", "hang:lunch"], ["--scenario", "spam:1"], ["--domain", "a b"]):
            done = subprocess.run([PROGRAM, "--dir", self.folder.name, *options], capture_output=True, text=True,
                                  timeout=PATIENCE)
            self.assertEqual(done.returncode, 2, options)
            self.assertIn("usage", done.stderr)

    def test_two_do_not_share_a_folder(self):
        box = self.start()
        done = subprocess.run([PROGRAM, "--dir", box.dir], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another one runs", done.stderr)


class Resolves(Case):
    def ask(self, box, name, kind):
        """(rcode, count of answers, rdata of the first) of a query."""
        labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
        query = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE)
            sock.sendto(query, ("127.0.0.1", box.card["dns_port"]))
            reply = sock.recv(600)
        number, flags, _, answers, _, _ = struct.unpack(">HHHHHH", reply[:12])
        self.assertEqual((number, flags >> 15), (7, 1))
        return flags & 15, answers, reply[len(query) + 12:]

    def test_names_of_the_tenant_and_no_others(self):
        box = self.start("--domain", "contoso.com", "--domain", "contoso.onmicrosoft.com")
        mx = b"\x0bcontoso-com\x04mail\x0aprotection\x07outlook\x03com\x00"
        self.assertEqual(self.ask(box, "contoso.com", 15), (0, 1, b"\0\0" + mx))
        self.assertEqual(self.ask(box, "CONTOSO.onmicrosoft.com", 15), (0, 1, b"\0\0" + mx))
        for host in (box.card["mx_host"], "smtp.office365.com"):
            self.assertEqual(self.ask(box, host, 1), (0, 1, b"\x7f\0\0\1"))
            self.assertEqual(self.ask(box, host, 28), (0, 0, b""))
        self.assertEqual(self.ask(box, "example.net", 15), (3, 0, b""))

    def test_scenarios_of_the_resolver(self):
        box = self.start()
        box.play("dns-fails")
        self.assertEqual(self.ask(box, "contoso.com", 15)[0], 2)
        box.play("mx-foreign")
        self.assertIn(b"\x0bmailgateway", self.ask(box, "contoso.com", 15)[2])
        box.play("dns-silent")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(b"\0" * 20, ("127.0.0.1", box.card["dns_port"]))
        box.play()
        self.assertEqual(self.ask(box, "contoso.com", 15)[0], 0)

    def test_nonsense_is_answered_or_ignored_and_nothing_breaks(self):
        box = self.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for size in range(0, 300, 7):
                sock.sendto(os.urandom(size), ("127.0.0.1", box.card["dns_port"]))
            sock.sendto(struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + b"\x3f" * 250, ("127.0.0.1", box.card["dns_port"]))
        self.assertEqual(self.ask(box, "contoso.com", 15)[0], 0)


class Plays(Case):
    def test_refusals_of_the_tenant_s_mx(self):
        box = self.start()
        for scenario, start in (
                ("ip-blocked", "550 5.7.606 Access denied, banned sending IP [127.0.0.1]. To request removal"),
                ("spamhaus", "550 5.7.1 Service unavailable, Client host [127.0.0.1] blocked using Spamhaus."),
                ("direct-rejected", "550 5.7.68 TenantInboundAttribution; Direct Send not allowed"),
                ("recipient-auth-required:" + TO, "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup"),
                ("mx/reply:data:451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35.", "451 4.4.62")):
            with self.subTest(scenario):
                self.refused(box, scenario, "mx", start)
                smtp = box.signed_in()
                self.assert_reply(self.send(smtp), "250")  # not the other server's trouble
                smtp.quit()

    def test_refusals_of_both(self):
        box = self.start()
        for scenario, start in (
                ("recipient-unknown:" + TO, "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)"),
                ("quota:" + TO, "554 5.2.2 mailbox full; STOREDRV.Deliver"),
                ("throttled", "451 4.7.500 Server busy. Please try again later from [127.0.0.1]."),
                ("busy", "451 4.7.0 Temporary server error. Please try again later. PRX4"),
                ("busy:message", "451 4.7.0"),
                ("spam", "550 5.7.1 Message rejected as spam by Content Filtering."),
                ("too-large:20", "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large"),
                ("reply:rcpt:550 5.7.51 TenantInboundAttribution; words", "550 5.7.51 TenantInboundAttribution; words")):
            for which in ("mx", "submission"):
                with self.subTest(scenario, which=which):
                    self.refused(box, scenario, which, start)
        self.assertEqual(box.mails(), [])

    def test_the_reply_of_a_stage_keeps_the_brackets_of_microsoft(self):
        box = self.start("--scenario", "ip-blocked")
        smtp = box.secure("mx")
        smtp.mail(USER)
        self.assertRegex(smtp.rcpt(TO)[1].decode(), r" \[[A-Za-z0-9.]+ \d{4}-\d\d-\d\dT[0-9:.]+Z [0-9A-F]{16}\]$")
        smtp.close()

    def test_outsiders_may_when_direct_send_is_rejected(self):
        box = self.start("--scenario", "direct-rejected")
        smtp = box.secure("mx")
        self.assert_reply(self.send(smtp, sender="x@example.net"), "250")
        smtp.quit()

    def test_one_unknown_recipient_does_not_hurt_the_others(self):
        box = self.start("--scenario", "recipient-unknown:gone@contoso.com")
        smtp = box.secure("mx")
        smtp.mail(USER)
        self.assert_reply(smtp.rcpt("Gone@Contoso.com"), "550 5.4.1")
        self.assert_reply(smtp.rcpt(TO), "250")
        self.assert_reply(smtp.data(MESSAGE), "250")
        self.assertEqual(box.mail(1)[0]["rcpts"], [TO])
        smtp.quit()

    def test_sign_ins_that_fail(self):
        box = self.start()
        for scenario, words in (("auth-disabled", "SmtpClientAuthentication is disabled for the Tenant"),
                                ("auth-failed", "the user credentials were incorrect"),
                                ("basic-auth-retired", "basic authentication is disabled")):
            box.play(scenario)
            smtp = box.secure("submission")
            with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
                smtp.login(USER, box.password)
            self.assertEqual(refused.exception.smtp_code, 535)
            self.assertIn("5.7.139 Authentication unsuccessful, " + words, refused.exception.smtp_error.decode())
            smtp.close()

    def test_submission_refuses_after_the_message(self):
        box = self.start()
        self.refused(box, "sender-denied", "submission", "554 5.2.252")
        self.refused(box, "submission/spam", "submission", "550 5.7.1 Message rejected as spam")
        smtp = box.secure("mx")
        self.assert_reply(self.send(smtp), "250")  # the prefix binds it to the other server
        smtp.quit()

    def test_throttled_and_busy_from_the_banner_on(self):
        box = self.start()
        for scenario, start in (("throttled:banner", "421 4.7.500"), ("busy:banner", "421 4.3.2 The maximum number")):
            box.play(scenario)
            smtp = box.connect("mx")
            self.assert_reply(smtp.banner, start)
            self.assertRaises(smtplib.SMTPServerDisconnected, smtp.noop)

    def walk(self, box):
        """Goes through a conversation up to its end; how far it came."""
        reached = "connect"
        try:
            smtp = box.connect("submission")
            reached = "banner"
            if smtp.ehlo()[0] != 250:
                return reached
            reached = "ehlo"
            smtp.starttls(context=box.trust())
            reached = "tls"
            if smtp.ehlo()[0] != 250:
                return reached
            smtp.login(USER, box.password)
            reached = "auth"
            smtp.mail(USER)
            reached = "mail"
            smtp.rcpt(TO)
            reached = "rcpt"
            if smtp.docmd("DATA")[0] == 354:
                reached = "data"
            smtp.sock.sendall(MESSAGE.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            if smtp.getreply()[0] == 250:
                reached = "message"
        except (smtplib.SMTPException, ConnectionError, OSError):
            pass
        return reached

    STAGES = (("banner", "connect"), ("ehlo", "banner"), ("starttls", "ehlo"), ("tls", "ehlo"), ("auth", "tls"),
              ("mail", "auth"), ("rcpt", "mail"), ("data", "rcpt"), ("body", "data"), ("message", "data"))

    def test_dropped_at_each_stage(self):
        box = self.start()
        for stage, last in self.STAGES:
            with self.subTest(stage):
                box.play("drop:" + stage)
                self.assertEqual(self.walk(box), last)
        self.assertEqual(box.mails(), [])
        box.play()
        self.assertEqual(self.walk(box), "message")

    def test_hung_at_each_stage_until_it_is_stopped(self):
        for stage, last in self.STAGES:
            with self.subTest(stage):
                box = self.start("--scenario", "hang:" + stage)
                reached = []
                client = threading.Thread(target=lambda b=box, r=reached: r.append(self.walk(b)))
                client.start()
                box.wait_log("hangs, as the scenario wants")
                self.assertEqual(reached, [])
                self.assertEqual(box.stop(), 0)
                client.join(PATIENCE)
                self.assertEqual(reached, [last])
                self.assertEqual(box.mails(), [])

    def test_a_client_that_leaves_ends_the_hanging(self):
        box = self.start("--scenario", "hang:mail")
        smtp = box.secure("mx")
        smtp.putcmd("MAIL", "FROM:<%s>" % USER)
        box.wait_log("hangs, as the scenario wants")
        smtp.close()
        box.play()
        self.assertEqual(self.walk(box), "message")

    def test_garbage_instead_of_a_reply(self):
        box = self.start("--scenario", "garbage")
        with socket.create_connection(("127.0.0.1", box.card["mx_port"]), PATIENCE) as sock:
            self.assertTrue(sock.recv(100).startswith(b"\x16\x03\x01"))
        box.play("garbage:rcpt")
        smtp = box.secure("mx")
        smtp.mail(USER)
        self.assertEqual(smtp.rcpt(TO)[0], -1)
        smtp.close()

    def test_a_lost_answer_is_a_stored_message(self):
        box = self.start("--scenario", "mx/lost-answer:1")
        smtp = box.secure("mx")
        self.assertRaises(smtplib.SMTPServerDisconnected, self.send, smtp)
        self.assertEqual(box.mails(), [1])
        smtp = box.secure("mx")
        self.assert_reply(self.send(smtp), "250")  # once only
        smtp.quit()
        self.assertEqual(box.mail(1)[1], box.mail(2)[1])

    def test_slow_replies_come(self):
        box = self.start("--scenario", "slow:30")
        self.assertEqual(self.walk(box), "message")

    def test_no_starttls(self):
        box = self.start("--scenario", "no-starttls")
        smtp = box.connect("mx")
        smtp.ehlo()
        self.assertNotIn("starttls", smtp.esmtp_features)
        self.assert_reply(smtp.docmd("STARTTLS"), "500")
        smtp.close()

    def test_bad_certificates_are_refused_by_a_client_that_looks(self):
        box = self.start()
        for kind, words in (("expired", "expired"), ("name", "mismatch"), ("untrusted", "self|unable to get")):
            for which in ("mx", "submission"):
                box.play("certificate:" + kind)
                smtp = box.connect(which)
                smtp.ehlo()
                with self.assertRaisesRegex(ssl.SSLCertVerificationError, words):
                    smtp.starttls(context=box.trust())
                smtp.close()

    def test_a_scenario_counts_in_a_conversation_that_goes_on(self):
        box = self.start()
        smtp = box.secure("mx")
        self.assert_reply(self.send(smtp), "250")
        box.play("# a comment", "", "not-a-scenario", "throttled")
        self.assert_reply(self.send(smtp), "451 4.7.500")
        box.play()
        smtp.rset()
        self.assert_reply(self.send(smtp), "250")
        smtp.quit()
        box.stop()
        self.assertEqual(sum("'not-a-scenario' is not known" in line for line in box.log), 1)


unittest.main()
