import type { Random } from '../engine/random.ts';
import { isObject, type JsonObject } from './json-object.ts';
import { drawToken } from './words.ts';

/** A schema may refer to itself. Nested objects below this depth are empty. */
const MAX_DEPTH = 6;

/** Draws a value that fits a JSON Schema, for tool calls and structured output. Supports the common keywords. */
export function drawFromSchema(schema: unknown, random: Random, depth = 0): unknown {
  if (!isObject(schema) || depth > MAX_DEPTH) return {};
  if (Array.isArray(schema['enum']) && schema['enum'].length > 0) return pick(schema['enum'], random);
  if ('const' in schema) return schema['const'];
  const choices = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(choices) && choices.length > 0) return drawFromSchema(choices[0], random, depth + 1);
  const type = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  if (type === 'integer' || type === 'number') return drawNumber(schema, type === 'integer', random);
  if (type === 'boolean') return random() < 0.5;
  if (type === 'null') return null;
  if (type === 'array') return [drawFromSchema(schema['items'] ?? { type: 'string' }, random, depth + 1)];
  if (type === 'string') return drawToken(random).trim() || 'word';
  return drawObject(schema, random, depth);
}

function drawObject(schema: JsonObject, random: Random, depth: number): JsonObject {
  const drawn: JsonObject = {};
  const properties = schema['properties'];
  if (typeof properties !== 'object' || properties === null) return drawn;
  for (const [name, property] of Object.entries(properties))
    drawn[name] = drawFromSchema(property, random, depth + 1);
  return drawn;
}

function drawNumber(schema: JsonObject, whole: boolean, random: Random): number {
  const low = typeof schema['minimum'] === 'number' ? schema['minimum'] : 0;
  const high = typeof schema['maximum'] === 'number' ? schema['maximum'] : low + 100;
  const value = low + random() * (high - low);
  return whole ? Math.round(value) : Math.round(value * 100) / 100;
}

function pick(values: readonly unknown[], random: Random): unknown {
  return values[Math.floor(random() * values.length)];
}
