// A topic, and those who listen to it: what each has heard already, and what all of them have to be told.

// The same question is not asked again so soon: its answer is on the way.
const ASK_AGAIN_MS = 2_000;

export class Topic {
  #readers = new Set();
  #follow;
  #isAsking = false;
  #asked = { after: undefined, at: 0 };

  // `follow` is called with the topic when a connection should tell what comes after `after`.
  constructor(name, follow) {
    this.name = name;
    this.#follow = follow;
  }

  get isEmpty() {
    return this.#readers.size === 0;
  }

  // Where to go on so that nobody misses anything; null: with a snapshot.
  get after() {
    const positions = [...this.#readers].map((reader) => reader.position);
    return positions.includes(null) ? null : Math.min(...positions);
  }

  join(listener, after) {
    const reader = new Reader(this.name, listener, after);
    this.#readers.add(reader);
    this.#askSoon();
    return () => this.#readers.delete(reader);
  }

  ask() {
    if (this.isEmpty) return;
    this.#asked = { after: this.after, at: performance.now() };
    this.#follow(this);
  }

  hear(message) {
    let isBehind = false;
    for (const reader of [...this.#readers]) isBehind = reader.hear(message) || isBehind;
    const { after, at } = this.#asked;
    if (isBehind && (after !== this.after || performance.now() - at > ASK_AGAIN_MS)) this.ask();
  }

  // Elements of one page join one after the other; they are told together.
  #askSoon() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    queueMicrotask(() => {
      this.#isAsking = false;
      this.ask();
    });
  }
}

class Reader {
  #listener;
  #seqs = new Map(); // by job

  // `position`: a job's seq, a feed's cursor, or null for who needs a snapshot first.
  constructor(topic, listener, position) {
    this.#listener = listener;
    this.position = position;
    if (topic.startsWith("job:") && position !== null) this.#seqs.set(topic.slice(4), position);
  }

  // Answers whether messages before this one are missing.
  hear(message) {
    switch (message.type) {
      case "event":
        return this.#hearEvent(message);
      case "snapshot":
        return this.position === null || message.jobs ? this.#begin(message) : message.seq > this.position;
      case "reset":
        return this.#begin(message);
      default:
        return this.#tell(message);
    }
  }

  #hearEvent(event) {
    const seq = this.#seqs.get(event.job_id);
    if (this.position === null || event.seq <= seq) return false;
    if (event.seq > seq + 1) return true;
    this.#seqs.set(event.job_id, event.seq);
    this.position = event.cursor ?? event.seq;
    return this.#tell(event);
  }

  #begin(state) {
    this.#seqs = new Map((state.jobs ?? [state.job]).map((job) => [job.id, job.seq]));
    this.position = state.cursor ?? state.seq ?? null; // null: polled, so the next connection begins with a snapshot
    return this.#tell(state);
  }

  // One listener that fails must not keep the others from hearing.
  #tell(message) {
    try {
      this.#listener(message);
    } catch (error) {
      reportError(error);
    }
    return false;
  }
}
