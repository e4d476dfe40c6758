// Watches jobs from a page: every event of a topic, in order, once each, whatever the network does. By one socket a
// page; where sockets do not get through, by streams or polls of HTTP. Types: live.d.ts.
import { Api } from "./live/api.js";
import { Http } from "./live/http.js";
import { Socket } from "./live/socket.js";
import { Topic } from "./live/topic.js";

const FIRST_PAUSE_MS = 800;
const MAX_PAUSE_MS = 15_000;
// Told that we are too many, or while HTTP serves meanwhile.
const LONG_PAUSE_MS = 30_000;
// Sockets in a row that did not come to speak, until HTTP is tried besides.
const MAX_FAILURES = 3;
// After sleep or a change of network, how long the socket may take to show that it is alive.
const WAKE_MS = 3_000;

// Closed for a reason that connecting again would not cure.
const FINAL = { 4400: "refused", 4401: "signed-out", 4403: "refused" };
const TOO_MANY = 4429;

const shared = new Map();

// Fires "state" when `state` changes: "idle" (nobody listens), "connecting", "live", "lost" (is tried again),
// "signed-out", "refused".
export class LiveClient extends EventTarget {
  state = "idle";
  #api;
  #topics = new Map();
  #socket = null;
  #http = null;
  #failures = 0;
  #retry = 0;
  #windowEvents = null;

  // `url`: where Handoff is, if not on the page's own origin. `token`: a job token, for pages without a session.
  constructor({ url = location.origin, token = "" } = {}) {
    super();
    this.#api = new Api(url, token);
  }

  // The page's one client for this address and token.
  static shared({ url = location.origin, token = "" } = {}) {
    const key = JSON.stringify([url, token]);
    if (!shared.has(key)) shared.set(key, new LiveClient({ url, token }));
    return shared.get(key);
  }

  // Calls `listener` with the topic's messages: those after number `after`, or without one a snapshot and what comes
  // after it. Answers a function that ends it.
  subscribe(name, listener, { after = null } = {}) {
    const topic = this.#topics.get(name) ?? new Topic(name, (asked) => this.#follow(asked));
    this.#topics.set(name, topic);
    const leave = topic.join(listener, after);
    this.open();
    return () => {
      leave();
      queueMicrotask(() => this.#tidy(topic)); // an element that moves leaves and joins again at once
    };
  }

  // A job's present state, by HTTP.
  job(id) {
    return this.#api.json(`/jobs/${id}`);
  }

  // Connects now, if somebody listens and there is no connection yet.
  open() {
    if (this.#socket || this.#topics.size === 0 || Object.values(FINAL).includes(this.state)) return;
    clearTimeout(this.#retry);
    this.#watchWindow();
    if (this.state === "idle") this.#become("connecting");
    this.#socket = new Socket(() => this.#api.socketAddress(), {
      opened: () => this.#topics.forEach((topic) => topic.ask()),
      heard: (message) => this.#hearSocket(message),
      closed: (code) => this.#lose(code),
    });
  }

  // Ends the connection until open() is called; listeners stay, and miss nothing by it.
  close() {
    this.#drop();
    this.#windowEvents?.abort();
    this.#windowEvents = null;
    this.#become("idle");
  }

  #tidy(topic) {
    if (!topic.isEmpty || this.#topics.get(topic.name) !== topic) return;
    this.#topics.delete(topic.name);
    this.#socket?.forget(topic.name);
    this.#http?.forget(topic.name);
    if (this.#topics.size === 0 && !Object.values(FINAL).includes(this.state)) this.close();
  }

  #follow(topic) {
    this.#socket?.follow(topic.name, topic.after);
    this.#http?.follow(topic);
  }

  #hearSocket(message) {
    this.#failures = 0;
    this.#http?.close();
    this.#http = null;
    this.#become("live");
    this.#topics.get(message.topic)?.hear(message);
  }

  #lose(code) {
    this.#socket = null;
    if (code in FINAL) return this.#end(FINAL[code]);
    this.#failures += 1;
    if (this.#failures >= MAX_FAILURES) this.#fallBack();
    if (!this.#http?.isLive) this.#become("lost");
    this.#retry = setTimeout(() => this.open(), this.#pause(code));
  }

  // All watchers of a server that restarts lose it at once, so they come back at random times.
  #pause(code) {
    const isPatient = code === TOO_MANY || this.#http?.isLive;
    const most = isPatient ? LONG_PAUSE_MS : Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
    return most * (0.25 + 0.75 * Math.random());
  }

  #fallBack() {
    if (this.#http) return;
    this.#http = new Http(this.#api, {
      changed: (isLive) => this.#become(isLive ? "live" : "lost"),
      refused: (state) => this.#end(state),
    });
    for (const topic of this.#topics.values()) this.#http.follow(topic);
  }

  #end(state) {
    this.#drop();
    this.#become(state);
  }

  #drop() {
    clearTimeout(this.#retry);
    this.#socket?.close();
    this.#http?.close();
    this.#socket = this.#http = null;
    this.#failures = 0;
  }

  // A page that is kept for the back button must hold no socket. One that comes back from it or from sleep, or gets
  // another network, may have a socket that is dead without knowing.
  #watchWindow() {
    if (this.#windowEvents) return;
    this.#windowEvents = new AbortController();
    const { signal } = this.#windowEvents;
    const wake = () => (this.#socket ? this.#socket.check(WAKE_MS) : this.open());
    for (const event of ["online", "offline"]) addEventListener(event, wake, { signal });
    addEventListener("pagehide", () => this.#drop(), { signal });
    addEventListener("pageshow", (event) => event.persisted && wake(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || wake(), { signal });
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}

// The client of this page's own site.
export const live = LiveClient.shared();
