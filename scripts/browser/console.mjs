// An administrator's day at the operator console: sees an attack, helps a user, blocks an address, sends a mail again.
//
//     node console.mjs ORIGIN desktop|phone < the mail server's events
//
// Environment: ARCHON_TEST_ADMINISTRATOR, the address of an administrator, whose password is `ROOT`'s. The mail server
// has refused the first mail for good. On the phone no script of a page is run; each of the two inspects the half of
// the pages that the other does not.

import assert from "node:assert/strict";
import * as pages from "./pages.mjs";
import { run } from "./run.mjs";

const ROOT = { email: process.env.ARCHON_TEST_ADMINISTRATOR, password: "SecurePass123!" };
const ADA = { email: "ada@example.com", name: "Ada <b>Lovelace</b>", password: "SecurePass123!" };
const OVERVIEW = { path: "/auth/console", heading: "Overview" };
const USERS = { path: "/auth/console/users", heading: "Users" };
const EVENTS = { path: "/auth/console/events", heading: "Events" };
const ALERTS = { path: "/auth/console/alerts", heading: "Alerts" };
const BLOCKED = { path: "/auth/console/blocked-addresses", heading: "Blocked addresses" };
const MAIL = { path: "/auth/console/mail", heading: "Mail" };
const KEYS = { path: "/auth/console/keys", heading: "Signing keys" };
const REASON = "ticket 4711";
const INSPECTED = {
  desktop: ["overview", "users", "user", "disable-refused", "disabled", "events", "events-refused", "alert"],
  phone: ["alerts", "end-session", "roles", "blocked", "block-refused", "mail", "mail-retry", "keys", "forbidden"],
};

await run(async (world, device) => {
  Object.entries(INSPECTED).filter(([other]) => other !== device).flatMap(([, names]) => names)
    .forEach((name) => world.seen.add(name));
  const ada = await world.visitor("ada", { device: "phone" });
  await opensAccount(world, ada);
  await guesses(world);
  const root = await world.visitor("root", { device, scripts: device === "desktop" });
  await signsIn(world, root);
  const user = await finds(world, root);
  await helps(world, root, ada, user);
  await looksForEvents(world, root, user);
  await looksAtAlerts(world, root);
  await blocks(world, root);
  await sendsAgain(world, root);
  await rotates(world, root);
  await keepsOut(world, ada);
});

async function opensAccount(world, ada) {
  world.begin("a user opens an account");
  await ada.open(pages.REGISTER.path);
  await ada.fill({ [pages.NAME]: ADA.name, [pages.EMAIL]: ADA.email, [pages.PASSWORD]: ADA.password });
  await ada.press(pages.CREATE_ACCOUNT);
  await ada.expectPage(pages.SESSIONS);
}

async function guesses(world) {
  world.begin("somebody guesses until the account is locked, and goes on");
  const guesser = await world.visitor("guesser");
  for (let guess = 0; guess < 12; guess += 1) {
    await guesser.open(pages.SIGN_IN.path);
    await guesser.fill({ [pages.EMAIL]: ADA.email, [pages.PASSWORD]: `WrongPass${guess}!` });
    await guesser.press(pages.SIGN_IN_BUTTON);
  }
}

async function signsIn(world, root) {
  world.begin("the administrator signs in on the way to the console");
  await root.open(OVERVIEW.path);
  await root.expectPage(pages.SIGN_IN);
  await root.fill({ [pages.EMAIL]: ROOT.email, [pages.PASSWORD]: ROOT.password });
  await root.press(pages.SIGN_IN_BUTTON);
  await root.expectPage(OVERVIEW);
  await root.follow("1 hour");
  await root.page.getByText("One bar is 2 minutes").waitFor();
  const drawings = root.page.getByRole("img");
  assert.equal(await drawings.count(), 5);
  for (const drawing of await drawings.all()) assert.ok((await drawing.boundingBox()).width > 200);
  await root.inspect("overview");
}

async function finds(world, root) {
  world.begin("find the user");
  await root.follow("Users");
  await root.expectPage(USERS);
  await root.fill({ "Address or id": "ada" });
  await root.choose({ Status: "active" });
  await root.press("Search");
  await root.expectFields({ "Address or id": "ada", Status: "active" });
  await root.expectText(ADA.name);
  await root.inspect("users");
  await root.follow(ADA.email);
  const path = new URL(root.page.url()).pathname;
  await root.expectPage({ path, heading: ADA.email });
  await root.inspect("user");
  return { path, heading: ADA.email };
}

/** Opens the page that asks, gives the reason, and is back with the news. */
async function confirms(root, { link, button, told, back, fields = {} }) {
  await root.follow(link);
  await root.fill({ ...fields, Reason: REASON });
  await root.press(button);
  await root.expectPage(back);
  await root.page.getByRole("status").getByText(told).waitFor();
}

