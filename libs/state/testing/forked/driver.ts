import type { ChildProcess } from 'node:child_process';
import type { Instance } from '@olla/core/instance';
import type { Question } from '../../src/ports/ask.ts';
import type { Peers } from '../../src/ports/directory.ts';
import type { StateHealth } from '../../src/ports/health.ts';
import type { SharedState, StateKind } from '../../src/shared-state.ts';
import { StateError } from '../../src/state-error.ts';
import type { FromParticipant, Method, ToParticipant } from './wire.ts';

interface Call {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Drives the shared state of a child process. */
export class Driver {
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #calls = new Map<number, Call>();
  readonly #listeners = new Map<Method, ((value: unknown) => void)[]>();
  readonly #repliers = new Map<string, (question: Question) => unknown>();
  #peers: Peers = { gateways: 1, workers: 1 };
  #health: StateHealth = { connected: true, since: 0, outages: 0, latencyMs: null, detail: '' };
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

  /** The child's shared state. Each call is sent there as a message. */
  stateOf(self: Instance, kind: StateKind): SharedState {
    return {
      kind,
      self,
      leases: {
        take: (...args) => this.#call('leases.take', args),
        takeLocal: (...args) => this.#call('leases.takeLocal', args),
        returnLeases: (...args) => this.#cast('leases.returnLeases', args),
        onRecall: (listener) => this.#listen('leases.onRecall', listener),
      },
      snapshots: {
        read: () => this.#call('snapshots.read', []),
        publish: (...args) => this.#call('snapshots.publish', args),
        onSnapshot: (listener) => this.#listen('snapshots.onSnapshot', listener),
      },
      election: {
        campaign: (...args) => this.#call('election.campaign', args),
        resign: () => this.#call('election.resign', []),
      },
      ejections: {
        eject: (...args) => this.#call('ejections.eject', args),
        readmit: (...args) => this.#call('ejections.readmit', args),
        onEjection: (listener) => this.#listen('ejections.onEjection', listener),
        onReadmission: (listener) => this.#listen('ejections.onReadmission', listener),
        acquireProbe: (...args) => this.#call('ejections.acquireProbe', args),
      },
      load: {
        setInFlight: (...args) => this.#cast('load.setInFlight', args),
        onOthers: (listener) =>
          this.#listen('load.onOthers', (others: readonly [string, number][]) => listener(new Map(others))),
      },
      sessions: {
        place: (...args) => this.#cast('sessions.place', args),
        onPlacements: (listener) => this.#listen('sessions.onPlacements', listener),
      },
      statistics: {
        provide: (source) => this.#send({ drive: 'provide', statistics: source() }),
        noteChange: () => this.#cast('statistics.noteChange', []),
        read: (...args) => this.#call('statistics.read', args),
      },
      directory: {
        peers: () => this.#peers,
        readInstances: () => this.#call('directory.readInstances', []),
      },
      ask: {
        ask: (...args) => this.#call('ask.ask', args),
        onQuestion: (askKind, reply) => {
          this.#repliers.set(askKind, reply);
          this.#send({ drive: 'onQuestion', kind: askKind });
          return () => this.#repliers.delete(askKind);
        },
      },
      events: {
        publish: (...args) => this.#cast('events.publish', args),
        recent: () => this.#call('events.recent', []),
        onEvent: (listener) => this.#listen('events.onEvent', listener),
      },
      control: {
        read: () => this.#call('control.read', []),
        change: (...args) => this.#call('control.change', args),
        onControl: (listener) => this.#listen('control.onControl', listener),
      },
      health: {
        current: () => this.#health,
        onHealth: (listener) => this.#listen('health.onHealth', listener),
      },
      close: () => this.#call('close', []),
    };
  }

  async #call<Result>(method: Method, args: readonly unknown[]): Promise<Result> {
    const value = await new Promise<unknown>((resolve, reject) => {
      if (!this.#child.connected) {
        resolve(undefined);
        return;
      }
      this.#lastId += 1;
      this.#calls.set(this.#lastId, { resolve, reject });
      this.#send({ drive: 'call', id: this.#lastId, method, args });
    });
    // The child runs the method whose type the caller uses.
    return value as Result;
  }

  #cast(method: Method, args: readonly unknown[]): void {
    this.#lastId += 1;
    this.#send({ drive: 'call', id: this.#lastId, method, args });
  }

  #listen<Value>(method: Method, listener: (value: Value) => void): () => void {
    const listeners = this.#listeners.get(method) ?? [];
    this.#listeners.set(method, listeners);
    const receive = (value: unknown): void => listener(value as Value);
    listeners.push(receive);
    this.#send({ drive: 'listen', method });
    return () => listeners.splice(listeners.indexOf(receive), 1);
  }

  #send(message: ToParticipant): void {
    if (this.#child.connected) this.#child.send(message);
  }

  #receive(message: FromParticipant): void {
    if (message.driven === 'known') {
      this.#peers = message.peers;
      this.#health = message.health;
    } else if (message.driven === 'result') this.#take(message.id)?.resolve(message.value ?? null);
    else if (message.driven === 'error') {
      this.#take(message.id)?.reject(new StateError(message.code, message.message));
    } else if (message.driven === 'event') {
      for (const listener of this.#listeners.get(message.method) ?? []) listener(message.value);
    } else if (message.driven === 'question') void this.#reply(message.id, message.question);
  }

  async #reply(id: number, question: Question): Promise<void> {
    this.#send({ drive: 'reply', id, reply: await this.#repliers.get(question.kind)?.(question) });
  }

  #take(id: number): Call | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }
}
