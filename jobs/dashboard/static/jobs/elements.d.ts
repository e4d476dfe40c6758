// Types of elements.js, which also defines <job-status>, <job-progress>, <job-log>, <job-stream> and <job-list>.
export { LiveClient, live } from "./live.js";
