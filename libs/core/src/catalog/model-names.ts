import type { CatalogModel } from '../snapshot.ts';
import type { ModelIndex } from './index-catalog.ts';
import { plainName } from './names/plain-name.ts';

/** The names that the configuration defines, each with the names of models. */
export interface ConfiguredNames {
  /** `model_aliases`: pools of names for one model. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** `model_fallbacks`: other models that may serve a name, in order. */
  readonly fallbacks: Readonly<Record<string, readonly string[]>>;
}

/** A model that a name means. */
export interface NamedModel {
  /** The name of the model: where an endpoint has several, it gets this one. */
  readonly name: string;
  readonly model: CatalogModel;
}

/** Models that may serve a name with equal rank. */
export interface NameStep {
  /**
   * - `alias`: the pool of a configured alias
   * - `model`: the models that have the name itself
   * - `fallback`: the models of another name, used if no endpoint serves the steps before
   */
  readonly kind: 'alias' | 'model' | 'fallback';
  /** The alias, the name itself or that of the fallback. */
  readonly name: string;
  /** At least one. */
  readonly models: readonly NamedModel[];
}

/** A name that is more than the id of a model: an alias, a shared name, or a name with fallbacks. */
export interface ListedName {
  readonly name: string;
  readonly steps: readonly NameStep[];
}

/** The meaning of the fleet's names, for the planner and for listings. */
export interface ModelNames {
  /** The steps of a name, in the order in which they are tried; empty if the name is unknown. */
  steps(name: string): readonly NameStep[];
  readonly listed: readonly ListedName[];
}

/**
 * An alias wins over a model of that name. The model still serves if none of the alias's names is served. Aliases and
 * fallbacks are found as written, or in any spelling that no model has.
 */
export function modelNames(index: ModelIndex, { aliases, fallbacks }: ConfiguredNames): ModelNames {
  const aliasKeys = new Keys(aliases);
  const fallbackKeys = new Keys(fallbacks);

  const modelsOf = (name: string): NamedModel[] => index.find(name).map((model) => ({ name, model }));

  function stepsFor(name: string, kind?: 'fallback'): NameStep[] {
    const models = modelsOf(name);
    const alias = aliasKeys.exact(name) ?? (models.length === 0 ? aliasKeys.find(name) : null);
    const pool = alias === null ? [] : (aliases[alias] ?? []).flatMap(modelsOf);
    const steps: NameStep[] = [
      { kind: kind ?? 'alias', name: alias ?? name, models: pool },
      { kind: kind ?? 'model', name, models },
    ];
    return steps.filter((step) => step.models.length > 0);
  }

  function steps(name: string): NameStep[] {
    const key = fallbackKeys.find(name);
    const others = key === null ? [] : (fallbacks[key] ?? []);
    return [...stepsFor(name), ...others.flatMap((other) => stepsFor(other, 'fallback'))];
  }

  const shared = index.sharedNames.map(({ name }) => name);
  /** A key of the fallbacks as servers spell that name, so that one name is not listed in two spellings. */
  const spelled = (key: string): string =>
    [...shared, ...index.find(key).map(({ id }) => id)].find((name) => plainName(name) === plainName(key)) ??
    key;
  const names = new Set([...shared, ...Object.keys(aliases), ...Object.keys(fallbacks).map(spelled)]);
  return { steps, listed: [...names].map((name) => ({ name, steps: steps(name) })) };
}

/** The keys of a table of the configuration. */
class Keys {
  readonly #table: Readonly<Record<string, unknown>>;
  readonly #byPlainName = new Map<string, string>();

  constructor(table: Readonly<Record<string, unknown>>) {
    this.#table = table;
    for (const key of Object.keys(table).reverse()) this.#byPlainName.set(plainName(key), key);
  }

  exact(name: string): string | null {
    return Object.hasOwn(this.#table, name) ? name : null;
  }

  /** As written, else in any letter case and with or without the parts that Ollama adds to names. */
  find(name: string): string | null {
    return this.exact(name) ?? this.#byPlainName.get(plainName(name)) ?? null;
  }
}
