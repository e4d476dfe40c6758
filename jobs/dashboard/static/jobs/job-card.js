// <job-card>: a job. Progress moves by the events themselves, all else is rendered by the server.
import { announce } from "./announcer.js";
import { LiveFragment } from "./live-fragment.js";

const ENDED = new Set(["successful", "failed", "cancelled"]);

class JobCard extends LiveFragment {
  #progress = null; // the newest event
  #announced = this.getAttribute("status");

  hear(message) {
    if (message.kind === "progress") {
      this.#progress = message;
      this.#show(message.data);
    } else {
      super.hear(message);
    }
  }

  refreshed() {
    if (this.#progress?.seq > this.seq) this.#show(this.#progress.data);
    const status = this.getAttribute("status");
    if (status !== this.#announced && ENDED.has(status)) announce(`${this.getAttribute("name")}: ${status}`);
    this.#announced = status;
  }

  #show({ fraction, text }) {
    const bar = this.querySelector(".lane progress");
    if (!bar) return;
    const percent = `${Math.floor(fraction * 100)} %`;
    bar.value = fraction;
    bar.textContent = percent;
    this.querySelector("[data-percent]").textContent = percent;
    this.querySelector("[data-progress-text]").textContent = text;
  }
}

customElements.define("job-card", JobCard);
