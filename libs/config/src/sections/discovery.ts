import {
  bool,
  choice,
  DESPITE_FAULTS,
  duration,
  leaf,
  list,
  noEffect,
  peek,
  section,
  wholeNumber,
} from '../leaf.ts';
import { endpoint } from './endpoint.ts';

const modelDiscovery = section({
  enabled: leaf('bool', bool().default(true), 'Ask the endpoints for their models.'),
  interval: leaf(
    'duration',
    duration().prefault('5m'),
    'Longest time between two lists of models of an endpoint; a server that lists quickly is asked each 1.5s.',
  ),
  timeout: leaf('duration', duration().prefault('30s'), 'Time that an endpoint has for its list.'),
  concurrent_workers: leaf('int', wholeNumber(0).default(5), 'Endpoints that are asked at once.'),
  retry_attempts: leaf('int', wholeNumber(0).default(3), 'Further tries when a list fails.'),
  retry_backoff: leaf(
    'duration',
    duration().prefault('1s'),
    'Pause before the first further try; it doubles.',
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
}, DESPITE_FAULTS);

const endpoints = list(endpoint).superRefine((value: unknown, context) => {
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
    const message = `is taken by endpoints[${earlier}]; each endpoint needs a name of its own`;
    context.addIssue({ code: 'custom', path: [index, 'name'], message });
  }
}, DESPITE_FAULTS);

export const discovery = section({
  type: leaf(
    'choice',
    choice(['static']).default('static'),
    'Where endpoints come from: the list of this file.',
  ),
  agent: leaf(
    'choice',
    choice(['child', 'external']).default('child'),
    '`child`: `olla serve` runs the discovery agent itself; `external`: `olla agent` runs elsewhere.',
    { env: 'OLLA_DISCOVERY_AGENT' },
  ),
  refresh_interval: leaf(
    'duration',
    duration({ minMs: 1 }).prefault('30s'),
    'Longest age of what the workers know before it is published again.',
  ),
  health_check: section({
    initial_delay: noEffect('duration', duration(), 'the first probe goes out at once'),
  }).prefault({}),
  model_discovery: modelDiscovery.prefault({}),
  static: section({ endpoints: endpoints.default([]) }).prefault({}),
});
