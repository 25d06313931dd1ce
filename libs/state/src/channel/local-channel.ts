import type { IpcChannel } from './ipc-channel.ts';

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

export interface LocalChannel {
  readonly parent: IpcChannel;
  readonly child: IpcChannel;
  close(): void;
}

/** An IPC channel within one process, for the primary as a member of its own hub. */
export function localChannel(): LocalChannel {
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
