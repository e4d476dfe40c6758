// <job-card>: a job. Its <job-progress> moves by itself, all else is rendered by the server.
import { announce } from "./announcer.js";
import { ENDED } from "./elements/words.js";
import { LiveFragment } from "./live-fragment.js";

class JobCard extends LiveFragment {
  #announced = this.getAttribute("status");

  refreshed() {
    const status = this.getAttribute("status");
    if (status !== this.#announced && ENDED.has(status)) announce(`${this.getAttribute("name")}: ${status}`);
    this.#announced = status;
  }
}

customElements.define("job-card", JobCard);
