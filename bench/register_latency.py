#!/usr/bin/env python3
"""Does a registration wait for the mail server?

Three services at the same time: one whose mail server takes every mail, one whose mail server takes connections
and never says a word, one without a mail server at the other end. They are asked in turn, at a fixed rate whether
the answers come or not (an open loop), and the times are those from the moment a request was due.
Prints the medians and the 99th percentiles, their ratios to the healthy server's, and the ratio of two series of
the *same* kind as the noise to judge them by.
"""

import argparse
import os
import socket
import socketserver
import statistics
import threading
import time

from service import Service, call

# Registrations of each kind that are not measured.
WARM_UP = 5

RELEASE = os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "release", "archon-auth")


class Taking(socketserver.StreamRequestHandler):
    """A mail server that takes every mail (RFC 5321), and counts them."""

    disable_nagle_algorithm = True

    def handle(self):
        self.say("220 mail.example.com")
        while line := self.rfile.readline():
            command = line[:4].upper()
            if command == b"DATA":
                self.say("354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                self.server.taken += 1
                self.say("250 taken")
            elif command == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("250 mail.example.com" if command == b"EHLO" else "250 ok")

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")


class Silent(socketserver.BaseRequestHandler):
    """A mail server that takes the connection and never says a word."""

    def handle(self):
        while self.request.recv(4096):
            pass


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    taken = 0

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.server_address[1]}?tls=none"


class Clients:
    """Registers users at one service, and notes how long each has waited from the moment that was due."""

    def __init__(self, service):
        self.service, self.times, self.refused = service, [], 0

    def register(self, due):
        connection = self.service.connect()
        body = {"email": f"user-{time.perf_counter_ns()}@example.com", "password": "SecurePass123!", "name": "Bench"}
        status, _ = call(connection, "POST", "/auth/register", body)
        connection.close()
        if status == 201:
            self.times.append(time.perf_counter() - due)
        else:
            self.refused += 1


def percentile(series, part):
    return statistics.quantiles(series, n=100, method="inclusive")[part - 1] * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", nargs="?", default=RELEASE)
    parser.add_argument("--rate", type=float, default=8, help="registrations per second, of all kinds together")
    parser.add_argument("--count", type=int, default=400, help="registrations of each kind")
    arguments = parser.parse_args()
    if not os.access(arguments.binary, os.X_OK):
        raise SystemExit(f"there is no {arguments.binary}: build it with cargo build --release, or name another")
    with socket.socket() as nobody:
        # Bound and never listened on: connections are refused, and nobody else takes the port.
        nobody.bind(("127.0.0.1", 0))
        away = f"smtp://127.0.0.1:{nobody.getsockname()[1]}?tls=none"
        measure(arguments, MailServer(Taking), MailServer(Silent), away)


def measure(arguments, taking, silent, away):
    start = lambda url: Service(arguments.binary, {"mail.smtp_url": url})
    with start(taking.url) as first, start(silent.url) as second, start(away) as third:
        kinds = {"healthy": first, "silent": second, "away": third, "healthy, once more": first}
        kinds = {name: Clients(service) for name, service in kinds.items()}
        run(list(kinds.values()), WARM_UP, arguments.rate)
        for clients in kinds.values():
            clients.times.clear()
        run(list(kinds.values()), arguments.count, arguments.rate)
        report(kinds)
        print(f"{taking.taken} mails taken by the healthy server")


def run(kinds, rounds, rate):
    """One registration of each kind in every round, the order turned from round to round."""
    threads, start = [], time.perf_counter()
    for number in range(rounds * len(kinds)):
        turn, place = divmod(number, len(kinds))
        due = start + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        threads.append(threading.Thread(target=kinds[(turn + place) % len(kinds)].register, args=(due,)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def report(kinds):
    base = kinds["healthy"].times
    for name, clients in kinds.items():
        half, most = percentile(clients.times, 50), percentile(clients.times, 99)
        refused = f", {clients.refused} refused: the machine is too slow for this rate" if clients.refused else ""
        print(f"{name:<18} p50 {half:8.2f} ms ({half / percentile(base, 50):.3f} of healthy)   "
              f"p99 {most:8.2f} ms ({most / percentile(base, 99):.3f})   over {len(clients.times)}{refused}")


if __name__ == "__main__":
    main()
