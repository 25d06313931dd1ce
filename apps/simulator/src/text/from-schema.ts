import type { Random } from '../engine/random.ts';
import { drawToken } from './words.ts';

/** Draws a value that fits a JSON Schema, for tool calls and structured output. Supports the common keywords. */
export function drawFromSchema(schema: unknown, random: Random, depth = 0): unknown {
  if (typeof schema !== 'object' || schema === null || depth > 6) return {};
  const node = schema as Record<string, unknown>;
  if (Array.isArray(node['enum']) && node['enum'].length > 0) return pick(node['enum'], random);
  if ('const' in node) return node['const'];
  const choices = node['anyOf'] ?? node['oneOf'];
  if (Array.isArray(choices) && choices.length > 0) return drawFromSchema(choices[0], random, depth + 1);
  const type = Array.isArray(node['type']) ? (node['type'][0] as unknown) : node['type'];
  if (type === 'integer' || type === 'number') return drawNumber(node, type === 'integer', random);
  if (type === 'boolean') return random() < 0.5;
  if (type === 'null') return null;
  if (type === 'array') return [drawFromSchema(node['items'] ?? { type: 'string' }, random, depth + 1)];
  if (type === 'string') return drawToken(random).trim() || 'word';
  return drawObject(node, random, depth);
}

function drawObject(node: Record<string, unknown>, random: Random, depth: number): Record<string, unknown> {
  const drawn: Record<string, unknown> = {};
  const properties = node['properties'];
  if (typeof properties !== 'object' || properties === null) return drawn;
  for (const [name, property] of Object.entries(properties))
    drawn[name] = drawFromSchema(property, random, depth + 1);
  return drawn;
}

function drawNumber(node: Record<string, unknown>, whole: boolean, random: Random): number {
  const low = typeof node['minimum'] === 'number' ? node['minimum'] : 0;
  const high = typeof node['maximum'] === 'number' ? node['maximum'] : low + 100;
  const value = low + random() * (high - low);
  return whole ? Math.round(value) : Math.round(value * 100) / 100;
}

function pick(values: readonly unknown[], random: Random): unknown {
  return values[Math.floor(random() * values.length)];
}
