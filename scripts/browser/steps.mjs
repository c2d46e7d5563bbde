// What several visits have in common.

import * as pages from "./pages.mjs";

/** The pages that these steps inspect; for visits that leave that to the journey. */
export const INSPECTED = ["register", "forgot-password", "sign-in"];

/** Registers somebody, who is signed in then; returns the link that verifies the address. */
export async function register(world, visitor, { email, name, password }) {
  await visitor.open(pages.REGISTER.path);
  await visitor.expectPage(pages.REGISTER);
  await visitor.inspect("register");
  await visitor.fill({ [pages.NAME]: name, [pages.EMAIL]: email, [pages.PASSWORD]: password });
  await visitor.press(pages.CREATE_ACCOUNT);
  await visitor.expectPage(pages.SESSIONS);
  await visitor.expectText(name);
  await world.mailbox.take(email, "Welcome");
  return world.mailbox.link(email, "Verify your e-mail address");
}

/** Asks for a new password; returns the link that is mailed. */
export async function forgetPassword(world, visitor, { email }) {
  await visitor.open(pages.FORGOT.path);
  await visitor.expectPage(pages.FORGOT);
  await visitor.inspect("forgot-password");
  await visitor.fill({ [pages.EMAIL]: email });
  await visitor.press(pages.SEND_LINK);
  await visitor.expectPage(pages.FORGOTTEN);
  return world.mailbox.link(email, "Set a new password");
}

/** Signs in, however that ends. */
export async function signIn(visitor, { email, password }) {
  await visitor.open(pages.SIGN_IN.path);
  await visitor.expectPage(pages.SIGN_IN);
  await visitor.inspect("sign-in");
  await visitor.fill({ [pages.EMAIL]: email, [pages.PASSWORD]: password });
  await visitor.press(pages.SIGN_IN_BUTTON);
}

/** Signs out on the page of the sessions. */
export async function signOut(visitor) {
  await visitor.open(pages.SESSIONS.path);
  await visitor.press(pages.SIGN_OUT);
  await visitor.expectPage(pages.SIGN_IN);
}
