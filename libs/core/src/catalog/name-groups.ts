import type { LocatedModel } from './group-models.ts';
import { withoutLatest } from './latest-tag.ts';
import { readFilePath, tellingFolders } from './names/file-path.ts';

export interface NamedGroup {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly located: readonly LocatedModel[];
}

interface Naming {
  readonly located: readonly LocatedModel[];
  readonly natives: readonly string[];
  id: string;
  readonly aliases: Set<string>;
}

/**
 * Gives every group an id of its own, and the other names of its endpoints as aliases. A name of several groups is the
 * id of none: it means all of them, and each has that name with `@` and its quantisation. The result depends only on
 * the models of the endpoints, so that names do not change with the order of discovery.
 */
export function nameGroups(groups: readonly (readonly LocatedModel[])[]): NamedGroup[] {
  const namings = groups.map((located): Naming => {
    const natives = [...new Set(located.map(({ model }) => model.name))].sort(compare);
    return { located, natives, id: '', aliases: new Set(natives) };
  });
  const shared = sharedNames(namings);
  const taken = new Set(namings.flatMap(({ natives }) => natives));
  namings.sort((a, b) => compare(sortKey(a), sortKey(b)));
  for (const naming of namings) {
    const ranked = [...naming.natives].sort(
      (a, b) => rank(a, naming.located) - rank(b, naming.located) || a.length - b.length || compare(a, b),
    );
    const distinct = ranked.flatMap((name) => {
      const sharers = shared.get(withoutLatest(name));
      return sharers === undefined ? [] : [distinguish(name, naming, sharers, taken)];
    });
    naming.id = ranked.find((name) => !shared.has(withoutLatest(name))) ?? distinct[0] ?? '';
    for (const name of distinct) naming.aliases.add(name);
  }
  addShorterForms(namings);
  return namings
    .map(({ id, aliases, located }) => {
      aliases.delete(id);
      return { id, aliases: [...aliases], located };
    })
    .sort((a, b) => compare(a.id, b.id));
}

/** By the name without `:latest`, which has no meaning. */
function sharedNames(namings: readonly Naming[]): Map<string, Naming[]> {
  const byName = new Map<string, Naming[]>();
  for (const naming of namings) {
    for (const name of new Set(naming.natives.map(withoutLatest))) {
      const sharers = byName.get(name);
      if (sharers === undefined) byName.set(name, [naming]);
      else sharers.push(naming);
    }
  }
  for (const [name, sharers] of byName) if (sharers.length === 1) byName.delete(name);
  return byName;
}

function sortKey({ natives, located }: Naming): string {
  const { weights, publisher } = reportedOf(natives[0] ?? '', located);
  return `${natives[0] ?? ''}\n${weights}\n${publisher}`;
}

/** The lower the rank, the better the id: names that people type are first, names of files last. */
function rank(name: string, located: readonly LocatedModel[]): number {
  if (/\.gguf$/i.test(name) || name.startsWith('/')) return 2;
  return located.some(({ rules, model }) => rules.preferredAsId && model.name === name) ? 0 : 1;
}

/**
 * A name for a group that shares one: with its quantisation, as LM Studio writes it, and its publisher if necessary.
 */
function distinguish(
  name: string,
  { located, aliases }: Naming,
  sharers: readonly Naming[],
  taken: Set<string>,
): string {
  const { weights, publisher } = reportedOf(name, located);
  const alike = sharers.filter((one) => weightsOf(name, one) === weights);
  const reported = alike.length > 1 && publisher !== '' ? [publisher, weights] : [weights];
  const label = reported
    .filter((part) => part !== '')
    .join('-')
    .toLowerCase()
    .replaceAll(' ', '-');
  const wanted = `${name}@${label || 'unknown'}`;
  for (let n = 1; ; n += 1) {
    const candidate = n === 1 ? wanted : `${wanted}-${n}`;
    if (taken.has(candidate) && !aliases.has(candidate)) continue;
    taken.add(candidate);
    return candidate;
  }
}

/** The weights that a group reports under a name, with or without `:latest`. */
function weightsOf(name: string, { natives, located }: Naming): string {
  const key = withoutLatest(name);
  return reportedOf(natives.find((native) => withoutLatest(native) === key) ?? '', located).weights;
}

function reportedOf(
  name: string,
  located: readonly LocatedModel[],
): { readonly weights: string; readonly publisher: string } {
  const reported = (read: (one: LocatedModel) => string): string =>
    located
      .filter(({ model }) => model.name === name)
      .map(read)
      .filter((value) => value !== '')
      .sort(compare)[0] ?? '';
  return {
    weights: reported(({ parsed }) => parsed.weights ?? ''),
    publisher: reported(({ parsed }) => parsed.publisher.name),
  };
}

/** Adds names without optional parts, unless a server has that name in any letter case for another model. */
function addShorterForms(namings: readonly Naming[]): void {
  const wanted = new Map<string, Set<Naming>>();
  const shorter = namings.map((naming) => {
    const forms = naming.natives
      .map((name) => shorterForm(name, naming.located))
      .filter((form) => form !== null);
    for (const form of forms) {
      const lower = form.toLowerCase();
      wanted.set(lower, (wanted.get(lower) ?? new Set()).add(naming));
    }
    return { naming, forms };
  });
  const used = new Map<string, Naming>();
  for (const naming of namings) for (const name of naming.aliases) used.set(name.toLowerCase(), naming);
  for (const { naming, forms } of shorter) {
    for (const form of forms) {
      const lower = form.toLowerCase();
      const isOwn = (used.get(lower) ?? naming) === naming;
      if (isOwn && (wanted.get(lower)?.size === 1 || naming.natives.includes(`${form}:latest`)))
        naming.aliases.add(form);
    }
  }
}

function shorterForm(name: string, located: readonly LocatedModel[]): string | null {
  const short = withoutLatest(name);
  if (short !== name) return short;
  const path = readFilePath(name);
  if (path === null) return null;
  // The file may have the name of a model and hold one that was trained further.
  const isKnown = located.some(({ model, parsed }) => model.name === name && parsed.family !== null);
  return isKnown && tellingFolders(path).length > 0 ? null : path.file;
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
