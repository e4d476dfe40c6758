// <job-log job>: the lines that the job has logged.
import { JobBox } from "./job-box.js";
import { made } from "./job-element.js";
import { localTime } from "./words.js";

class JobLog extends JobBox {
  static label = "Log";

  prepare() {
    super.prepare();
    for (const time of this.querySelectorAll("time")) time.textContent = localTime(time.dateTime);
  }

  showEvent({ kind, at, data }) {
    if (kind !== "log") return;
    const line = made("p", { "data-level": data.level });
    const time = made("time", { datetime: at }, localTime(at));
    line.append(time, " ", made("b", {}, data.level), " ", made("span", {}, data.text));
    this.box.append(line);
    this.grown();
  }
}

customElements.define("job-log", JobLog);
