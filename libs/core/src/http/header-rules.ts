import { memoByName } from './memo-by-name.ts';

/** Headers that are about one connection only (RFC 9110 §7.6.1), older ones included. */
const HOP_BY_HOP: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
];

export type RequestRule =
  | 'keep'
  | 'drop'
  | 'credential'
  | 'forwarded-for'
  | 'forwarded-host'
  | 'forwarded-proto'
  | 'forwarded'
  | 'via'
  | 'length';

const REQUEST_RULES: ReadonlyMap<string, RequestRule> = new Map<string, RequestRule>([
  ...HOP_BY_HOP.map((name) => [name, 'drop'] as const),
  ['host', 'drop'],
  // The gateway has asked the client for the body already (RFC 9110 §10.1.1).
  ['expect', 'drop'],
  ['cookie', 'drop'],
  // The gateway handles CORS itself. Ollama and others refuse a request with a foreign Origin.
  ['origin', 'drop'],
  ['access-control-request-method', 'drop'],
  ['access-control-request-headers', 'drop'],
  ['access-control-request-private-network', 'drop'],
  ['x-request-id', 'drop'],
  ['x-real-ip', 'drop'],
  ['x-client-ip', 'drop'],
  ['authorization', 'credential'],
  ['x-api-key', 'credential'],
  ['content-length', 'length'],
  ['via', 'via'],
  ['forwarded', 'forwarded'],
  ['x-forwarded-for', 'forwarded-for'],
  ['x-forwarded-host', 'forwarded-host'],
  ['x-forwarded-proto', 'forwarded-proto'],
]);

export const requestRule = memoByName((name): RequestRule => {
  const rule = REQUEST_RULES.get(name);
  if (rule !== undefined) return rule;
  if (name.startsWith('x-olla-')) return 'drop';
  return name.startsWith('x-forwarded-') ? 'forwarded' : 'keep';
});

export type ResponseRule = 'keep' | 'drop' | 'via';

/** Headers that would affect the gateway's own origin in a browser, or contradict headers of the gateway. */
const RESPONSE_DROPPED: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'clear-site-data',
  'strict-transport-security',
  'authorization',
  'x-api-key',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'ratelimit',
  'ratelimit-policy',
]);

export const responseRule = memoByName((name): ResponseRule => {
  if (name === 'via') return 'via';
  const ours = name.startsWith('x-olla-') || name.startsWith('access-control-');
  return ours || RESPONSE_DROPPED.has(name) ? 'drop' : 'keep';
});
