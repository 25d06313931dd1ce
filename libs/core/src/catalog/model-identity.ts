import type { EndpointModel } from '../snapshot.ts';

/** Models of one identity are one entry of the catalogue. */
export function modelIdentity(model: EndpointModel): string {
  return `name:${model.name.toLowerCase()}`;
}
