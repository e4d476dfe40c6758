// <job-card>: a job. Its <job-progress> and <job-stream> move by themselves, all else is rendered by the server.
import { announce } from "./announcer.js";
import { ENDED } from "./elements/words.js";
import { LiveFragment } from "./live-fragment.js";

class JobCard extends LiveFragment {
  #announced = this.getAttribute("status");

  connectedCallback() {
    super.connectedCallback();
    this.addEventListener("submit", this.#act);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.removeEventListener("submit", this.#act);
  }

  // Its button acts without leaving the page; where that fails, the browser goes to the page that says why.
  #act = async (event) => {
    const form = event.target;
    event.preventDefault();
    event.submitter.disabled = true;
    try {
      const response = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
      if (response.type !== "opaqueredirect") return form.submit();
    } catch {
      return form.submit();
    }
    this.refresh();
  };

  refreshed() {
    const status = this.getAttribute("status");
    if (status !== this.#announced && ENDED.has(status)) announce(`${this.getAttribute("name")}: ${status}`);
    this.#announced = status;
  }
}

customElements.define("job-card", JobCard);
