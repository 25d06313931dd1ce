import type { BackendType } from '@olla/core/backend-type';
import { detectProfile } from '../src/detect-profile.ts';
import type { BackendProfile, ProbeResponse, SignalReading } from '../src/profile.ts';

/** A response to a probe. @param body text, or a value for JSON */
export function response(
  status: number,
  body: unknown = '',
  headers: Record<string, string> = {},
): ProbeResponse {
  return { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

/** OpenAI's list of models. */
export function listOf(owner: string, ...entries: object[]): object {
  return { object: 'list', data: entries.map((entry) => ({ object: 'model', owned_by: owner, ...entry })) };
}

/** The type of a server that answers 200 to these paths and nothing to others. */
export function detectFrom(bodies: Readonly<Record<string, unknown>>): BackendType | null {
  const responses = Object.entries(bodies).map(([path, body]) => [path, response(200, body)] as const);
  return detectProfile(new Map(responses)).profile?.type ?? null;
}

/** The values that a type reads from a text, or from an object as JSON, at one of its signal paths. */
export function readSignal(
  { type, signals }: BackendProfile,
  path: string,
  body: unknown,
): SignalReading | null {
  const reader = signals.find((signal) => signal.path === path);
  if (reader === undefined) throw new RangeError(`${type} does not read ${path}`);
  return reader.parse(typeof body === 'string' ? body : JSON.stringify(body));
}
