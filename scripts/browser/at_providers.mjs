// What users do at providers, on pages that are not ours.

/** Where providers are, by their names. */
export const PROVIDERS = JSON.parse(process.env.ARCHON_TEST_PROVIDERS ?? "{}");
/** What pages of providers may ask. Those of oidc-provider ask for a font, which nobody answers. */
const ORIGINS = [...Object.values(PROVIDERS), "https://fonts.googleapis.com"];

/** A newcomer who may go to providers. */
export async function traveller(world, name, options) {
  const visitor = await world.visitor(name, options);
  visitor.origins.push(...ORIGINS);
  return visitor;
}

/** Logs in with oidc-provider, as which Google and Microsoft are set up, and agrees. */
export async function logInAtOpenId(visitor, name) {
  await visitor.hands.fill(visitor.page.getByPlaceholder("Enter any login"), name);
  await visitor.hands.fill(visitor.page.getByPlaceholder("and password"), "whatever");
  await visitor.press("Sign-in");
  await visitor.press("Continue");
}

/** Turns back there. */
export async function cancelAtOpenId(visitor) {
  await visitor.follow("[ Cancel ]");
}

/** Logs in with GitHub and agrees. */
export async function logInAtGithub(visitor, name) {
  await visitor.fill({ Username: name, Password: "whatever" });
  await visitor.press("Sign in");
  await agreeAtGithub(visitor);
}

/** Agrees there, where one is logged in. */
export async function agreeAtGithub(visitor) {
  await visitor.press("Authorize");
}

/** Does something on a page that would lead on to such an address by itself, which it does not meanwhile. */
export async function stayedBefore(visitor, address, act) {
  const matches = (url) => url.href.startsWith(address);
  await visitor.page.route(matches, (route) => route.abort("aborted"));
  await act();
  await visitor.page.unroute(matches);
}

/** Does something that leads to an address which begins so; stops there, and says what the address was. */
export async function stoppedBefore({ protocol }, address, act) {
  let whole;
  protocol.once("Fetch.requestPaused", ({ requestId, request }) => {
    whole = request.url;
    protocol.send("Fetch.fulfillRequest", { requestId, responseCode: 200, body: btoa("Stopped") });
  });
  // Playwright's own routes see no request that a redirect leads to.
  await protocol.send("Fetch.enable", { patterns: [{ urlPattern: `${address}*` }] });
  await act();
  await protocol.send("Fetch.disable");
  return whole;
}
