// What the elements that show one job have in common: they listen to its topic as long as they are on the page.
//
// <… job="id" seq="n" server="https://…" token="…">: `seq` is the number of the last event that the element shows
// already; `server` and `token` are for pages of another site.
import { LiveClient } from "../live.js";

export function clientOf(element) {
  const url = element.getAttribute("server") ?? undefined;
  return LiveClient.shared({ url, token: element.getAttribute("token") ?? undefined });
}

export class JobElement extends HTMLElement {
  // Where elements without a `seq` begin: at 0 for all events, at null for a snapshot and what comes after it.
  static from = null;
  #leave = null;
  #seq = null; // of the newest event shown

  connectedCallback() {
    this.#seq ??= this.hasAttribute("seq") ? Number(this.getAttribute("seq")) : this.constructor.from;
    this.prepare();
    const topic = `job:${this.getAttribute("job")}`;
    this.#leave = clientOf(this).subscribe(topic, (message) => this.#hear(message), { after: this.#seq });
  }

  disconnectedCallback() {
    this.#leave();
    this.#leave = null;
  }

  #hear(message) {
    this.#seq = message.seq ?? this.#seq;
    if (message.type === "error") return this.toggleAttribute("missing", true);
    if (message.type === "event") return this.showEvent(message);
    this.showJob(message.job);
  }

  // For subclasses. Makes what is inside the element, where the server has not.
  prepare() {}

  // A snapshot or reset: shows the job as it is.
  showJob(_job) {}

  showEvent(_event) {}
}

// An element with attributes and text; the text is never read as HTML.
export function made(name, attributes = {}, text = "") {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}
