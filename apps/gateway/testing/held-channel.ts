import type { IpcChannel } from '@olla/state/channel/ipc-channel';

type Send = Parameters<NonNullable<IpcChannel['send']>>;

/** A worker's channel to its primary that a test can hold: messages sent meanwhile arrive at `release`. */
export class HeldChannel implements IpcChannel {
  readonly on: IpcChannel['on'];
  readonly off: IpcChannel['off'];
  readonly #channel: IpcChannel;
  #waiting: Send[] | null = null;

  constructor(channel: IpcChannel) {
    this.#channel = channel;
    this.on = channel.on.bind(channel) as IpcChannel['on'];
    this.off = channel.off.bind(channel) as IpcChannel['off'];
  }

  /** Messages that wait. */
  get waiting(): number {
    return this.#waiting?.length ?? 0;
  }

  send(...message: Send): boolean {
    if (this.#waiting === null) return this.#channel.send?.(...message) ?? false;
    this.#waiting.push(message);
    return true;
  }

  hold(): void {
    this.#waiting ??= [];
  }

  release(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const message of waiting) this.#channel.send?.(...message);
  }
}
