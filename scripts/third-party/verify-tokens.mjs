// Judges access tokens as a Node service would: with jose, through the URL of the key set.
//
//     node verify-tokens.mjs JWKS_URL ISSUER AUDIENCE ALGORITHM < tokens
//
// Reads one token per line, and prints one verdict per line as JSON.

import { createInterface } from "node:readline";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

const [keysUrl, issuer, audience, algorithm] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(keysUrl));
const requiredClaims = ["exp", "iat", "nbf", "sub", "jti"];

async function judge(token) {
  try {
    const options = { algorithms: [algorithm], issuer, audience, typ: "JWT", requiredClaims };
    const { payload } = await jwtVerify(token, keys, options);
    return { accepted: true, claims: payload };
  } catch (error) {
    if (error instanceof errors.JOSEError) return { accepted: false, error: error.code };
    throw error;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await judge(line.trim())));
}
