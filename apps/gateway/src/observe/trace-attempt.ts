import { findHeader } from '@olla/core/http/find-header';
import type { AttemptTrace } from '@olla/telemetry/tracing/request-trace';
import type { AttemptResult } from '../forward/attempt-result.ts';
import { streamFormat } from '../forward/stream-format.ts';

/** The head of an attempt's response has arrived and is relayed. */
export function noteHead(attempt: AttemptTrace, rawHeaders: readonly string[]): void {
  attempt.streamed = streamFormat(findHeader(rawHeaders, 'content-type') ?? undefined) !== 'opaque';
}

export function endAttempt(attempt: AttemptTrace, result: AttemptResult): void {
  switch (result.kind) {
    case 'relayed':
      attempt.end('relayed', result.status, null);
      break;
    case 'discarded':
      attempt.end('refused', result.status, null);
      break;
    case 'broken':
    case 'failed':
      attempt.end(result.kind, null, result.failure.code);
      break;
    case 'unfinished':
      attempt.end('broken', null, 'NO_END_MARK');
      break;
    case 'aborted':
      attempt.end('client_left', null, null);
      break;
  }
}
