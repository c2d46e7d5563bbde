// What other sites can do to somebody who is signed in: nothing.
//
//     node hostile.mjs ORIGIN < the mail server's events

import assert from "node:assert/strict";
import { ForeignSite, trap } from "./foreign_site.mjs";
import * as pages from "./pages.mjs";
import { run } from "./run.mjs";
import { INSPECTED, forgetPassword, register, signIn, signOut } from "./steps.mjs";

const ADA = { email: "ada@example.com", name: "Ada Lovelace", password: "SecurePass123!" };
const MALLORY = { email: "mallory@example.com", name: "Mallory", password: "Malicious123!" };
/** Every page, but those that links in mails lead to. */
const PAGES = [pages.REGISTER, pages.SIGN_IN, pages.FORGOT, pages.SESSIONS, pages.CHANGE, pages.WAYS];
/** Where forms are sent to, below /auth/pages/. */
const ACTIONS = ["change-password", "forgot-password", "register", "resend-verification", "reset-password",
  "sessions/end", "sessions/end-others", "sign-in", "sign-out", "verify-email"];

await run(async (world) => {
  INSPECTED.forEach((name) => world.seen.add(name));
  const ada = await world.visitor("ada");
  world.begin("register Ada");
  const links = [await register(world, ada, ADA), await forgetPassword(world, ada, ADA)];
  world.begin("look at the cookies");
  await keepsCookiesClose(ada);

  world.begin("collect the forms");
  const forms = await collectForms(world, links);
  world.begin("send forms from elsewhere");
  const site = await ForeignSite.open();
  ada.origins.push(...site.origins);
  await sendsNoForm(site, ada, forms);
  world.begin("see that nothing has changed");
  await changedNothing(world, ada);

  world.begin("frame and read pages from elsewhere");
  await framesNoPage(site, ada);
  await readsNoPage(site, ada);
  world.begin("go back after signing out");
  await signOut(ada);
  await ada.page.goBack();
  await ada.expectPage(pages.SIGN_IN);
});

/** Every cookie is out of reach for scripts, other hosts and other sites. */
async function keepsCookiesClose(ada) {
  const cookies = await ada.context.cookies();
  assert.deepEqual(cookies.map((cookie) => cookie.name).sort(), ["__Host-archon-form", "__Host-archon-session"]);
  for (const { name, domain, path, httpOnly, secure, sameSite } of cookies) {
    const wanted = { domain: "localhost", path: "/", httpOnly: true, secure: true, sameSite: "Lax" };
    assert.deepEqual({ domain, path, httpOnly, secure, sameSite }, wanted, name);
  }
  assert.equal(await ada.page.evaluate(() => document.cookie), "");
}

/** Mallory's copies of every form, with all that is hidden in them, from a browser signed in and one that is not. */
async function collectForms(world, links) {
  const [mallory, other, nobody] = await Promise.all(
    ["mallory", "mallorys-other", "nobody"].map((name) => world.visitor(name)));
  await register(world, mallory, MALLORY);
  await signIn(other, MALLORY);
  await other.expectPage(pages.SESSIONS);
  const forms = new Map();
  for (const visitor of [mallory, nobody]) {
    for (const address of [...PAGES.map(({ path }) => path), ...links]) {
      await visitor.open(address);
      const found = await visitor.page.locator("form[method=post]").evaluateAll((all) =>
        all.map((form) => [form.action, [...new FormData(form)]]));
      found.forEach(([action, fields]) => forms.set(action, fields));
    }
  }
  const actions = [...forms.keys()].map((action) => new URL(action).pathname.replace("/auth/pages/", ""));
  assert.deepEqual(actions.sort(), ACTIONS);
  return forms;
}

async function sendsNoForm(site, ada, forms) {
  for (const [action, fields] of forms) {
    const filled = fields.map(([name, value]) => [name, value || bait(name)]);
    // The second has browsers send "Origin: null".
    const traps = ["", `<meta name="referrer" content="no-referrer">`].map((head) => head + trap(action, filled));
    for (const address of traps.flatMap((each) => site.show(each))) {
      await ada.open(address);
      await ada.press("Win a prize");
      assert.equal(ada.answer.request().method(), "POST");
      assert.equal(ada.answer.status(), 403, `${action} from ${address}`);
      await ada.inspect("form-refused");
    }
  }
}

/** What Mallory would have Ada send in a field. */
function bait(name) {
  if (/mail/.test(name)) return MALLORY.email;
  return /password/.test(name) ? MALLORY.password : "Mallory";
}

async function changedNothing(world, ada) {
  await ada.open(pages.SESSIONS.path);
  await ada.expectPage(pages.SESSIONS);
  await ada.expectText(ADA.email);
  const again = await world.visitor("ada-again");
  await signIn(again, ADA);
  await again.expectPage(pages.SESSIONS);
  assert.deepEqual(world.mailbox.rest, []);
}

async function framesNoPage(site, ada) {
  for (const { path } of PAGES) {
    for (const address of site.show(`<iframe src="${ada.world.origin}${path}"></iframe>`)) {
      await ada.open(address);
      const [frame] = ada.page.mainFrame().childFrames();
      assert.equal(await frame.getByRole("heading").count(), 0, `${path} is framed by ${address}`);
    }
  }
  ada.expectComplaints(/frame-ancestors|X-Frame-Options/, PAGES.length * site.origins.length);
}

async function readsNoPage(site, ada) {
  for (const address of site.show("")) {
    await ada.open(address);
    const read = (url) => fetch(url, { credentials: "include" }).then((answer) => answer.text(), () => "refused");
    assert.equal(await ada.page.evaluate(read, ada.world.origin + pages.SESSIONS.path), "refused");
  }
  ada.expectComplaints(/CORS policy/, site.origins.length);
}
