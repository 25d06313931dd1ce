import type { Instance } from '@olla/core/instance';
import type { Snapshot, SnapshotVersion } from '@olla/core/snapshot';
import type { WorkerStatistics } from '@olla/core/statistics';

/**
 * The shared state of a cluster: what workers, primaries and agents of all hosts tell each other. Two adapters
 * implement it: memory (held by one primary, reached over IPC) and Redis. Both pass `conformance.ts`.
 *
 * Contract of every method that returns a promise: it settles within its deadline (COMMAND_TIMEOUT_MS where none is
 * given), and rejects with a StateError when the store cannot be reached or does not answer. Methods that return
 * void never throw and never wait: what they carry is kept or coalesced while the store is away, as each says.
 * Listeners are called in the order of arrival, never from inside the call that registers them, and a listener that
 * throws harms no other.
 */
export interface SharedState {
  readonly kind: 'memory' | 'redis';
  /** This process's own identity, as given at connect. */
  readonly self: Instance;

  // ── limit leases ────────────────────────────────────────────────────────
  /**
   * Takes tokens for several limits in one message: every `need` in whole, which is then spent, or nothing of any
   * key, so that a refusal by one limit costs nothing in the others. Each key may stand in it once. What is granted
   * to all processes of all hosts never exceeds rate × time + capacity in any window. Where a key is short while
   * others hold leases of it, the answer says so (`stranded`), and the holders are told to return what they have
   * (`onRecall`): the caller asks again, for up to STRANDED_WAIT_MS, before it refuses.
   *
   * @param deadlineMs after it the promise rejects with STATE_TIMEOUT; what was granted meanwhile counts as spent
   */
  takeLeases(asks: readonly LeaseAsk[], deadlineMs: number): Promise<readonly LeaseGrant[]>;
  /** Gives unspent tokens back and reports spent ones. Lost while the store is away (they then count as spent). */
  settleLeases(returns: readonly LeaseReturn[]): void;
  /** Calls when another process is short of a key's tokens: settle the lease of that key now. */
  onRecall(listener: (key: string) => void): Unsubscribe;
  /**
   * While the store is away: tokens of this host's share (limit ÷ known gateways, never below 1), from the memory of
   * the host's primary. Same contract as `takeLeases`, but without spare tokens. The share starts with its part of
   * the `level` that askers know of.
   */
  takeLocalLeases(asks: readonly LeaseAsk[], deadlineMs: number): Promise<readonly LeaseGrant[]>;
  /** How many processes there are, as last known; each at least 1. */
  peers(): Peers;

  // ── the snapshot ────────────────────────────────────────────────────────
  /** The newest snapshot, or null before the first; while the store is away, the newest that this host knows. */
  readSnapshot(): Promise<Snapshot | null>;
  /** Calls for each newer snapshot, pushed on change and re-read every few seconds so that a lost message heals. */
  onSnapshot(listener: (snapshot: Snapshot) => void): Unsubscribe;
  /**
   * Stores and announces, unless a newer version is there already: then `fenced`, and nothing changes. While the
   * store is away, a gateway's agent announces to its own host; the store has it later if its lead is still the newest.
   */
  publishSnapshot(snapshot: Snapshot): Promise<'published' | 'fenced'>;

  // ── the lead of the agents ──────────────────────────────────────────────
  /**
   * Takes or renews the lead for `ttlMs`. A new lead has a token above every earlier one: max(stored, `newestToken`,
   * the store's time in ms) + 1, so that an emptied store cannot let an old leader outrank a new one.
   *
   * While the store is away, a gateway's own agent leads for this host alone (`isLocal`): its snapshots reach this
   * host's processes and no others. Where another host's agent led, that happens once its lead must have lapsed.
   * When the store is back, the cluster's next token is above every local one.
   *
   * @param newestToken the newest token this process knows of, from snapshots it has seen; 0 for none
   */
  campaign(ttlMs: number, newestToken: number): Promise<Lead>;
  /** Gives the lead up if this process has it. */
  resign(): Promise<void>;

  // ── health reports ──────────────────────────────────────────────────────
  /** Tells all workers and agents of all hosts that an endpoint failed in traffic. Lost while the store is away. */
  reportEjection(ejection: Ejection): void;
  onEjection(listener: (ejection: Ejection) => void): Unsubscribe;
  /**
   * Permission to try an ejected endpoint with one request: granted to one process of the cluster at a time for
   * `ttlMs`, after which one other may have it. While the store is away, to one process of this host.
   */
  acquireProbe(endpointKey: string, ttlMs: number): Promise<boolean>;

