"""A shop that verifies the access tokens of Archon Auth by itself, with PyJWT."""

import http.server
import json

import jwt


class Shop(http.server.ThreadingHTTPServer):
    """Listens on any free port of 127.0.0.1."""

    def __init__(self, jwks_url, issuer, audience):
        super().__init__(("127.0.0.1", 0), Orders)
        self.keys = jwt.PyJWKClient(jwks_url)
        self.issuer, self.audience = issuer, audience

    def customer(self, authorization):
        """The claims of an access token; None where it proves nothing."""
        token = authorization.removeprefix("Bearer ")
        try:
            key = self.keys.get_signing_key_from_jwt(token)
            # The algorithm is the key's, never the token's own choice.
            algorithms = [key.algorithm_name]
            claims = jwt.decode(token, key, algorithms=algorithms, issuer=self.issuer, audience=self.audience)
        except jwt.PyJWTError:
            return None
        return claims if claims["type"] == "access" else None


class Orders(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        customer = self.server.customer(self.headers.get("Authorization", ""))
        self.answer(200, {"customer": customer["sub"], "orders": []}) if customer else self.answer(401, {})

    def do_POST(self):
        customer = self.server.customer(self.headers.get("Authorization", ""))
        self.answer(401 if not customer else 201 if customer["email_verified"] else 403, {})

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass
