import assert from "node:assert/strict";
import { inspect } from "./inspection.mjs";
import { Keyboard, Mouse } from "./hands.mjs";

const DESKTOP = {
  userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  viewport: { width: 1280, height: 800 },
};
const PHONE = {
  userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    + "Version/18.5 Mobile/15E148 Safari/604.1",
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};

/** For how many milliseconds a page is waited for. */
const PATIENCE = 15_000;

/** Somebody with a browser profile of their own, who looks at one page at a time. */
export class Visitor {
  /** What a page did that none may do. */
  complaints = [];
  /** What pages may ask: the service, and where else the visitor is sent. */
  origins = [];
  /** The answer to the latest navigation of the page. */
  answer = null;

  /**
   * Options: `device` is "desktop" or "phone"; `scripts` says whether those of pages are run, `hands` is
   * "mouse" or "keyboard".
   */
  static async arrive(world, name, { device = "desktop", scripts = true, hands = "mouse" } = {}) {
    const context = await world.browser.newContext({
      ...(device === "phone" ? PHONE : DESKTOP),
      baseURL: world.origin,
    });
    context.setDefaultTimeout(PATIENCE);
    const visitor = new Visitor();
    Object.assign(visitor, { world, name, context, scripts, page: await context.newPage() });
    visitor.origins.push(world.origin);
    visitor.hands = hands === "keyboard" ? new Keyboard(visitor.page) : new Mouse(visitor.page);
    visitor.protocol = await context.newCDPSession(visitor.page);
    if (!scripts) await visitor.#forbidScripts();
    visitor.#watch();
    return visitor;
  }

  async #forbidScripts() {
    await this.#allowScripts(false);
    await this.page.goto("data:text/html,<title>quiet</title><script>document.title = 'loud'</script>");
    assert.equal(await this.page.title(), "quiet", "scripts of pages are run");
  }

  #watch() {
    const { context, page } = this;
    context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (!this.origins.includes(origin) && protocol !== "data:") this.complaints.push(`asked for ${request.url()}`);
      const referrer = request.headers().referer ?? "";
      if (/[?&](token|code)=/.test(referrer)) this.complaints.push(`${request.url()} was told ${referrer}`);
    });
    context.on("response", (response) => {
      const request = response.request();
      if (request.isNavigationRequest() && request.frame() === page.mainFrame()) this.answer = response;
      else if (response.status() >= 400) this.complaints.push(`${response.status()} for ${response.url()}`);
    });
    page.on("console", (message) => {
      // The console repeats the status of each answer, which is looked at above.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        this.complaints.push(`in the console: ${message.text()}`);
      }
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
  }

  /** Opens a page by its address. */
  async open(address) {
    await this.page.goto(address);
  }

  /** Follows the link of this name within the page or a part of it. */
  async follow(name, part = this.page) {
    await this.#arrival(() => this.hands.press(part.getByRole("link", { name, exact: true })));
  }

  /** Chooses from the lists of these labels. */
  async choose(options) {
    for (const [label, option] of Object.entries(options)) {
      await this.page.getByLabel(label, { exact: true }).selectOption(option);
    }
  }

  /** Enters texts into the fields of these labels, in place of what is in them. */
  async fill(fields) {
    for (const [label, text] of Object.entries(fields)) {
      await this.hands.fill(this.page.getByLabel(label, { exact: true }), text);
    }
  }

  /** Presses the button of this name within the page or a part of it. */
  async press(name, part = this.page) {
    await this.#arrival(() => this.hands.press(part.getByRole("button", { name, exact: true })));
  }

  async #arrival(act) {
    const loaded = this.page.waitForEvent("load");
    await act();
    await loaded;
  }

  /** Makes sure that the visitor is on the page with this address, heading and status. */
  async expectPage(wanted) {
    const page = {
      path: new URL(this.page.url()).pathname,
      heading: await this.page.getByRole("heading", { level: 1 }).innerText(),
      status: this.answer.status(),
    };
    assert.deepEqual(page, { status: 200, ...wanted });
  }

  /** Makes sure that the page shows a text. */
  async expectText(text) {
    await this.page.getByText(text).first().waitFor();
  }

  /** Makes sure that the field of this label is marked as wrong and described by such a text. */
  async expectError(label, text) {
    const field = this.page.getByLabel(label, { exact: true });
    assert.equal(await field.getAttribute("aria-invalid"), "true", `${label} is not marked as wrong`);
    const ids = await field.getAttribute("aria-describedby");
    const told = await this.page.locator(ids.split(" ").map((id) => `#${id}`).join()).allInnerTexts();
    assert.match(told.join("\n"), text);
  }

  /** Makes sure of what is in fields. */
  async expectFields(fields) {
    for (const [label, text] of Object.entries(fields)) {
      assert.equal(await this.page.getByLabel(label, { exact: true }).inputValue(), text, label);
    }
  }

  /** Has the page judged, and takes its pictures; once for each name. */
  async inspect(name) {
    const { seen } = this.world;
    if (seen.has(name)) return;
    seen.add(name);
    this.expectNoComplaints();
    await inspect(this, `${String(seen.size).padStart(2, "0")}-${name}`);
  }

  /** Runs something in the page that needs scripts, whether or not those of pages are run. */
  async withScripts(action) {
    if (!this.scripts) await this.#allowScripts(true);
    const result = await action();
    if (!this.scripts) await this.#allowScripts(false);
    return result;
  }

  async #allowScripts(allowed) {
    await this.protocol.send("Emulation.setScriptExecutionDisabled", { value: !allowed });
  }

  /** Fails where a page did what none may do. */
  expectNoComplaints() {
    assert.deepEqual(this.complaints, [], `${this.name}'s pages`);
  }

  /** Takes complaints away that were to come: so many, all of one kind. */
  expectComplaints(kind, count) {
    const complaints = this.complaints.splice(0);
    assert.equal(complaints.length, count, complaints.join("\n"));
    complaints.forEach((complaint) => assert.match(complaint, kind));
  }

  /** What a failure is explained with. */
  async scene() {
    const text = await this.page.locator("body").ariaSnapshot({ timeout: 1000 });
    return `\n${this.name} is at ${this.page.url()} (${this.answer?.status()}), which shows:\n${text}\n`
      + this.complaints.map((complaint) => `complaint: ${complaint}`).join("\n");
  }
}