async function helps(world, root, ada, user) {
  world.begin("disable the account, at first without a reason");
  await root.follow("Disable account");
  await root.press("Disable account");
  await root.expectPage({ path: `${user.path}/disable`, heading: "Disable this account?", status: 400 });
  await root.expectError("Reason", /Must not be empty/);
  await root.inspect("disable-refused");
  await root.fill({ Reason: REASON });
  await root.press("Disable account");
  await root.expectPage(user);
  await root.expectText("The account is disabled");
  await root.inspect("disabled");
  await ada.open(pages.SESSIONS.path);
  await ada.expectPage(pages.SIGN_IN);

  world.begin("enable and unlock it");
  const back = user;
  await confirms(root, { link: "Enable account", button: "Enable account", told: "The account is enabled", back });
  await root.expectText("Locked until");
  await confirms(root, { link: "Unlock account", button: "Unlock account", told: "is unlocked", back });
  assert.equal(await root.page.getByText("Locked until").count(), 0);

  world.begin("end the user's new session");
  await signIn(ada);
  await ada.expectPage(pages.SESSIONS);
  await root.open(user.path);
  await root.follow(/^End the session/, root.page.locator("tr", { hasText: "iPhone" }));
  await root.inspect("end-session");
  await root.fill({ Reason: REASON });
  await root.press("End session");
  await root.expectPage(user);
  await root.expectText("The user is signed in nowhere.");
  await ada.open(pages.SESSIONS.path);
  await ada.expectPage(pages.SIGN_IN);

  world.begin("set the roles, at first wrongly");
  await root.follow("Set roles");
  await root.fill({ Roles: "User auditor", Reason: REASON });
  await root.press("Set roles");
  await root.expectPage({ path: `${user.path}/roles`, heading: "Set the roles of this account", status: 400 });
  await root.expectFields({ Roles: "User auditor", Reason: REASON });
  await root.inspect("roles");
  await root.fill({ Roles: "user auditor" });
  await root.press("Set roles");
  await root.expectPage(user);
  await root.expectText("auditor, user");
}

async function signIn(visitor) {
  await visitor.fill({ [pages.EMAIL]: ADA.email, [pages.PASSWORD]: ADA.password });
  await visitor.press(pages.SIGN_IN_BUTTON);
}

async function looksForEvents(world, root, user) {
  world.begin("look for what happened to the account");
  await root.follow("All of them");
  await root.expectPage(EVENTS);
  await root.choose({ Type: "admin_action" });
  await root.press("Search");
  for (const action of ["disable_user", "enable_user", "unlock_user", "end_session", "set_roles"]) {
    await root.page.locator("td", { hasText: action }).filter({ hasText: REASON }).first().waitFor();
  }
  await root.page.locator("summary").first().click();
  await root.inspect("events");
  await root.fill({ "User id": "nobody", "From (UTC)": "2026-01-05T10:00" });
  await root.press("Search");
  await root.expectPage({ ...EVENTS, status: 400 });
  await root.expectError("User id", /must be a user's id/i);
  await root.expectFields({ "User id": "nobody", "From (UTC)": "2026-01-05T10:00" });
  await root.inspect("events-refused");
  assert.ok(user.path);
}

async function looksAtAlerts(world, root) {
  world.begin("look at the alert");
  await root.open(ALERTS.path);
  // Events become an alert a moment after they are stored.
  for (let look = 0; look < 100 && await root.page.locator("td code").count() === 0; look += 1) {
    await root.open(ALERTS.path);
  }
  await root.inspect("alerts");
  await root.follow(/^failed_logins/);
  await root.expectPage({ path: new URL(root.page.url()).pathname, heading: "Alert: failed_logins" });
  await root.expectText("address 127.0.0.1");
  await root.inspect("alert");
}

async function blocks(world, root) {
  world.begin("block an address, at first a wrong one, and lift the block");
  await root.open(BLOCKED.path);
  await root.follow("Block an address");
  await root.fill({ "IP address": "198.51.100.0/24", Minutes: "90", Reason: REASON });
  await root.press("Block address");
  await root.expectError("IP address", /Must be an IP address/);
  await root.expectFields({ "IP address": "198.51.100.0/24", Minutes: "90", Reason: REASON });
  await root.inspect("block-refused");
  await root.fill({ "IP address": "198.51.100.7" });
  await root.press("Block address");
  await root.expectPage(BLOCKED);
  await root.expectText("The address is blocked.");
  await root.inspect("blocked");
  await confirms(root, { link: /^Lift the block/, button: "Lift block", told: "is lifted", back: BLOCKED });
  await root.expectText("No address is blocked.");
}

async function sendsAgain(world, root) {
  world.begin("send the mail again that was refused");
  await root.follow("Mail");
  await root.expectPage(MAIL);
  await root.expectText("550 5.1.1");
  await root.inspect("mail");
  await root.follow(/^Try again/);
  await root.inspect("mail-retry");
  await root.fill({ Reason: REASON });
  await root.press("Try again");
  await root.expectPage(MAIL);
  await root.expectText("queued again");
  await world.mailbox.take(ADA.email, "Welcome");
  await world.mailbox.take(ADA.email, "Verify your e-mail address");
}

async function rotates(world, root) {
  world.begin("rotate the signing key");
  await root.follow("Keys");
  await root.expectPage(KEYS);
  await confirms(root, { link: "Rotate the key", button: "Rotate the key", told: "A new key is made", back: KEYS });
  await root.expectText("published");
  await root.inspect("keys");
}

async function keepsOut(world, ada) {
  world.begin("a user opens the console");
  await signIn(ada);
  await ada.open(OVERVIEW.path);
  await ada.expectPage({ path: OVERVIEW.path, heading: "This is for administrators", status: 403 });
  await ada.inspect("forbidden");
  await ada.press(pages.SIGN_OUT);
  await ada.expectPage(pages.SIGN_IN);
}
