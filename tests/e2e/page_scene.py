"""page_scene.py - a house with a past, for looking at: scans sent, failed, waiting and held, by several doors, with long
names and many recipients, words that attack a page, a method that is shut, people of each role.

    python3 page_scene.py       keeps one running and says where; Ctrl-C ends it (needs $SCANPOST_PREFIX)
"""
import json
import signal
import struct
import threading
import zlib

from house import World, pdf

PASSWORDS = {"anna": "a-viewer-who-looks", "otto": "an-operator-acts", "ada": "an-admin-may-all"}
ROLES = {"anna": "viewer", "otto": "operator", "ada": "admin"}
ATTACK = '"><img src=x onerror="window.attacked=1"><script>window.attacked=1</script>'
LONG = ("Angebot Nr. 2026-11-4711 ueber die Lieferung und Montage von Brandschutztueren im zweiten Obergeschoss, "
        "unterschrieben von allen Beteiligten, Seite 1 bis 48, Nachtrag 3.pdf")
SUBJECT_ATTACK = f"Offer {ATTACK}"

ROUTES = """
route personnel { to = { personnel@contoso.com, head.of.personnel@contoso.com }  subject = "Personnel: {document}" }
route partners { to = { office@partner.example }  allow-external = yes }
folder invoices { path = "%s"  route = accounting  settle = 300ms }
"""


def true_pdf(*lines):
    """One page with words on it, that a browser can show."""
    text = b"BT /F1 18 Tf 72 760 Td 26 TL " + b" ".join(b"(%s) Tj T*" % line.encode() for line in lines) + b" ET"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
               b" /Resources << /Font << /F1 5 0 R >> >> >>",
               b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
               b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + (b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
                  % (table, len(out)))


def png(width=64, height=48):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes((x * 4 % 256, y * 5 % 256, 160)[c] for x in range(width) for c in range(3))
                    for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Scene:
    """Ids of jobs by what became of them, in `jobs`."""

    def __init__(self, many=60):
        self.world = World(start=False, retry="first = 10m  max = 30m  expire = 5d",
                           submission="rate = 1000/1m")
        invoices = self.world.root + "/invoices"
        self.world.write_config(extra=ROUTES % invoices)
        import os
        os.makedirs(invoices, exist_ok=True)
        self.world.start()
        self.jobs = {}
        for name, role in ROLES.items():
            self.world.cli("user", "add", name, "--role", role, "--password-stdin", stdin=PASSWORDS[name] + "\n")
        self.token = self.world.token("copier-2nd-floor", "--route", "accounting", "--to", "*@contoso.com")
        self.world.token("reception.mfp")
        self.play(many)

    def scan(self, name, content=None, token=None, **fields):
        pairs = []
        for key, value in fields.items():
            pairs += [(key, v) for v in ([value] if isinstance(value, str) else value)]
        answer = self.world.post([(name, content or pdf(3000))], pairs or [("route", "accounting")], token=token)
        if answer.status != 201:
            raise AssertionError(f"{answer.status} {answer.body!r}")
        return answer.json()["id"]

    def after(self, state, name, content=None, **fields):
        job = self.scan(name, content, **fields)
        self.world.wait_for_job(job, state, seconds=30)
        return job

    def play(self, many):
        jobs, play = self.jobs, self.world.sandbox.play
        ids = [self.scan(f"SCN_{n:04}.pdf", token=self.token) for n in range(many)]
        for job in ids:
            self.world.wait_for_job(job, "sent", seconds=60)
        jobs["attack"] = self.after("sent", ATTACK + ".pdf", subject=SUBJECT_ATTACK, route="accounting")
        jobs["document"] = self.after("sent", "Lease contract.pdf", true_pdf("Lease contract", "between A and B"),
                                      to="alice@contoso.com", subject="Lease contract, signed")
        jobs["picture"] = self.after("sent", "Whiteboard.png", png(), to="bob@contoso.com")
        jobs["many"] = self.after("sent", "Minutes of the works council.pdf", subject="Minutes",
                                  to=[f"member.{n:02}@contoso.com" for n in range(45)])
        play("submission/spam", "mx/spam")
        jobs["failed"] = self.after("failed", "Newsletter.pdf", to="everybody@contoso.com")
        jobs["failed too"] = self.after("failed", LONG, route="personnel")
        play("mx/reply:rcpt:550 5.7.1 " + ATTACK, "submission/reply:rcpt:550 5.7.1 " + ATTACK)
        jobs["attack reply"] = self.after("failed", "Odd answer.pdf", to="carol@contoso.com")
        play("recipient-unknown:left@contoso.com", "submission/recipient-unknown:left@contoso.com")
        jobs["partial"] = self.after("partial", "Offer.pdf", to=["dora@contoso.com", "left@contoso.com"])
        play("submission/other", "mx/other")
        jobs["held"] = self.after("held", "Passport.pdf", to="personnel@contoso.com")
        play("ip-blocked", "submission/busy")
        jobs["deferred"] = self.after("deferred", "Payslips November.pdf", route="personnel")
        jobs["cancelled"] = self.scan("Wrong pages.pdf")
        self.world.wait_for_job(jobs["cancelled"], "deferred", seconds=30)
        self.world.cli("cancel", jobs["cancelled"])
        self.world.drop("Invoice 77.pdf", pdf(20000))
        self.refuse()

    def refuse(self):
        """Those who are not let in."""
        self.world.post([("a.pdf", pdf(2000))], [("to", "somebody@elsewhere.example")], token=self.token)
        self.world.post([("a.exe", b"MZ" + bytes(200))], token=self.token)
        self.world.post([("a.pdf", pdf(2000))], token="sp_" + "A" * 43)

    def close(self):
        self.world.close()

    def facts(self):
        return {"url": f"http://127.0.0.1:{self.world.port}", "passwords": PASSWORDS, "jobs": self.jobs,
                "attack": ATTACK, "subject_attack": SUBJECT_ATTACK, "long": LONG, "token": self.token,
                "scenario": self.world.sandbox.folder + "/scenario"}


if __name__ == "__main__":
    scene = Scene()
    try:
        print(json.dumps(scene.facts(), indent=1), flush=True)
        done = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: done.set())
        done.wait()
    except KeyboardInterrupt:
        pass
    finally:
        scene.close()
