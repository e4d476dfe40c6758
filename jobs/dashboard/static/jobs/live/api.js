// Requests to /api/v1, with the session's cookie or a job token.

const TIMEOUT_MS = 10_000;

// An answer that is no 2xx. `closeCode`: what a socket would be closed with for the same reason, if there is one.
export class Refused extends Error {
  constructor(status) {
    super(`The server answered ${status}.`);
    this.status = status;
    this.closeCode = { 401: 4401, 403: 4403, 429: 4429 }[status];
  }
}

export class Api {
  #url;
  #token;

  constructor(url, token) {
    this.#url = new URL(url, location.href).origin;
    this.#token = token;
  }

  // Where to open a socket. The token stays out of the address, which logs keep: a ticket for one use stands for it.
  async socketAddress() {
    const address = `${this.#url.replace("http", "ws")}/ws/v1/live`;
    if (!this.#token) return address;
    const answer = await this.request("/tickets", { method: "POST", signal: AbortSignal.timeout(TIMEOUT_MS) });
    const { ticket } = await answer.json();
    return `${address}?ticket=${encodeURIComponent(ticket)}`;
  }

  async json(path) {
    const answer = await this.request(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return answer.json();
  }

  // Throws Refused, or what fetch() throws when there was no answer.
  async request(path, { method, signal, headers = {} }) {
    const authorization = this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
    const answer = await fetch(`${this.#url}/api/v1${path}`, {
      method,
      signal,
      headers: { Accept: "application/json", ...authorization, ...headers },
      credentials: this.#token ? "omit" : "same-origin",
      cache: "no-store",
      redirect: "error",
    });
    if (!answer.ok) throw new Refused(answer.status);
    return answer;
  }
}
