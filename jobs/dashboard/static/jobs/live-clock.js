// <live-clock seconds form ticking>: a time that goes on. The server says how many seconds it was when it answered,
// so a wrong clock of this machine does not matter.

class LiveClock extends HTMLElement {
  static observedAttributes = ["seconds", "form", "ticking"];
  #readAt = 0;
  #timer = 0;

  connectedCallback() {
    this.#start();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }

  attributeChangedCallback() {
    if (this.isConnected) this.#start();
  }

  #start() {
    clearTimeout(this.#timer);
    this.#readAt = performance.now();
    if (this.hasAttribute("ticking")) this.#schedule();
  }

  // At the next whole second, or whole minute for what is told in minutes.
  #schedule() {
    const step = this.getAttribute("form") === "ago" ? 30 : 1;
    const ahead = step - (Math.abs(this.#seconds()) % step);
    this.#timer = setTimeout(() => {
      this.textContent = this.#text();
      this.#schedule();
    }, Math.max(200, ahead * 1000));
  }

  #seconds() {
    const passed = (performance.now() - this.#readAt) / 1000;
    const given = Number(this.getAttribute("seconds"));
    return this.getAttribute("form") === "in" ? given - passed : given + passed;
  }

  #text() {
    const seconds = this.#seconds();
    switch (this.getAttribute("form")) {
      case "ago":
        return ago(seconds);
      case "in":
        return seconds >= 1 ? `in ${duration(seconds)}` : "any moment";
      default:
        return duration(seconds);
    }
  }
}

function duration(time) {
  const seconds = Math.floor(time + 0.05);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

function ago(seconds) {
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

customElements.define("live-clock", LiveClock);
