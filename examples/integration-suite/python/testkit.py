"""Speaks to archon-testkit: the service, and the control beside it. Needs nothing but Python."""

import json
import urllib.error
import urllib.parse
import urllib.request


def call(method, url, body=None, token=None):
    """One request; the status, and the JSON of the answer."""
    request = urllib.request.Request(url, method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or "null")
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.loads(refusal.read() or "null")


class Testkit:
    def __init__(self, control_url):
        self.control_url = control_url
        self.__dict__.update(self.control("GET", ""))

    def control(self, method, path, body=None):
        status, answer = call(method, f"{self.control_url}/testkit{path}", body)
        assert status < 300, answer
        return answer

    def reset(self, **anew):
        """Fresh stores, an empty mailbox, new keys; at the same address."""
        self.__dict__.update(self.control("POST", "/reset", anew))

    def advance(self, seconds):
        self.control("POST", "/clock", {"seconds": seconds})

    def mail(self, to, kind):
        """The first mail of a kind to an address, once it has come."""
        wanted = urllib.parse.urlencode({"to": to, "kind": kind})
        return self.control("GET", f"/mails?{wanted}")["mails"][0]

    def mail_server(self, state):
        """up, away, refusing or silent."""
        self.control("PUT", "/mail-server", {"state": state})

    def call(self, method, path, body=None, token=None):
        return call(method, self.base_url + path, body, token)

    def register(self, email):
        user = {"email": email, "password": "SecurePass123!", "name": "Ada Lovelace"}
        status, answer = self.call("POST", "/auth/register", user)
        assert status == 201, answer
        return {**user, **answer["user"], **answer["tokens"]}

    def log_in(self, user):
        body = {"email": user["email"], "password": user["password"]}
        status, answer = self.call("POST", "/auth/login", body)
        assert status == 200, answer
        return {**user, **answer}
