// <live-fragment topic seq src>: a part of the page that the server renders again whenever its topic has news.
import { live } from "./live.js";
import { morph } from "./morph.js";

export class LiveFragment extends HTMLElement {
  #unwatch = null;
  #isLoading = false;
  #isStale = false;

  connectedCallback() {
    this.#unwatch = live.watch(this.getAttribute("topic"), this.seq, (event) => this.hear(event));
  }

  disconnectedCallback() {
    this.#unwatch();
    this.#unwatch = null;
  }

  // Number of the last event that the fragment shows.
  get seq() {
    return Number(this.getAttribute("seq"));
  }

  hear(event) {
    if (event.kind !== "progress") this.refresh();
  }

  // At most one request at a time; news that come meanwhile cause one more.
  async refresh() {
    this.#isStale = true;
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      while (this.#isStale && this.isConnected) {
        this.#isStale = false;
        await this.#load();
      }
    } catch {
      // The network is away; the socket is too, and says "stale" when it is tried again.
    } finally {
      this.#isLoading = false;
    }
  }

  async #load() {
    const response = await fetch(this.getAttribute("src"), { redirect: "error", signal: AbortSignal.timeout(10_000) });
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
