import type { IpcChannel } from './ipc-channel.ts';

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
