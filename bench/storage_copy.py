#!/usr/bin/env python3
"""How long does a copy to another database take, and how much memory?

Fills a SQLite database with users by SQL, each with a session, two password hashes, an identity, a network and
an event; copies it to PostgreSQL and back, once more to see what a copy costs that has nothing to do, and
verifies both ways. The baseline of a copy is SQLite's own backup of the same file: bytes, not rows.

Needs an empty PostgreSQL database: --to postgres://user:password@host:port/database.
"""

import argparse
import json
import os
import random
import sqlite3
import subprocess
import tempfile
import time
import uuid

MICROSECONDS = 1_000_000

# What is filled; what is left out is NULL.
COLUMNS = {
    "users": ("id", "email", "email_key", "name", "password_hash", "email_verified_at", "roles", "status", "metadata",
              "created_at", "updated_at", "last_login_at", "attempts_void_before"),
    "oauth_identities": ("provider", "subject", "user_id", "email", "created_at"),
    "password_history": ("user_id", "hash"),
    "known_networks": ("user_id", "network", "last_login_at"),
    "sessions": ("id", "user_id", "created_at", "last_accessed", "expires_at", "absolute_expires_at", "remembered",
                 "ip_address", "user_agent", "fingerprint", "refresh_current", "chain_began"),
    "security_events": ("id", "occurred_at", "kind", "severity", "user_id", "session_id", "ip_address", "user_agent",
                        "request_id", "details"),
}


def identifier(milliseconds):
    """A UUIDv7 of an instant."""
    bits = (milliseconds << 80) | (7 << 76) | (random.getrandbits(12) << 64) | (2 << 62) | random.getrandbits(62)
    return uuid.UUID(int=bits)


def fill(file, users):
    """Puts users and what belongs to them into a migrated database; returns how many rows."""
    now = int(time.time()) * MICROSECONDS
    hour, day = 3600 * MICROSECONDS, 86_400 * MICROSECONDS
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    connection = sqlite3.connect(file)
    rows = {table: [] for table in COLUMNS}
    for number in range(users):
        user = identifier(now // 1000 - users + number).bytes
        address, digest = f"user{number}@example.com", "".join(random.choices(letters, k=43))
        password = f"$argon2id$v=19$m=19456,t=2,p=1${'s' * 22}${digest}"
        session = "".join(random.choices(letters, k=32))
        rows["users"].append((user, address, address, f"User {number}", password, now, '["user"]', "active",
                              '{"locale":"en"}', now, now, now, now - day))
        rows["oauth_identities"].append(("github", str(number), user, address, now))
        rows["password_history"] += [(user, password + "-former"), (user, password)]
        rows["known_networks"].append((user, f"192.0.{number // 256 % 256}.{number % 256}", now))
        rows["sessions"].append((session, user, now, now, now + hour, now + day, 0, "192.0.2.1", agent, digest,
                                 identifier(now // 1000).bytes, now))
        rows["security_events"].append((identifier(now // 1000).bytes, now, "login_succeeded", "info", user,
                                        session, "192.0.2.1", agent, "request", "{}"))
    with connection:
        for table, values in rows.items():
            columns, places = ", ".join(COLUMNS[table]), ", ".join("?" * len(COLUMNS[table]))
            connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)
    connection.close()
    return sum(len(values) for values in rows.values())


def measured(command, cwd):
    """Runs a command; its seconds, its peak of resident memory in MiB, and what it printed as JSON."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peak = 0
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                peak = next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), peak)
        except (FileNotFoundError, ProcessLookupError):
            pass
        time.sleep(0.05)
    elapsed = time.perf_counter() - began
    report = json.loads(process.stdout.read())
    assert process.returncode == 0, report
    return elapsed, peak / 1024, report


def backup(file):
    began = time.perf_counter()
    with sqlite3.connect(file) as source, sqlite3.connect(file + ".backup") as target:
        source.backup(target)
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--to", required=True, help="an empty PostgreSQL database, as postgres://...")
    parser.add_argument("--users", type=int, default=100_000)
    arguments = parser.parse_args()
    binary = os.path.abspath(arguments.binary)
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "archon-data", "archon.db")
        subprocess.run([binary, "keys", "rotate"], cwd=folder, check=True, capture_output=True)
        rows = fill(file, arguments.users)
        print(f"{arguments.users} users, {rows} rows, {os.path.getsize(file) / 2**20:.0f} MiB of SQLite; "
              f"SQLite's own backup of the file takes {backup(file):.1f} s")
        here, there, back = f"sqlite:{file}", arguments.to, f"sqlite:{folder}/back/archon.db"
        for name, verb, source, target in [
            ("copy SQLite to PostgreSQL", "copy", here, there),
            ("copy it again", "copy", here, there),
            ("verify", "verify", here, there),
            ("copy PostgreSQL to SQLite", "copy", there, back),
            ("copy it again", "copy", there, back),
            ("verify first and last", "verify", here, back),
        ]:
            command = [binary, "storage", verb, "--from", source, "--to", target, "--json"]
            seconds, peak, report = measured(command, folder)
            whole = report.get("complete", report.get("equal"))
            print(f"{name:<26} {seconds:7.1f} s {rows / seconds:9.0f} rows/s, at most {peak:5.1f} MiB, "
                  f"{'whole' if whole else 'NOT WHOLE'}")


if __name__ == "__main__":
    main()
