// The whole way of a user: registers, verifies the address, forgets the password, looks after the devices.
//
//     node journey.mjs ORIGIN mouse|keyboard < the mail server's events
//
// With the keyboard no script of a page is run besides.

import assert from "node:assert/strict";
import * as pages from "./pages.mjs";
import { run } from "./run.mjs";
import { forgetPassword, register, signIn, signOut } from "./steps.mjs";

const ADA = { email: "ada@example.com", name: "Ada Lovelace", password: "SecurePass123!" };
const SECOND_PASSWORD = "another-Long-1!";
const THIRD_PASSWORD = "yet-Another-2!";

await run(async (world, hands) => {
  const options = { hands, scripts: hands === "mouse" };
  const ada = await world.visitor("desktop", options);
  world.begin("register");
  const link = await register(world, ada, ADA);
  await ada.inspect("registered");
  const scanner = await world.visitor("scanner", options);
  await verifyAddress(world, ada, scanner, link);
  await resetPassword(world, ada);
  const phone = await world.visitor("phone", { ...options, device: "phone" });
  await endOtherSession(world, ada, phone);
  await changePassword(world, ada);
});

/** Somebody else's program opens the link before Ada does, as mail scanners do, which spends nothing. */
async function verifyAddress(world, ada, scanner, link) {
  world.begin("verify the address");
  for (const visitor of [scanner, ada, ada]) {
    await visitor.open(link);
    await visitor.expectPage(pages.VERIFY);
  }
  await ada.inspect("verify-email");
  await ada.press(pages.VERIFY_ADDRESS);
  await ada.expectPage(pages.VERIFIED);
  await ada.inspect("email-verified");
  await scanner.press(pages.VERIFY_ADDRESS);
  await scanner.expectPage({ ...pages.VERIFY, ...pages.DEAD_LINK });
}

async function resetPassword(world, ada) {
  world.begin("forget the password");
  await signOut(ada);
  await ada.inspect("signed-out");
  const link = await forgetPassword(world, ada, ADA);
  await ada.inspect("mail-sent");

  world.begin("set a new password");
  for (const _ of ["once", "twice"]) {
    await ada.open(link);
    await ada.expectPage(pages.RESET);
  }
  await ada.inspect("reset-password");
  await ada.fill({ [pages.NEW_PASSWORD]: SECOND_PASSWORD });
  await ada.press(pages.SET_PASSWORD);
  await ada.expectPage(pages.RESET_DONE);
  await ada.inspect("password-set");
  await world.mailbox.take(ADA.email, "Your password");
}

async function endOtherSession(world, ada, phone) {
  world.begin("sign in on two devices");
  for (const visitor of [phone, ada]) {
    await signIn(visitor, { ...ADA, password: SECOND_PASSWORD });
    await visitor.expectPage(pages.SESSIONS);
  }
  // Of the phone: the other device is the one that Ada has registered with.
  await world.mailbox.take(ADA.email, "New log-in");
  const sessions = ada.page.getByRole("listitem");
  assert.equal(await sessions.count(), 2);
  await ada.inspect("two-sessions");

  world.begin("end the other session");
  await ada.press(pages.END_SESSION, sessions.filter({ hasText: "iPhone" }));
  await ada.expectPage(pages.SESSIONS);
  assert.equal(await sessions.count(), 1);
  await ada.inspect("session-ended");
  await phone.open(pages.SESSIONS.path);
  await phone.expectPage(pages.SIGN_IN);
  await phone.inspect("session-over");
}

async function changePassword(world, ada) {
  world.begin("change the password");
  await ada.follow("Change password");
  await ada.expectPage(pages.CHANGE);
  await ada.inspect("change-password");
  await ada.fill({ [pages.CURRENT_PASSWORD]: SECOND_PASSWORD, [pages.NEW_PASSWORD]: THIRD_PASSWORD });
  await ada.press(pages.CHANGE_PASSWORD);
  await ada.expectPage(pages.SESSIONS);
  await ada.inspect("password-changed");
  await world.mailbox.take(ADA.email, "Your password");

  world.begin("sign out and in again");
  await signOut(ada);
  await signIn(ada, { ...ADA, password: THIRD_PASSWORD });
  await ada.expectPage(pages.SESSIONS);
  assert.deepEqual(world.mailbox.rest, []);
}
