// <job-list owner limit since>: a user's jobs, newest first, as they come and go on. Of those with an id below `since`
// it shows only what is in its HTML already.
import { clientOf, made } from "./job-element.js";
import { LABELS, localDate, percent } from "./words.js";

const DEFAULT_LIMIT = 20;

class JobList extends HTMLElement {
  #leave = null;
  #unknown = new Set(); // ids of jobs that have no row yet
  #isAsking = false;
  #limit = 0;

  connectedCallback() {
    if (!this.querySelector("ul")) this.replaceChildren(made("ul"));
    this.#limit ||= Number(this.getAttribute("limit") ?? Math.max(DEFAULT_LIMIT, this.#list.children.length));
    for (const time of this.querySelectorAll("time")) time.textContent = localDate(time.dateTime);
    const topic = `owner:${this.getAttribute("owner")}`;
    this.#leave = clientOf(this).subscribe(topic, (message) => this.#hear(message));
  }

  disconnectedCallback() {
    this.#leave();
    this.#leave = null;
  }

  #hear(message) {
    if (message.type === "event") return this.#showEvent(message);
    if (message.jobs) this.#showJobs(message.jobs);
  }

  #showJobs(jobs) {
    for (const job of jobs) {
      const row = this.#row(job.id) ?? (this.#hasRoom(job.id) ? this.#add(job) : null);
      if (row) this.#show(row, job.status, job.progress);
    }
  }

  #showEvent({ job_id: id, kind, data }) {
    const row = this.#row(id);
    if (row && kind === "progress") this.#show(row, "running", data);
    if (row && kind === "status") this.#show(row, data.status, { fraction: 0 });
    if (!row && kind === "status") this.#addSoon(id);
  }

  // An event does not tell what the job is. Asked one at a time, the newest first: of ten thousand that start at once
  // most have no place here by then.
  async #addSoon(id) {
    this.#unknown.add(id);
    if (this.#isAsking) return;
    this.#isAsking = true;
    while (this.#unknown.size > 0 && this.isConnected) {
      const newest = [...this.#unknown].reduce((one, other) => (one > other ? one : other)); // ids sort by time
      this.#unknown.delete(newest);
      if (!this.#hasRoom(newest)) this.#unknown.clear(); // the others are older
      else await this.#ask(newest);
    }
    this.#isAsking = false;
  }

  async #ask(id) {
    const job = await clientOf(this).job(id).catch(() => null); // the next snapshot has it
    // Told of again meanwhile, it is asked for again: the answer may be older.
    if (job && this.isConnected && !this.#row(id) && !this.#unknown.has(id)) this.#showJobs([job]);
  }

  #add(job) {
    const row = this.#newRow(job);
    const next = [...this.querySelectorAll("li")].find((other) => other.dataset.job < job.id);
    this.#list.insertBefore(row, next ?? null);
    [...this.#list.children].slice(this.#limit).forEach((old) => old.remove());
    return row;
  }

  // Whether a job of that id is among the newest, and not one that the page has left out.
  #hasRoom(id) {
    const last = this.querySelectorAll("li")[this.#limit - 1];
    return id >= (this.getAttribute("since") ?? "") && (!last || id > last.dataset.job);
  }

  #newRow(job) {
    const href = new URL(job.links.page, this.getAttribute("server") ?? location.href);
    const row = made("li", { "data-job": job.id });
    row.append(
      made("a", { href }, job.task),
      made("span", { class: "handoff-status" }),
      made("progress", { max: 1, value: 0, "aria-label": "Progress" }),
      made("time", { datetime: job.enqueued_at }, localDate(job.enqueued_at)),
    );
    return row;
  }

  #show(row, status, { fraction }) {
    const shown = row.querySelector(".handoff-status");
    shown.dataset.status = status;
    shown.textContent = LABELS[status] ?? status;
    const bar = row.querySelector("progress");
    bar.hidden = status !== "running";
    bar.value = fraction;
    bar.textContent = percent(fraction);
  }

  #row(id) {
    return this.querySelector(`li[data-job="${CSS.escape(id)}"]`);
  }

  get #list() {
    return this.querySelector("ul");
  }

}

customElements.define("job-list", JobList);
