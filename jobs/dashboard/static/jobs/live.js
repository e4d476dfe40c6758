// The page's one socket: hears what happens to jobs, and misses nothing across lost connections.

const PROTOCOL = "handoff.v1";
// A connection may die without a word: after so long without any, ask.
const PING_AFTER_MS = 20_000;
// And after so long without an answer, it is dead.
const ANSWER_WITHIN_MS = 8_000;
const FIRST_PAUSE_MS = 400;
const MAX_PAUSE_MS = 15_000;

// Closed for a reason that connecting again would not cure.
const FINAL = { 4400: "refused", 4401: "signed-out", 4429: "refused" };

// States: "idle" (nobody watches), "connecting", "live", "lost" (will try again), "signed-out", "refused".
// Fires "state" when it changes.
export class LiveClient extends EventTarget {
  state = "idle";
  #url;
  #socket = null;
  #topics = new Map(); // topic → { seq: number of the last event heard, listeners }
  #failures = 0;
  #retry = 0;
  #alarm = 0;

  constructor(url) {
    super();
    this.#url = url;
  }

  // Calls `listener` with each event of the topic later than number `after`, in order; with `{kind: "stale"}` when
  // the listener should read the present state by HTTP instead. Answers a function that ends it.
  watch(topic, after, listener) {
    const known = this.#topics.get(topic);
    const entry = known ?? { seq: after, listeners: new Set() };
    entry.listeners.add(listener);
    if (!known) {
      this.#topics.set(topic, entry);
      this.#subscribe(topic);
      this.open();
    } else if (known.seq > after) {
      queueMicrotask(() => listener({ kind: "stale" }));
    }
    return () => this.#unwatch(topic, listener);
  }

  #unwatch(topic, listener) {
    const entry = this.#topics.get(topic);
    entry?.listeners.delete(listener);
    if (entry && entry.listeners.size === 0) {
      this.#topics.delete(topic);
      this.#say({ type: "unsubscribe", topic });
    }
  }

  // Connects now, if somebody watches and there is no connection yet.
  open() {
    if (this.#socket || this.#topics.size === 0 || Object.values(FINAL).includes(this.state)) return;
    clearTimeout(this.#retry);
    if (this.state !== "lost") this.#become("connecting");
    const socket = new WebSocket(this.#url, [PROTOCOL]);
    this.#socket = socket;
    this.#expectAnswer();
    socket.onopen = () => {
      for (const topic of this.#topics.keys()) this.#subscribe(topic);
      this.#say({ type: "ping" });
    };
    socket.onmessage = (message) => this.#hear(JSON.parse(message.data));
    socket.onclose = (close) => this.#lose(close.code);
  }

  // Closes without trying again, until open() is called.
  close() {
    clearTimeout(this.#retry);
    this.#forget();
    this.#become("idle");
  }

  #hear(message) {
    this.#expectPing();
    this.#failures = 0;
    this.#become("live");
    const entry = this.#topics.get(message.topic);
    if (!entry) return;
    if (message.type === "event") {
      if (message.seq <= entry.seq) return;
      entry.seq = message.seq;
      this.#tell(entry, message);
    } else if (message.type === "snapshot" || message.type === "reset") {
      entry.seq = message.seq ?? entry.seq;
      this.#tell(entry, { kind: "stale" });
    }
  }

  #tell(entry, event) {
    for (const listener of [...entry.listeners]) listener(event);
  }

  #lose(code) {
    this.#forget();
    if (code in FINAL) return this.#become(FINAL[code]);
    this.#failures += 1;
    this.#become("lost");
    // Where sockets do not get through at all, each failure is at least an occasion to ask by HTTP.
    if (this.#failures > 1) for (const entry of this.#topics.values()) this.#tell(entry, { kind: "stale" });
    const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
    this.#retry = setTimeout(() => this.open(), pause * (0.5 + Math.random() / 2));
  }

  #forget() {
    clearTimeout(this.#alarm);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #expectPing() {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(() => {
      this.#say({ type: "ping" });
      this.#expectAnswer();
    }, PING_AFTER_MS);
  }

  #expectAnswer() {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(() => this.#lose(0), ANSWER_WITHIN_MS);
  }

  #subscribe(topic) {
    this.#say({ type: "subscribe", topic, after: this.#topics.get(topic).seq });
  }

  #say(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}

export const live = new LiveClient(`${location.protocol.replace("http", "ws")}//${location.host}/ws/v1/live`);

// A page that is kept for the back button must hold no socket; one that comes back, or gets its network back,
// need not wait for the next try.
addEventListener("pagehide", () => live.close());
addEventListener("pageshow", (event) => event.persisted && live.open());
addEventListener("online", () => live.open());
document.addEventListener("visibilitychange", () => document.hidden || live.open());
