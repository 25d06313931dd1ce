import type { Instance } from '@olla/core/instance';
import { connectState } from '../../src/connect-state.ts';
import type { RedisOptions } from '../../src/redis/options.ts';
import type { SharedState } from '../../src/shared-state.ts';
import { StateError } from '../../src/state-error.ts';
import type { FromParticipant, Method, ToParticipant } from './wire.ts';

/** A child process whose shared state a test in the parent controls. It connects again for each test. */
let state: SharedState | null = null;
const replies = new Map<number, (reply: unknown) => void>();
let lastQuestion = 0;
let published = '';

process.on('message', (message: ToParticipant) => {
  if (message.drive === 'connect') void connect(message.self, message.redis, message.isAlone);
  else if (state === null) return;
  else if (message.drive === 'call') void call(state, message);
  else if (message.drive === 'listen') listen(state, message.method);
  else if (message.drive === 'provide') state.statistics.provide(() => message.statistics);
  else if (message.drive === 'onQuestion') onQuestion(state, message.kind);
  else if (message.drive === 'reply') replies.get(message.id)?.(message.reply);
});
// Without the parent this process has no purpose.
process.on('disconnect', () => process.exit(0));
setInterval(() => {
  if (state === null) return;
  const known = { peers: state.directory.peers(), health: state.health.current() };
  const text = JSON.stringify(known);
  if (text === published) return;
  published = text;
  send({ driven: 'known', ...known });
}, 10);

async function connect(self: Instance, redis: RedisOptions | null, isAlone: boolean): Promise<void> {
  await state?.close();
  published = '';
  state = await connectState({ self, redis, channel: isAlone ? null : process });
  send({ driven: 'ready' });
}

async function call(
  state: SharedState,
  { id, method, args }: Extract<ToParticipant, { drive: 'call' }>,
): Promise<void> {
  try {
    send({ driven: 'result', id, value: await methodOf(state, method)(...args) });
  } catch (error) {
    const code = error instanceof StateError ? error.code : 'STATE_PROTOCOL';
    send({ driven: 'error', id, code, message: String(error) });
  }
}

function listen(state: SharedState, method: Method): void {
  // The counts in flight are a Map, which JSON does not have.
  const onValue = (value: unknown): void =>
    send({ driven: 'event', method, value: value instanceof Map ? [...value] : value });
  methodOf(state, method)(onValue);
}

function onQuestion(state: SharedState, kind: string): void {
  state.ask.onQuestion(kind, (question) => {
    lastQuestion += 1;
    const id = lastQuestion;
    send({ driven: 'question', id, question });
    return new Promise((resolve) => replies.set(id, resolve));
  });
}

function methodOf(state: SharedState, method: Method): (...args: readonly unknown[]) => unknown {
  const path = method.split('.');
  const name = path.pop() ?? '';
  const owner: unknown = path.reduce<object>((port, part) => Reflect.get(port, part), state);
  return (...args) => Reflect.apply(Reflect.get(Object(owner), name), owner, args);
}

function send(message: FromParticipant): void {
  process.send?.(message);
}
