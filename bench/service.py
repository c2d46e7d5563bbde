"""Starts the release binary on a free port with temporary data, and speaks to it."""

import http.client
import json
import os
import subprocess
import tempfile
import time

RELAXED = {
    "rate_limits.enabled": "false",
    "lockout.max_failures": "1000",
    "metrics.enabled": "false",
    "log.format": "json",
}


class Service:
    """A running service; use it as a context."""

    def __init__(self, binary, settings=None, data_dir=None):
        self.binary = binary
        self.settings = {**RELAXED, **(settings or {})}
        self.data_dir = data_dir

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        data = self.data_dir or os.path.join(self.folder.name, "data")
        command = [self.binary, "--port", "0", "--data-dir", data]
        for key, value in self.settings.items():
            command += ["--set", f"{key}={value}"]
        self.began = time.perf_counter()
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=self.folder.name)
        for line in self.process.stderr:
            entry = json.loads(line) if line.startswith("{") else {}
            if entry.get("message") == "archon-auth listens":
                self.host, port = entry["address"].rsplit(":", 1)
                self.port = int(port)
                break
        else:
            raise SystemExit("the service did not start")
        # Nobody reads the log from here on, so it must not fill its pipe.
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(40)
        self.drain.wait(5)
        self.process.stderr.close()
        self.folder.cleanup()

    def connect(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=60)

    def resident_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def call(connection, method, path, body=None, token=None):
    """One request; the status and the JSON body."""
    headers = {"content-type": "application/json"} if body is not None else {}
    if token:
        headers["authorization"] = f"Bearer {token}"
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text else None


def register(connection, email):
    body = {"email": email, "password": "SecurePass123!", "name": "Bench"}
    status, answer = call(connection, "POST", "/auth/register", body)
    assert status == 201, answer
    return answer
