"""million_fill.py - fills an empty, migrated database with jobs that an office could have had: 400 days, busy on working
days, a few hundred people, forty devices, one outage, some troubles of each kind. The same seed makes the same jobs.
Straight into the tables, which is for this bench only: everything else goes through db/."""
import random
import sqlite3

DAY = 86400000
DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
FIRST = ("anna bernd carla david elena frank greta hannes ines jonas katrin lukas maria nils olga peter quirin rosa "
         "stefan tanja ulrich vera walter xenia yusuf zoe").split()
LAST = ("müller schmidt schneider fischer weber meyer wagner becker schulz hoffmann koch bauer richter klein wolf "
        "neumann schwarz zimmermann braun krüger").split()
WORDS = ("invoice contract offer delivery reminder payroll minutes drawing certificate application receipt order "
         "report insurance lease claim protocol statement permit warranty").split()
PARTNERS = [f"{w}.example" for w in "fabrikam tailspin wingtip northwind adatum litware proseware lucerne".split()]
SOURCES = [("folder", "scans"), ("folder", "accounting"), ("folder", "personnel"), ("http", "mfp-1"), ("http", "mfp-2"),
           ("http", "reception"), ("webdav", "warehouse"), ("cups", "mail"), ("cli", "")] + \
          [("http", f"floor{i}-copier") for i in range(1, 24)]
TROUBLES = [("ip_reputation", "spamhaus", "550", "5.7.1", "Microsoft refuses mail from our address"),
            ("recipient_unknown", "mailbox_missing", "550", "5.1.10", "There is no such mailbox"),
            ("too_large", "limit", "552", "5.3.4", "The mail is larger than Microsoft takes"),
            ("auth_failed", "secret_expired", "535", "5.7.139", "The client secret has expired"),
            ("network", "timeout", "", "", "Nobody answered"),
            ("busy", "throttled", "451", "4.7.500", "Microsoft is busy")]


def ulid(ms, rng):
    number = ms << 80 | rng.getrandbits(80)
    return "".join(DIGITS[number >> shift & 31] for shift in range(125, -1, -5))


def plain(name):
    return name.replace("ü", "ue")


class Office:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        people = [(f, l) for f in FIRST for l in LAST]
        self.rng.shuffle(people)
        self.people = [(f, l, f"{plain(f)}.{plain(l)}@contoso.com") for f, l in people[:300]]

    def recipients(self):
        rng = self.rng
        who = [rng.choice(self.people)[2]]
        if rng.random() < 0.1:
            who.append(rng.choice(self.people)[2])
        if rng.random() < 0.12:
            who.append(f"{rng.choice(FIRST)}@{rng.choice(PARTNERS)}")
        return list(dict.fromkeys(who))

    def names(self, when):
        rng = self.rng
        n = 1 if rng.random() < 0.93 else rng.randint(2, 5)
        kind = rng.random()
        if kind < 0.5:
            return [f"scan_{when}_{rng.randint(0, 9999):04d}.pdf" for _ in range(n)]
        if kind < 0.9:
            return [f"{rng.choice(WORDS)} {rng.randint(1000, 99999)}.pdf" for _ in range(n)]
        return [f"{rng.choice(WORDS).title()} {rng.choice(self.people)[1].title()}.{rng.choice(['pdf', 'tiff', 'docx'])}"
                for _ in range(n)]

    def fate(self, age):
        """state, method, class and cause, attempts"""
        rng = self.rng
        method = rng.choices(["direct", "submission", "graph", "relay"], [62, 25, 10, 3])[0]
        r = rng.random()
        if age < 3600000 and r < 0.05:
            trouble = rng.choice(TROUBLES)
            return "deferred", method, trouble, [("failed", method, trouble)]
        if r < 0.955:
            return "sent", method, None, [("accepted", method, None)]
        trouble = rng.choices(TROUBLES, [30, 25, 5, 10, 15, 15])[0]
        if r < 0.985:
            other = "submission" if method != "submission" else "graph"
            return "sent", other, trouble, [("failed", method, trouble), ("accepted", other, None)]
        if r < 0.997:
            return "failed", method, trouble, [("failed", method, trouble)] * rng.randint(1, 3)
        if r < 0.998:
            return "partial", method, trouble, [("failed", method, trouble)]
        if r < 0.9985:
            return "held", method, trouble, [("failed", method, trouble)]
        return "cancelled", "", None, []


def moments(office, count, now):
    days = [d for d in range(400) if d % 7 not in (5, 6) or office.rng.random() < 0.1]
    return sorted(now - office.rng.choice(days) * DAY - office.rng.randint(60000, DAY - 1) // (3 if i % 4 else 1)
                  for i in range(count))


