// <job-progress job>: a bar with what the task says of it. Not announced: whoever asks the bar gets its value.
import { JobElement, made } from "./job-element.js";
import { ENDED, percent } from "./words.js";

class JobProgress extends JobElement {
  prepare() {
    if (this.querySelector("progress")) return;
    const bar = made("progress", { max: 1, value: 0, "aria-label": "Progress" });
    this.replaceChildren(bar, made("span", { "data-text": "" }), made("span", { "data-percent": "" }));
  }

  showJob({ status, progress }) {
    this.dataset.status = status;
    this.#show(progress);
  }

  showEvent({ kind, data }) {
    if (kind === "progress") this.#show(data);
    if (kind === "status") this.#showStatus(data.status);
  }

  // Every attempt begins anew, and so does who tries again by hand; all else leaves the bar where it is, or full.
  #showStatus(status) {
    const isNew = status === "running" || (ENDED.has(this.dataset.status) && !ENDED.has(status));
    this.dataset.status = status;
    if (isNew) this.#show({ fraction: 0, text: "" });
    if (status === "successful") this.#show({ fraction: 1, text: this.#text.textContent });
  }

  #show({ fraction, text }) {
    const bar = this.querySelector("progress");
    bar.value = fraction;
    bar.textContent = percent(fraction);
    this.#text.textContent = text;
    this.querySelector("[data-percent]").textContent = percent(fraction);
  }

  get #text() {
    return this.querySelector("[data-text]");
  }
}

customElements.define("job-progress", JobProgress);
