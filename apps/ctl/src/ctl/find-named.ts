import leven from 'leven';
import { CommandError, EXIT } from '../exit-codes.ts';

/** The one of that name. @throws CommandError NOT_FOUND with the nearest name */
export function findNamed<T>(
  kind: string,
  name: string,
  items: readonly T[],
  nameOf: (item: T) => string,
): T {
  const found = items.find((item) => nameOf(item) === name);
  if (found !== undefined) return found;
  const nearest = items
    .map((item) => ({ name: nameOf(item), distance: leven(nameOf(item).toLowerCase(), name.toLowerCase()) }))
    .filter(({ distance }) => distance <= Math.max(2, name.length / 3))
    .toSorted((a, b) => a.distance - b.distance)[0];
  const hint = nearest
    ? `Did you mean ${nearest.name}?`
    : `There are: ${items.slice(0, 20).map(nameOf).join(', ') || 'none'}.`;
  throw new CommandError(EXIT.notFound, 'NOT_FOUND', `no ${kind} is called ${name}`, hint);
}
