// Speaks to archon-testkit: the service, and the control beside it. Needs nothing but Node 18.

/** One request; the status, and the JSON of the answer. */
export async function call(method, url, { body, token } = {}) {
  const headers = { "content-type": "application/json" };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : null };
}

export class Testkit {
  constructor(controlUrl) {
    this.controlUrl = controlUrl;
  }

  async control(method, path, body) {
    const answer = await call(method, `${this.controlUrl}/testkit${path}`, { body });
    if (answer.status >= 300) throw new Error(answer.body.error);
    return answer.body;
  }

  /** Fresh stores, an empty mailbox, new keys; at the same address. */
  async reset(anew = {}) {
    Object.assign(this, await this.control("POST", "/reset", anew));
  }

  async advance(seconds) {
    await this.control("POST", "/clock", { seconds });
  }

  /** The first mail of a kind to an address, once it has come. */
  async mail(to, kind) {
    const { mails } = await this.control("GET", `/mails?${new URLSearchParams({ to, kind })}`);
    return mails[0];
  }

  /** up, away, refusing or silent. */
  async mailServer(state) {
    await this.control("PUT", "/mail-server", { state });
  }

  call(method, path, options) {
    return call(method, this.base_url + path, options);
  }

  async register(email) {
    const user = { email, password: "SecurePass123!", name: "Ada Lovelace" };
    const { status, body } = await this.call("POST", "/auth/register", { body: user });
    if (status !== 201) throw new Error(body.message);
    return { ...user, ...body.user, ...body.tokens };
  }

  async logIn(user) {
    const { email, password } = user;
    const { status, body } = await this.call("POST", "/auth/login", { body: { email, password } });
    if (status !== 200) throw new Error(body.message);
    return { ...user, ...body };
  }
}
