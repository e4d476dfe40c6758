// <job-stream job>: what the newest attempt of a streaming task has put out. Text is joined, other values stand one a
// line.
import { JobBox } from "./job-box.js";

class JobStream extends JobBox {
  static label = "Output";

  showEvent({ kind, data }) {
    if (kind === "status" && data.status === "running") this.#clear();
    if (kind === "chunk") this.#add(data.value);
  }

  #clear() {
    this.box.replaceChildren();
    this.grown();
  }

  #add(value) {
    const text = this.box.lastChild ?? this.box.appendChild(new Text());
    text.appendData(typeof value === "string" ? value : onItsOwnLine(value, text.data));
    this.grown();
  }
}

function onItsOwnLine(value, before) {
  const isWithinLine = before !== "" && !before.endsWith("\n");
  return `${isWithinLine ? "\n" : ""}${JSON.stringify(value)}\n`;
}

customElements.define("job-stream", JobStream);
