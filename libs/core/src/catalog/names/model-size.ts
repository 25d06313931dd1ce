const PLAIN = /^(\d+(?:\.\d+)?)([kmbt])$/;
const EXPERTS = /^\d+x\d+(?:\.\d+)?b$/;
const ACTIVE = /^a\d+(?:\.\d+)?b$/;
const EFFECTIVE = /^e\d+b$/;

const UNITS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, b: 1e9, t: 1e12 };

/** Whether a lower-case token is a number of parameters: `8b`, `0.5b`, `270m`, `8x7b`, `e4b`. */
export function isSize(token: string): boolean {
  const plain = PLAIN.exec(token);
  // `128k` in a name is a context length.
  return (plain !== null && plain[2] !== 'k') || EXPERTS.test(token) || EFFECTIVE.test(token);
}

/** Whether a token is the number of active parameters of a mixture of experts: `a3b`. */
export function isActiveSize(token: string): boolean {
  return ACTIVE.test(token);
}

/** `8b` for `8.0B`, `16.75m` for `16.75M`; null for text that is no size. */
export function normalizeSize(reported: string | null): string | null {
  const text = reported?.trim().toLowerCase() ?? '';
  const plain = PLAIN.exec(text);
  if (plain !== null) return `${Number(plain[1])}${plain[2] ?? ''}`;
  return EXPERTS.test(text) || EFFECTIVE.test(text) ? text : null;
}

/** The number of parameters of a size; null for a size without one, such as `8x7b`. */
export function parameterCountOf(size: string | null): number | null {
  const plain = PLAIN.exec(size?.split('-')[0] ?? '');
  if (plain === null) return null;
  return Math.round(Number(plain[1]) * (UNITS[plain[2] ?? ''] ?? 1));
}

/** Whether two sizes can mean one model: names round, and write 3.2B as `3b`. */
export function sizesAgree(a: string | null, b: string | null): boolean {
  const one = parameterCountOf(a);
  const other = parameterCountOf(b);
  return one !== null && other !== null && Math.abs(one - other) <= 0.25 * Math.max(one, other);
}
