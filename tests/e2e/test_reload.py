"""SIGHUP while everybody is asking: the old gateway hands over to a new one, and nobody is left without an answer."""
import threading
import time
import unittest
from http.client import HTTPConnection

from house import Answer, UnixConnection, World, pdf, wait_until

RELOADS = 10


def ask_slowly(connection):
    """Connects, and asks only a little later: the old gateway has accepted and heard nothing yet when it is replaced."""
    try:
        connection.connect()
        time.sleep(0.03)
        connection.request("GET", "/healthz")
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Reload(unittest.TestCase):
    def hammer(self, world, ask, failures, answers):
        while not self.enough.is_set():
            try:
                answers.append(ask().status)
            except Exception as error:  # whatever it was, somebody got no answer
                failures.append(repr(error))

    def test_ten_reloads_and_not_one_request_without_an_answer(self):
        with World() as world:
            self.enough = threading.Event()
            token, failures, answers, posts = world.token("copier-1"), [], [], []
            asks = [(lambda: world.ask("GET", "/healthz"), answers), (lambda: world.ask_tcp("GET", "/healthz"), answers),
                    (lambda: ask_slowly(UnixConnection(world.run_dir + "/scanpost.sock")), answers),
                    (lambda: ask_slowly(HTTPConnection("127.0.0.1", world.port, timeout=30)), answers),
                    (lambda: world.post([("a.pdf", pdf(20_000))]), posts),
                    (lambda: world.post([("a.pdf", pdf(200_000))], token=token), posts)]
            threads = [threading.Thread(target=self.hammer, args=(world, ask, failures, heard)) for ask, heard in asks]
            for thread in threads:
                thread.start()
            try:
                for _ in range(RELOADS):
                    old = world.children()
                    world.daemon.send_signal(1)
                    wait_until("new processes", lambda: len(world.children()) == 2 and
                               not set(world.children().values()) & set(old.values()))
                    time.sleep(0.1)
            finally:
                self.enough.set()
                for thread in threads:
                    thread.join(60)
            self.assertEqual(failures, [])
            self.assertGreater(len(answers), RELOADS)
            self.assertEqual(set(answers), {200})
            self.assertEqual(set(posts), {201})
            self.assertEqual(len(world.jobs()), len(posts))


if __name__ == "__main__":
    unittest.main()
