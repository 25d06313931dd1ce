import * as z from 'zod';
import {
  bool,
  byteSize,
  choice,
  cidr,
  duration,
  leaf,
  list,
  noEffect,
  section,
  text,
  unset,
  wholeNumber,
} from '../leaf.ts';

/** A hundred years. No timer waits for it, so the limit of Node's timers does not apply. */
const MAX_AGE_MS = 3_155_760_000_000;

export const modelRegistry = section({
  type: noEffect('choice', choice(['memory']), 'models are always kept in memory', {
    env: 'OLLA_MODEL_REGISTRY_TYPE',
  }),
  enable_unifier: noEffect('bool', bool(), 'the models of all endpoints are always merged into one catalog', {
    env: 'OLLA_MODEL_UNIFIER_ENABLED',
  }),
  routing_strategy: section({
    type: leaf(
      'choice',
      choice(['strict', 'optimistic', 'discovery']).default('strict'),
      'What happens to a request for a model that no serving endpoint has: see docs/routing.md.',
    ),
    options: section({
      fallback_behavior: leaf(
        'choice',
        choice(['compatible_only', 'all', 'none']).default('compatible_only'),
        'What `optimistic` and `discovery` then try: `all`: any endpoint of the route; `compatible_only`: only endpoints known to have the model; `none`: nothing. See docs/routing.md.',
      ),
      discovery_timeout: leaf(
        'duration',
        duration({ minMs: 1 }).prefault('2s'),
        'Longest time that a request waits for new model lists under `discovery`.',
      ),
      discovery_refresh_on_miss: leaf(
        'bool',
        bool().default(false),
        'Under `discovery`, list the models of all endpoints again before a request is refused.',
      ),
    }).prefault({}),
  }).prefault({}),
  unification: section({
    stale_threshold: leaf(
      'duration',
      duration({ minMs: 1, maxMs: MAX_AGE_MS }).prefault('24h'),
      'The models of an endpoint that has not served for this time are forgotten.',
    ),
    cleanup_interval: noEffect(
      'duration',
      duration(),
      'models are dropped as soon as a model list lacks them',
    ),
  }).prefault({}),
});

/** Names, each with a list of names of models; a single name is a list of one. */
const namesByName = () =>
  z
    .record(
      text(),
      z.union(
        [list(text()).min(1, { error: 'must name at least one model' }), text().transform((name) => [name])],
        { error: 'must be a list of model names' },
      ),
      { error: 'must be names, each with a list of model names' },
    )
    .prefault({});

export const modelAliases = leaf(
  'map',
  namesByName(),
  'Names for pools: the listed names are one model under other names, and requests spread over all endpoints that have one.',
);

export const modelFallbacks = leaf(
  'map',
  namesByName(),
  'For a name, the names of models that serve in its place, in this order, while no endpoint serves the name itself.',
);

const noAnthropic = 'this version has no Anthropic routes';
const noDashboard = 'this version has no dashboard';

export const translators = section({
  anthropic: section({
    enabled: noEffect('bool', bool(), noAnthropic, { env: 'OLLA_TRANSLATORS_ANTHROPIC_ENABLED' }),
    passthrough_enabled: noEffect('bool', bool(), noAnthropic, {
      env: 'OLLA_TRANSLATORS_ANTHROPIC_PASSTHROUGH_ENABLED',
    }),
    max_message_size: noEffect('size', byteSize(1, 104_857_600), noAnthropic, {
      env: 'OLLA_TRANSLATORS_ANTHROPIC_MAX_MESSAGE_SIZE',
    }),
    inspector: section({
      enabled: noEffect('bool', bool(), noAnthropic),
      output_dir: noEffect('path', text(), noAnthropic),
      session_header: noEffect('text', text(), noAnthropic),
    }).prefault({}),
  }).prefault({}),
});

