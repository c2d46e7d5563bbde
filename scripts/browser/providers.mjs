// Users who come in by Google, Microsoft and GitHub, and look after the ways in.
//
//     node providers.mjs ORIGIN < the mail server's events

import { PROVIDERS, agreeAtGithub, cancelAtOpenId, logInAtGithub, logInAtOpenId, stayedBefore, stoppedBefore, traveller }
  from "./at_providers.mjs";
import { ForeignSite } from "./foreign_site.mjs";
import * as pages from "./pages.mjs";
import { run } from "./run.mjs";
import { INSPECTED, signOut } from "./steps.mjs";

const ADA = "ada@example.com";
const CALLBACK = "/auth/pages/oauth/google/callback";

await run(async (world) => {
  INSPECTED.forEach((name) => world.seen.add(name));
  const ada = await traveller(world, "ada");
  await cancel(world, ada);
  await refuseAnothersCallback(world, ada);
  await signInWithGoogle(world, ada);
  await linkAndUnlink(world, ada);
  await comeBackByTheOther(world, ada);
  const phone = { device: "phone", scripts: false, hands: "keyboard" };
  await linkWhatIsTaken(world, await traveller(world, "grace", phone));
  await bringNoAddress(world, await traveller(world, "hidden", phone));
  await bringAnothersAddress(world, await traveller(world, "eve"));
  await beginNothingElsewhere(world, await traveller(world, "victim"));
});

/** Leaves a page of the service for a provider. */
async function setOut(visitor, page, provider) {
  await visitor.open(page.path);
  await visitor.expectPage(page);
  await visitor.inspect(`${page.heading.toLowerCase().replaceAll(" ", "-")}-with-providers`);
  await visitor.follow(`Continue with ${provider}`);
}

async function cancel(world, ada) {
  world.begin("cancel at Google");
  await setOut(ada, pages.REGISTER, "Google");
  await cancelAtOpenId(ada);
  await ada.expectPage({ ...pages.SIGN_IN, path: CALLBACK, status: 400 });
  await ada.expectText("You have cancelled at Google. Nothing was done.");
  await ada.inspect("cancelled");
}

/** Mallory would have Ada signed in to Mallory's account. */
async function refuseAnothersCallback(world, ada) {
  world.begin("open another browser's callback");
  const mallory = await traveller(world, "mallory");
  const callback = await stoppedBefore(mallory, world.origin + CALLBACK, async () => {
    await setOut(mallory, pages.SIGN_IN, "Google");
    await logInAtOpenId(mallory, "mallory");
  });
  await ada.open(callback);
  await ada.expectPage({ ...pages.SIGN_IN, path: CALLBACK, status: 400 });
  await ada.expectText("it was begun in another browser or tab");
  await ada.open(pages.SESSIONS.path);
  await ada.expectPage(pages.SIGN_IN);
  // It was the wrong browser, and nothing else was wrong with it.
  await mallory.open(callback);
  await mallory.expectPage(pages.SESSIONS);
  await mallory.open(callback);
  await mallory.expectPage({ ...pages.SIGN_IN, path: CALLBACK, status: 400 });
}

async function signInWithGoogle(world, ada) {
  world.begin("sign in with Google");
  await setOut(ada, pages.SIGN_IN, "Google");
  await logInAtOpenId(ada, "ada");
  await ada.expectPage(pages.SESSIONS);
  await ada.expectText(ADA);
  await world.mailbox.take(ADA, "Welcome");
}

async function linkAndUnlink(world, ada) {
  world.begin("link GitHub");
  await ada.follow("Ways to log in");
  await ada.expectPage(pages.WAYS);
  await ada.inspect("ways-to-log-in");
  await stayedBefore(ada, PROVIDERS.github, async () => {
    await ada.press("Link GitHub");
    await ada.inspect("on-the-way-to-github");
  });
  await ada.follow("Continue at GitHub");
  await logInAtGithub(ada, "octavia");
  await ada.expectPage(pages.WAYS);
  await ada.expectText("octavia@example.com");
  await ada.inspect("provider-linked");

  world.begin("unlink Google, and keep GitHub");
  await ada.press("Unlink Google");
  await ada.expectPage(pages.WAYS);
  await ada.press("Unlink GitHub");
  await ada.expectPage({ ...pages.WAYS, path: "/auth/pages/identities/unlink", status: 409 });
  await ada.expectText("GitHub is your only way to log in, so it stays linked.");
  await ada.inspect("last-way-in");
}

async function comeBackByTheOther(world, ada) {
  world.begin("sign in with GitHub");
  await signOut(ada);
  await setOut(ada, pages.SIGN_IN, "GitHub");
  await agreeAtGithub(ada);
  await ada.expectPage(pages.SESSIONS);
  await ada.expectText(ADA);
}

async function linkWhatIsTaken(world, grace) {
  world.begin("sign in with Microsoft");
  await setOut(grace, pages.SIGN_IN, "Microsoft");
  await logInAtOpenId(grace, "grace");
  await grace.expectPage(pages.SESSIONS);
  await grace.expectText("grace@example.com");
  world.begin("link somebody else's GitHub");
  await grace.follow("Ways to log in");
  await grace.press("Link GitHub");
  await logInAtGithub(grace, "octavia");
  await grace.expectPage({ ...pages.WAYS, path: "/auth/pages/identities/github/callback", status: 409 });
  await grace.expectText("Your account at GitHub is linked to another account here.");
  await grace.inspect("identity-taken");
}

async function bringNoAddress(world, hidden) {
  world.begin("sign in with GitHub and no address");
  await setOut(hidden, pages.SIGN_IN, "GitHub");
  await logInAtGithub(hidden, "hidden");
  await hidden.expectPage({ ...pages.SIGN_IN, path: "/auth/pages/oauth/github/callback", status: 400 });
  await hidden.expectText("GitHub has not told your e-mail address");
}

async function bringAnothersAddress(world, eve) {
  world.begin("sign in with Microsoft and an address of Ada's");
  await setOut(eve, pages.SIGN_IN, "Microsoft");
  await logInAtOpenId(eve, "eve");
  await eve.expectPage({ ...pages.SIGN_IN, path: "/auth/pages/oauth/microsoft/callback", status: 409 });
  await eve.expectText("There is an account with the e-mail address that Microsoft has told");
  await eve.inspect("address-of-an-account");
}

/** Another site's link leads to our page, where users choose for themselves, and not to a provider. */
async function beginNothingElsewhere(world, victim) {
  world.begin("begin on another site");
  const site = await ForeignSite.open();
  victim.origins.push(...site.origins);
  const link = `<a href="${world.origin}/auth/pages/oauth/google">Win a prize</a>`;
  for (const address of site.show(link)) {
    await victim.open(address);
    await victim.follow("Win a prize");
    await victim.expectPage(pages.SIGN_IN);
  }
}
