// A shop that verifies the access tokens of Archon Auth by itself, with jose.

import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";

/** The shop, which listens on any free port of 127.0.0.1. */
export async function shop({ jwks_url, issuer, audience }) {
  const keys = createRemoteJWKSet(new URL(jwks_url));

  /** The claims of an access token; nothing where it proves nothing. */
  async function customer(request) {
    const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: "JWT" });
      return payload.type === "access" ? payload : undefined;
    } catch {
      return undefined;
    }
  }

  const server = createServer(async (request, response) => {
    const claims = await customer(request);
    const placed = claims?.email_verified ? 201 : 403;
    response.statusCode = !claims ? 401 : request.method === "POST" ? placed : 200;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(claims ? { customer: claims.sub, orders: [] } : {}));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return server;
}
