import type { EndpointModel } from '@olla/core/snapshot';
import type { ListedModel } from './select-models.ts';

/**
 * Joins entries that are copies by the digests of their servers, each under the server's own name, so that people see
 * one model. Two names at one server remain two entries, because their owner wants to distinguish them. For the unified
 * list only: a digest has no effect on routing.
 */
export function joinCopies(listed: readonly ListedModel[]): ListedModel[] {
  const joined: ListedModel[] = [];
  const byContent = new Map<string, number[]>();
  for (const one of listed) {
    const content = one.aliasFor === null ? contentOf(one) : null;
    const same = content === null ? [] : (byContent.get(content) ?? []);
    const at = same.find((n) => !sharesEndpoint(joined[n], one));
    const first = at === undefined ? undefined : joined[at];
    if (at !== undefined && first !== undefined) {
      joined[at] = join(first, one);
      continue;
    }
    if (content !== null) byContent.set(content, [...same, joined.length]);
    joined.push(one);
  }
  return joined;
}

function join(first: ListedModel, copy: ListedModel): ListedModel {
  const aliases = new Set([...first.model.aliases, copy.model.id, ...copy.model.aliases]);
  return {
    ...first,
    model: { ...first.model, aliases: [...aliases] },
    places: [...first.places, ...copy.places],
  };
}

function sharesEndpoint(one: ListedModel | undefined, other: ListedModel): boolean {
  const endpoints = new Set(one?.places.map(({ endpoint }) => endpoint));
  return other.places.some(({ endpoint }) => endpoints.has(endpoint));
}

/** The common content of an entry's locations if they are copies; null if one has no digest, or another one. */
function contentOf({ places }: ListedModel): string | null {
  const contents = new Set(places.map(({ model }) => digestOf(model)));
  const [content] = contents;
  return contents.size === 1 ? (content ?? null) : null;
}

/** Null without a real digest, which not every server reports. */
function digestOf({ digest, sizeBytes }: EndpointModel): string | null {
  if (digest === null || !/^(?:sha256:)?[0-9a-f]{64}$/i.test(digest) || new Set(digest).size < 8) return null;
  return `${digest.toLowerCase().replace('sha256:', '')} ${sizeBytes ?? ''}`;
}
