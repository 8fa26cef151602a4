"""table.py - what was measured, as the table that ends a run: work | scanpost | Postfix | nodemailer | ratio | aim."""

# (row, what it says, digits, whether more is better, the aim)
ROWS = (
    ("small", "50 KB scans a second, folder to acceptance", 0, True, "6x Postfix (1500)"),
    ("middle", "1 MB scans a second", 0, True, "5x (220)"),
    ("large", "20 MB scans, MB a second", 0, True, "4x (240)"),
    ("cpu-small", "CPU of a 50 KB scan, ms", 2, False, "0.7"),
    ("cpu-large", "CPU of a MB of large scans, ms", 2, False, "3"),
    ("far-new", "50 ms round trip, a 300 KB scan, new connection, s", 3, False, "0.35"),
    ("far-kept", "  the same, kept connection, s", 3, False, "0.04"),
    ("slow-start", "  with slow start, 20 scans, 3 connections, s", 2, False, "0.85"),
    ("uplink", "10 MB over 20 Mbit/s, s", 2, False, "6.1"),
    ("octets", "bytes up a byte of document", 3, False, "1.371"),
    ("latency-kept", "close of a 300 KB file to acceptance, kept, ms", 1, False, "4"),
    ("latency-new", "  the same, new connection, ms", 1, False, "8"),
    ("turns-kept", "turnarounds a 300 KB scan, kept connection", 1, False, "1"),
    ("turns-new", "turnarounds a 300 KB scan, new connection", 1, False, "5.5"),
    ("memory", "memory of all processes (PSS), MB", 1, False, "16"),
    ("growth", "  its growth from 50 KB to 100 MB scans, MB", 1, False, "under 1"),
)
BINARYMIME = (
    ("uplink", "10 MB over 20 Mbit/s, with BINARYMIME, s", 2, False, "4.6"),
    ("octets", "bytes up a byte of document, with BINARYMIME", 3, False, "1.002"),
)
HEAD = ("work", "scanpost", "Postfix", "nodemailer", "ratio", "aim")


def figure(results, row, peer, digits):
    median = results.median(row, peer)
    return "-" if median is None else f"{median:.{digits}f}"


def best_of_postfix(results, row, more_is_better):
    ways = [name for name in ("Postfix", "sendmail") if results.median(row, name) is not None]
    return (max if more_is_better else min)(ways, key=lambda name: results.median(row, name)) if ways else None


def ratio(results, row, peer, more_is_better):
    """How many times better than Postfix's best; than nodemailer where there is no Postfix."""
    other = best_of_postfix(results, row, more_is_better) or "nodemailer"
    times = results.ratio(row, peer, other) if more_is_better else results.ratio(row, other, peer)
    return "-" if times is None else f"{times:.2f}"


def line(results, peer, row, words, digits, more_is_better, aim):
    postfix = figure(results, row, "Postfix", digits)
    if results.median(row, "sendmail") is not None:
        postfix += f"; {figure(results, row, 'sendmail', digits)} by sendmail"
    return (words, figure(results, row, peer, digits), postfix, figure(results, row, "nodemailer", digits),
            ratio(results, row, peer, more_is_better), aim)


def lines(results):
    extra = {spec[0]: spec for spec in BINARYMIME}
    for spec in ROWS:
        if results.median(spec[0], "scanpost") is not None:
            yield line(results, "scanpost", *spec)
        if spec[0] in extra and results.median(spec[0], "BINARYMIME") is not None:
            yield line(results, "BINARYMIME", *extra[spec[0]])


def show(results):
    rows = [HEAD, *lines(results)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    for row in rows:
        print(" | ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
