#!/usr/bin/env python3
"""How large is the binary, how fast does it start, how much memory does it hold?

The baseline of the start-up is the same binary doing nothing (`--version`).
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import threading
import time

from service import Service, call, register


def start_to_first_answer(binary, data_dir):
    with Service(binary, data_dir=data_dir) as service:
        status, _ = call(service.connect(), "GET", "/auth/health/live")
        assert status == 200
        return time.perf_counter() - service.began


def bare_start(binary):
    began = time.perf_counter()
    subprocess.run([binary, "--version"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def log_in_often(service, count):
    connection = service.connect()
    for _ in range(count):
        body = {"email": "ada@example.com", "password": "SecurePass123!"}
        status, answer = call(connection, "POST", "/auth/login", body)
        assert status == 200, answer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--logins", type=int, default=10_000)
    arguments = parser.parse_args()
    print(f"binary                      {os.path.getsize(arguments.binary) / 2**20:8.1f} MiB")
    with tempfile.TemporaryDirectory() as folder:
        data_dir = os.path.join(folder, "data")
        first = start_to_first_answer(arguments.binary, data_dir)
        starts, bare = [], []
        for _ in range(arguments.starts):
            starts.append(start_to_first_answer(arguments.binary, data_dir))
            bare.append(bare_start(arguments.binary))
    start, base = statistics.median(starts), statistics.median(bare)
    print(f"first start ever            {first * 1000:8.1f} ms (makes a key and a database)")
    print(f"start to first answer       {start * 1000:8.1f} ms median of {arguments.starts}")
    print(f"  the same binary, idle     {base * 1000:8.1f} ms; ratio {start / base:.1f}")
    with Service(arguments.binary) as service:
        register(service.connect(), "ada@example.com")
        time.sleep(2)
        print(f"resident, idle              {service.resident_kib() / 1024:8.1f} MiB")
        began = time.perf_counter()
        clients = [threading.Thread(target=log_in_often, args=(service, arguments.logins // 8)) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        rate = arguments.logins / (time.perf_counter() - began)
        print(f"resident, {arguments.logins:>6} log-ins on {service.resident_kib() / 1024:8.1f} MiB")
        print(f"log-ins with a right password {rate:6.1f} per second, 8 clients")


if __name__ == "__main__":
    main()
