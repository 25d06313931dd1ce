import {
  bool,
  choice,
  EVEN_WITH_ISSUES,
  duration,
  leaf,
  noEffect,
  peek,
  section,
  wholeNumber,
} from '../leaf.ts';
import { endpoints } from './endpoint.ts';

const modelDiscovery = section({
  enabled: leaf('bool', bool().default(true), 'List the models of the endpoints.'),
  interval: leaf(
    'duration',
    duration().prefault('5m'),
    'Time between two model lists of an endpoint. A server nearby whose models change, such as Ollama, gets this request 200 times as often, but not more often than every 1.5s.',
  ),
  timeout: leaf('duration', duration().prefault('30s'), 'Time that an endpoint has to list its models.'),
  concurrent_workers: leaf(
    'int',
    wholeNumber(0).default(5),
    'Endpoints whose full model lists may run at once.',
  ),
  retry_attempts: leaf('int', wholeNumber(0).default(3), 'Further tries when a full model list fails.'),
  retry_backoff: leaf(
    'duration',
    duration().prefault('1s'),
    'Pause before the first further try. It doubles with each.',
  ),
}).superRefine((value: unknown, context) => {
  if (peek(value, 'enabled') === false) return;
  for (const key of ['interval', 'timeout', 'concurrent_workers']) {
    if (peek(value, key) !== 0) continue;
    context.addIssue({
      code: 'custom',
      path: [key],
      message: 'must be above 0 while model_discovery is enabled',
    });
  }
}, EVEN_WITH_ISSUES);

export const discovery = section({
  type: leaf(
    'choice',
    choice(['static']).default('static'),
    'Where endpoints come from: `static` is the list in this file.',
  ),
  agent: leaf(
    'choice',
    choice(['child', 'external']).default('child'),
    '`child`: `olla serve` runs a discovery agent itself. `external`: `olla agent` runs elsewhere, and needs `redis.url`.',
    { env: 'OLLA_DISCOVERY_AGENT' },
  ),
  refresh_interval: leaf(
    'duration',
    duration({ minMs: 1 }).prefault('30s'),
    'Longest time between two snapshots of the agent. More than 2s counts as 2s.',
  ),
  health_check: section({
    initial_delay: noEffect('duration', duration(), 'the first health check is made at once'),
  }).prefault({}),
  model_discovery: modelDiscovery.prefault({}),
  static: section({ endpoints: endpoints.default([]) }).prefault({}),
});
