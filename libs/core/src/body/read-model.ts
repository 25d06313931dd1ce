import type { BodyFields, ByteRange } from './body-fields.ts';

/** How the servers of one type find out which model a request is for. */
export interface ModelRules {
  /** Field names count in any letter case, the last one wins: Go's encoding/json. */
  readonly anyCase: boolean;
  /** The query parameter `model`: of requests without a body, of all of them, or never. */
  readonly query: 'never' | 'without_body' | 'always';
  /** Servers of this type may also read it otherwise, because they may be of any make. */
  readonly isGuess: boolean;
}

/** What servers of one kind read. */
export interface ModelReading {
  /** Null if the request names none, or an empty one. */
  readonly model: string | null;
  /** The whole tokens of the body that name it, in order. */
  readonly tokens: readonly ByteRange[];
  /** The request names two models, or one that is no text. */
  readonly isAmbiguous: boolean;
  /** All servers read the same model. */
  readonly isCertain: boolean;
  /** The query names it. */
  readonly isInQuery: boolean;
}

export interface AskedFor {
  /** Null if there is no body, or none that can be read. */
  readonly fields: Pick<BodyFields, 'entries'> | null;
  /** Values of the query parameter `model`; empty ones left out. */
  readonly inQuery: readonly string[];
  readonly hasBody: boolean;
}

/** Reads the model as a server with these rules does. */
export function readModel(asked: AskedFor, rules: ModelRules): ModelReading {
  const { fields, inQuery, hasBody } = asked;
  const asksQuery = rules.query === 'always' || (rules.query === 'without_body' && !hasBody);
  const tokens: ByteRange[] = [];
  let model: string | null = null;
  for (const entry of fields?.entries ?? []) {
    if (!entry.isExact && !rules.anyCase) continue;
    const name = entry.model === '' ? null : entry.model;
    if (name === undefined || (tokens.length > 0 && name !== model)) return AMBIGUOUS;
    model = name;
    tokens.push(entry);
  }
  for (const name of asksQuery ? inQuery : []) {
    if (model !== null && name !== model) return AMBIGUOUS;
    model = name;
  }
  const isCertain =
    !rules.isGuess ||
    !dependsOnRules(asked) ||
    OTHER_MAKES.every((other) => readModel(asked, other).model === model);
  return {
    model,
    tokens,
    isAmbiguous: false,
    isCertain,
    isInQuery: asksQuery && inQuery.length > 0,
  };
}

/** Whether servers may read different models. With plain rules only, nothing else can be found. */
export function dependsOnRules({ fields, inQuery }: Pick<AskedFor, 'fields' | 'inQuery'>): boolean {
  return inQuery.length > 0 || (fields !== null && fields.entries.some(isInexact));
}

function isInexact({ isExact }: BodyFields['entries'][number]): boolean {
  return !isExact;
}

/** For most servers: the field `model` of the body, spelt exactly. */
export const PLAIN_RULES: ModelRules = { anyCase: false, query: 'never', isGuess: false };

/** For servers in Go. */
export const ANY_CASE_RULES: ModelRules = { ...PLAIN_RULES, anyCase: true };

/** What is read if there is no body. */
export const NO_MODEL: ModelReading = {
  model: null,
  tokens: [],
  isAmbiguous: false,
  isCertain: true,
  isInQuery: false,
};

const OTHER_MAKES: readonly ModelRules[] = [ANY_CASE_RULES, { ...PLAIN_RULES, query: 'always' }];
const AMBIGUOUS: ModelReading = { ...NO_MODEL, isAmbiguous: true, isCertain: false };
