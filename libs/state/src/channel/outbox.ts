import type { IpcChannel } from './ipc-channel.ts';

/** Most messages that may be queued for writing. With more, the other side is considered hung. */
const MAX_UNSENT = 4_096;

/** Sends over IPC and counts the messages that are not written yet. */
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

  /** @returns false if the message was not sent, because the channel is closed or the other side does not read */
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
      // Without a callback, ERR_IPC_CHANNEL_CLOSED is thrown. The 'disconnect' event cleans up.
      this.#broken = true;
      return false;
    }
  }
}
