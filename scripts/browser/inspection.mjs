import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCREENS = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
const SCHEMES = ["light", "dark"];
/** The narrowest screen that text has to fit on without scrolling sideways (WCAG 2.2, 1.4.10). */
const NARROWEST = { width: 320, height: 640 };
const GRAVE = ["serious", "critical"];
/** What is not grave is told once and does not fail. */
const told = new Set();

/** Has a page judged by axe on each screen and in each scheme, and takes a picture of each. */
export async function inspect(visitor, name) {
  const { page } = visitor;
  const usual = page.viewportSize();
  await page.evaluate(AXE);
  for (const [screen, size] of Object.entries(SCREENS)) {
    await page.setViewportSize(size);
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      const view = `${name}-${screen}-${colorScheme}`;
      await findsNothingGrave(visitor, view);
      await page.screenshot({ path: join(visitor.world.pictures, `${view}.png`), fullPage: true });
      if (screen === "desktop") await findsNothingGraveUnderTheMouse(visitor, view);
    }
    await fits(page, name);
  }
  await page.setViewportSize(NARROWEST);
  await fits(page, name);
  await page.setViewportSize(usual);
  await reachesEveryControl(page, name);
}

async function findsNothingGrave(visitor, view) {
  await visitor.page.mouse.move(0, 0);
  const rules = { rules: { "target-size": { enabled: true } } };
  await judge(visitor, visitor.page.locator("html"), rules, view);
}

/** Under the mouse buttons have other colours. */
async function findsNothingGraveUnderTheMouse(visitor, view) {
  for (const button of await visitor.page.getByRole("button").all()) {
    await button.hover();
    await judge(visitor, button, { runOnly: ["color-contrast"] }, `${view}, under the mouse`);
  }
}

async function judge(visitor, part, options, view) {
  const { violations } = await visitor.withScripts(() => part.evaluate((element, options) => {
    document.getAnimations().forEach((animation) => animation.finish());
    return axe.run(element, { resultTypes: ["violations"], ...options });
  }, options));
  for (const { id, impact, help, nodes } of violations) {
    const places = nodes.map((node) => `${node.html}\n  ${node.failureSummary}`).join("\n  ");
    const finding = `axe finds ${impact}, ${id} (${help}):\n  ${places}`;
    assert(!GRAVE.includes(impact), `${view}: ${finding}`);
    if (!told.has(finding)) console.log(`${view}: ${finding}`);
    told.add(finding);
  }
}

async function fits(page, name) {
  const { wide, screen } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
  }));
  assert(wide <= screen, `${name} is ${wide} pixels wide on a screen of ${screen}`);
}

/** Presses Tab until another control has the focus: a field for a time has parts, each with a stop of its own. */
async function leavesControl(page, place) {
  for (let part = 0; part < 10; part += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((place) => document.activeElement !== globalThis.controls[place], place)) return;
  }
}

/** Tab goes to every control in the order of the page, and each one shows that it has the focus. */
async function reachesEveryControl(page, name) {
  const count = await page.evaluate(() => {
    const controls = document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary");
    globalThis.controls = [...controls].filter((control) => !control.disabled && control.checkVisibility());
    // Where the next Tab starts from: a field may have the focus already.
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    return globalThis.controls.length;
  });
  for (let place = 0; place < count; place += 1) {
    await leavesControl(page, place - 1);
    const { isReached, isShown, html } = await page.evaluate((place) => {
      const { activeElement } = document;
      const { outlineStyle, boxShadow } = getComputedStyle(activeElement);
      return {
        isReached: activeElement === globalThis.controls[place],
        isShown: outlineStyle !== "none" || boxShadow !== "none",
        html: globalThis.controls[place].outerHTML,
      };
    }, place);
    assert(isReached, `${name}: Tab number ${place + 1} does not reach ${html}`);
    assert(isShown, `${name}: nothing shows the focus at ${html}`);
  }
}
