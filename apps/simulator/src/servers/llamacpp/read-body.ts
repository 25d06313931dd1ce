import type { Exchange } from '../../http/exchange.ts';
import { isObject, type JsonObject } from '../../text/json-object.ts';
import { sendError } from './send.ts';

/**
 * Reads a JSON body; a JSON value that is no object counts as `{}`. Sends llama.cpp's parse error, a 500, and
 * resolves with undefined when the body is not JSON.
 */
export async function readBody(exchange: Exchange): Promise<JsonObject | undefined> {
  const raw = await exchange.body();
  if (raw.length === 0) {
    sendParseError(
      exchange,
      1,
      'attempting to parse an empty input; check that your input string or stream contains the expected JSON',
    );
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(raw.toString('utf8'));
    return isObject(value) ? value : {};
  } catch {
    sendParseError(
      exchange,
      raw.length + 1,
      "syntax error while parsing value - unexpected end of input; expected '[', '{', or a literal",
    );
    return undefined;
  }
}

function sendParseError(exchange: Exchange, column: number, what: string): void {
  sendError(exchange, {
    code: 500,
    message: `[json.exception.parse_error.101] parse error at line 1, column ${column}: ${what}`,
    type: 'server_error',
  });
}
