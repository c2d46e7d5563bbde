// What is refused is told beside its field, all of it at once, and nothing typed is lost but passwords.
//
//     node mistakes.mjs ORIGIN < the mail server's events

import assert from "node:assert/strict";
import * as pages from "./pages.mjs";
import { run } from "./run.mjs";
import { INSPECTED, forgetPassword, register, signIn, signOut } from "./steps.mjs";

const ADA = { email: "ada@example.com", name: `<b>Ada</b> & "Co"`, password: "SecurePass123!" };
const WRONG_PASSWORD = "WrongPass123!";
const SECOND_PASSWORD = "another-Long-1!";
/** Breaks every rule. */
const WEAK_PASSWORD = "~";
const RULES = [/Must be at least 8 characters/, /Must hold at least one upper-case letter/,
  /Must hold at least one lower-case letter/, /Must hold at least one digit/, /Must hold at least one of !@#/];
/** As good as a real one to look at. */
const UNKNOWN_TOKEN = "A".repeat(43);

await run(async (world) => {
  INSPECTED.forEach((name) => world.seen.add(name));
  const ada = await world.visitor("ada");
  await registerWrongly(world, ada);
  await signInWrongly(world, ada);
  await changePasswordWrongly(world, ada);
  await resetPasswordWrongly(world, ada);
  await followBadLinks(world, ada);
  await guess(world);
});

async function registerWrongly(world, ada) {
  world.begin("register with bad fields");
  await ada.open(pages.REGISTER.path);
  await ada.fill({ [pages.NAME]: ADA.name, [pages.EMAIL]: "no address", [pages.PASSWORD]: WEAK_PASSWORD });
  await ada.press(pages.CREATE_ACCOUNT);
  await ada.expectPage({ ...pages.REGISTER, status: 400 });
  await ada.inspect("register-refused");
  await ada.expectError(pages.EMAIL, /address/);
  for (const rule of RULES) await ada.expectError(pages.PASSWORD, rule);
  await ada.expectFields({ [pages.NAME]: ADA.name, [pages.EMAIL]: "no address", [pages.PASSWORD]: "" });

  world.begin("register a taken address");
  await register(world, ada, ADA);
  await signOut(ada);
  await ada.open(pages.REGISTER.path);
  await ada.fill({ [pages.NAME]: "Eve", [pages.EMAIL]: ADA.email, [pages.PASSWORD]: ADA.password });
  await ada.press(pages.CREATE_ACCOUNT);
  await ada.expectPage({ ...pages.REGISTER, status: 409 });
  await ada.expectError(pages.EMAIL, /account already/);
  await ada.inspect("address-taken");
  await world.mailbox.take(ADA.email, "You already have an account");
}

async function signInWrongly(world, ada) {
  world.begin("sign in with a wrong password");
  await signIn(ada, { ...ADA, password: WRONG_PASSWORD });
  await ada.expectPage({ ...pages.SIGN_IN, status: 401 });
  await ada.expectText("The e-mail address or the password is wrong.");
  await ada.expectFields({ [pages.EMAIL]: ADA.email, [pages.PASSWORD]: "" });
  await ada.inspect("sign-in-refused");
}

async function changePasswordWrongly(world, ada) {
  world.begin("change the password with a wrong one");
  await signIn(ada, ADA);
  await ada.follow("Change password");
  await ada.fill({ [pages.CURRENT_PASSWORD]: WRONG_PASSWORD, [pages.NEW_PASSWORD]: SECOND_PASSWORD });
  await ada.press(pages.CHANGE_PASSWORD);
  await ada.expectPage({ ...pages.CHANGE, status: 401 });
  await ada.expectError(pages.CURRENT_PASSWORD, /current password/);
  await ada.inspect("change-refused");
}

/** None of the refusals spends the token; the first good password does. */
async function resetPasswordWrongly(world, ada) {
  world.begin("reset the password to bad ones, then to a good one");
  const link = await forgetPassword(world, ada, ADA);
  const late = await world.visitor("late");
  for (const visitor of [ada, late]) await visitor.open(link);
  for (const [password, rules] of [[WEAK_PASSWORD, RULES], [ADA.password, [/not used here before/]]]) {
    await ada.fill({ [pages.NEW_PASSWORD]: password });
    await ada.press(pages.SET_PASSWORD);
    await ada.expectPage({ ...pages.RESET, status: 400 });
    for (const rule of rules) await ada.expectError(pages.NEW_PASSWORD, rule);
  }
  await ada.inspect("reset-refused");
  for (const [visitor, page] of [[ada, pages.RESET_DONE], [late, { ...pages.RESET, ...pages.DEAD_LINK }]]) {
    await visitor.fill({ [pages.NEW_PASSWORD]: SECOND_PASSWORD });
    await visitor.press(pages.SET_PASSWORD);
    await visitor.expectPage(page);
  }
  await late.inspect("reset-link-dead");
}

async function followBadLinks(world, ada) {
  world.begin("follow bad links");
  for (const page of [pages.VERIFY, pages.RESET]) {
    for (const token of ["", "?token=", "?token=%00", "?token=<script>", `?token=${UNKNOWN_TOKEN}=`]) {
      await ada.open(page.path + token);
      await ada.expectPage({ ...page, ...pages.DEAD_LINK });
    }
  }
  // Whether a password may be set is looked up before it is asked for.
  await ada.open(`${pages.RESET.path}?token=${UNKNOWN_TOKEN}`);
  await ada.expectPage({ ...pages.RESET, ...pages.DEAD_LINK });
  await ada.open(`${pages.VERIFY.path}?token=${UNKNOWN_TOKEN}`);
  await ada.press(pages.VERIFY_ADDRESS);
  await ada.expectPage({ ...pages.VERIFY, ...pages.DEAD_LINK });
  await ada.inspect("verify-link-dead");
}

/** A browser that is not known is locked out, and a page says so, not only a number. */
async function guess(world) {
  world.begin("guess until the account is locked");
  const guesser = await world.visitor("guesser");
  const statuses = [];
  while (statuses.at(-1) !== 429 && statuses.length < 10) {
    await signIn(guesser, { ...ADA, password: WRONG_PASSWORD });
    statuses.push(guesser.answer.status());
  }
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429]);
  await signIn(guesser, { ...ADA, password: SECOND_PASSWORD });
  await guesser.expectPage({ ...pages.SIGN_IN, status: 429 });
  await guesser.expectText("this account is locked");
  await guesser.inspect("locked");
  await guesser.open("/auth/pages/nowhere");
  await guesser.inspect("no-such-page");
}