  // ── in-flight counts ────────────────────────────────────────────────────
  /**
   * Tells the others this worker's exact number of requests in flight, by endpoint key; only those that are not zero.
   * Coalesced: seen by workers of this host within 5 ms, by other hosts within 100 ms. A dead worker's share expires.
   */
  publishInFlight(counts: ReadonlyMap<string, number>): void;
  /** The sum of all other workers' counts by endpoint key, without this process's own; called when it changes. */
  onInFlight(listener: (others: ReadonlyMap<string, number>) => void): Unsubscribe;

  // ── sessions ────────────────────────────────────────────────────────────
  /**
   * Tells the others at which endpoint conversations were placed: workers of this host at once, other hosts within
   * 100 ms. For the caller to coalesce, at most MAX_PLACEMENTS a call; lost while the store is away.
   */
  tellSessions(placements: readonly SessionPlacement[]): void;
  /** Calls with what other processes placed. */
  onSessions(listener: (placements: readonly SessionPlacement[]) => void): Unsubscribe;

  // ── statistics ──────────────────────────────────────────────────────────
  /** Absolute counters of this incarnation; the newest call wins. A dead worker's last report stays part of the sum. */
  publishStatistics(statistics: WorkerStatistics): void;
  /**
   * Everybody's statistics: this host's workers are asked (so that an answered request is in it), other hosts' are
   * at most a second old. Partial rather than late: `missing` says whose answer did not come in time.
   */
  readStatistics(deadlineMs: number): Promise<StatisticsReading>;
  /** How this process answers when statistics are read. */
  provideStatistics(provider: () => WorkerStatistics): void;

  // ── instances ───────────────────────────────────────────────────────────
  /** All processes whose heartbeat is younger than INSTANCE_TTL_MS; heartbeats are sent by the adapter itself. */
  readInstances(): Promise<readonly LiveInstance[]>;

  // ── ask and events ──────────────────────────────────────────────────────
  /** Asks all live processes of all hosts (those with `role`, if given) and gathers answers until the deadline. */
  ask(question: Question, deadlineMs: number): Promise<Answers>;
  /** How this process answers questions of a kind; `null` means it has nothing to say. */
  onAsk(kind: string, answer: (question: Question) => unknown): Unsubscribe;
  emitEvent(event: StateEvent): void;
  onEvent(listener: (event: StateEvent) => void): Unsubscribe;

  // ── control ─────────────────────────────────────────────────────────────
  /**
   * Changes what operators decided, for every worker of every host; kept until changed again. While the store is
   * away, drain and resume are rejected, because they could not be kept by every host; refresh works on this host,
   * and everywhere when the store is back.
   */
  changeControl(change: ControlChange): Promise<Control>;
  /** While the store is away, what this host knows of it. */
  readControl(): Promise<Control>;
  onControl(listener: (control: Control) => void): Unsubscribe;

  // ── connection ──────────────────────────────────────────────────────────
  /** Whether the store can be reached now, since when not, and how many outages there were. */
  health(): StateHealth;
  onHealth(listener: (health: StateHealth) => void): Unsubscribe;
  /** Returns leases, gives up the lead, says goodbye. Settles within a second also when the store is away. */
  close(): Promise<void>;
}

export type Unsubscribe = () => void;

/** Deadline of a command for which the caller gives none. */
export const COMMAND_TIMEOUT_MS = 2_000;
/** How long an ask waits for tokens that other workers hold unspent. */
export const STRANDED_WAIT_MS = 150;
/** After how long without heartbeat a process counts as dead. */
export const INSTANCE_TTL_MS = 5_000;

/** Most placements of sessions in one message. */
export const MAX_PLACEMENTS = 1_000;

export interface Peers {
  readonly gateways: number;
  readonly workers: number;
}

export interface LeaseAsk {
  /** Names the bucket: `global`, `ip:203.0.113.7`, `health:203.0.113.7`. */
  readonly key: string;
  /** Tokens that come back in a minute, above 0. */
  readonly ratePerMinute: number;
  /** Most tokens that the bucket holds, at least 1. */
  readonly capacity: number;
  /** Requests waiting for a token right now: these are granted first. */
  readonly need: number;
  /** Tokens beyond `need` to hold for later requests; the store caps them. */
  readonly spare: number;
  /** Only for `takeLocalLeases`: tokens that the cluster's bucket had, as far as the asker knows. */
  readonly level?: number;
}

