import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { ollaVersion } from '@olla/admin-api/build-info';
import { answerProcessQuestions } from '@olla/admin-api/process-report';
import { configHash } from '@olla/config/config-hash';
import type { Settings } from '@olla/config/schema';
import type { Instance } from '@olla/core/instance';
import { connectState } from '@olla/state/connect';
import type { SharedState } from '@olla/state/port';
import { chooseFormat, createLogger } from '@olla/telemetry/logger';
import type { Logger } from '@olla/telemetry/logger';
import { runAgent } from './agent.ts';
import type { RunningAgent } from './agent.ts';

/** The message that a gateway's primary sends to the agent it forked. */
interface InitMessage {
  readonly olla: 'init';
  readonly settings: Settings;
  readonly self: Instance;
  readonly redis: { readonly url: string; readonly name: string } | null;
}

const INIT_TIMEOUT_MS = 10_000;

/** An agent cannot run on its own with this configuration. The message names the key to set. */
export class AgentStartError extends Error {
  readonly code = 'AGENT_START';

  constructor(message: string) {
    super(message);
    this.name = 'AgentStartError';
  }
}

/**
 * The body of the agent that a primary forked: waits for its instructions, runs, tells when it is ready, and ends with
 * SIGTERM or with its primary. Settles when the agent runs.
 */
export async function startAgentProcess(): Promise<void> {
  // A primary that dies without a word takes its agent along: another would watch the endpoints twice.
  process.once('disconnect', () => process.exit(0));
  try {
    const { settings, self, redis } = await receiveInit();
    const log = newLog(settings);
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
 * An agent as a process of its own, with Redis between it and the gateways. Runs until SIGTERM or SIGINT.
 *
 * @returns the exit code of the process
 * @throws AgentStartError without `redis.url`
 */
export async function startStandaloneAgent(settings: Settings): Promise<number> {
  const { url, name } = settings.redis;
  if (url === null) {
    throw new AgentStartError(
      'an agent on its own reaches the gateways through Redis: set redis.url (or OLLA_REDIS_URL), ' +
        'or run `olla serve`, which brings its own agent',
    );
  }
  const log = newLog(settings);
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
    log: ({ event, message }) => log[event === 'state_lost' ? 'error' : 'info'](message),
  });
  answerProcessQuestions(state);
  const agent = runAgent({ settings, state, self, log });
  return untilSignal(agent, state, log);
}

function newLog({ logging }: Settings): Logger {
  const format = chooseFormat(logging.format, process.stdout);
  return createLogger({ level: logging.level, format, base: { role: 'agent', pid: process.pid } });
}

function receiveInit(): Promise<InitMessage> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(new AgentStartError(`no instructions from the gateway within ${INIT_TIMEOUT_MS / 1000} s`)),
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

/** Resolves with the exit code when the agent has stopped for a signal; a second signal does not wait. */
function untilSignal(agent: RunningAgent, state: SharedState, log: Logger): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) process.exit(1);
      stopping = true;
      agent
        .stop()
        .then(() => state.close())
        .catch((error: unknown) => log.warn(`could not say goodbye to the shared state: ${String(error)}`))
        .finally(() => {
          log.flush();
          resolve(0);
        });
    };
    process.on('SIGTERM', stop);
    // A terminal sends Ctrl-C to the whole group; of a forked agent the primary decides when it goes.
    process.on('SIGINT', process.channel === undefined ? stop : () => undefined);
  });
}
