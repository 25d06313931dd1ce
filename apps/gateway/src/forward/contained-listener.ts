import type { UpstreamFailure, UpstreamListener } from '@olla/upstream/upstream';

/**
 * Passes an upstream's events on to a listener. They arrive in callbacks of sockets and timers. An exception of the
 * listener goes to `onFault`, which ends the attempt, and never to the socket or the process.
 */
export class ContainedListener implements UpstreamListener {
  readonly #listener: UpstreamListener;
  readonly #onFault: (fault: unknown) => void;

  constructor(listener: UpstreamListener, onFault: (fault: unknown) => void) {
    this.#listener = listener;
    this.#onFault = onFault;
  }

  onHead(status: number, rawHeaders: string[]): void {
    try {
      this.#listener.onHead(status, rawHeaders);
    } catch (fault) {
      this.#onFault(fault);
    }
  }

  onQuiet(): void {
    try {
      this.#listener.onQuiet();
    } catch (fault) {
      this.#onFault(fault);
    }
  }

  onData(chunk: Buffer): boolean {
    try {
      return this.#listener.onData(chunk);
    } catch (fault) {
      this.#onFault(fault);
      return true;
    }
  }

  onEnd(): void {
    try {
      this.#listener.onEnd();
    } catch (fault) {
      this.#onFault(fault);
    }
  }

  onFailure(failure: UpstreamFailure): void {
    try {
      this.#listener.onFailure(failure);
    } catch (fault) {
      this.#onFault(fault);
    }
  }
}
