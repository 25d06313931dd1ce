import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { ollaVersion } from '@olla/admin-api/build-info';
import { answerProcessQuestions } from '@olla/admin-api/process-report';
import { configHash } from '@olla/config/config-hash';
import type { Settings } from '@olla/config/schema';
import type { Instance } from '@olla/core/instance';
import { connectState } from '@olla/state/connect-state';
import type { SharedState } from '@olla/state/shared-state';
import type { Logger } from '@olla/telemetry/logger';
import { openLog } from '@olla/telemetry/open-log';
import { runAgent, type RunningAgent } from './agent.ts';

/** The message that a gateway's primary sends to the agent it forked. */
interface InitMessage {
  readonly olla: 'init';
  readonly settings: Settings;
  readonly self: Instance;
  readonly redis: { readonly url: string; readonly name: string } | null;
}

const INIT_TIMEOUT_MS = 10_000;

/** An agent process cannot start. The message says what to do. */
export class AgentStartError extends Error {
  readonly code = 'AGENT_START';

  constructor(message: string) {
    super(message);
    this.name = 'AgentStartError';
  }
}

/**
 * The main function of an agent that a primary has forked. It waits for the primary's instructions, runs the agent,
 * reports when it is ready, and ends the process at SIGTERM or when the primary ends. Resolves when the agent runs.
 */
export async function startAgentProcess(): Promise<void> {
  // The agent ends with its primary. Otherwise it would probe the endpoints beside the agent of the next primary.
  process.once('disconnect', () => process.exit(0));
  try {
    const { settings, self, redis } = await receiveInit();
    const log = newLog(settings, false);
    const state = await connectState({ self, redis, channel: process });
    answerProcessQuestions(state);
    const agent = runAgent({ settings, state, self, log });
    void untilSignal(agent, state, log).then((code) => process.exit(code));
    await agent.ready;
    process.send?.({ olla: 'ready' });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const end = (): never => process.exit(1);
    if (process.send === undefined) end();
    else process.send({ olla: 'failed', message }, end);
  }
}

/**
 * Runs an agent as a separate process, which reaches the gateways through Redis, until SIGTERM or SIGINT.
 *
 * @returns the exit code of the process
 * @throws AgentStartError if `redis.url` is not set
 */
export async function startStandaloneAgent(settings: Settings): Promise<number> {
  const { url, name } = settings.redis;
  if (url === null) {
    throw new AgentStartError(
      '`olla agent` reaches the gateways through Redis, and redis.url is not set. ' +
        'Set redis.url (or OLLA_REDIS_URL), or run `olla serve`, which runs an agent itself',
    );
  }
  const log = newLog(settings, true);
  const id = `${hostname()}:${process.pid}:${randomBytes(3).toString('hex')}`;
  const self: Instance = {
    id,
    role: 'agent',
    host: hostname(),
    gateway: id,
    pid: process.pid,
    version: ollaVersion(),
    startedAt: Date.now(),
    configHash: configHash(settings),
  };
  const state = await connectState({
    self,
    redis: { url, name },
    channel: null,
    log: ({ level, message, fields }) => log[level](message, fields),
  });
  answerProcessQuestions(state);
  const agent = runAgent({ settings, state, self, log });
  return untilSignal(agent, state, log);
}

/** @param standsAlone an agent without a primary has its own log file */
function newLog({ logging }: Settings, standsAlone: boolean): Logger {
  const base = { role: 'agent', pid: process.pid };
  return openLog(logging, { base, name: standsAlone ? 'olla-agent' : 'olla', rotates: standsAlone }).log;
}

function receiveInit(): Promise<InitMessage> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(new AgentStartError(`no instructions from the primary within ${INIT_TIMEOUT_MS / 1000} s`)),
      INIT_TIMEOUT_MS,
    );
    const onMessage = (message: unknown): void => {
      if (!isInit(message)) return;
      clearTimeout(timer);
      process.off('message', onMessage);
      resolve(message);
    };
    process.on('message', onMessage);
  });
}

function isInit(message: unknown): message is InitMessage {
  return typeof message === 'object' && message !== null && 'olla' in message && message.olla === 'init';
}

/** Resolves with the exit code when the agent has stopped after a signal. A second signal ends the process at once. */
function untilSignal(agent: RunningAgent, state: SharedState, log: Logger): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) process.exit(1);
      stopping = true;
      agent
        .stop()
        .then(() => state.close())
        .catch((error: unknown) => log.warn(`the shared state could not be closed: ${String(error)}`))
        .finally(() => {
          log.flush();
          resolve(0);
        });
    };
    process.on('SIGTERM', stop);
    // A terminal sends Ctrl-C to the whole process group. A forked agent ignores it, because its primary stops it.
    process.on('SIGINT', process.channel === undefined ? stop : () => undefined);
  });
}
