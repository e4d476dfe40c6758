// <job-status job>: the job's status, as a shape and a word. A screen reader says each change.
import { JobElement } from "./job-element.js";
import { LABELS } from "./words.js";

class JobStatus extends JobElement {
  prepare() {
    if (!this.hasAttribute("role")) this.setAttribute("role", "status");
  }

  showJob(job) {
    this.#show(job.status);
  }

  showEvent({ kind, data }) {
    if (kind === "status") this.#show(data.status);
  }

  #show(status) {
    if (this.dataset.status === status) return;
    this.dataset.status = status;
    this.textContent = LABELS[status] ?? status;
  }
}

customElements.define("job-status", JobStatus);
