import { StateError } from '../state-error.ts';

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: StateError) => void;
  readonly timer: NodeJS.Timeout;
}

const MAX_PENDING = 10_000;

/** Messages without a reply so far, each with a deadline. */
export class PendingReplies {
  readonly #other: string;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  /** @param other names the other side in messages: `the gateway's primary` */
  constructor(other: string) {
    this.#other = other;
  }

  /**
   * @param what names the message in errors
   * @param send sends the message with its id to the other side; returns false if it could not
   */
  async start<Reply>(what: string, deadlineMs: number, send: (id: number) => boolean): Promise<Reply> {
    const other = this.#other;
    const reply = await new Promise<unknown>((resolve, reject) => {
      if (this.#pending.size >= MAX_PENDING) {
        reject(new StateError('STATE_UNAVAILABLE', `${what}: too many messages wait for ${other}`));
        return;
      }
      this.#lastId += 1;
      const id = this.#lastId;
      const expire = (): void => {
        const error = new StateError(
          'STATE_TIMEOUT',
          `${what}: ${other} did not reply within ${deadlineMs} ms`,
        );
        this.fail(id, error);
      };
      // Timers run before sockets are read. After a busy turn the reply may have arrived already, and then it counts.
      const timer = setTimeout(() => setImmediate(expire), deadlineMs);
      this.#pending.set(id, { resolve, reject, timer });
      if (!send(id))
        this.fail(id, new StateError('STATE_UNAVAILABLE', `${what}: ${other} cannot be reached`));
    });
    // The other side speaks this protocol, so its reply has the type that the operation declares.
    return reply as Reply;
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
