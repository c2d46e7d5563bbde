import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { chromium } from "playwright-core";
import { Mailbox } from "./mailbox.mjs";
import { Visitor } from "./visitor.mjs";

/** After how many seconds something hangs. */
const PATIENCE = 90;

/** What a journey has at hand. */
class World {
  visitors = [];
  /** The names of the pages that were inspected. */
  seen = new Set();
  step = "the start";

  constructor(browser, origin, pictures) {
    Object.assign(this, { browser, origin, pictures });
    // So a browser does not outlive the test either that has started all of this, however that ends.
    this.mailbox = new Mailbox(process.stdin, () => fail(this, new Error("the mail server has ended")));
  }

  /** A newcomer with a browser profile of their own; see [Visitor]. */
  async visitor(name, options) {
    const visitor = await Visitor.arrive(this, name, options);
    this.visitors.push(visitor);
    return visitor;
  }

  /** Says what comes next, so that a failure can tell how far the journey got. */
  begin(step) {
    this.step = step;
    console.log(`${Math.round(process.uptime() * 10) / 10} s: ${step}`);
  }
}

/**
 * Runs a journey in a browser of its own, and ends the process with 0 where it went well.
 *
 *     node JOURNEY.mjs ORIGIN [WORD] < the mail server's events
 *
 * Environment: ARCHON_TEST_CHROMIUM, the browser; ARCHON_BROWSER_PICTURES, a folder for pictures of the pages;
 * ARCHON_TEST_PROVIDERS, where providers are, by their names, for journeys that lead there.
 */
export async function run(journey) {
  const [script, origin, ...words] = process.argv.slice(1);
  const pictures = join(process.env.ARCHON_BROWSER_PICTURES, [basename(script, ".mjs"), ...words].join("-"));
  mkdirSync(pictures, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.ARCHON_TEST_CHROMIUM,
    // Nobody is reached but the service, even by what no page asks for.
    args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"],
  });
  const world = new World(browser, origin, pictures);
  const late = setTimeout(() => fail(world, new Error(`no end after ${PATIENCE} s`)), PATIENCE * 1000);
  try {
    await journey(world, ...words);
    for (const visitor of world.visitors) visitor.expectNoComplaints();
  } catch (error) {
    await fail(world, error);
  }
  clearTimeout(late);
  await browser.close();
  process.exit(0);
}

/** Says what went wrong, where, and what was to be seen there. */
async function fail(world, error) {
  console.error(`\nWhile: ${world.step}\n${error.stack}`);
  const scenes = world.visitors.map((visitor) => visitor.scene().catch((gone) => gone.message));
  console.error((await Promise.all(scenes)).join("\n"));
  console.error(`mails that nobody took: ${world.mailbox.rest.join("; ") || "none"}`);
  await world.browser.close();
  process.exit(1);
}
