// The elements that show jobs in any page; each module defines one and works alone.
import "./elements/job-list.js";
import "./elements/job-log.js";
import "./elements/job-progress.js";
import "./elements/job-status.js";
import "./elements/job-stream.js";

export { LiveClient, live } from "./live.js";
