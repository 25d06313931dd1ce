/**
 * What both ends of Node's IPC have in common: `process` in a forked child, a ChildProcess or a cluster worker's
 * `process` in the parent.
 */
export interface IpcChannel {
  send?(message: object, callback?: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect' | 'exit', listener: () => void): unknown;
  off(event: 'message', listener: (message: unknown) => void): unknown;
  off(event: 'disconnect' | 'exit', listener: () => void): unknown;
}

/** Messages handed to the system and not yet written; beyond it the other side is taken for hung. */
const MAX_UNSENT = 4_096;

/** Sends over IPC and knows how much is still on its way. */
export class Outbox {
  readonly #channel: IpcChannel;
  readonly #onDrained: () => void;
  #unsent = 0;
  #broken = false;

  /** @param onDrained called when messages may be sent again after `send` refused one */
  constructor(channel: IpcChannel, onDrained: () => void) {
    this.#channel = channel;
    this.#onDrained = onDrained;
  }

  /** @returns false if it was not sent: the channel is closed, or the other side does not read */
  send(message: object): boolean {
    if (this.#broken || this.#unsent >= MAX_UNSENT || this.#channel.send === undefined) return false;
    this.#unsent += 1;
    try {
      this.#channel.send(message, (error) => {
        this.#unsent -= 1;
        if (error !== null && error !== undefined) this.#broken = true;
        else if (this.#unsent === MAX_UNSENT >> 1) this.#onDrained();
      });
      return true;
    } catch {
      // ERR_IPC_CHANNEL_CLOSED is thrown where no callback can tell; the 'disconnect' event does the rest.
      this.#broken = true;
      return false;
    }
  }
}

type Listener = (message?: unknown) => void;

class LocalEnd implements IpcChannel {
  peer: LocalEnd | null = null;
  readonly #listeners = new Map<string, Listener[]>();

  send(message: object, callback?: (error: Error | null) => void): boolean {
    const peer = this.peer;
    queueMicrotask(() => {
      peer?.emit('message', message);
      callback?.(peer === null ? new Error('the channel is closed') : null);
    });
    return true;
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  off(event: string, listener: Listener): this {
    this.#listeners.set(
      event,
      (this.#listeners.get(event) ?? []).filter((other) => other !== listener),
    );
    return this;
  }

  emit(event: string, message?: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(message);
  }
}

/** An IPC channel within one process, for the primary as a member of its own hub. */
export function localChannel(): { readonly parent: IpcChannel; readonly child: IpcChannel; close(): void } {
  const parent = new LocalEnd();
  const child = new LocalEnd();
  parent.peer = child;
  child.peer = parent;
  return {
    parent,
    child,
    close() {
      parent.peer = null;
      child.peer = null;
      parent.emit('disconnect');
      child.emit('disconnect');
    },
  };
}
