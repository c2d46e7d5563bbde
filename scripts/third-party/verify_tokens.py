"""Judges access tokens as a Python service would: with PyJWT, through the URL of the key set.

    verify_tokens.py JWKS_URL ISSUER AUDIENCE ALGORITHM < tokens

Reads one token per line, and prints one verdict per line as JSON.
"""

import json
import sys

import jwt

keys_url, issuer, audience, algorithm = sys.argv[1:]
keys = jwt.PyJWKClient(keys_url)


def judge(token: str) -> dict:
    try:
        key = keys.get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=issuer,
            audience=audience,
            options={"require": ["exp", "iat", "nbf", "sub", "jti", "iss", "aud"]},
        )
        return {"accepted": True, "claims": claims}
    except jwt.PyJWTError as error:
        return {"accepted": False, "error": type(error).__name__}


for line in sys.stdin:
    print(json.dumps(judge(line.strip())))
