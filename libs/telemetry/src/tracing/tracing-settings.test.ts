import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readTracingSettings, type Environment } from './tracing-settings.ts';

function read(env: Environment) {
  const warnings: string[] = [];
  return { settings: readTracingSettings(env, (message) => warnings.push(message)), warnings };
}

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };

suite('an exporter is configured', () => {
  const on: Record<string, Environment> = {
    'by the endpoint': ENDPOINT,
    'by the endpoint for traces': { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' },
    'by its name': { OTEL_TRACES_EXPORTER: 'otlp' },
    'on the console': { OTEL_TRACES_EXPORTER: 'console' },
    'while the SDK is not disabled': { ...ENDPOINT, OTEL_SDK_DISABLED: 'false' },
  };
  for (const [name, env] of Object.entries(on)) test(name, () => assert.notEqual(read(env).settings, null));
  const off: Record<string, Environment> = {
    'not without any variable': {},
    'not by an empty endpoint': { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
    'not with none': { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
    'not with a disabled SDK': { ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' },
    'not by the endpoint of another signal': { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://collector:4318' },
    'not by settings of the sampler': { OTEL_TRACES_SAMPLER: 'always_on', OTEL_SERVICE_NAME: 'x' },
  };
  for (const [name, env] of Object.entries(off)) test(name, () => assert.equal(read(env).settings, null));

  test('not by an unknown name, which is said', () => {
    const { settings, warnings } = read({ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'jaeger' });
    assert.equal(settings, null);
    assert.match(warnings[0]!, /OTEL_TRACES_EXPORTER: "jaeger"/);
  });
});

test('the destination is named without credentials', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://user:secret@collector:4318/base?key=secret' };
  assert.equal(read(env).settings?.destination, 'https://collector:4318');
});

suite('samplers', () => {
  const samplers: [string, string | undefined, { parentBased: boolean; ratio: number }][] = [
    ['always_on', undefined, { parentBased: false, ratio: 1 }],
    ['always_off', undefined, { parentBased: false, ratio: 0 }],
    ['parentbased_always_on', undefined, { parentBased: true, ratio: 1 }],
    ['parentbased_always_off', undefined, { parentBased: true, ratio: 0 }],
    ['traceidratio', '0.25', { parentBased: false, ratio: 0.25 }],
    ['parentbased_traceidratio', '0', { parentBased: true, ratio: 0 }],
  ];
  for (const [name, arg, expected] of samplers)
    test(name, () => {
      const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: arg };
      const { settings, warnings } = read(env);
      assert.deepEqual(settings?.sampler, expected);
      assert.deepEqual(warnings, []);
    });

  for (const arg of [undefined, '1.5', '-0.1', 'half'])
    test(`a ratio of ${arg} becomes 1, which is said`, () => {
      const env = { ...ENDPOINT, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: arg };
      const { settings, warnings } = read(env);
      assert.deepEqual(settings?.sampler, { parentBased: false, ratio: 1 });
      assert.match(warnings[0]!, /OTEL_TRACES_SAMPLER_ARG/);
    });

  test('an unknown one is the default, which is said', () => {
    const { settings, warnings } = read({ ...ENDPOINT, OTEL_TRACES_SAMPLER: 'toString' });
    assert.deepEqual(settings?.sampler, { parentBased: true, ratio: 1 });
    assert.equal(warnings.length, 1);
  });
});

test('the queue follows the variables of the batch processor and keeps its defaults for what is no number', () => {
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

test('the protocol for traces goes before that for all signals', () => {
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
