// Types of live.js.

export type Status = "blocked" | "deferred" | "ready" | "running" | "successful" | "failed" | "cancelled";

/** `job:<id>`: one job. `owner:<id>`: all jobs of a user, as a feed. */
export type Topic = `job:${string}` | `owner:${number}` | (string & {});

export interface Progress {
  /** 0..1 */
  fraction: number;
  text: string;
}

/** A job as `GET /api/v1/jobs/{id}` answers it; times are RFC 3339 in UTC. */
export interface Job {
  id: string;
  task: string;
  status: Status;
  progress: Progress;
  args: Record<string, unknown>;
  result: unknown;
  attempt: number;
  max_attempts: number;
  enqueued_at: string;
  started_at: string | null;
  finished_at: string | null;
  /** Number of its newest event. */
  seq: number;
  links: { self: string; events: string; page: string; live: string };
  [more: string]: unknown;
}

interface EventOf<Kind extends string, Data> {
  type: "event";
  topic: string;
  job_id: string;
  /** 1, 2, 3, … within its job, without gaps. */
  seq: number;
  kind: Kind;
  /** When it became true, RFC 3339. */
  at: string;
  data: Data;
  /** On a feed: where it goes on; give it back as `after`. */
  cursor?: number;
}

export type StatusEvent = EventOf<
  "status",
  { status: Status; attempt: number; max_attempts: number; reason?: string; worker_id?: string; run_after?: string }
>;
export type ProgressEvent = EventOf<"progress", Progress>;
export type LogEvent = EventOf<
  "log",
  { attempt: number; level: "info" | "warning" | "error" | "critical"; text: string }
>;
/** `index` counts from 0 within the attempt. */
export type ChunkEvent = EventOf<"chunk", { attempt: number; index: number; value: unknown }>;
export type JobEvent = StatusEvent | ProgressEvent | LogEvent | ChunkEvent;

/** The topic as it is. `reset`: what came before is not kept any more, so begin anew from here. */
export type State =
  | { type: "snapshot" | "reset"; topic: string; job: Job; seq: number }
  | { type: "snapshot" | "reset"; topic: string; jobs: Job[]; cursor?: number };

/** The topic cannot be heard; `not_found` also when it is somebody else's. */
export interface Refusal {
  type: "error";
  topic?: string;
  code: string;
  detail: string;
}

export type Message = JobEvent | State | Refusal;

/**
 * - `idle`: nobody listens
 * - `connecting`: for the first time
 * - `live`: messages come, by whichever way
 * - `lost`: is tried again by itself
 * - `signed-out`, `refused`: is not tried again until the page is loaded anew
 */
export type ConnectionState = "idle" | "connecting" | "live" | "lost" | "signed-out" | "refused";

export interface LiveClientOptions {
  /** Origin of Handoff, `https://jobs.example.com`; the page's own if not given. */
  url?: string;
  /** A job token, for pages that have no session there. */
  token?: string;
}

/** Hears topics: each event once and in order, across lost connections. Fires `state` when `state` changes. */
export class LiveClient extends EventTarget {
  constructor(options?: LiveClientOptions);

  /** The page's one client for these options, which the elements use too. */
  static shared(options?: LiveClientOptions): LiveClient;

  readonly state: ConnectionState;

  /**
   * Calls `listener` with what came after number `after` (of a feed: its cursor), and then with what comes; without
   * `after` with a snapshot first. Answers a function that ends it.
   */
  subscribe(topic: Topic, listener: (message: Message) => void, options?: { after?: number | null }): () => void;

  /** A job's present state, by HTTP. Rejects when there is none, or when it is somebody else's. */
  job(id: string): Promise<Job>;

  /** Connects now instead of at the next try. */
  open(): void;

  /** Ends the connection until `open()`; listeners stay, and miss nothing by it. */
  close(): void;
}

/** The shared client of the page's own site. */
export const live: LiveClient;
