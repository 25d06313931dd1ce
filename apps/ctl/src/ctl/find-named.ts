import leven from 'leven';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';

export interface Wanted {
  readonly kind: 'endpoint' | 'model';
  readonly name: string;
}

/** Finds an item by its name. @throws CommandError NOT_FOUND with the most similar name */
export function findNamed<T>({ kind, name }: Wanted, items: readonly T[], nameOf: (item: T) => string): T {
  const found = items.find((item) => nameOf(item) === name);
  if (found !== undefined) return found;
  const nearest = items
    .map((item) => ({ name: nameOf(item), distance: leven(nameOf(item).toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, name.length / 3))
    .toSorted((a, b) => a.distance - b.distance)[0];
  const hint = nearest
    ? `Did you mean ${nearest.name}?`
    : `The ${kind}s are: ${items.slice(0, 20).map(nameOf).join(', ') || 'none'}.`;
  throw new CommandError(EXIT.notFound, 'NOT_FOUND', `no ${kind} is named ${name}`, { hint });
}
