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
  const entries = fields?.entries.filter(({ isExact }) => isExact || rules.anyCase) ?? [];
  const asksQuery = rules.query === 'always' || (rules.query === 'without_body' && !hasBody);
  const inBody = entries.map(({ model }) => (model === null ? '' : model));
  const [first = ''] = inBody;
  if (inBody.some((name) => name !== first)) return AMBIGUOUS;
  const names = new Set(asksQuery ? [first, ...inQuery] : [first]);
  names.delete('');
  if (names.size > 1) return AMBIGUOUS;
  const [model = null] = names;
  const isCertain =
    !rules.isGuess ||
    !dependsOnRules(asked) ||
    OTHER_MAKES.every((other) => readModel(asked, other).model === model);
  return {
    model,
    tokens: entries.map(({ start, end }) => ({ start, end })),
    isAmbiguous: false,
    isCertain,
    isInQuery: asksQuery && inQuery.length > 0,
  };
}

/** Whether servers may read different models. With plain rules only, nothing else can be found. */
export function dependsOnRules({ fields, inQuery }: AskedFor): boolean {
  return inQuery.length > 0 || (fields !== null && fields.entries.some(({ isExact }) => !isExact));
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
