import type { Instance } from '@olla/core/instance';
import { connectState } from '../connect.ts';
import { StateError } from '../port.ts';
import type { SharedState } from '../port.ts';
import type { RedisOptions } from '../redis/options.ts';
import { decode, encode } from './wire.ts';
import type { FromParticipant, ToParticipant } from './wire.ts';

/** A child process whose shared state is driven by the test in the parent; connected anew for each test. */
let state: SharedState | null = null;
const answers = new Map<number, (answer: unknown) => void>();
let lastAsk = 0;
let toldPeers = '';

process.on('message', (message: ToParticipant) => {
  if (message.drive === 'connect') void connect(message.self, message.redis, message.isAlone);
  else if (state === null) return;
  else if (message.drive === 'call') void call(state, message.id, message.method, message.args);
  else if (message.drive === 'listen') listen(state, message.method);
  else if (message.drive === 'provide') state.provideStatistics(() => message.statistics);
  else if (message.drive === 'onAsk') onAsk(state, message.kind);
  else if (message.drive === 'answer') answers.get(message.id)?.(message.answer);
});
// The parent's end is this process's end; without a channel there is nobody to drive it.
process.on('disconnect', () => process.exit(0));
setInterval(() => {
  const peers = JSON.stringify(state?.peers());
  if (state === null || peers === toldPeers) return;
  toldPeers = peers;
  tell({ driven: 'peers', peers: state.peers() });
}, 10);

async function connect(self: Instance, redis: RedisOptions | null, isAlone: boolean): Promise<void> {
  await state?.close();
  toldPeers = '';
  state = await connectState({ self, redis, channel: isAlone ? null : process });
  tell({ driven: 'ready' });
}

async function call(state: SharedState, id: number, method: keyof SharedState, args: unknown): Promise<void> {
  try {
    const run = state[method] as (...all: unknown[]) => unknown;
    tell({ driven: 'result', id, value: await run.apply(state, decode(args) as unknown[]) });
  } catch (error) {
    const code = error instanceof StateError ? error.code : 'STATE_PROTOCOL';
    tell({ driven: 'error', id, code, message: String(error) });
  }
}

function listen(state: SharedState, method: keyof SharedState): void {
  const register = state[method] as (listener: (value: unknown) => void) => void;
  register.call(state, (value) => tell({ driven: 'event', method, value: encode(value) }));
}

function onAsk(state: SharedState, kind: string): void {
  state.onAsk(kind, (question) => {
    lastAsk += 1;
    const id = lastAsk;
    tell({ driven: 'ask', id, question });
    return new Promise((resolve) => answers.set(id, resolve));
  });
}

function tell(message: FromParticipant): void {
  process.send?.(message);
}
