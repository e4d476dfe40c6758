// <job-list owner limit>: a user's jobs, newest first, as they come and go on.
import { clientOf, made } from "./job-element.js";
import { LABELS, localDate, percent } from "./words.js";

const DEFAULT_LIMIT = 20;

class JobList extends HTMLElement {
  #leave = null;
  #unknown = new Set(); // ids of jobs that have no row yet
  #isAsking = false;

  connectedCallback() {
    if (!this.querySelector("ul")) this.replaceChildren(made("ul"));
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

  // Rows that stay are kept, and with them the focus.
  #showJobs(jobs) {
    const rows = jobs.slice(0, this.#limit).map((job) => {
      const row = this.#row(job.id) ?? this.#newRow(job);
      this.#show(row, job.status, job.progress);
      return row;
    });
    for (const row of this.querySelectorAll("li")) if (!rows.includes(row)) row.remove();
    rows.forEach((row, place) => {
      const { children } = this.#list;
      if (children[place] !== row) this.#list.insertBefore(row, children[place] ?? null);
    });
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
    if (job && this.isConnected && !this.#row(id) && !this.#unknown.has(id)) this.#add(job);
  }

  #add(job) {
    const row = this.#newRow(job);
    this.#show(row, job.status, job.progress);
    const next = [...this.querySelectorAll("li")].find((other) => other.dataset.job < job.id);
    this.#list.insertBefore(row, next ?? null);
    [...this.#list.children].slice(this.#limit).forEach((old) => old.remove());
  }

  // Whether a job of that id is among the newest.
  #hasRoom(id) {
    const last = this.querySelectorAll("li")[this.#limit - 1];
    return !last || id > last.dataset.job;
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

  get #limit() {
    return Number(this.getAttribute("limit") ?? DEFAULT_LIMIT);
  }
}

customElements.define("job-list", JobList);
