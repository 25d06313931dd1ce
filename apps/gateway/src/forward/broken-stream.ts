import { errorBody, ERRORS, type ErrorCode } from '@olla/core/errors';
import type { StreamDialect } from './stream-dialect.ts';
import type { StreamFormat } from './stream-format.ts';

export interface StreamError {
  readonly code: ErrorCode;
  readonly message: string;
  /** The last byte that was relayed, so that the error does not become part of a half line; -1 if none was. */
  readonly lastByte: number;
}

/**
 * The error that a client gets when the backend breaks off inside a stream, in the stream's own protocol and dialect.
 * Empty if the format has no errors.
 * @param dialect null if unknown: the error then has the gateway's own form
 */
export function streamErrorEvent(
  format: StreamFormat,
  dialect: StreamDialect | null,
  { code, message, lastByte }: StreamError,
): string {
  const atLineStart = lastByte === 0x0a || lastByte === -1;
  const gap = atLineStart ? '' : '\n';
  if (format === 'sse') return `${gap}\nevent: error\ndata: ${sseError(dialect, code, message)}\n\n`;
  // Ollama's clients read `error` as a string, and its presence means failure.
  if (format === 'ndjson') return `${gap}${JSON.stringify({ error: message })}\n`;
  return '';
}

/** The events of Anthropic and of Responses have their own type; OpenAI's SDKs read `error` in all of them. */
function sseError(dialect: StreamDialect | null, code: ErrorCode, message: string): string {
  const { type } = ERRORS[code];
  if (dialect === 'anthropic') return JSON.stringify({ type: 'error', error: { type, message } });
  if (dialect === 'responses')
    return JSON.stringify({ type: 'error', code, message, param: null, error: { message, type, code } });
  return errorBody(code, message);
}
