import { findField } from '@olla/core/body/find-field';
import { listedName } from '@olla/core/catalog/names/plain-name';
import type { Candidate } from '@olla/core/route-plan/fleet-view';
import type { ModelChange } from '../fleet/model-changes.ts';
import type { PlanInput } from '../request/plan.ts';
import { requestedModel } from '../request/request-body.ts';

/** The change that a successful call makes at an endpoint; null for a call that changes no names. */
export function changeOfCall(
  { route, body }: Pick<PlanInput, 'route' | 'body'>,
  { endpoint, model: native }: Candidate,
): Omit<ModelChange, 'refresh'> | null {
  const model = native ?? requestedModel(body);
  if (route.effect === null || model === null) return null;
  const field = (name: string): string | null =>
    body.isUnfinished ? null : findField(body.read.join(), name).model;
  const endpointKey = endpoint.key;
  switch (route.effect) {
    case 'adds': {
      const base = route.baseField === null ? null : field(route.baseField);
      return { endpointKey, kind: 'added', name: listedName(model), like: base };
    }
    case 'copies': {
      const copy = field('destination');
      return copy === null ? null : { endpointKey, kind: 'added', name: listedName(copy), like: model };
    }
    case 'removes':
      return { endpointKey, kind: 'removed', name: listedName(model), like: null };
  }
}
