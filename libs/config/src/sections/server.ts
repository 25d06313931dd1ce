import {
  bool,
  byteSize,
  choice,
  cidr,
  EVEN_WITH_ISSUES,
  duration,
  headerName,
  leaf,
  list,
  noEffect,
  peek,
  section,
  text,
  unset,
  wholeNumber,
} from '../leaf.ts';

const DEFAULT_IDLE_MS = 75_000;

const requestLimits = section({
  max_body_size: leaf(
    'size',
    byteSize(1).prefault(104_857_600),
    'Largest body of a request. The gateway answers 413 to a larger one.',
    { env: 'OLLA_SERVER_MAX_BODY_SIZE' },
  ),
  max_header_size: leaf(
    'size',
    byteSize(1).prefault(1_048_576),
    'Largest head of a request. The gateway answers 431 to a larger one.',
    { env: 'OLLA_SERVER_MAX_HEADER_SIZE' },
  ),
  max_pending_bytes: leaf(
    'size',
    byteSize(1).prefault(268_435_456),
    'Bytes of request bodies that one worker holds in memory: until they are with a backend, and those kept for another attempt (`proxy.retry.max_body_size`) until the response begins. Beyond them it keeps none and lets bodies stream; it answers 503 to a request of which not even the part up to `model` has room.',
    { env: 'OLLA_SERVER_MAX_PENDING_BYTES' },
  ),
});

const rateLimits = section({
  global_requests_per_minute: leaf(
    'int',
    wholeNumber(0).default(1000),
    'Limit of all requests to /olla/* in the whole cluster; 0 is no limit.',
    { env: 'OLLA_SERVER_GLOBAL_RATE_LIMIT' },
  ),
  per_ip_requests_per_minute: leaf(
    'int',
    wholeNumber(0).default(100),
    'Limit of the requests of one client address to /olla/*; 0 is no limit.',
    { env: 'OLLA_SERVER_PER_IP_RATE_LIMIT' },
  ),
  health_requests_per_minute: leaf(
    'int',
    wholeNumber(0).default(1000),
    'Limit of the requests of one client address to /internal/* and /version; 0 is no limit.',
    { env: 'OLLA_SERVER_HEALTH_RATE_LIMIT' },
  ),
  burst_size: leaf(
    'int',
    wholeNumber(1).default(50),
    'Burst of each limit: requests that may come at once.',
    {
      env: 'OLLA_SERVER_RATE_BURST_SIZE',
    },
  ),
  cleanup_interval: noEffect(
    'duration',
    duration(),
    'the limit of an idle client address is dropped when its bucket is full again',
    { env: 'OLLA_SERVER_RATE_CLEANUP_INTERVAL' },
  ),
  trust_proxy_headers: leaf(
    'bool',
    bool().default(false),
    'Take the client address from X-Forwarded-For if the TCP peer is in `trusted_proxy_cidrs`.',
    { env: 'OLLA_SERVER_TRUST_PROXY_HEADERS' },
  ),
  trusted_proxy_cidrs: leaf(
    'list',
    list(cidr()).prefault(['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']),
    'Load balancers and proxies whose X-Forwarded-For is trusted.',
    { env: 'OLLA_SERVER_TRUSTED_PROXY_CIDRS' },
  ),
  on_state_loss: leaf(
    'choice',
    choice(['local', 'open', 'closed']).default('local'),
    "Limits while Redis is unreachable: `local` keeps this host's share, `open` keeps no limit, `closed` refuses every request that has one.",
    { env: 'OLLA_RATE_LIMIT_ON_STATE_LOSS' },
  ),
  per_endpoint: section({
    default_requests_per_minute: noEffect(
      'int',
      wholeNumber(0),
      'limits are for clients; how many requests an endpoint gets at once follows from its slots',
    ),
  }).prefault({}),
});

const method = () => text().regex(/^[A-Za-z]+$/, { error: 'must be a method such as GET' });

