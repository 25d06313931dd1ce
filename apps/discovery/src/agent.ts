import { setTimeout as delay } from 'node:timers/promises';
import type { Settings } from '@olla/config/schema';
import type { Instance } from '@olla/core/instance';
import type { Snapshot } from '@olla/core/snapshot';
import type { Lead } from '@olla/state/port';
import type { AgentLog } from './agent-log.ts';
import type { AgentState } from './agent-state.ts';
import { Leadership } from './leadership.ts';
import { repeat } from './repeat.ts';

/** The lead lapses this long after its last renewal; another agent then takes over. */
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
   * Settles when this agent has published its first snapshot, or stands by: for another that
   * leads, or for a store that is away.
   */
  readonly ready: Promise<void>;
  leading(): boolean;
  /** Stops watching and gives the lead up. Settles within a second; never rejects. */
  stop(): Promise<void>;
}

/**
 * Runs the discovery agent: it campaigns for the lead, and while it leads it watches all endpoints and publishes what
 * it sees. Errors of the store are waited out: what was published last stays what workers route by.
 */
export function runAgent({ settings, state, self, log }: AgentOptions): RunningAgent {
  const ready = Promise.withResolvers<void>();
  let newest: Snapshot | null = null;
  let leadership: Leadership | null = null;
  let stopped = false;
  let storeAway = false;
  let ledLocally = false;

  const standDown = (why: string): void => {
    if (leading() === null) return;
    // A lead of one host in an outage ends with it, as the outage itself tells.
    log[ledLocally ? 'debug' : 'warn'](`this agent no longer leads: ${why}`);
    const over = leadership;
    leadership = null;
    void over?.stop();
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
    // Where it is the only one, or only its token is new, that it leads is no news.
    const isNews = state.kind === 'redis' && isLocal !== true && previous === null;
    ledLocally = isLocal === true;
    log[isNews ? 'info' : 'debug']('this agent leads: it watches the endpoints', {
      endpoints: settings.discovery.static.endpoints.length,
    });
  };

  const campaign = async (): Promise<number> => {
    try {
      const outcome = await state.campaign(LEAD_TTL_MS, newest?.version.token ?? 0);
      storeAway = false;
      if (outcome.leading) lead(outcome);
      else {
        standDown(`${outcome.leader ?? 'another agent'} does`);
        ready.resolve();
      }
    } catch (error) {
      // An agent that led goes on watching: if nobody else led meanwhile, its next snapshot counts.
      // The state itself tells operators of an outage.
      if (!storeAway)
        log.debug('a campaign for the lead failed; it is tried again', { error: String(error) });
      storeAway = true;
      // It runs, and publishes when the store is back; start-up does not wait for that.
      ready.resolve();
    }
    return RENEW_MS;
  };

  const unsubscribe = state.onSnapshot((snapshot) => {
    if (newest === null || snapshot.version.token >= newest.version.token) newest = snapshot;
  });
  const campaigns = repeat(
    async () => {
      if (newest === null && leadership === null) newest = await readNewest(state, log);
      return campaign();
    },
    (error) => log.error('a campaign for the lead failed of itself', { error: String(error) }),
  );

  return {
    ready: ready.promise,
    leading: () => leadership !== null,
    stop: async () => {
      if (stopped) return;
      stopped = true;
      campaigns.stop();
      unsubscribe();
      const over = leadership;
      leadership = null;
      const resigned = state.resign().catch((error: unknown) => {
        // The lead lapses by itself.
        log.debug('the lead could not be given up', { error: String(error) });
      });
      await Promise.race([
        Promise.all([over?.stop(), resigned]),
        delay(STOP_TIMEOUT_MS, undefined, { ref: false }),
      ]);
      ready.resolve();
    },
  };
}

async function readNewest(state: AgentState, log: AgentLog): Promise<Snapshot | null> {
  try {
    return await state.readSnapshot();
  } catch (error) {
    log.debug('no earlier snapshot could be read', { error: String(error) });
    return null;
  }
}
