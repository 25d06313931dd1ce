import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createLogger } from '../logger.ts';
import type { RequestTrace } from './request-trace.ts';
import { startTracing } from './start-tracing.ts';
import type { Tracing } from './tracing.ts';

const loaded: string[] = [];
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@opentelemetry/')) loaded.push(specifier);
    return next(specifier, context);
  },
});

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const options = {
  log: createLogger({ level: 'error', format: 'json', write: () => undefined }),
  version: '1.2.3',
  instanceId: 'test:1',
  onDropped: () => undefined,
};
let tracing: Tracing | null = null;

function clearEnvironment(): void {
  for (const key of Object.keys(process.env)) if (key.startsWith('OTEL_')) delete process.env[key];
}

async function start(env: Record<string, string>): Promise<Tracing> {
  // No server listens on port 1 of loopback, and nothing is exported before the end of a test.
  Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', ...env });
  tracing = await startTracing(options);
  assert.ok(tracing !== null);
  return tracing;
}

beforeEach(clearEnvironment);
afterEach(async () => {
  await tracing?.shutdown(1_000);
  tracing = null;
  clearEnvironment();
});

function bind(started: Tracing): { begin: Tracing['begin'] } {
  return { begin: (traceparent, tracestate) => started.begin(traceparent, tracestate) };
}

describe('startTracing', () => {
  test('is null and loads nothing of OpenTelemetry when no exporter is configured', async () => {
    assert.equal(await startTracing(options), null);
    assert.deepEqual(loaded, []);
  });

  test('follows the decision of the caller when the sampler is parent-based', async () => {
    const { begin } = bind(await start({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }));
    const followed = begin(`00-${TRACE}-${SPAN}-01`, 'a=1');
    assert.deepEqual([followed?.sampled, followed?.traceId, followed?.parentSpanId], [true, TRACE, SPAN]);
    assert.equal(begin(`00-${TRACE}-${SPAN}-00`, undefined), null);
    const own = begin(undefined, undefined);
    assert.deepEqual([own?.sampled, own?.parentSpanId], [false, null]);
  });

  test('keeps the trace of the caller and decides itself when the sampler is not parent-based', async () => {
    const { begin } = bind(await start({ OTEL_TRACES_SAMPLER: 'always_off' }));
    const refused = begin(`00-${TRACE}-${SPAN}-01`, undefined);
    assert.deepEqual([refused?.sampled, refused?.traceId], [false, TRACE]);
  });

  test('samples the configured ratio, and decides the same for one trace every time', async () => {
    const { begin } = bind(
      await start({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }),
    );
    const traces = Array.from({ length: 4_000 }, () => begin(undefined, undefined) as RequestTrace);
    const share = traces.filter(({ sampled }) => sampled).length / traces.length;
    // The bounds are nine standard deviations away, so that the test does not fail by chance.
    assert.ok(share > 0.19 && share < 0.31, `${share} of the traces were sampled`);
    for (const { traceId, sampled } of traces.slice(0, 100))
      assert.equal(begin(`00-${traceId}-${SPAN}-00`, undefined)?.sampled, sampled);
  });
});
