#!/usr/bin/env python3
"""Do log-ins to a known and to an unknown address take the same time?

Interleaves wrong passwords for known addresses with log-ins to unknown ones, each on one connection, and
prints the medians, their ratio, and the ratio of two series of the *same* kind as the noise to judge it by.
"""

import argparse
import statistics
import time

from service import Service, call, register


def timed(connection, email):
    body = {"email": email, "password": "WrongPass123!"}
    began = time.perf_counter()
    status, _ = call(connection, "POST", "/auth/login", body)
    elapsed = time.perf_counter() - began
    assert status == 401, status
    return elapsed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--users", type=int, default=50)
    arguments = parser.parse_args()
    known, unknown, again = [], [], []
    with Service(arguments.binary) as service:
        connection = service.connect()
        for number in range(arguments.users):
            register(connection, f"user{number}@example.com")
        for number in range(arguments.rounds):
            address = f"user{number % arguments.users}@example.com"
            known.append(timed(connection, address))
            unknown.append(timed(connection, f"nobody{number % arguments.users}@example.com"))
            again.append(timed(connection, address))
    medians = {name: statistics.median(series) * 1000 for name, series in
               {"known": known, "unknown": unknown, "known, once more": again}.items()}
    for name, median in medians.items():
        print(f"{name:<18} median {median:8.3f} ms over {arguments.rounds}")
    print(f"{'unknown / known':<18} {medians['unknown'] / medians['known']:.4f}")
    print(f"{'noise':<18} {medians['known, once more'] / medians['known']:.4f} (known / known)")


if __name__ == "__main__":
    main()