export const logging = section({
  level: leaf(
    'choice',
    choice(['debug', 'info', 'warn', 'error']).default('info'),
    'Lowest level that is written.',
    { env: ['OLLA_LOGGING_LEVEL', 'OLLA_LOG_LEVEL'], synonyms: { warning: 'warn' } },
  ),
  format: leaf(
    'choice',
    unset(choice(['json', 'text'])),
    'Format of log lines; unset is `text` on a terminal and `json` elsewhere.',
    {
      env: ['OLLA_LOGGING_FORMAT', 'OLLA_PRETTY_LOGS'],
      synonyms: { true: 'text', '1': 'text', false: 'json', '0': 'json' },
    },
  ),
  output: leaf(
    'choice',
    choice(['stdout', 'file']).default('stdout'),
    '`file`: write log lines to `olla.log` in `logging.file.dir` too.',
    {
      env: ['OLLA_LOGGING_OUTPUT', 'OLLA_FILE_OUTPUT'],
      synonyms: { true: 'file', '1': 'file', false: 'stdout', '0': 'stdout' },
    },
  ),
  file: section({
    dir: leaf('path', text().default('./logs'), 'Folder of the log file. It is made if it is missing.', {
      env: 'OLLA_LOG_DIR',
    }),
    max_size_mb: leaf(
      'int',
      wholeNumber(1).default(100),
      'Size in MiB at which the log file is renamed and a new one begun.',
      { env: 'OLLA_LOG_SIZE_MB' },
    ),
    max_backups: leaf('int', wholeNumber(0).default(7), 'Renamed log files that are kept; 0 is all.', {
      env: 'OLLA_LOG_MAX_BACKUPS',
    }),
    max_age_days: leaf(
      'int',
      wholeNumber(0).default(14),
      'Days after which a renamed log file is removed, when the next is renamed; 0 is never.',
      { env: 'OLLA_LOG_MAX_AGE_DAYS' },
    ),
  }).prefault({}),
});

export const engineering = section({
  show_nerdstats: noEffect('bool', bool(), 'memory figures are at /internal/process', {
    env: 'OLLA_SHOW_NERD_STATS',
  }),
});

export const dashboard = section({
  enabled: noEffect('bool', bool(), noDashboard),
  access_policy: section({
    allowed_cidrs: noEffect('list', list(cidr()), noDashboard),
    allowed_hosts: noEffect('list', list(text()), noDashboard),
  }).prefault({}),
  gate_internal_api: noEffect('bool', bool(), noDashboard),
});

const redisUrl = () =>
  text().superRefine((value, context) => {
    const url = URL.parse(value);
    if (url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '') return;
    const message = 'must be a URL such as redis://localhost:6379 or rediss://user:password@host:6380/0';
    context.addIssue({ code: 'custom', message });
  });

const clusterName = () =>
  text().regex(/^[A-Za-z0-9._-]{1,64}$/, {
    error: 'must consist of 1 to 64 letters, digits, dots, dashes or underscores',
  });

export const redis = section({
  url: leaf(
    'text',
    unset(redisUrl()),
    'Redis that holds the shared state of a cluster; unset keeps it in the memory of the primary.',
    { env: 'OLLA_REDIS_URL', secret: true },
  ),
  name: leaf(
    'text',
    clusterName().default('default'),
    'Name of the cluster. Clusters with different names may share one Redis.',
    {
      env: 'OLLA_REDIS_NAME',
    },
  ),
});

const token = () =>
  text().regex(/^[\x21-\x7e]+$/, {
    error: 'must consist of printable ASCII characters without spaces, because an HTTP header carries it',
  });

export const admin = section({
  token: leaf(
    'text',
    unset(token()),
    'Token that actions of the admin API need; if unset, `olla serve` makes one for this machine.',
    { env: 'OLLA_ADMIN_TOKEN', secret: true },
  ),
  token_file: leaf('path', unset(text()), 'File that contains the token.', { env: 'OLLA_ADMIN_TOKEN_FILE' }),
});
