import { isObject, type JsonObject } from '../../text/json-object.ts';

export type ParsedBody = { readonly body: JsonObject } | { readonly error: string; readonly status: number };

/** Fields whose type Go checks while it decodes, with the name of the Go type in its error. */
const TYPES: Record<string, { readonly is: (value: unknown) => boolean; readonly go: string }> = {
  messages: { is: Array.isArray, go: '[]api.Message' },
  model: { is: (value) => typeof value === 'string', go: 'string' },
  stream: { is: (value) => typeof value === 'boolean', go: 'bool' },
  prompt: { is: () => true, go: 'string' },
};

/** Decodes a body as Go does. `structName` is the Go type that its errors name. */
export function readRequest(raw: Buffer, structName: string, emptyError: string): ParsedBody {
  if (raw.length === 0) return { status: 400, error: emptyError };
  const text = raw.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { status: 400, error: syntaxError(text) };
  }
  if (!isObject(value)) {
    return {
      status: 400,
      error: `json: cannot unmarshal ${goKind(value)} into Go value of type ${structName}`,
    };
  }
  for (const [field, type] of Object.entries(TYPES)) {
    const given = value[field];
    if (given === undefined || given === null || type.is(given)) continue;
    const short = structName.slice(structName.indexOf('.') + 1);
    return {
      status: 400,
      error: `json: cannot unmarshal ${goKind(given)} into Go struct field ${short}.${field} of type ${type.go}`,
    };
  }
  return { body: value };
}

/** The error for an option of the wrong type. Ollama checks options after the body and answers 500. */
export function findBadOption(body: JsonObject): string | undefined {
  if (!isObject(body['options'])) return undefined;
  for (const [name, type] of [
    ['temperature', 'float32'],
    ['top_p', 'float32'],
    ['num_predict', 'integer'],
    ['num_ctx', 'integer'],
    ['seed', 'integer'],
  ] as const) {
    const given = body['options'][name];
    if (given !== undefined && typeof given !== 'number') return `option "${name}" must be of type ${type}`;
  }
  return undefined;
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return value === null ? 'null' : typeof value;
}

/** Go's error for a text that is not JSON: it names an unexpected first character, else it found the end too early. */
function syntaxError(text: string): string {
  const first = text.trimStart()[0] ?? '';
  if (first !== '' && !'{["-0123456789tfn'.includes(first))
    return `invalid character '${first}' looking for beginning of value`;
  return 'unexpected EOF';
}

/** A `keep_alive` in simulated milliseconds. The value is seconds or a Go duration; negative means for ever. */
export function readKeepAlive(value: unknown): number | undefined {
  if (typeof value === 'number') return value < 0 ? Infinity : value * 1000;
  if (typeof value !== 'string') return undefined;
  if (/^-/.test(value)) return Infinity;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * units[unit as keyof typeof units];
  return total;
}
