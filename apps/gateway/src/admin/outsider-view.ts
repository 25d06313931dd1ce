/** Fields that tell of backends and processes what only the operator should know. */
const HIDDEN: ReadonlySet<string> = new Set(['url', 'pid']);
/** An instance id is `host:pid:random`. */
const INSTANCE_ID = /(^|[^\w.-])([\w.-]+):\d+:([0-9a-f]{6,})(?![\w-])/g;

/** A body of the admin API without backend URLs and process ids, for pages of other origins and unknown hosts. */
export function outsiderView(body: unknown): unknown {
  if (typeof body === 'string') return body.replace(INSTANCE_ID, '$1$2:$3');
  if (Array.isArray(body)) return body.map(outsiderView);
  if (typeof body !== 'object' || body === null) return body;
  const shown = Object.entries(body).filter(([key]) => !HIDDEN.has(key));
  return Object.fromEntries(shown.map(([key, value]) => [key, outsiderView(value)]));
}
