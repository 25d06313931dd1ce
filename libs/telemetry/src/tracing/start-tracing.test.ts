import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { afterEach, beforeEach, test } from 'node:test';
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
};
let tracing: Tracing | null = null;

function clearEnvironment(): void {
  for (const key of Object.keys(process.env)) if (key.startsWith('OTEL_')) delete process.env[key];
}

async function start(env: Record<string, string>): Promise<Tracing> {
  // Port 1 of loopback takes nothing; the queue is not sent before the end of a test.
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

test('without an exporter there are no traces, and nothing of OpenTelemetry is loaded', async () => {
  assert.equal(await startTracing(options), null);
  assert.deepEqual(loaded, []);
});

test("the caller's decision counts where it made one", async () => {
  const { begin } = bind(await start({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }));
  const followed = begin(`00-${TRACE}-${SPAN}-01`, 'a=1');
  assert.deepEqual([followed?.sampled, followed?.traceId, followed?.parentSpanId], [true, TRACE, SPAN]);
  assert.equal(begin(`00-${TRACE}-${SPAN}-00`, undefined), null);
  const own = begin(undefined, undefined);
  assert.deepEqual([own?.sampled, own?.parentSpanId], [false, null]);
});

test('a sampler that heeds no caller decides by itself, in the same trace', async () => {
  const { begin } = bind(await start({ OTEL_TRACES_SAMPLER: 'always_off' }));
  const refused = begin(`00-${TRACE}-${SPAN}-01`, undefined);
  assert.deepEqual([refused?.sampled, refused?.traceId], [false, TRACE]);
});

test('a ratio samples its share, and the same trace always alike', async () => {
  const { begin } = bind(
    await start({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }),
  );
  const traces = Array.from({ length: 4_000 }, () => begin(undefined, undefined) as RequestTrace);
  const share = traces.filter(({ sampled }) => sampled).length / traces.length;
  // Nine standard deviations: that it misses by chance does not happen.
  assert.ok(share > 0.19 && share < 0.31, `${share} of the traces were sampled`);
  for (const { traceId, sampled } of traces.slice(0, 100))
    assert.equal(begin(`00-${traceId}-${SPAN}-00`, undefined)?.sampled, sampled);
});

function bind(started: Tracing): { begin: Tracing['begin'] } {
  return { begin: (traceparent, tracestate) => started.begin(traceparent, tracestate) };
}
