// Statuses and times in words.

export const LABELS = {
  blocked: "Blocked",
  deferred: "Deferred",
  ready: "Ready",
  running: "Running",
  successful: "Successful",
  failed: "Failed",
  cancelled: "Cancelled",
};

export const ENDED = new Set(["successful", "failed", "cancelled"]);

export function percent(fraction) {
  return `${Math.floor(fraction * 100)} %`;
}

const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

// Hours, minutes and seconds where the reader is.
export function localTime(at) {
  return TIME.format(new Date(at));
}

export function localDate(at) {
  return DATE.format(new Date(at));
}
