import { memoByName } from './memo-by-name.ts';

/** Headers of one connection (RFC 9110 §7.6.1), and those that older software sends as such. */
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
  // The body is read here already: nobody waits for leave to send it.
  ['expect', 'drop'],
  ['cookie', 'drop'],
  // A server on loopback refuses the pages of other origins, and CORS ends here.
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

/** What a backend must not say to a browser in the gateway's name, or beside the gateway's own word. */
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
