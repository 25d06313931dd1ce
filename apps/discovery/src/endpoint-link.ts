import type { Dispatcher } from 'undici';
import type { EndpointSettings } from '@olla/config/schema';
import { newProbeDispatcher, probe } from './probe.ts';
import type { ProbeRequest, ProbeResult } from './probe.ts';
import { probeTarget } from './probe-target.ts';

export type AskOptions = Pick<ProbeRequest, 'timeoutMs' | 'maxBytes' | 'cut' | 'body'>;

/** The way to one endpoint: its connections, credentials and paths. */
export class EndpointLink {
  readonly endpoint: EndpointSettings;
  readonly #userAgent: string;
  readonly #dispatcher: Dispatcher;
  readonly #closing = new AbortController();

  constructor(endpoint: EndpointSettings, userAgent: string) {
    this.endpoint = endpoint;
    this.#userAgent = userAgent;
    this.#dispatcher = newProbeDispatcher(endpoint.check_timeout);
  }

  /**
   * Asks at the configured path or URL, else at the type's path; with `body` as a POST. Never rejects; settles within
   * `timeoutMs`, or at once when the link is closed.
   */
  get(configured: string | null, path: string, options: AskOptions): Promise<ProbeResult> {
    const target = probeTarget(this.endpoint, configured, path, this.#userAgent);
    return probe(this.#dispatcher, { ...options, ...target, signal: this.#closing.signal });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#dispatcher.destroy();
  }
}
