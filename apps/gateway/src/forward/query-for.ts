import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { RequestBody } from '../request/request-body.ts';

/** The query with the endpoint's name for the model, if it names the model; everything else is unchanged. */
export function queryFor(query: string, { reading }: RequestBody, { rewrite, model }: Candidate): string {
  if (!reading.isInQuery || !rewrite || model === null) return query;
  const parameters = query.slice(1).split('&');
  return `?${parameters.map((one) => (namesModel(one) ? `model=${encodeURIComponent(model)}` : one)).join('&')}`;
}

/** @param parameter `name=value`, escaped */
function namesModel(parameter: string): boolean {
  return new URLSearchParams(parameter).has('model');
}
