import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readTracingSettings, type Environment } from './tracing-settings.ts';

function read(env: Environment) {
  const warnings: string[] = [];
  return { settings: readTracingSettings(env, (message) => warnings.push(message)), warnings };
}

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

describe('the exporter', () => {
  const on: Record<string, Environment> = {
    'by the general endpoint': ENDPOINT,
    'by the endpoint for traces': { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' },
    'by OTEL_TRACES_EXPORTER': { OTEL_TRACES_EXPORTER: 'otlp' },
    'as the console': { OTEL_TRACES_EXPORTER: 'console' },
    'when OTEL_SDK_DISABLED is false': { ...ENDPOINT, OTEL_SDK_DISABLED: 'false' },
  };
  for (const [name, env] of Object.entries(on))
    test(`is configured ${name}`, () => assert.notEqual(read(env).settings, null));
  const off: Record<string, Environment> = {
    'without any variable': {},
    'by an empty endpoint': { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
    'by the name none': { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
    'when OTEL_SDK_DISABLED is true': { ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' },
    'by the endpoint of another signal': { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://collector:4318' },
    'by settings of the sampler': { OTEL_TRACES_SAMPLER: 'always_on', OTEL_SERVICE_NAME: 'x' },
  };
  for (const [name, env] of Object.entries(off))
    test(`is not configured ${name}`, () => assert.equal(read(env).settings, null));

  test('is not configured by an unknown name, which gives a warning', () => {
    const { settings, warnings } = read({ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'jaeger' });
    assert.equal(settings, null);
    assert.match(warnings[0]!, /OTEL_TRACES_EXPORTER: "jaeger"/);
  });
});

test('the destination contains no credentials', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://user:secret@collector:4318/base?key=secret' };
  assert.equal(read(env).settings?.destination, 'https://collector:4318');
});

describe('the sampler', () => {
  const samplers: [string, string | undefined, { parentBased: boolean; ratio: number }][] = [
    ['always_on', undefined, { parentBased: false, ratio: 1 }],
    ['always_off', undefined, { parentBased: false, ratio: 0 }],
    ['parentbased_always_on', undefined, { parentBased: true, ratio: 1 }],
    ['parentbased_always_off', undefined, { parentBased: true, ratio: 0 }],
    ['traceidratio', '0.25', { parentBased: false, ratio: 0.25 }],
    ['parentbased_traceidratio', '0', { parentBased: true, ratio: 0 }],
  ];
  for (const [name, arg, expected] of samplers)
    test(`is read for ${name}`, () => {
      const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg };
      const { settings, warnings } = read(env);
      assert.deepEqual(settings?.sampler, expected);
      assert.deepEqual(warnings, []);
    });

  for (const arg of [undefined, '1.5', '-0.1', 'half'])
    test(`has the ratio 1 when OTEL_TRACES_SAMPLER_ARG is ${arg}, with a warning`, () => {
      const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: arg };
      const { settings, warnings } = read(env);
      assert.deepEqual(settings?.sampler, { parentBased: false, ratio: 1 });
      assert.match(warnings[0]!, /OTEL_TRACES_SAMPLER_ARG/);
    });

  test('is the default for an unknown name, with a warning', () => {
    const { settings, warnings } = read({ ...ENDPOINT, OTEL_TRACES_SAMPLER: 'toString' });
    assert.deepEqual(settings?.sampler, { parentBased: true, ratio: 1 });
    assert.equal(warnings.length, 1);
  });
});

test('the queue follows the OTEL_BSP variables, and keeps its default for a value that is no number', () => {
  const { settings, warnings } = read({
    ...ENDPOINT,
    OTEL_BSP_MAX_QUEUE_SIZE: '100',
    OTEL_BSP_SCHEDULE_DELAY: '-1',
    OTEL_BSP_EXPORT_TIMEOUT: '2000',
  });
  assert.deepEqual(settings?.queue, {
    maxSpans: 100,
    maxBatchSpans: 100,
    delayMs: 5_000,
    exportTimeoutMs: 2_000,
  });
  assert.match(warnings.join(), /OTEL_BSP_SCHEDULE_DELAY/);
});

test('the protocol for traces overrides the protocol for all signals', () => {
  const env = {
    ...ENDPOINT,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
  };
  assert.equal(read(env).settings?.protocol, 'http/json');
  const { settings, warnings } = read({ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'udp' });
  assert.equal(settings?.protocol, 'http/protobuf');
  assert.match(warnings[0]!, /OTEL_EXPORTER_OTLP_PROTOCOL: "udp"/);
});
