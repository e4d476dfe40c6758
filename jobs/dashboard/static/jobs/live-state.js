// <live-state>: whether the page is up to date. A short gap is not worth a word.
import { announce } from "./announcer.js";
import { live } from "./live.js";

const PATIENCE_MS = 1_500;
const WORDS = {
  live: "Live",
  lost: "Reconnecting…",
  refused: "Not live: reload the page",
  "signed-out": "Signed out: reload the page",
};

class LiveState extends HTMLElement {
  #show = () => this.show();
  #timer = 0;

  connectedCallback() {
    live.addEventListener("state", this.#show);
    this.show();
  }

  disconnectedCallback() {
    live.removeEventListener("state", this.#show);
    clearTimeout(this.#timer);
  }

  show() {
    clearTimeout(this.#timer);
    const patience = live.state === "lost" && this.getAttribute("state") === "live" ? PATIENCE_MS : 0;
    this.#timer = setTimeout(() => this.#say(live.state), patience);
  }

  #say(state) {
    const before = this.getAttribute("state");
    this.hidden = !(state in WORDS);
    this.setAttribute("state", state);
    this.textContent = WORDS[state] ?? "";
    if (state === "lost" && before !== "lost") announce("Connection lost, reconnecting.");
    if (state === "live" && before === "lost") announce("Connected again.");
  }
}

customElements.define("live-state", LiveState);
