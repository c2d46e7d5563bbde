import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";

/** For how many milliseconds a mail is waited for. */
const PATIENCE = 30_000;

/** The mails that arrive at the mail server, which tells of each in a line of JSON. */
export class Mailbox {
  #mails = [];
  #arrivals = new EventEmitter();

  constructor(input, ended) {
    createInterface({ input }).on("close", ended).on("line", (line) => {
      const event = JSON.parse(line);
      if (event.event !== "mail") return;
      this.#mails.push(event);
      this.#arrivals.emit("mail");
    });
  }

  /** Takes the first mail to an address, of those to come as well, whose subject begins so. */
  async take(address, subject) {
    const patience = AbortSignal.timeout(PATIENCE);
    for (;;) {
      const place = this.#mails.findIndex(
        (mail) => mail.recipients.includes(address) && subjectOf(mail).startsWith(subject));
      if (place >= 0) return this.#mails.splice(place, 1)[0];
      await once(this.#arrivals, "mail", { signal: patience }).catch(() => {
        throw new Error(`no mail "${subject}" has come to ${address}`);
      });
    }
  }

  /** Takes such a mail and returns the link in it, which is the same in both of its versions. */
  async link(address, subject) {
    const mail = await this.take(address, subject);
    const [plain, html] = ["text/plain", "text/html"].map(
      (type) => mail.parts.find((part) => part.type === type).content);
    const [link] = plain.match(/https?:\/\/\S+\?token=\S+/) ?? [];
    const isInBoth = link && unescaped(html).includes(`href="${link}"`);
    if (!isInBoth) throw new Error(`not one link in both versions:\n${plain}\n${html}`);
    return link;
  }

  /** The mails that nobody has taken, as address and subject. */
  get rest() {
    return this.#mails.map((mail) => `${mail.recipients}: ${subjectOf(mail)}`);
  }
}

function unescaped(html) {
  return html.replace(/&#x([0-9a-f]+);/g, (_, code) => String.fromCodePoint(parseInt(code, 16)));
}

function subjectOf(mail) {
  return mail.headers.find(([name]) => name === "Subject")[1];
}
