import type { ApiPath } from '@olla/backends/api-path';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { RequestBody } from './request-body.ts';

/** A body that only unloads has little more than a model in it. */
const MAX_BYTES = 4 * 1024;
const KEEP_ALIVE = Buffer.from('"keep_alive"');
/** A duration of zero, as Go reads it: `0`, `0s`, `-0m`, `0.0h0s`. */
const NO_TIME = /^[-+]?(?:0+|(?:[0.]+(?:ns|us|µs|μs|ms|s|m|h))+)$/;

/** Whether a call unloads its model and does nothing else. */
export function isUnload({ unloads }: Pick<ApiPath, 'unloads'>, body: RequestBody): boolean {
  if (unloads !== 'by_keep_alive') return unloads === 'always';
  if (body.isUnfinished || body.read.length > MAX_BYTES) return false;
  const bytes = body.read.join();
  return bytes.includes(KEEP_ALIVE) && keepsForNoTime(bytes.toString());
}

/** Moves the endpoints with the model in memory to the front; both groups keep their order. */
export function residentFirst(
  candidates: readonly Candidate[],
  residentAt: ReadonlySet<string>,
): readonly Candidate[] {
  const isResident = ({ endpoint }: Candidate): boolean => residentAt.has(endpoint.name);
  return [...candidates.filter(isResident), ...candidates.filter((one) => !isResident(one))];
}

/** A call of Ollama's without a prompt: `{"model":"m","keep_alive":0}`. */
function keepsForNoTime(text: string): boolean {
  let call: unknown;
  try {
    call = JSON.parse(text);
  } catch {
    return false;
  }
  if (typeof call !== 'object' || call === null || !('keep_alive' in call)) return false;
  if ('prompt' in call && call.prompt !== '' && call.prompt !== null) return false;
  if ('messages' in call && Array.isArray(call.messages) && call.messages.length > 0) return false;
  const { keep_alive: time } = call;
  return time === 0 || (typeof time === 'string' && NO_TIME.test(time));
}
