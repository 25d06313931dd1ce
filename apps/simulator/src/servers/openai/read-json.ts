import type { Exchange } from '../../http/exchange.ts';
import { isObject, type JsonObject } from '../../text/json-object.ts';
import type { ApiVariant } from './api-variant.ts';
import { sendError } from './send.ts';

/** Reads a JSON body. Sends the error itself and resolves with undefined when the body is not a JSON object. */
export async function readJson(exchange: Exchange, variant: ApiVariant): Promise<JsonObject | undefined> {
  const raw = (await exchange.body()).toString('utf8');
  const value = tryParse(raw);
  if (isObject(value)) return value;
  sendError(exchange, variant, variant.badJson(raw));
  return undefined;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
