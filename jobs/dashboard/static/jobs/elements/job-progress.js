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
    this.#showStatus(status, progress);
  }

  showEvent({ kind, data }) {
    if (kind === "progress") this.#show(data);
    if (kind === "status") this.#showStatus(data.status, { fraction: 0, text: "" });
  }

  // Every attempt begins anew; an end leaves the bar where it is, or full.
  #showStatus(status, progress) {
    this.dataset.status = status;
    if (status === "successful") this.#show({ fraction: 1, text: progress.text });
    else if (!ENDED.has(status)) this.#show(progress);
  }

  #show({ fraction, text }) {
    const bar = this.querySelector("progress");
    bar.value = fraction;
    bar.textContent = percent(fraction);
    this.querySelector("[data-text]").textContent = text;
    this.querySelector("[data-percent]").textContent = percent(fraction);
  }
}

customElements.define("job-progress", JobProgress);
