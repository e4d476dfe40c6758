// <live-fragment topic seq src>: a part of the page that the server renders again whenever its topic has news.
import { live } from "./live.js";
import { morph } from "./morph.js";

const AGAIN_MS = 2_000;

export class LiveFragment extends HTMLElement {
  #leave = null;
  #again = 0;
  #isLoading = false;
  #isStale = false;

  connectedCallback() {
    const listener = (message) => this.hear(message);
    this.#leave = live.subscribe(this.getAttribute("topic"), listener, { after: this.seq });
  }

  disconnectedCallback() {
    clearTimeout(this.#again);
    this.#leave();
    this.#leave = null;
  }

  // Number of the last event that the fragment shows.
  get seq() {
    return Number(this.getAttribute("seq"));
  }

  // Progress, lines and output are shown by elements of their own.
  hear(message) {
    if (message.type === "reset" || message.kind === "status") this.refresh();
  }

  // At most one request at a time; news that come meanwhile cause one more.
  async refresh() {
    clearTimeout(this.#again);
    this.#isStale = true;
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      while (this.#isStale && this.isConnected) {
        this.#isStale = false;
        await this.#load();
      }
    } catch {
      this.#again = setTimeout(() => this.refresh(), AGAIN_MS); // the network or the server is away
    } finally {
      this.#isLoading = false;
    }
  }

  async #load() {
    const response = await fetch(this.getAttribute("src"), { redirect: "error", signal: AbortSignal.timeout(10_000) });
    if (response.status >= 500) throw new Error(`The server answered ${response.status}.`);
    if (!response.ok) return;
    const parsed = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = parsed.body.firstElementChild;
    if (!fresh || Number(fresh.getAttribute("seq")) < this.seq) return;
    morph(this, fresh);
    this.refreshed();
  }

  // For subclasses: the fragment has just been renewed.
  refreshed() {}
}

customElements.define("live-fragment", LiveFragment);
