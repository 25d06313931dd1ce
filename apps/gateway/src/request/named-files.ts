import type { NamedFiles } from '@olla/backends/api-path';
import type { RequestBody } from './request-body.ts';

/** Checking this many files is enough, because a client sends all of its files to one server. */
const MAX_LOOKED_FOR = 16;
const DIGEST = /^sha256[:-][0-9a-f]{64}$/i;

/**
 * The paths, on a server, of the files that a body names; none for a body that is not JSON or was not read completely.
 */
export function namedFiles(body: RequestBody, { fields, path }: NamedFiles): readonly string[] {
  if (body.isUnfinished) return [];
  const digests = objectsIn(body.read.join().toString())
    // Ollama reads its fields in any letter case.
    .filter(([name]) => fields.includes(name.toLowerCase()))
    .flatMap(([, value]) => Object.values(value));
  const valid = digests.filter((digest) => typeof digest === 'string' && DIGEST.test(digest));
  return [...new Set(valid)].slice(0, MAX_LOOKED_FOR).map((digest) => path + String(digest));
}

/** The fields of a JSON object that are objects themselves. */
function objectsIn(text: string): [string, object][] {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return [];
    return Object.entries(value).filter((entry): entry is [string, object] => isObject(entry[1]));
  } catch {
    return [];
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
