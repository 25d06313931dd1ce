import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '@olla/config/schema';
import type { Instance } from '@olla/core/instance';
import type { Snapshot } from '@olla/core/snapshot';
import type { Lead } from '@olla/state/ports/election';
import type { Unsubscribe } from '@olla/state/ports/unsubscribe';
import type { AgentLog } from './agent-log.ts';
import type { AgentState } from './agent-state.ts';
import { Leadership } from './leadership.ts';
import { repeat, type Repeater } from './repeat.ts';

/** A lead that is not renewed expires after this time, and another agent takes over. */
const LEAD_TTL_MS = 3_000;
const RENEW_MS = 1_000;
const STOP_TIMEOUT_MS = 1_000;

export interface AgentOptions {
  readonly settings: Settings;
  readonly state: AgentState;
  readonly self: Instance;
  readonly log: AgentLog;
}

export interface RunningAgent {
  /**
   * Resolves when this agent has published its first snapshot, or stands by because another agent leads or the store
   * cannot be reached. Never rejects.
   */
  readonly ready: Promise<void>;
  leading(): boolean;
  /** Stops probing and resigns the lead. Resolves within a second; never rejects. */
  stop(): Promise<void>;
}

/**
 * Runs the discovery agent. It campaigns for the lead, and while it leads it watches all endpoints and publishes
 * snapshots. While the store cannot be reached it continues and retries; workers route by the last snapshot meanwhile.
 */
export function runAgent(options: AgentOptions): RunningAgent {
  return new DiscoveryAgent(options);
}

class DiscoveryAgent implements RunningAgent {
  readonly #options: AgentOptions;
  readonly #ready = Promise.withResolvers<void>();
  readonly #campaigns: Repeater;
  readonly #unsubscribe: Unsubscribe;
  #newest: Snapshot | null = null;
  #leadership: Leadership | null = null;
  #isLeadLocal = false;
  #isStoreAway = false;
  #isStopped = false;

  constructor(options: AgentOptions) {
    const { state, log } = options;
    this.#options = options;
    this.#unsubscribe = state.snapshots.onSnapshot((snapshot) => {
      if (this.#newest === null || snapshot.version.token >= this.#newest.version.token)
        this.#newest = snapshot;
    });
    this.#campaigns = repeat(
      () => this.#campaign(),
      (error) =>
        log.error('a fault of the agent ended its campaign for the lead, which is repeated', {
          error: String(error),
        }),
    );
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  leading(): boolean {
    return this.#leadership !== null;
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const { state, log } = this.#options;
    this.#campaigns.stop();
    this.#unsubscribe();
    const resigned = state.election.resign().catch((error: unknown) => {
      // The lead expires by itself.
      log.debug('the lead could not be given up', { error: String(error) });
    });
    await Promise.race([
      Promise.all([this.#endLeadership(), resigned]),
      delay(STOP_TIMEOUT_MS, undefined, { ref: false }),
    ]);
    this.#ready.resolve();
  }

  /** Campaigns once. @returns milliseconds until the next campaign */
  async #campaign(): Promise<number> {
    const { state, log } = this.#options;
    if (this.#newest === null && this.#leadership === null) this.#newest = await readNewest(state, log);
    try {
      const outcome = await state.election.campaign(LEAD_TTL_MS, this.#newest?.version.token ?? 0);
      this.#isStoreAway = false;
      if (outcome.leading) this.#lead(outcome);
      else {
        this.#standDown(`${outcome.leader ?? 'another agent'} does`);
        this.#ready.resolve();
      }
    } catch (error) {
      // A leader keeps watching: if no other agent leads meanwhile, its next snapshot is accepted.
      // The shared state logs the outage itself.
      if (!this.#isStoreAway)
        log.debug('the campaign for the lead failed and is tried again', { error: String(error) });
      this.#isStoreAway = true;
      // The start of the gateway must not wait for a store that cannot be reached.
      this.#ready.resolve();
    }
    return RENEW_MS;
  }

  #lead({ token, isLocal }: Extract<Lead, { leading: true }>): void {
    if (this.#leadership?.token === token || this.#isStopped) return;
    const { settings, state, self, log } = this.#options;
    const previous = this.#leadership;
    this.#leadership = new Leadership({
      settings,
      state,
      self,
      log,
      token,
      newest: this.#newest,
      onFenced: () => this.#standDown('another agent has published a newer snapshot'),
      onPublished: (snapshot) => {
        this.#newest = snapshot;
        this.#ready.resolve();
      },
    });
    void previous?.stop();
    this.#isLeadLocal = isLocal === true;
    // Only a change of the leader in a cluster is logged: not the only agent of a gateway, not a new token of one
    // leader.
    const isNews = state.kind === 'redis' && !this.#isLeadLocal && previous === null;
    log[isNews ? 'info' : 'debug']('this agent leads: it watches the endpoints', {
      event: 'leader',
      endpoints: settings.discovery.static.endpoints.length,
    });
  }

  #standDown(reason: string): void {
    if (this.#leadership === null) return;
    // A local lead ends with the outage of Redis, and the shared state logs the end of an outage itself.
    this.#options.log[this.#isLeadLocal ? 'debug' : 'warn'](`this agent no longer leads: ${reason}`);
    void this.#endLeadership();
  }

  async #endLeadership(): Promise<void> {
    const ended = this.#leadership;
    this.#leadership = null;
    await ended?.stop();
  }
}

async function readNewest(state: AgentState, log: AgentLog): Promise<Snapshot | null> {
  try {
    return await state.snapshots.read();
  } catch (error) {
    log.debug('no earlier snapshot could be read', { error: String(error) });
    return null;
  }
}
