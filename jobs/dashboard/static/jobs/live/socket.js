// One WebSocket from its opening to its end. Tells apart one that is silent from one that is dead.

const PROTOCOL = "handoff.v1";
// A connection may die without a word: after so long without any, ask.
const PING_AFTER_MS = 20_000;
// And after so long without an answer, it is dead.
const ANSWER_WITHIN_MS = 8_000;

export class Socket {
  #tell;
  #socket = null;
  #isOver = false;
  #alarm = 0;

  // `address()` answers a promise of the URL. `tell.closed(code)` is called once, unless close() comes first.
  constructor(address, tell) {
    this.#tell = tell;
    this.#expectAnswer(ANSWER_WITHIN_MS);
    this.#open(address);
  }

  follow(topic, after) {
    this.#say(after === null ? { type: "subscribe", topic } : { type: "subscribe", topic, after });
  }

  forget(topic) {
    this.#say({ type: "unsubscribe", topic });
  }

  // Asks for a sign of life within so many milliseconds.
  check(within) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#say({ type: "ping" });
    this.#expectAnswer(within);
  }

  close() {
    this.#isOver = true;
    clearTimeout(this.#alarm);
    this.#socket?.close();
  }

  async #open(address) {
    try {
      const url = await address();
      if (!this.#isOver) this.#listen(new WebSocket(url, [PROTOCOL]));
    } catch (error) {
      this.#end(error.closeCode ?? 0);
    }
  }

  #listen(socket) {
    this.#socket = socket;
    socket.onopen = () => this.#isOver || this.#begin();
    socket.onmessage = ({ data }) => this.#isOver || this.#hear(JSON.parse(data));
    socket.onclose = ({ code }) => this.#end(code);
  }

  #begin() {
    this.#say({ type: "ping" }); // shows that frames get through, also when there is no news
    this.#tell.opened();
  }

  #hear(message) {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(() => this.check(ANSWER_WITHIN_MS), PING_AFTER_MS);
    this.#tell.heard(message);
  }

  #expectAnswer(within) {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(() => this.#end(0), within);
  }

  #end(code) {
    if (this.#isOver) return;
    this.close();
    this.#tell.closed(code);
  }

  #say(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}
