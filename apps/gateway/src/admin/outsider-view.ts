/** Fields about backends and processes that only the operator should see. */
const HIDDEN: ReadonlySet<string> = new Set(['url', 'pid']);
/** An instance id is `host:pid:random`. */
const INSTANCE_ID = /(^|[^\w.-])([\w.-]+):\d+:([0-9a-f]{6,})(?![\w-])/g;
const INVALID_RESPONSE = 'invalid response: ';
const QUOTED = /"(?:[^"\\]|\\.)*"/g;

/** A body of the admin API without backend URLs, process ids and bytes of backends, for pages of other origins and unknown hosts. */
export function outsiderView(body: unknown): unknown {
  if (typeof body === 'string') return outsiderText(body);
  if (Array.isArray(body)) return body.map(outsiderView);
  if (typeof body !== 'object' || body === null) return body;
  const shown = Object.entries(body).filter(([key]) => !HIDDEN.has(key));
  return Object.fromEntries(shown.map(([key, value]) => [key, outsiderView(value)]));
}

function outsiderText(text: string): string {
  const shown = text.replace(INSTANCE_ID, '$1$2:$3');
  // What is quoted there are the first bytes of what a server sent.
  return shown.includes(INVALID_RESPONSE) ? shown.replace(QUOTED, '"…"') : shown;
}