/** An origin, or a pattern with one `*`. A slash at the end, which no origin has, is dropped. */
const origin = () =>
  text()
    .regex(/^(null|[a-z][a-z0-9+.-]*:\/\/[^\s/*]+\/?|[^\s*]*\*[^\s*]*)$/i, {
      error:
        'must be * or an origin such as https://chat.example.com, without a path; one * matches any text',
    })
    .transform((value) => value.replace(/\/$/, ''));

const cors = section({
  enabled: leaf(
    'bool',
    bool().default(true),
    'Answer CORS preflights and send Access-Control-* headers, so that web pages may call the gateway.',
    { env: 'OLLA_SERVER_CORS_ENABLED' },
  ),
  allowed_origins: leaf(
    'list',
    list(origin())
      .min(1, { error: 'must not be empty. Set cors.enabled to false to switch CORS off' })
      .default(['*']),
    'Origins whose pages may call the gateway; `*` is any, and one `*` in an origin is any text. Origins that are named here, and not only by `*` or `https://*`, may also change models.',
    { env: 'OLLA_SERVER_CORS_ALLOWED_ORIGINS' },
  ),
  allowed_methods: leaf(
    'list',
    list(method()).default(['GET', 'POST', 'OPTIONS']),
    'Methods that a preflight allows besides GET, POST and OPTIONS, and besides those that a relayed path takes.',
    { env: 'OLLA_SERVER_CORS_ALLOWED_METHODS' },
  ),
  allowed_headers: leaf(
    'list',
    list(headerName()).default(['*']),
    'Request headers that a preflight allows; `*` is any.',
    { env: 'OLLA_SERVER_CORS_ALLOWED_HEADERS' },
  ),
  exposed_headers: leaf(
    'list',
    list(headerName()).default([]),
    'Response headers that a page may read; empty is all X-Olla-* headers.',
    { env: 'OLLA_SERVER_CORS_EXPOSED_HEADERS' },
  ),
  allow_credentials: leaf(
    'bool',
    bool().default(false),
    'Let pages send credentials. Needs `allowed_origins` without `*`.',
    {
      env: 'OLLA_SERVER_CORS_ALLOW_CREDENTIALS',
    },
  ),
  max_age: leaf(
    'int',
    wholeNumber(0).default(300),
    'Seconds for which a browser may cache the response to a preflight.',
    {
      env: 'OLLA_SERVER_CORS_MAX_AGE',
    },
  ),
}).superRefine((value: unknown, context) => {
  const origins = peek(value, 'allowed_origins');
  if (peek(value, 'allow_credentials') !== true || !Array.isArray(origins) || !origins.includes('*')) return;
  const message =
    'cannot be true while allowed_origins contains `*`, because every web page could act for its visitor. Name the origins';
  context.addIssue({ code: 'custom', path: ['allow_credentials'], message });
}, EVEN_WITH_ISSUES);

/**
 * A name under which browsers may know the gateway; `*.` matches any subdomain. A port and a dot at the end are
 * dropped.
 */
const hostName = () =>
  text()
    .regex(/^(?:\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?(?::\d{1,5})?)$/i, {
      error: 'must be a host name such as ai.example.com or *.example.com, without scheme and path',
    })
    .transform((value) => value.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, ''));

export const server = section({
  host: leaf(
    'text',
    text().default('localhost'),
    'Address to listen on: `localhost` for this machine only, `0.0.0.0` for all addresses.',
    { env: 'OLLA_SERVER_HOST' },
  ),
  port: leaf('int', wholeNumber(0, 65_535).default(40_114), 'Port to listen on; 0 takes a free one.', {
    env: 'OLLA_SERVER_PORT',
  }),
  workers: leaf(
    'int',
    unset(wholeNumber(1, 1024)),
    'Number of worker processes; unset is one for each core.',
    {
      env: 'OLLA_SERVER_WORKERS',
    },
  ),
  request_logging: leaf('bool', bool().default(true), 'Write a log line for each request.', {
    env: 'OLLA_SERVER_REQUEST_LOGGING',
  }),
  read_timeout: leaf(
    'duration',
    duration().prefault('5m'),
    'Time that a client has to send a whole request; 0 is no limit.',
    { env: 'OLLA_SERVER_READ_TIMEOUT' },
  ),
  read_header_timeout: leaf(
    'duration',
    duration().prefault('10s'),
    'Time that a client has to send the head of a request; 0 is no limit.',
    { env: 'OLLA_SERVER_READ_HEADER_TIMEOUT' },
  ),
  write_timeout: noEffect(
    'duration',
    duration(),
    'it would cut long streams; `proxy.response_timeout` bounds a response',
    { env: 'OLLA_SERVER_WRITE_TIMEOUT' },
  ),
  idle_timeout: leaf(
    'duration',
    duration()
      .transform((ms) => (ms === 0 ? DEFAULT_IDLE_MS : ms))
      .prefault('0s'),
    'Time after which an idle client connection is closed; 0 is 75s, which is longer than usual load balancers keep one.',
  ),
  shutdown_timeout: leaf(
    'duration',
    duration().prefault('10s'),
    'Time that running requests have to finish when the gateway stops.',
  ),
  response_time_trailer: leaf(
    'choice',
    choice(['auto', 'always', 'te', 'off']).default('auto'),
    'Who gets the response time as a trailer: `auto` all but clients that are known to fail on one, `always` all, `te` those that send `TE: trailers`, `off` none.',
    { env: 'OLLA_SERVER_RESPONSE_TIME_TRAILER' },
  ),
  allowed_hosts: leaf(
    'list',
    list(hostName()).default([]),
    'Host names under which pages may manage servers and tools read backend URLs, besides those that no other party can own (docs/management.md); `*.example.com` is all below it, `*` any.',
    { env: 'OLLA_SERVER_ALLOWED_HOSTS' },
  ),
  request_limits: requestLimits.prefault({}),
  rate_limits: rateLimits.prefault({}),
  cors: cors.prefault({}),
});
