"""What compose.c wrote, read by python3's email package: attachments bit for bit, headers as they were given.

compose_parse_back.py PATH-OF-compose_sample
"""
import email
import email.policy
import os
import subprocess
import sys
import tempfile
import unicodedata

SAMPLE = sys.argv[1]
NAMES = [
    "scan.pdf",
    "Übersicht 2026 – Größe.pdf",
    "請求書 十一月.pdf",
    "🖨️ scan 📄.pdf",
    'say "cheese" \\ 100%.pdf',
    "it's; a=b, (c) [d] <e>@f.pdf",
    "=?UTF-8?B?bm90IG1l?=.pdf",
    "a" * 251 + ".pdf",
    "ä" * 125 + ".pdf",
    "字" * 83 + ".pdf",
    "no ending",
]
SUBJECTS = [
    "Scan from Empfang 23.11.2026 13:00",
    "Übersicht der Rechnungen vom November, alle Seiten, mit Anlagen und Größenangaben – bitte prüfen",
    "請求書" * 40,
    "😀" * 60,
    "plain words " * 30 + "end",
    "x" * 300,
    "  spaces  kept  ",
    "=?UTF-8?Q?not_a_word?=",
]
BODIES = [
    "Hello,\n\nthe scan is attached.\n",
    "Grüße vom Kopierer\n" + "ein sehr langer Absatz mit Umlauten äöü " * 20 + "\n",
    "--=_01JDC0000000000000000000AB--\n.\nFrom me\n-- \nsignature\n",
    "請求書\n" * 10,
    "",
]


def compose(form, subject, name, body, documents):
    args = [SAMPLE, form, "scanner@contoso.com", name, subject, body]
    for mime, label, path in documents:
        args += [mime, label, path]
    return subprocess.run(args, check=True, stdout=subprocess.PIPE).stdout


def check_lines(raw, binary):
    if binary:
        raw = raw.split(b"\r\n\r\n", 1)[0]
    for line in raw.split(b"\r\n"):
        assert b"\n" not in line and b"\r" not in line, "bare CR or LF"
        assert len(line) <= 78, (len(line), line)
        assert line.isascii()


def check(form, subject, name, body, documents):
    raw = compose(form, subject, name, body, documents)
    check_lines(raw, form == "binary")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == subject, (message["Subject"], subject)
    sender = message["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (name, "scanner@contoso.com"), sender
    assert [a.addr_spec for a in message["To"].addresses] == ["anna.schmidt@contoso.com", "b@contoso.com"]
    assert message["Reply-To"].addresses[0].addr_spec == "anna.schmidt@contoso.com"
    assert message["Date"].datetime.isoformat() == "2026-11-23T13:00:00+01:00", message["Date"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    parts = list(message.iter_parts()) if documents else [message]
    assert len(parts) == 1 + len(documents), len(parts)
    text = parts[0].get_payload(decode=True).decode("utf-8").replace("\r\n", "\n")
    assert text == (body if body.endswith("\n") or not body else body + "\n"), (text, body)
    for part, (mime, label, path) in zip(parts[1:], documents):
        with open(path, "rb") as file:
            assert part.get_payload(decode=True) == file.read(), "attachment differs: " + label
        assert part.get_content_type() == mime
        assert part.get_content_disposition() == "attachment"
        assert part.get_filename() == label, (part.get_filename(), label)
        check_type_name(part, label)


def check_type_name(part, label):
    """The name for old clients: encoded words inside the quotes of Content-Type, decoded as they do it."""
    raw = [value for key, value in part._headers if key == "Content-Type"][0]
    words = str(raw).split('name="', 1)[1].rsplit('"', 1)[0]
    decoded = email.header.make_header(email.header.decode_header(words))
    assert str(decoded) == label, (str(decoded), label)


def main():
    with tempfile.TemporaryDirectory() as folder:
        documents = []
        for i, name in enumerate(NAMES):
            path = os.path.join(folder, str(i))
            with open(path, "wb") as file:
                file.write(os.urandom(57 * i * 40 + i) + b"\r\n--=_x\r\n.\r\n\n\r"[: i * 2])
            documents.append(("application/pdf", name, path))
        for form in ("base64", "binary"):
            check(form, "all of them", "Empfang", BODIES[0], documents)
            for subject in SUBJECTS:
                check(form, subject, "Empfang, 2. Stock", BODIES[0], documents[:1])
            for body in BODIES:
                check(form, "s", "Drucker \"Größe\"", body, documents[:2])
            check(form, "without documents", "a \\ \"b\"", BODIES[1], [])
        assert unicodedata.is_normalized("NFC", NAMES[1])


main()
