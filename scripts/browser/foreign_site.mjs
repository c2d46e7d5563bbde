import { createServer } from "node:http";

/** Somebody else's site, which shows what it is told to. */
export class ForeignSite {
  #bodies = [];

  static async open() {
    const site = new ForeignSite();
    site.server = createServer((request, response) => {
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      response.end(`<!DOCTYPE html><title>A prize</title>${site.#bodies[Number(request.url.slice(1))] ?? ""}`);
    });
    await new Promise((resolve) => site.server.listen(0, "127.0.0.1", resolve));
    const { port } = site.server.address();
    // Browsers take the first for another site than http://localhost, and the second for the same site, as they
    // would a neighbour below one domain: it is sent cookies that are SameSite.
    site.origins = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
    return site;
  }

  /** Puts a page up; returns its addresses. */
  show(body) {
    const place = this.#bodies.push(body) - 1;
    return this.origins.map((origin) => `${origin}/${place}`);
  }
}

/** A form that looks like nothing and sends these fields. */
export function trap(action, fields) {
  const inputs = fields.map(([name, value]) =>
    `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`);
  return `<form method="post" action="${escape(action)}">${inputs.join("")}<button>Win a prize</button></form>`;
}

function escape(text) {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
