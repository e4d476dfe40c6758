// Follows topics without a socket: by streams of server-sent events, and by polls where these do not get through.
import { messages } from "./sse.js";

// A browser opens six connections to a host; requests that wait must leave some for the page.
const MAX_WAITING = 3;
// How long the server may hold a poll.
const WAIT_SECONDS = 20;
// A stream that has been silent for so long is dead: the server sends comments in between.
const SILENCE_MS = 45_000;
// The first line has to come at once, or something on the way keeps all of them back.
const FIRST_LINE_MS = 8_000;
// Streams in a row that failed, until polls take their place.
const MAX_FAILURES = 2;
const POLL_MS = 1_500;
// Of feeds, and of jobs beyond those whose requests may wait.
const POLL_SELDOM_MS = 5_000;
// Of a job that has ended: somebody may start it again.
const POLL_ENDED_MS = 30_000;
const MAX_PAUSE_MS = 15_000;

// Answers that asking again would not change.
const FINAL = new Set([401, 403, 404]);
// Instead of a stream: the job has ended, and nothing is left to tell.
const NO_CONTENT = 204;
const ENDED = new Set(["successful", "failed", "cancelled"]);

export class Http {
  isLive = false;
  #api;
  #tell;
  #running = new Map(); // topic's name → AbortController
  #ended = new Set(); // names of topics whose jobs have ended
  #waiting = 0;
  #failedStreams = 0;

  // `tell.changed(isLive)`: answers come, or no more. `tell.refused(state)`: they never will.
  constructor(api, tell) {
    this.#api = api;
    this.#tell = tell;
  }

  follow(topic) {
    this.forget(topic.name);
    const controller = new AbortController();
    this.#running.set(topic.name, controller);
    this.#run(topic, controller.signal);
  }

  forget(name) {
    this.#running.get(name)?.abort();
    this.#running.delete(name);
  }

  close() {
    for (const name of [...this.#running.keys()]) this.forget(name);
  }

  // One request after the other, each from where the last one ended.
  async #run(topic, signal) {
    for (let failures = 0; !signal.aborted; ) {
      let pause;
      try {
        pause = await this.#step(topic, signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (FINAL.has(error.status)) return this.#refuse(topic, error);
        this.#become(false);
        failures += 1;
        pause = Math.min(MAX_PAUSE_MS, POLL_MS * 2 ** (failures - 1));
      }
      await sleep(pause * (0.5 + Math.random() / 2), signal);
    }
  }

  // Answers how long to wait until the next.
  async #step(topic, signal) {
    if (topic.name.startsWith("owner:")) return this.#pollFeed(topic);
    if (this.#waiting >= MAX_WAITING) return (await this.#poll(topic, signal, 0)) && POLL_SELDOM_MS;
    this.#waiting += 1;
    try {
      const areStreamsOver = this.#failedStreams >= MAX_FAILURES;
      const pause = await (areStreamsOver ? this.#poll(topic, signal, WAIT_SECONDS) : this.#stream(topic, signal));
      return this.#ended.has(topic.name) ? POLL_ENDED_MS : pause;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #stream(topic, signal) {
    const silence = new Deadline(FIRST_LINE_MS);
    try {
      const answer = await this.#api.request(this.#events(topic), {
        signal: AbortSignal.any([signal, silence.signal]),
        headers: { Accept: "text/event-stream" },
      });
      for await (const message of messages(answer, () => this.#hearLine(silence))) {
        if (message.code === "too_many") throw new Error(message.detail); // there may be room later
        this.#hear(topic, message);
      }
      if (answer.status === NO_CONTENT) this.#ended.add(topic.name);
    } catch (error) {
      if (!signal.aborted && !silence.hasBegun) this.#failedStreams += 1;
      throw error;
    } finally {
      silence.stop();
    }
    return POLL_MS;
  }

  #hearLine(silence) {
    silence.prolong(SILENCE_MS);
    this.#failedStreams = 0;
    this.#become(true);
  }

  async #poll(topic, signal, waitSeconds) {
    const after = topic.after;
    if (after === null) return this.#begin(topic, "snapshot");
    const answer = await this.#api.request(this.#events(topic), {
      signal: AbortSignal.any([signal, AbortSignal.timeout((waitSeconds + 10) * 1000)]),
      headers: waitSeconds ? { Prefer: `wait=${waitSeconds}` } : {},
    });
    const { events, next } = await answer.json();
    if (signal.aborted) return 0;
    this.#become(true);
    if (events.length > 0 && events[0].seq > after + 1) return this.#begin(topic, "reset");
    for (const event of events) this.#hear(topic, { type: "event", topic: topic.name, ...event });
    return next || answer.headers.has("Preference-Applied") ? 0 : POLL_MS;
  }

  async #begin(topic, type) {
    const job = await this.#api.json(`/jobs/${topic.name.slice(4)}`);
    this.#become(true);
    this.#hear(topic, { type, topic: topic.name, job, seq: job.seq });
    return 0;
  }

  // A feed has no events by HTTP, but its state.
  async #pollFeed(topic) {
    const owner = topic.name.slice("owner:".length);
    const { jobs } = await this.#api.json("/jobs?limit=50");
    this.#become(true);
    topic.hear({ type: "snapshot", topic: topic.name, jobs: jobs.filter((job) => `${job.owner}` === owner) });
    return POLL_SELDOM_MS;
  }

  #hear(topic, message) {
    const status = message.data?.status ?? message.job?.status;
    if (status) this.#ended[ENDED.has(status) ? "add" : "delete"](topic.name);
    topic.hear(message);
  }

  #events({ name, after }) {
    const query = after === null ? "" : `?after=${after}`;
    return `/jobs/${name.slice(4)}/events${query}`;
  }

  #refuse(topic, error) {
    if (error.status === 401) return this.#tell.refused("signed-out");
    topic.hear({ type: "error", topic: topic.name, code: "not_found", detail: error.message });
  }

  #become(isLive) {
    this.isLive = isLive;
    this.#tell.changed(isLive);
  }
}

// A time limit that can be moved.
class Deadline {
  hasBegun = false;
  #controller = new AbortController();
  #timer = 0;

  constructor(ms) {
    this.#start(ms);
  }

  get signal() {
    return this.#controller.signal;
  }

  prolong(ms) {
    this.hasBegun = true;
    this.stop();
    this.#start(ms);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #start(ms) {
    this.#timer = setTimeout(() => this.#controller.abort(new Error("The stream is silent.")), ms);
  }
}

function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
