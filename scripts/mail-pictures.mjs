// Makes a picture of every mail in every language, in light and dark, at the width of a phone and of a
// desktop: what a designer or translator looks at. Needs Node 18 and Chromium.
//
//   node scripts/mail-pictures.mjs OUT [TEMPLATES]
//
// OUT gets the mails as .html and .txt too. TEMPLATES is a folder as of the setting mail.templates.
// Environment: CARGO (the cargo to call), CHROMIUM (the browser; "chromium" without it).

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const WIDTHS = { phone: 390, desktop: 900 };
const SCHEMES = ["light", "dark"];

/** A browser that is spoken to over a pipe, by the Chrome DevTools Protocol. */
class Browser {
  constructor(profile) {
    const program = process.env.CHROMIUM || "chromium";
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
      "--remote-debugging-pipe", `--user-data-dir=${profile}`];
    this.process = spawn(program, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    this.process.on("error", (error) => {
      console.error(`${program} cannot be started (${error.message}): install Chromium or set CHROMIUM`);
      process.exit(1);
    });
    this.answers = new Map();
    this.number = 0;
    let rest = "";
    this.process.stdio[4].on("data", (data) => {
      const messages = (rest + data).split("\0");
      rest = messages.pop();
      messages.forEach((message) => this.hear(JSON.parse(message)));
    });
  }

  hear(message) {
    const answer = this.answers.get(message.id ?? message.method);
    if (!answer) return;
    this.answers.delete(message.id ?? message.method);
    if (message.error) answer.reject(new Error(message.error.message));
    else answer.resolve(message.result ?? message.params);
  }

  next(key) {
    return new Promise((resolve, reject) => this.answers.set(key, { resolve, reject }));
  }

  call(method, params = {}) {
    const id = ++this.number;
    this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId: this.session }) + "\0");
    return this.next(id);
  }

  async open() {
    const { targetId } = await this.call("Target.createTarget", { url: "about:blank" });
    ({ sessionId: this.session } = await this.call("Target.attachToTarget", { targetId, flatten: true }));
    await this.call("Page.enable");
  }

  /** A picture of a whole page. */
  async picture(url, width, scheme) {
    const metrics = { width, height: 100, deviceScaleFactor: 1, mobile: false };
    await this.call("Emulation.setDeviceMetricsOverride", metrics);
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.call("Emulation.setEmulatedMedia", { features });
    const loaded = this.next("Page.loadEventFired");
    await this.call("Page.navigate", { url });
    await loaded;
    const { cssContentSize } = await this.call("Page.getLayoutMetrics");
    const height = Math.ceil(cssContentSize.height);
    const screen = { ...metrics, height };
    await this.call("Emulation.setDeviceMetricsOverride", screen);
    const { data } = await this.call("Page.captureScreenshot", { format: "png" });
    return { png: Buffer.from(data, "base64"), isTooWide: cssContentSize.width > width };
  }

  async close() {
    const closed = new Promise((resolve) => this.process.once("exit", resolve));
    this.session = undefined;
    this.call("Browser.close").catch(() => {});
    await closed;
  }
}

const [out, ...templates] = process.argv.slice(2).map((path) => resolve(path));
if (!out) {
  console.error("say into which folder: node scripts/mail-pictures.mjs OUT [TEMPLATES]");
  process.exit(1);
}
mkdirSync(out, { recursive: true });
const preview = ["run", "--quiet", "-p", "archon-mail-lettre", "--example", "preview", "--", out, ...templates];
execFileSync(process.env.CARGO || "cargo", preview, { stdio: "inherit" });

const profile = mkdtempSync(join(tmpdir(), "mail-pictures-"));
const browser = new Browser(profile);
await browser.open();
for (const language of readdirSync(out)) {
  for (const file of readdirSync(join(out, language)).filter((name) => name.endsWith(".html"))) {
    for (const [device, width] of Object.entries(WIDTHS)) {
      for (const scheme of SCHEMES) {
        const page = pathToFileURL(join(out, language, file)).href;
        const { png, isTooWide } = await browser.picture(page, width, scheme);
        const name = join(out, language, file.replace(".html", `-${device}-${scheme}.png`));
        writeFileSync(name, png);
        console.log(isTooWide ? `${name} (wider than the screen)` : name);
      }
    }
  }
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
