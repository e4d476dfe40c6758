// A job's element that grows at its end, in a box that scrolls along. Its live region is off: read aloud, every line or
// token would drown all else. <job-status> says what matters.
import { JobElement, made } from "./job-element.js";
import { ScrollToEnd } from "./scroll.js";

export class JobBox extends JobElement {
  static from = 0;
  static label = "";
  #scroll = null;

  prepare() {
    if (!this.box) this.replaceChildren(made("div", { role: "log", "aria-live": "off", "aria-label": this.constructor.label, tabindex: 0 }));
    this.#scroll = new ScrollToEnd(this.box);
    this.#mark();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#scroll.stop();
  }

  get box() {
    return this.querySelector("[role=log]");
  }

  grown() {
    this.#mark();
    this.#scroll.grown();
  }

  // So that a page can hide what has nothing in it.
  #mark() {
    this.toggleAttribute("empty", !this.box.hasChildNodes());
  }
}