def rows(count, now, seed):
    office = Office(seed)
    rng = office.rng
    import time
    for n, created in enumerate(moments(office, count, now), 1):
        when = time.strftime("%Y%m%d_%H%M%S", time.gmtime(created / 1000))
        job_id = ulid(created, rng)
        source, source_name = rng.choice(SOURCES)
        person = rng.choice(office.people)
        user = plain(person[0]) if rng.random() < 0.4 else ""
        state, method, trouble, tries = office.fate(now - created)
        finished = created + int(rng.lognormvariate(8, 1.2)) if state not in ("deferred", "held") else 0
        size = int(rng.lognormvariate(12.3, 1.1))
        names = office.names(when)
        subject = rng.choice([f"Scan from {source_name or 'here'} {when[:8]}", f"Scan from {source_name} {when[9:13]}",
                              f"{rng.choice(WORDS).title()} of {person[0].title()} {person[1].title()}"])
        job = (n, job_id, state, created, finished, created if state == "deferred" else None, source, source_name, user,
               "accounting", "contoso", "scanner@contoso.com", source_name, "", subject, "A scan.\n",
               f"<{job_id}@scan.contoso.com>", "=_" + job_id[-12:], b"", size, method, trouble[0] if trouble else "",
               trouble[1] if trouble else "", trouble[4] if trouble and state in ("failed", "held") else "", len(tries),
               int(now - created > 7 * DAY and state != "held"), 1, 1,
               '[{"method":"%s","chosen":true,"reason":"all recipients are internal"},'
               '{"method":"relay","chosen":false,"reason":"not configured"}]' % (method or "direct"))
        documents = [(n, i, name, "application/pdf", size // len(names), "%064x" % rng.getrandbits(256))
                     for i, name in enumerate(names, 1)]
        recipients = [(n, i, a, 0, "sent" if state == "sent" else "failed" if state == "failed" else "waiting", method,
                       "250 2.1.5 Recipient OK" if state == "sent" else "") for i, a in enumerate(office.recipients(), 1)]
        attempts = [(n, i, way, "contoso-com.mail.protection.outlook.com", 25, "192.0.2.25", "TLSv1.3", "data", outcome,
                     why[0] if why else "ok", why[1] if why else "", int(why[2] or 0) if why else 250,
                     why[3] if why else "2.6.0", "250 2.6.0 <x> Queued mail for delivery" if not why else
                     f"{why[2]} {why[3]} Service unavailable, see https://example.com",
                     why[4] if why else "accepted", "Do what the page says." if why else "", created + i * 700, 400)
                    for i, (outcome, way, why) in enumerate(tries, 1)]
        yield job, documents, recipients, attempts


def fill(path, count, now, seed=1):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -200000")
    db.execute("BEGIN")
    sql = ["INSERT INTO job (n, id, state, created, finished, due, source, source_name, user, route, tenant, sender,"
           " from_name, reply_to, subject, body, message_id, boundary, folder_name, size, method, class, cause, trouble,"
           " tries, documents_deleted, note_written, told, decision) VALUES (" + ",".join("?" * 29) + ")",
           "INSERT INTO document VALUES (?,?,?,?,?,?)", "INSERT INTO recipient VALUES (?,?,?,?,?,?,?)",
           "INSERT INTO attempt (job, n, method, host, port, ip, tls, stage, outcome, class, cause, code, enhanced,"
           " reply, summary, fix, started, duration_ms) VALUES (" + ",".join("?" * 18) + ")"]
    piece = [[], [], [], []]

    def flush():
        for text, values in zip(sql, piece):
            db.executemany(text, values)
            values.clear()
    for job, documents, recipients, attempts in rows(count, now, seed):
        piece[0].append(job)
        piece[1] += documents
        piece[2] += recipients
        piece[3] += attempts
        if len(piece[0]) == 5000:
            flush()
    flush()
    # The triggers saw jobs that were finished from the start.
    for end, kind in ((1, "1"),):
        db.execute("INSERT INTO tally SELECT finished / 3600000, 'finished', state, '', '', count(*), 0 FROM job"
                   " WHERE finished > 0 GROUP BY 1, 3")
        db.execute("INSERT INTO tally SELECT finished / 3600000, 'failed', class, cause, '', count(*), 0 FROM job"
                   " WHERE finished > 0 AND state IN ('failed', 'partial') GROUP BY 1, 3, 4")
        db.execute("INSERT INTO tally SELECT finished / 3600000, 'delivered', '5', '', '', count(*),"
                   " sum(finished - created) FROM job WHERE finished > 0 AND state = 'sent' GROUP BY 1")
    db.execute("UPDATE house SET value = 1 WHERE key = 'spool_read'")
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
