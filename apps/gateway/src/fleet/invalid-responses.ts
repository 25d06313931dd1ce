import type { InvalidResponse } from '@olla/core/statistics';
import type { EventLogger } from '@olla/state/report-event';
import type { UpstreamFailure } from '@olla/upstream/upstream';

/** How long the status of an endpoint shows it. */
const TOLD_MS = 600_000;

/** The last response of each endpoint that was not HTTP, for finding its cause. */
export class InvalidResponses {
  readonly #log: Pick<EventLogger, 'warn'>;
  readonly #last = new Map<string, InvalidResponse>();

  constructor(log: Pick<EventLogger, 'warn'>) {
    this.#log = log;
  }

  /** @param requestId of the request with that response */
  note(endpoint: string, requestId: string, { code, cause }: Pick<UpstreamFailure, 'code' | 'cause'>): void {
    const reason = cause instanceof Error ? cause.message : code;
    this.#last.set(endpoint, { endpoint, reason, at: Date.now() });
    this.#log.warn(`endpoint ${endpoint} sent an invalid response: ${reason}`, {
      endpoint,
      id: requestId,
      code,
    });
  }

  report(): InvalidResponse[] {
    const since = Date.now() - TOLD_MS;
    return [...this.#last.values()].filter(({ at }) => at >= since);
  }
}
