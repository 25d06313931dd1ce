import { StateError } from '../port.ts';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: StateError) => void;
  readonly timer: NodeJS.Timeout;
}

const MAX_PENDING = 10_000;

/** Requests that wait for their reply, each with a deadline. */
export class Requests {
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  /**
   * @param send hands the request with its id to the other side; false if it could not
   * @param what for the error message
   */
  start(what: string, deadlineMs: number, send: (id: number) => boolean): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#pending.size >= MAX_PENDING) {
        reject(new StateError('STATE_UNAVAILABLE', `${what}: too many requests wait for the shared state`));
        return;
      }
      this.#lastId += 1;
      const id = this.#lastId;
      const expire = (): void =>
        this.fail(id, new StateError('STATE_TIMEOUT', `${what}: no answer within ${deadlineMs} ms`));
      // Timers run before sockets are read: after a busy turn the reply may be there already, and counts.
      const timer = setTimeout(() => setImmediate(expire), deadlineMs);
      this.#pending.set(id, { resolve, reject, timer });
      if (!send(id)) {
        this.fail(
          id,
          new StateError('STATE_UNAVAILABLE', `${what}: the gateway's primary cannot be reached`),
        );
      }
    });
  }

  succeed(id: number, value: unknown): void {
    this.#take(id)?.resolve(value);
  }

  fail(id: number, error: StateError): void {
    this.#take(id)?.reject(error);
  }

  failAll(error: StateError): void {
    for (const id of [...this.#pending.keys()]) this.fail(id, error);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    return pending;
  }
}
