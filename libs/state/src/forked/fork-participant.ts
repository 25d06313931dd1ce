import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Instance } from '@olla/core/instance';
import type { Hub } from '../hub.ts';
import { StateError } from '../port.ts';
import type { Peers, Question, SharedState } from '../port.ts';
import type { RedisOptions } from '../redis/options.ts';
import { decode, encode } from './wire.ts';
import type { FromParticipant, ToParticipant } from './wire.ts';

export interface ForkedParticipant {
  /** The child's shared state, driven from here. */
  readonly state: SharedState;
  readonly child: ChildProcess;
}

/** Starting a process takes long: those that a test leaves alive serve the next. */
const idle: ChildProcess[] = [];

/** Makes a process a member of the hub, or a host of its own; waits until it is connected. */
export async function forkParticipant(
  hub: Hub | null,
  self: Instance,
  redis: RedisOptions | null,
): Promise<ForkedParticipant> {
  const child = idle.pop() ?? fork(new URL('participant.ts', import.meta.url), { execArgv: [] });
  hub?.attach(child, self);
  const driver = new Driver(child);
  child.send({ drive: 'connect', self, redis, isAlone: hub === null } satisfies ToParticipant);
  await driver.ready;
  return { state: driver.stateOf(self, redis === null ? 'memory' : 'redis'), child };
}

function isAlive({ child }: ForkedParticipant): boolean {
  return child.exitCode === null && child.signalCode === null;
}

export async function killParticipant(participant: ForkedParticipant): Promise<void> {
  if (!isAlive(participant)) return;
  const exited = new Promise((resolve) => participant.child.once('exit', resolve));
  participant.child.kill('SIGKILL');
  await exited;
}

/** Leaves a process for the next test. */
export async function releaseParticipant(participant: ForkedParticipant): Promise<void> {
  if (!isAlive(participant)) return;
  await participant.state.close();
  participant.child.removeAllListeners();
  idle.push(participant.child);
}

/** Ends the processes that no test uses any more. */
export function endParticipants(): void {
  for (const child of idle.splice(0)) child.kill('SIGKILL');
}

/** Calls that nobody waits for. */
const CASTS = new Set([
  'settleLeases',
  'reportEjection',
  'publishInFlight',
  'publishStatistics',
  'emitEvent',
] satisfies (keyof SharedState)[] as string[]);

class Driver {
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #listeners = new Map<string, ((value: unknown) => void)[]>();
  readonly #answers = new Map<string, (question: Question) => unknown>();
  #peers: Peers = { gateways: 1, workers: 1 };
  #lastId = 0;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.ready = new Promise((resolve, reject) => {
      child.once('exit', () => reject(new Error('the participant ended before it was ready')));
      child.on('message', (message: FromParticipant) => {
        if (message.driven === 'ready') resolve();
        else this.#receive(message);
      });
    });
    child.once('exit', () => {
      for (const { reject } of this.#calls.values()) reject(new Error('the participant has ended'));
    });
  }

  stateOf(self: Instance, kind: SharedState['kind']): SharedState {
    const own: Partial<SharedState> & Record<string, unknown> = {
      kind,
      self,
      peers: () => this.#peers,
      provideStatistics: (provider) => this.#send({ drive: 'provide', statistics: provider() }),
      onAsk: (askKind, answer) => {
        this.#answers.set(askKind, answer);
        this.#send({ drive: 'onAsk', kind: askKind });
        return () => this.#answers.delete(askKind);
      },
    };
    return new Proxy(own as unknown as SharedState, {
      get: (target, property) => {
        const method = property as keyof SharedState;
        if (Reflect.has(target, property)) return Reflect.get(target, property) as unknown;
        // Not a thenable, whatever awaits it.
        if (property === 'then') return undefined;
        if (method.startsWith('on'))
          return (listener: (value: unknown) => void) => this.#listen(method, listener);
        return (...args: unknown[]) => this.#call(method, args);
      },
    });
  }

  #call(method: keyof SharedState, args: readonly unknown[]): Promise<unknown> {
    if (!this.#child.connected) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      if (CASTS.has(method)) resolve(undefined);
      else this.#calls.set(this.#lastId, { resolve, reject });
      this.#send({ drive: 'call', id: this.#lastId, method, args: encode(args) });
    });
  }

  #listen(method: keyof SharedState, listener: (value: unknown) => void): void {
    this.#listeners.set(method, [...(this.#listeners.get(method) ?? []), listener]);
    this.#send({ drive: 'listen', method });
  }

  #send(message: ToParticipant): void {
    if (this.#child.connected) this.#child.send(message);
  }

  #receive(message: FromParticipant): void {
    if (message.driven === 'peers') this.#peers = message.peers;
    else if (message.driven === 'result') this.#take(message.id)?.resolve(message.value ?? null);
    else if (message.driven === 'error') {
      this.#take(message.id)?.reject(new StateError(message.code, message.message));
    } else if (message.driven === 'event') {
      for (const listener of this.#listeners.get(message.method) ?? []) listener(decode(message.value));
    } else if (message.driven === 'ask') void this.#answer(message.id, message.question);
  }

  async #answer(id: number, question: Question): Promise<void> {
    this.#send({ drive: 'answer', id, answer: await this.#answers.get(question.kind)?.(question) });
  }

  #take(id: number): { resolve(value: unknown): void; reject(error: Error): void } | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }
}