export interface LeaseGrant {
  readonly key: string;
  /** `need` and up to `spare` more, which are on lease; or 0. */
  readonly granted: number;
  /**
   * Names the lease of the tokens beyond `need`; empty if there are none. It expires `expiresInMs` after the ask was
   * sent. A grant under the same id adds to the lease, one under another id means that the earlier lease expired.
   */
  readonly leaseId: string;
  readonly expiresInMs: number;
  /** Tokens left in the bucket after this grant. */
  readonly remaining: number;
  /** Tokens that other processes have on lease and may still bring back. */
  readonly stranded: number;
  /** Until one token more is due if this key was short, else 0. */
  readonly retryAfterMs: number;
  /** Until the bucket is full again. */
  readonly resetMs: number;
}

export interface LeaseReturn {
  readonly key: string;
  readonly leaseId: string;
  /** Tokens of the lease that were used; they are gone. */
  readonly spent: number;
  /** Tokens given back. */
  readonly unspent: number;
}

export type Lead =
  | {
      readonly leading: true;
      readonly token: number;
      /** Leads this host only, because the store is away. */
      readonly isLocal?: true;
    }
  | { readonly leading: false; readonly leader: string | null };

export interface Ejection {
  readonly endpointKey: string;
  readonly endpoint: string;
  /** What failed: an endpoint whose answers fail is not re-admitted by a health check alone. */
  readonly cause?: 'connection' | 'status';
  /** Why, for people: `connection refused`, `5 of the last 10 answers were 5xx`. */
  readonly reason: string;
  /** Instance that met the failure. */
  readonly by: string;
  /** Epoch milliseconds of the reporter. */
  readonly at: number;
}

/** A conversation by the hash that names it, and the key of its endpoint. */
export type SessionPlacement = readonly [session: string, endpointKey: string];

export interface StatisticsReading {
  readonly workers: readonly {
    readonly instance: string;
    readonly gateway: string;
    readonly host: string;
    /** Dead workers' last report is still part of the sum. */
    readonly alive: boolean;
    /** Age of these figures in milliseconds; 0 for those that were asked just now. */
    readonly ageMs: number;
    readonly statistics: WorkerStatistics;
  }[];
  /** Instances that should have answered and did not. */
  readonly missing: readonly string[];
}

export interface LiveInstance extends Instance {
  /** Milliseconds since its last heartbeat. */
  readonly ageMs: number;
  readonly leading: boolean;
}

export interface Question {
  readonly kind: string;
  readonly role?: Instance['role'];
  /** Only this gateway's processes. */
  readonly gateway?: string;
  readonly body?: unknown;
}

export interface Answers {
  readonly answers: readonly { readonly instance: string; readonly answer: unknown }[];
  readonly missing: readonly string[];
}

export interface StateEvent {
  readonly at: number;
  readonly kind: string;
  readonly by: string;
  readonly message: string;
  readonly endpoint?: string;
}

/** What operators decided about endpoints, by endpoint name. */
export interface Control {
  readonly revision: number;
  readonly drained: Readonly<Record<string, { readonly by: string; readonly at: number }>>;
  /** Counts up with every request to probe and list all endpoints again. */
  readonly refresh: number;
}

export type ControlChange =
  | { readonly action: 'drain' | 'resume'; readonly endpoint: string; readonly by: string }
  | { readonly action: 'refresh'; readonly by: string };

export interface StateHealth {
  readonly connected: boolean;
  /** Since when in this condition; epoch milliseconds. */
  readonly since: number;
  readonly outages: number;
  /** Round trip of the last heartbeat in milliseconds. */
  readonly latencyMs: number | null;
  readonly detail: string;
}

export type StateErrorCode = 'STATE_UNAVAILABLE' | 'STATE_TIMEOUT' | 'STATE_CLOSED' | 'STATE_PROTOCOL';

export class StateError extends Error {
  readonly code: StateErrorCode;

  constructor(code: StateErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'StateError';
    this.code = code;
  }
}

/** Version of a snapshot from before any was made. */
export const NO_VERSION: SnapshotVersion = { token: 0, n: 0 };
