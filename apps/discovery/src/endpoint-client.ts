import type { Dispatcher } from 'undici';
import { endpointTls } from '@olla/config/endpoint-tls';
import type { EndpointSettings } from '@olla/config/schema';
import { newProbeDispatcher, probe, type ProbeRequest, type ProbeResult } from './probe.ts';
import { probeTarget } from './probe-target.ts';

export type ProbeOptions = Pick<ProbeRequest, 'timeoutMs' | 'maxBytes' | 'truncate' | 'body'>;

/** The agent's HTTP client of one endpoint, with the endpoint's connections, credentials and paths. */
export class EndpointClient {
  readonly endpoint: EndpointSettings;
  readonly #userAgent: string;
  readonly #dispatcher: Dispatcher;
  readonly #closing = new AbortController();

  constructor(endpoint: EndpointSettings, userAgent: string) {
    this.endpoint = endpoint;
    this.#userAgent = userAgent;
    this.#dispatcher = newProbeDispatcher(endpoint.check_timeout, endpointTls(endpoint));
  }

  /**
   * Sends one probe. Never rejects; settles within `timeoutMs`, or at once when the client is closed.
   *
   * @param configured the path or URL of the configuration; null for `path`
   * @param path the path of the backend type
   */
  probe(configured: string | null, path: string, options: ProbeOptions): Promise<ProbeResult> {
    const target = probeTarget(this.endpoint, configured, path, this.#userAgent);
    return probe(this.#dispatcher, { ...options, ...target, signal: this.#closing.signal });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#dispatcher.destroy();
  }
}
