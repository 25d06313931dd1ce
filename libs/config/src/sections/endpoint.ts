import { TYPES_BY_WORD } from '@olla/backends/table';
import * as z from 'zod';
import {
  bool,
  choice,
  DESPITE_FAULTS,
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

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]+$/;

const headerValue = () =>
  text().regex(HEADER_VALUE, { error: 'must be one line of text that a header can carry' });

/** The address of a server. What is wrong with it is told without showing it, because it may hold a password. */
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
    return 'must not hold a user name or password: they would show in logs; use auth (type: basic) instead';
  if (url.search !== '' || url.hash !== '') return 'must not have a ? or # part';
  return null;
}

/** A path, resolved to begin with `/`, or an absolute URL. */
function pathOrUrl() {
  return text().transform((value, context) => {
    if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) return value.startsWith('/') ? value : `/${value}`;
    const wrong = wrongUrl(value.replace(/[?#].*$/s, ''));
    if (wrong !== null) context.addIssue({ code: 'custom', message: wrong });
    return value;
  });
}

/** Of the connection and its messages: set by the gateway, and two of one kind would be read as two requests. */
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

/** The name of a header that an endpoint may be sent with every request. */
const ownHeaderName = () =>
  headerName().refine((name) => !FRAMING_HEADERS.has(name.toLowerCase()), {
    error: 'is a header that the gateway sets itself; leave it out',
  });

const auth = section({
  type: leaf(
    'choice',
    choice(['bearer', 'api_key', 'basic']),
    'Kind of credentials that the server asks for.',
  ),
  token: leaf('text', unset(headerValue()), 'Token of `bearer`.', { secret: true }),
  token_file: leaf('path', unset(text()), 'File that holds the token.'),
  key: leaf('text', unset(headerValue()), 'Key of `api_key`.', { secret: true }),
  key_file: leaf('path', unset(text()), 'File that holds the key.'),
  header: leaf('text', ownHeaderName().default('X-Api-Key'), 'Header that carries the key of `api_key`.'),
  username: leaf('text', unset(text()), 'User name of `basic`.', { secret: true }),
  username_file: leaf('path', unset(text()), 'File that holds the user name.'),
  password: leaf('text', unset(text()), 'Password of `basic`.', { secret: true }),
  password_file: leaf('path', unset(text()), 'File that holds the password.'),
}).superRefine(checkAuth, DESPITE_FAULTS);

const NEEDS: Readonly<Record<string, readonly string[]>> = {
  bearer: ['token'],
  api_key: ['key'],
  basic: ['username', 'password'],
};

function checkAuth(value: unknown, context: z.RefinementCtx): void {
  const type = String(peek(value, 'type'));
  for (const part of NEEDS[type] ?? []) {
    if (peek(value, part) !== null) continue;
    const message = `is missing: auth of type ${type} needs ${part} or ${part}_file`;
    context.addIssue({ code: 'custom', path: [part], message });
  }
  const username = peek(value, 'username');
  if (type === 'basic' && typeof username === 'string' && username.includes(':')) {
    context.addIssue({ code: 'custom', path: ['username'], message: 'must not hold a colon' });
  }
}

const modelFilter = section({
  include: leaf(
    'list',
    unset(list(glob())),
    'Models in use, `*` and `?` allowed; unset is all, empty without `exclude` is none.',
  ),
  exclude: leaf('list', list(glob()).default([]), 'Models not in use; wins over `include`.'),
});

export const endpoint = section({
  url: leaf('text', baseUrl(), 'Base URL of the server. Required.'),
  name: leaf(
    'text',
    text()
      .max(128, { error: 'must be at most 128 characters long' })
      .regex(/^[\x20-\x7e]+$/, {
        error: 'must be of printable ASCII characters, because a header carries it',
      }),
    'Name of the endpoint, used once. Required.',
  ),
  type: leaf(
    'choice',
    choice(['auto', ...TYPES_BY_WORD.keys()]).transform((word) => TYPES_BY_WORD.get(word) ?? 'auto'),
    'Kind of server; `auto` asks the server. Required.',
  ),
  priority: leaf('int', wholeNumber(0).default(100), 'Rank under `priority`; the highest goes first.'),
  weight: leaf(
    'number',
    unset(
      z
        .number({ error: 'must be a number above 0' })
        .positive({ error: 'must be a number above 0' })
        .max(1_000_000, { error: 'must be at most 1000000' }),
    ),
    'Capacity relative to the other endpoints; unset is its known number of slots.',
  ),
  health_check_url: leaf(
    'text',
    unset(pathOrUrl()),
    'Path (joined to `url`) or absolute URL of the health probe; unset follows the type.',
  ),
  model_url: leaf(
    'text',
    unset(pathOrUrl()),
    'Path or absolute URL of the list of models; unset follows the type.',
  ),
  check_interval: leaf('duration', duration({ minMs: 1 }).prefault('5s'), 'Time between two health probes.'),
  check_timeout: leaf('duration', duration({ minMs: 1 }).prefault('2s'), 'Time that a health probe has.'),
  preserve_path: leaf(
    'bool',
    bool().default(false),
    'Put the path of `url` in front of relayed paths, instead of dropping it.',
  ),
  model_filter: unset(modelFilter),
  headers: leaf(
    'map',
    z.record(ownHeaderName(), headerValue(), { error: 'must be headers with their values' }).default({}),
    'Headers sent with every request to this endpoint.',
    { secret: true },
  ),
  auth: unset(auth),
});
