import type { CatalogModel } from '../snapshot.ts';
import type { LocatedModel } from './group-models.ts';

export interface NamedGroup {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly located: readonly LocatedModel[];
}

/**
 * Gives every group an id and aliases, so that each name means one group. A group keeps its id as long as one of its
 * endpoints uses that name.
 */
export function nameGroups(
  groups: readonly (readonly LocatedModel[])[],
  before: ReadonlyMap<string, CatalogModel>,
): NamedGroup[] {
  const ordered = groups.map((located) => ({ located, names: nativeNames(located) })).sort(byImportance);
  const taken = new Set<string>();
  const named: { id: string; aliases: string[]; located: readonly LocatedModel[] }[] = [];
  for (const { located, names } of ordered) {
    const free = names.filter((name) => !taken.has(name));
    const id = chooseId(free, located, before) ?? distinguish(names[0] ?? '', located, taken);
    const aliases = free.filter((name) => name !== id);
    for (const name of [id, ...aliases]) taken.add(name);
    named.push({ id, aliases, located });
  }
  // Shorter forms come last, so that they take no name that a server uses in any letter case.
  const folded = new Set([...taken].map((name) => name.toLowerCase()));
  // `x` is `x:latest` at its server, before it is the file of some folder at another.
  for (const shorten of [withoutLatest, withoutFolders]) {
    for (const group of named) {
      for (const name of [group.id, ...group.aliases].flatMap(shorten)) {
        const lower = name.toLowerCase();
        if (folded.has(lower)) continue;
        folded.add(lower);
        group.aliases.push(name);
      }
    }
  }
  return named.sort((a, b) => compare(a.id, b.id));
}

function nativeNames(located: readonly LocatedModel[]): string[] {
  return [...new Set(located.map(({ model }) => model.name))].sort(compare);
}

interface Unnamed {
  readonly located: readonly LocatedModel[];
  readonly names: readonly string[];
}

/** Groups that share a name are ordered by their locations: the one with the most gets the name. */
function byImportance(a: Unnamed, b: Unnamed): number {
  return (
    b.located.length - a.located.length ||
    compare(a.names[0] ?? '', b.names[0] ?? '') ||
    compare(quantizationOf(a.located), quantizationOf(b.located))
  );
}

function chooseId(
  names: readonly string[],
  located: readonly LocatedModel[],
  before: ReadonlyMap<string, CatalogModel>,
): string | null {
  const kept = names.filter((name) => before.has(name));
  kept.sort((a, b) => (before.get(a)?.created ?? 0) - (before.get(b)?.created ?? 0) || compare(a, b));
  const first = kept[0];
  if (first !== undefined) return first;
  const ranked = [...names].sort(
    (a, b) => rank(a, located) - rank(b, located) || a.length - b.length || compare(a, b),
  );
  return ranked[0] ?? null;
}

/** The lower, the better an id: names that people type come first, names of files last. */
function rank(name: string, located: readonly LocatedModel[]): number {
  if (/\.gguf$/i.test(name) || name.startsWith('/')) return 2;
  return located.some(({ rules, model }) => rules.preferredAsId && model.name === name) ? 0 : 1;
}

/** An id for a group whose names all belong to another group: with its quantisation, as LM Studio writes it. */
function distinguish(name: string, located: readonly LocatedModel[], taken: ReadonlySet<string>): string {
  const id = `${name}@${quantizationOf(located).toLowerCase() || 'other'}`;
  for (let n = 1; ; n += 1) {
    const candidate = n === 1 ? id : `${id}-${n}`;
    if (!taken.has(candidate)) return candidate;
  }
}

function quantizationOf(located: readonly LocatedModel[]): string {
  return located.find(({ parsed }) => parsed.quantization !== null)?.parsed.quantization ?? '';
}

function withoutLatest(name: string): string[] {
  return name.endsWith(':latest') ? [name.slice(0, -':latest'.length)] : [];
}

function withoutFolders(name: string): string[] {
  return name.startsWith('/') && !name.endsWith('/') ? [name.slice(name.lastIndexOf('/') + 1)] : [];
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
