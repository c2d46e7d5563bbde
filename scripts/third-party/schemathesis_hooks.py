"""Gives every request of the fuzzer an access token that works, and what administrators look after.

The fuzzer logs out, ends sessions, changes passwords and deletes accounts as it goes. So the token is
tried before each request, and where it has gone a new user takes over: one with the password of the
document's examples, so that these succeed. Administrators are there already, and log in.

Ids that the fuzzer makes up are nobody's. What it means to be right is asked about a user who is there.
"""

import base64
import itertools
import json

import requests
import schemathesis

session = requests.Session()
numbers = itertools.count()
token = None
administrators = itertools.count()
administrator = (next(administrators), None)


@schemathesis.auth(refresh_interval=None)
class AccessToken:
    def get(self, case, context):
        global token
        base_url = case.operation.base_url.rstrip("/")
        if case.operation.path.startswith("/auth/admin/"):
            return administrator_token(base_url)
        if token is None or session.get(f"{base_url}/auth/me", headers=bearer(token)).status_code != 200:
            token = register(base_url)["tokens"]["access_token"]
        return token

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), **bearer(data)}


@schemathesis.hook
def before_call(context, case, kwargs):
    """A user of its own for each request about one, and a user's own session for one about a session; but for
    sequences, which have chosen theirs."""
    meta, chosen = case.meta, case.path_parameters or {}
    if meta.generation.mode.is_negative or meta.phase.name == "stateful":
        return
    if case.operation.path == "/auth/sessions/{session_id}" and token is not None:
        case.path_parameters = {"session_id": claims_of(token)["session_id"]}
    if "user_id" not in chosen:
        return
    user = register(case.operation.base_url.rstrip("/"))
    ids = {"user_id": user["user"]["id"], "session_id": claims_of(user["tokens"]["access_token"])["session_id"]}
    case.path_parameters = {name: ids.get(name, value) for name, value in chosen.items()}


@schemathesis.hook
def after_call(context, case, response):
    """A user whose password is no longer the examples' one is of no more use, nor is a token that was refused."""
    global token, administrator
    if case.operation.path == "/auth/password" and response.status_code == 200:
        token = None
    if case.operation.path.startswith("/auth/admin/") and response.status_code in (401, 403):
        administrator = (administrator[0], None)


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
    return answer.json()


def administrator_token(base_url):
    """One who was disabled, demoted or deleted meanwhile makes room for the next one."""
    global administrator
    number, access_token = administrator
    while access_token is None:
        log_in = {"email": f"root-{number}@example.com", "password": "SecurePass123!"}
        answer = session.post(f"{base_url}/auth/login", json=log_in)
        if answer.status_code == 200 and "admin" in claims_of(answer.json()["access_token"])["roles"]:
            access_token = answer.json()["access_token"]
        else:
            number = next(administrators)
            assert number < 5, "no administrator is left"
    administrator = (number, access_token)
    return access_token


def claims_of(access_token):
    """What an access token says, unchecked."""
    claims = access_token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
