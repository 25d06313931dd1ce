import { TYPES_BY_WORD } from '@olla/backends/table';
import * as z from 'zod';
import {
  bool,
  choice,
  EVEN_WITH_ISSUES,
  duration,
  glob,
  headerName,
  leaf,
  list,
  peek,
  section,
  text,
  unset,
  wholeNumber,
} from '../leaf.ts';
import { certificates } from './certificates.ts';

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]+$/;

const headerText = () =>
  text().regex(HEADER_VALUE, { error: 'must be one line of text that an HTTP header can carry' });

/** The base URL of a server. No message shows it, because it may hold a password. */
function baseUrl() {
  return text('must be a URL such as http://localhost:11434').superRefine((value, context) => {
    const wrong = wrongUrl(value);
    if (wrong !== null) context.addIssue({ code: 'custom', message: wrong });
  });
}

function wrongUrl(value: string): string | null {
  if (!URL.canParse(value)) return 'must be a URL such as http://localhost:11434';
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return 'must be a URL that begins with http:// or https://';
  if (url.username !== '' || url.password !== '')
    return 'must not contain a user name or password, which would show in logs. Use auth with type basic';
  if (url.search !== '' || url.hash !== '') return 'must not have a query (?) or fragment (#)';
  return null;
}

/** A path, to which a missing `/` at the start is added, or an absolute URL. */
function pathOrUrl() {
  return text().transform((value, context) => {
    if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return value.startsWith('/') ? value : `/${value}`;
    const wrong = wrongUrl(value.replace(/[?#].*$/s, ''));
    if (wrong !== null) context.addIssue({ code: 'custom', message: wrong });
    return value;
  });
}

/**
 * Headers that belong to one connection or frame a message (RFC 9110, section 7.6.1; RFC 9112, section 6). The gateway
 * sets them; a second one could split one request into two.
 */
const FRAMING_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The name of a header that carries credentials. */
const ownHeaderName = () =>
  headerName().refine((name) => !FRAMING_HEADERS.has(name.toLowerCase()), {
    error: 'is a header that the gateway sets itself. Remove it',
  });

/**
 * The name of a header that may be configured for an endpoint. Host is allowed: a server may have another name for
 * itself.
 */
const configuredHeaderName = () =>
  headerName().refine((name) => isHost(name) || !FRAMING_HEADERS.has(name.toLowerCase()), {
    error: 'is a header that the gateway sets itself. Remove it',
  });

const isHost = (name: string): boolean => name.toLowerCase() === 'host';

const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

function checkHost(headers: unknown, context: z.RefinementCtx): void {
  if (typeof headers !== 'object' || headers === null) return;
  const names = Object.keys(headers).filter(isHost);
  for (const name of names) {
    if (names.length === 1 && HOST.test(String(peek(headers, name)))) continue;
    const message = names.length > 1 ? 'is set twice' : 'must be a host name, with or without a port';
    context.addIssue({ code: 'custom', path: [name], message });
  }
}

const auth = section({
  type: leaf(
    'choice',
    choice(['bearer', 'api_key', 'basic']),
    'Kind of credentials that the server requires.',
  ),
  token: leaf('text', unset(headerText()), 'Token of `bearer`.', { secret: true }),
  token_file: leaf('path', unset(text()), 'File that contains the token.'),
  key: leaf('text', unset(headerText()), 'Key of `api_key`.', { secret: true }),
  key_file: leaf('path', unset(text()), 'File that contains the key.'),
  header: leaf('text', ownHeaderName().default('X-Api-Key'), 'Header that carries the key of `api_key`.'),
  username: leaf('text', unset(text()), 'User name of `basic`.', { secret: true }),
  username_file: leaf('path', unset(text()), 'File that contains the user name.'),
  password: leaf('text', unset(text()), 'Password of `basic`.', { secret: true }),
  password_file: leaf('path', unset(text()), 'File that contains the password.'),
}).superRefine(checkAuth, EVEN_WITH_ISSUES);

const NEEDS: Readonly<Record<string, readonly string[]>> = {
  bearer: ['token'],
  api_key: ['key'],
  basic: ['username', 'password'],
};

function checkAuth(value: unknown, context: z.RefinementCtx): void {
  const type = String(peek(value, 'type'));
  for (const part of NEEDS[type] ?? []) {
    if (peek(value, part) !== null) continue;
    const message = `is missing. auth of type ${type} needs ${part} or ${part}_file`;
    context.addIssue({ code: 'custom', path: [part], message });
  }
  const username = peek(value, 'username');
  if (type === 'basic' && typeof username === 'string' && username.includes(':')) {
    context.addIssue({ code: 'custom', path: ['username'], message: 'must not contain a colon' });
  }
}

const modelFilter = section({
  include: leaf(
    'list',
    unset(list(glob())),
    'Models that are offered; `*` and `?` may be used. Unset is all; empty is none, or all that `exclude` leaves.',
  ),
  exclude: leaf(
    'list',
    list(glob()).default([]),
    'Models that are not offered, even if `include` names them.',
  ),
});

const endpoint = section({
  url: leaf(
    'text',
    baseUrl(),
    'Base URL of the server, or of its OpenAI API as a provider documents it, such as `https://host/api/v1`. Required.',
  ),
  name: leaf(
    'text',
    unset(
      text()
        .max(128, { error: 'must be at most 128 characters long' })
        .regex(/^[\x20-\x7e]+$/, {
          error: 'must consist of printable ASCII characters, because an HTTP header carries it',
        }),
    ),
    'Name of the endpoint. No other endpoint may have it. Unset is host and port of `url`.',
  ),
  type: leaf(
    'choice',
    choice(['auto', ...TYPES_BY_WORD.keys()])
      .transform((word) => TYPES_BY_WORD.get(word) ?? 'auto')
      .default('auto'),
    'Backend type; `auto` finds it by probing the server.',
  ),
  priority: leaf(
    'int',
    wholeNumber(0).default(100),
    'Rank under `load_balancer: priority`; the highest is tried first.',
  ),
  weight: leaf(
    'number',
    unset(
      z
        .number({ error: 'must be a number above 0' })
        .positive({ error: 'must be a number above 0' })
        .max(1_000_000, { error: 'must be at most 1000000' }),
    ),
    'Capacity relative to the other endpoints; unset is the number of its slots.',
  ),
  health_check_url: leaf(
    'text',
    unset(pathOrUrl()),
    'Path (joined to `url`) or absolute URL of the health check; unset is the path of the type.',
  ),
  model_url: leaf(
    'text',
    unset(pathOrUrl()),
    'Path (joined to `url`) or absolute URL of the model list; unset is the path of the type.',
  ),
  check_interval: leaf('duration', duration({ minMs: 1 }).prefault('5s'), 'Time between two health checks.'),
  check_timeout: leaf(
    'duration',
    duration({ minMs: 1 }).prefault('2s'),
    'Time that the endpoint has to respond to a health check.',
  ),
  preserve_path: leaf(
    'bool',
    bool().default(false),
    'Put the path of `url` before relayed paths instead of dropping it. A base of an API such as `/v1` is always used.',
  ),
  model_filter: unset(modelFilter),
  headers: leaf(
    'map',
    z
      .record(configuredHeaderName(), headerText(), { error: 'must be a map of header names to values' })
      .superRefine(checkHost, EVEN_WITH_ISSUES)
      .default({}),
    'Headers that are sent with every request to this endpoint. `Host` is also the name that TLS uses.',
    { secret: true },
  ),
  ca: leaf(
    'text',
    unset(certificates()),
    'Certificates of the CAs that may sign for this server, in PEM; unset is the usual CAs.',
  ),
  ca_file: leaf('path', unset(text()), 'File that contains them.'),
  insecure_skip_verify: leaf(
    'bool',
    bool().default(false),
    'Accept any certificate of this server. Anyone on the network path can then read and change all requests.',
  ),
  auth: unset(auth),
  management: leaf(
    'bool',
    bool().default(false),
    'Relay management (docs/management.md) although the gateway sends credentials of its own to this endpoint.',
  ),
});

/** The endpoints of a file. An endpoint without a name gets one. */
export const endpoints = list(endpoint)
  .superRefine(checkNames, EVEN_WITH_ISSUES)
  .transform((items) => {
    const taken = new Set(items.map(({ name }) => name));
    return items.map((item) => ({ ...item, name: item.name ?? freeName(new URL(item.url), taken) }));
  });

function checkNames(value: unknown, context: z.RefinementCtx): void {
  if (!Array.isArray(value)) return;
  const first = new Map<string, number>();
  for (const [index, item] of value.entries()) {
    const name = peek(item, 'name');
    if (typeof name !== 'string') continue;
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, index);
      continue;
    }
    const message = `is the name of endpoints[${earlier}] too. Give each endpoint a name of its own`;
    context.addIssue({ code: 'custom', path: [index, 'name'], message });
  }
}

/** `host:port` of a URL, with a number where another endpoint has that name. Adds the name to `taken`. */
function freeName({ hostname, port, protocol }: URL, taken: Set<string | null>): string {
  const base = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`.slice(-120);
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
  taken.add(name);
  return name;
}
