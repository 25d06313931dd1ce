import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '@olla/config/schema';
import type { Instance } from '@olla/core/instance';
import type { Snapshot } from '@olla/core/snapshot';
import type { Lead } from '@olla/state/ports/election';
import type { AgentLog } from './agent-log.ts';
import type { AgentState } from './agent-state.ts';
import { Leadership } from './leadership.ts';
import { repeat } from './repeat.ts';

/** A lead that is not renewed lapses after this time. Another agent then takes over. */
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
  /** Stops probing and gives up the lead. Resolves within a second; never rejects. */
  stop(): Promise<void>;
}

/**
 * Runs the discovery agent. It campaigns for the lead, and while it leads it watches all endpoints and publishes
 * snapshots. When the store cannot be reached it goes on and tries again; workers route by the last snapshot meanwhile.
 */
export function runAgent({ settings, state, self, log }: AgentOptions): RunningAgent {
  const ready = Promise.withResolvers<void>();
  let newest: Snapshot | null = null;
  let leadership: Leadership | null = null;
  let stopped = false;
  let isStoreAway = false;
  let wasLocal = false;

  const standDown = (why: string): void => {
    if (leading() === null) return;
    // A local lead ends with the outage of Redis, and the shared state logs the end of an outage itself.
    log[wasLocal ? 'debug' : 'warn'](`this agent no longer leads: ${why}`);
    const ended = leadership;
    leadership = null;
    void ended?.stop();
  };
  const leading = (): Leadership | null => leadership;

  const lead = ({ token, isLocal }: Extract<Lead, { leading: true }>): void => {
    if (leadership?.token === token || stopped) return;
    const previous = leadership;
    leadership = new Leadership({
      settings,
      state,
      self,
      log,
      token,
      newest,
      onFenced: () => standDown('another agent has published a newer snapshot'),
      onPublished: (snapshot) => {
        newest = snapshot;
        ready.resolve();
      },
    });
    void previous?.stop();
    // Only a change of the leader in a cluster is news: not the only agent of a gateway, not a new token of one leader.
    const isNews = state.kind === 'redis' && isLocal !== true && previous === null;
    wasLocal = isLocal === true;
    log[isNews ? 'info' : 'debug']('this agent leads: it watches the endpoints', {
      endpoints: settings.discovery.static.endpoints.length,
    });
  };

  const campaign = async (): Promise<number> => {
    try {
      const outcome = await state.election.campaign(LEAD_TTL_MS, newest?.version.token ?? 0);
      isStoreAway = false;
      if (outcome.leading) lead(outcome);
      else {
        standDown(`${outcome.leader ?? 'another agent'} does`);
        ready.resolve();
      }
    } catch (error) {
      // A leader goes on watching: if no other agent leads meanwhile, its next snapshot is accepted.
      // The shared state logs the outage itself.
      if (!isStoreAway)
        log.debug('the campaign for the lead failed and is tried again', { error: String(error) });
      isStoreAway = true;
      // The start of the gateway must not wait for a store that cannot be reached.
      ready.resolve();
    }
    return RENEW_MS;
  };

  const unsubscribe = state.snapshots.onSnapshot((snapshot) => {
    if (newest === null || snapshot.version.token >= newest.version.token) newest = snapshot;
  });
  const campaigns = repeat(
    async () => {
      if (newest === null && leadership === null) newest = await readNewest(state, log);
      return campaign();
    },
    (error) =>
      log.error('a fault of the agent ended its campaign for the lead, which is repeated', {
        error: String(error),
      }),
  );

  return {
    ready: ready.promise,
    leading: () => leadership !== null,
    stop: async () => {
      if (stopped) return;
      stopped = true;
      campaigns.stop();
      unsubscribe();
      const ended = leadership;
      leadership = null;
      const resigned = state.election.resign().catch((error: unknown) => {
        // The lead lapses at the end of its time.
        log.debug('the lead could not be given up', { error: String(error) });
      });
      await Promise.race([
        Promise.all([ended?.stop(), resigned]),
        delay(STOP_TIMEOUT_MS, undefined, { ref: false }),
      ]);
      ready.resolve();
    },
  };
}

async function readNewest(state: AgentState, log: AgentLog): Promise<Snapshot | null> {
  try {
    return await state.snapshots.read();
  } catch (error) {
    log.debug('no earlier snapshot could be read', { error: String(error) });
    return null;
  }
}
