"""works.py - what is measured, and how. Each work runs the peers by turns, in pairs, and puts what it saw into Results.

A figure belongs to a row of the table (table.py) and to a peer; the n-th figures of all peers are of the same pair.
"""
import collections
import os
import statistics
import sys
import time

from peers import Delay, Nodemailer, Postfix, Scanpost, document

MB = 1 << 20
SCAN = 300 * 1024
ONE_WAY_MS, KILOBITS = 25, 20000


class Results:
    def __init__(self):
        self.figures = collections.defaultdict(lambda: collections.defaultdict(list))

    def add(self, row, peer, figure):
        self.figures[row][peer].append(figure)
        if os.environ.get("BENCH_VERBOSE"):
            print(f"    {row}, {peer}: {figure:.3f}", file=sys.stderr, flush=True)

    def of(self, row, peer):
        return self.figures.get(row, {}).get(peer, [])

    def median(self, row, peer):
        return statistics.median(self.of(row, peer)) if self.of(row, peer) else None

    def ratio(self, row, peer, other):
        """The median of the ratios within the pairs; None where one of them was not measured."""
        ratios = [a / b for a, b in zip(self.of(row, peer), self.of(row, other)) if b > 0]
        return statistics.median(ratios) if ratios else None


def one_turn(peer, count, size):
    """(seconds, CPU seconds, what the sink counted) of `count` scans."""
    peer.prepare(count, size)
    cpu, before = peer.usage().cpu, peer.sink.read()
    began = time.monotonic()
    peer.send(count)
    seconds = time.monotonic() - began
    peer.settle()
    after = peer.sink.read()
    return seconds, peer.usage().cpu - cpu, {name: after[name] - before[name] for name in before}


# --- a flood over loopback ---

def small(house, results):
    for _ in range(house.pairs):
        for peer in house.near:
            count = 150 if peer.name == "sendmail" else 600
            seconds, cpu, _ = one_turn(peer, count, 50 * 1024)
            results.add("small", peer.name, count / seconds)
            results.add("cpu-small", peer.name, cpu * 1000 / count)


def middle(house, results):
    for _ in range(house.pairs):
        for peer in house.near:
            if peer.name != "sendmail":
                seconds, _, _ = one_turn(peer, 80, MB)
                results.add("middle", peer.name, 80 / seconds)


def large(house, results):
    for _ in range(house.pairs):
        for peer in house.near:
            if peer.name == "sendmail":
                continue
            seconds, cpu, counted = one_turn(peer, 8, 20 * MB)
            results.add("large", peer.name, 160 / seconds)
            results.add("cpu-large", peer.name, cpu * 1000 / 160)
            results.add("octets", peer.name, counted["octets"] / (160 * MB))


# --- one scan over loopback ---

def acceptance_ms(peer, content):
    """From the close of the file, or from the beginning where there is none, to the sink's yes."""
    if isinstance(peer, Scanpost):
        return peer.write(content) * 1000
    began = time.monotonic_ns()
    peer.send(1)
    return (peer.sink.read()["last_ns"] - began) / 1e6


def latency(house, results):
    content = document(SCAN)
    for _ in range(2 * house.pairs):
        for peer in house.near:
            if peer.name == "sendmail":
                continue
            if not isinstance(peer, Scanpost):
                peer.prepare(1, SCAN)
            house.sink.hang_up()
            peer.settle()
            before = peer.sink.read()
            results.add("latency-new", peer.name, acceptance_ms(peer, content))
            peer.settle()
            after = peer.sink.read()
            # The acceptance is there half a turnaround before its answer.
            results.add("turns-new", peer.name, after["turnarounds"] - before["turnarounds"] - 0.5)
            results.add("latency-kept", peer.name, acceptance_ms(peer, content))
            peer.settle()
            results.add("turns-kept", peer.name, peer.sink.read()["turnarounds"] - after["turnarounds"])


# --- over a wire: Microsoft 365 is not on this machine ---

def seconds_of_one(peer, count=1):
    began = time.monotonic_ns()
    peer.send(count)
    return (peer.sink.read()["last_ns"] - began) / 1e9


def with_far_peers(house, kilobits, slow_start, run):
    wire = Delay(house.tools, house.sink.port, ONE_WAY_MS, kilobits, slow_start)
    peers = []
    try:
        peers.append(Scanpost(house.root, house.build, house.sink, wire.port))
        if kilobits:
            peers.append(Scanpost(house.root, house.build, house.sink, wire.port, binarymime=True))
        if house.postfix:
            peers.append(Postfix(house.root, house.tools, house.sink, wire.port))
        if house.modules:
            peers.append(Nodemailer(house.root, house.modules, house.sink, wire.port))
        run(peers)
    finally:
        for peer in peers:
            peer.stop()
        wire.stop()


def far(house, results):
    def run(peers):
        for _ in range(house.pairs):
            for peer in peers:
                for row in ("far-new", "far-kept"):
                    if row == "far-new":
                        house.sink.hang_up()
                    peer.prepare(1, SCAN)
                    results.add(row, peer.name, seconds_of_one(peer))
                    peer.settle()
    with_far_peers(house, 0, False, run)


def slow_start(house, results):
    def run(peers):
        for _ in range(house.pairs):
            for peer in peers:
                house.sink.hang_up()
                peer.prepare(20, SCAN)
                results.add("slow-start", peer.name, seconds_of_one(peer, 20))
                peer.settle()
    with_far_peers(house, 0, True, run)


def uplink(house, results):
    def run(peers):
        for _ in range(house.pairs):
            for peer in peers:
                house.sink.hang_up()
                peer.prepare(1, 10 * MB)
                before = house.sink.read()
                results.add("uplink", peer.name, seconds_of_one(peer))
                if peer.binarymime:
                    results.add("octets", peer.name, (house.sink.read()["octets"] - before["octets"]) / (10 * MB))
                peer.settle()
    with_far_peers(house, KILOBITS, False, run)


# --- memory ---

def most_while(peer, count, size):
    peer.prepare(count, size)
    done = peer.sink.read()["messages"] + count
    most = peer.usage().pss
    peer.begin()
    while peer.sink.read()["messages"] < done:
        most = max(most, peer.usage().pss)
        time.sleep(0.01)
    return most


def memory(house, results):
    ours = house.near[0]
    results.add("growth", ours.name, -most_while(ours, 200, 50 * 1024) + most_while(ours, 2, 100 * MB))
    for peer in house.near[1:]:
        if peer.name != "sendmail":
            one_turn(peer, 50, 50 * 1024)
    for peer in house.near:
        if peer.name != "sendmail":
            results.add("memory", peer.name, peer.usage().pss)


WORKS = {f.__name__.replace("_", "-"): f for f in (small, middle, large, memory, latency, far, slow_start, uplink)}
