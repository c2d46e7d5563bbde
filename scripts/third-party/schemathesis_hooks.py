"""Gives every request of the fuzzer an access token that works.

The fuzzer logs out, ends sessions, changes passwords and deletes accounts as it goes. So the token is
tried before each request, and where it has gone a new user takes over: one with the password of the
document's examples, so that these succeed.
"""

import itertools

import requests
import schemathesis

session = requests.Session()
numbers = itertools.count()
token = None


@schemathesis.auth(refresh_interval=None)
class AccessToken:
    def get(self, case, context):
        global token
        base_url = case.operation.base_url.rstrip("/")
        if token is None or session.get(f"{base_url}/auth/me", headers=bearer(token)).status_code != 200:
            token = register(base_url)
        return token

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), **bearer(data)}


@schemathesis.hook
def after_call(context, case, response):
    """A user whose password is no longer the examples' one is of no more use."""
    global token
    if case.operation.path == "/auth/password" and response.status_code == 200:
        token = None


def bearer(access_token):
    return {"Authorization": f"Bearer {access_token}"}


def register(base_url):
    user = {
        "email": f"fuzzer-{next(numbers)}@example.com",
        "password": "SecurePass123!",
        "name": "Fuzzer",
    }
    answer = session.post(f"{base_url}/auth/register", json=user)
    answer.raise_for_status()
    return answer.json()["tokens"]["access_token"]
