// The shop's suite, against the whole of Archon Auth in a process of its own.
//
//     archon-testkit &
//     ARCHON_TESTKIT_CONTROL=http://127.0.0.1:8182 node --test

import assert from "node:assert/strict";
import { test } from "node:test";
import { shop } from "./shop.mjs";
import { Testkit, call } from "./testkit.mjs";

/** A service with nothing stored, and the shop that trusts it. */
async function begin(t, anew) {
  const auth = new Testkit(process.env.ARCHON_TESTKIT_CONTROL);
  await auth.reset(anew);
  const server = await shop(auth);
  t.after(() => server.close() && server.closeAllConnections());
  return { auth, orders: `http://127.0.0.1:${server.address().port}/orders` };
}

test("customers see their own orders and strangers none", async (t) => {
  const { auth, orders } = await begin(t);
  const ada = await auth.register("ada@example.com");
  const answer = await call("GET", orders, { token: ada.access_token });
  assert.deepEqual(answer, { status: 200, body: { customer: ada.id, orders: [] } });
  for (const token of ["", "made up", ada.refresh_token]) {
    assert.equal((await call("GET", orders, { token })).status, 401, token);
  }
});

test("an expired token opens nothing", async (t) => {
  // The shop goes by the real time, so the service's clock starts an hour before it.
  const hour = 3600;
  const { auth, orders } = await begin(t, { start_at: new Date(Date.now() - hour * 1000).toISOString() });
  const ada = await auth.register("ada@example.com");
  assert.equal((await call("GET", orders, { token: ada.access_token })).status, 401);
  await auth.advance(hour);
  const again = await auth.logIn(ada);
  assert.equal((await call("GET", orders, { token: again.access_token })).status, 200);
});

test("only who has verified an address may order", async (t) => {
  const { auth, orders } = await begin(t);
  const ada = await auth.register("ada@example.com");
  assert.equal((await call("POST", orders, { token: ada.access_token })).status, 403);
  const { token } = await auth.mail("ada@example.com", "verify_email");
  assert.equal((await auth.call("POST", "/auth/email/verify", { body: { token } })).status, 200);
  const again = await auth.logIn(ada);
  assert.equal((await call("POST", orders, { token: again.access_token })).status, 201);
});
