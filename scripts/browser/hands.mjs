import assert from "node:assert/strict";

/** More than the controls of any page. */
const MANY_TABS = 60;

/** Uses a page as most people do. */
export class Mouse {
  async fill(field, text) {
    await field.fill(text);
  }

  async press(control) {
    await control.click();
  }
}

/** Uses a page without a pointing device: Tab, letters and Enter. */
export class Keyboard {
  constructor(page) {
    this.page = page;
  }

  async fill(field, text) {
    await this.#reach(field);
    await this.page.keyboard.press("ControlOrMeta+A");
    await this.page.keyboard.press("Delete");
    await this.page.keyboard.type(text);
  }

  /** By Enter in a field of the control's form, where one has just been filled; at the control otherwise. */
  async press(control) {
    const isBesideField = await control.evaluate((element) => {
      const { activeElement } = element.ownerDocument;
      return activeElement.matches("input") && activeElement.form === element.form;
    });
    if (!isBesideField) await this.#reach(control);
    await this.page.keyboard.press("Enter");
  }

  async #reach(control) {
    await control.waitFor();
    for (let tabs = 0; tabs < MANY_TABS; tabs += 1) {
      if (await control.evaluate((element) => element === element.ownerDocument.activeElement)) return;
      await this.page.keyboard.press("Tab");
    }
    assert.fail(`Tab does not reach ${control}`);
  }
}
