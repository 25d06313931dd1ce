import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort } from '@olla/testing/free-port';
import { header } from '@olla/testing/http-message';
import { needBundle, OLLA_BUNDLE, type Gateway } from '@olla/testing/olla-process';
import { startOtlpGrpcReceiver } from '@olla/testing/otlp-grpc-receiver';
import {
  spanTree,
  startOtlpReceiver,
  type OtlpReceiver,
  type ReceivedSpan,
} from '@olla/testing/otlp-receiver';
import {
  chunk,
  startRawBackend,
  whenComplete,
  type Respond,
  type RawBackend,
} from '@olla/testing/raw-backend';
import { Started } from '@olla/testing/started';
import { tempFolder } from '@olla/testing/temp-folder';
import { waitFor } from '@olla/testing/wait-for';
import { endpointConfig, startGatewayFor } from './start-gateway-for.ts';

const MODEL = 'traced-model';
const CALLER_TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER_SPAN = 'b7ad6b7169203331';
const USAGE = '{"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7}}';

/** Responds with a stream whose last event holds the usage. */
const streamed: Respond = (request) =>
  whenComplete(request, () => {
    request.socket.write(
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    request.socket.write(chunk('data: {"choices":[]}\n\n') + chunk(`data: ${USAGE}\n\ndata: [DONE]\n\n`));
    request.socket.write('0\r\n\r\n');
  });

function sendChat(gateway: Gateway, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: MODEL, stream: true }),
  });
}

async function droppedSpans(gateway: Gateway): Promise<number> {
  const response = await fetch(`${gateway.url}/internal/status`);
  const body = (await response.json()) as { traffic: { dropped_spans_total: number } };
  return body.traffic.dropped_spans_total;
}

describe('traces', () => {
  let collector: OtlpReceiver;
  let refusing: RawBackend;
  let serving: RawBackend;
  let gateway: Gateway;
  const started = new Started();
  before(async () => {
    collector = started.add(await startOtlpReceiver());
    refusing = await startRawBackend({ models: [MODEL] });
    serving = started.add(await startRawBackend({ models: [MODEL], respond: streamed }));
    gateway = started.add(
      await startGatewayFor({
        script: OLLA_BUNDLE,
        workers: 1,
        config: { proxy: { load_balancer: 'priority' } },
        endpoints: [
          // It is probed once, so only requests notice that it is down.
          endpointConfig('refusing', refusing, { priority: 100, check_interval: '1h' }),
          endpointConfig('serving', serving, { priority: 50, model_url: '/v1/models' }),
        ],
        models: [MODEL],
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_SERVICE_NAME: 'gateway-under-test',
          OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
          OTEL_BSP_SCHEDULE_DELAY: '50',
        },
      }),
    );
  });
  after(() => started.stop());

  test('exports a request over two endpoints as one trace below the caller’s span', async () => {
    await refusing.close();
    const response = await sendChat(gateway, {
      traceparent: `00-${CALLER_TRACE}-${CALLER_SPAN}-01`,
      tracestate: 'vendor=1',
    });
    assert.equal(response.status, 200);
    await response.text();
    const spans = await waitFor(() => (collector.spans.length >= 3 ? collector.spans : null), {
      describe: `three spans\n${gateway.process.output}`,
    });
    const port = refusing.port;
    assert.deepEqual(
      spanTree(spans, ({ kind, name, status, attributes }) =>
        [kind, name, status, attributes['olla.endpoint'], attributes['error.type'] ?? '-'].join(' '),
      ),
      [
        'server POST /olla/openai unset serving -',
        `  client chat ${MODEL} error refusing ECONNREFUSED`,
        `  client chat ${MODEL} unset serving -`,
      ],
    );
    const [server, failed, answered] = inOrder(spans);
    assert.deepEqual(
      spans.map(({ traceId, traceState }) => [traceId, traceState]),
      spans.map(() => [CALLER_TRACE, 'vendor=1']),
    );
    assert.equal(server.parentSpanId, CALLER_SPAN);
    assert.equal(server.attributes['http.response.status_code'], 200);
    assert.equal(server.attributes['olla.request.id'], response.headers.get('x-olla-request-id'));
    assert.equal(server.attributes['olla.retries'], 1);
    assert.equal(failed.attributes['server.port'], port);
    assert.equal(failed.attributes['olla.attempt.outcome'], 'failed');
    assert.equal(failed.attributes['http.response.status_code'], undefined);
    const { attributes } = answered;
    assert.equal(attributes['url.full'], `${serving.url}/v1/chat/completions`);
    assert.equal(attributes['http.request.resend_count'], 1);
    assert.equal(attributes['gen_ai.operation.name'], 'chat');
    assert.equal(attributes['gen_ai.provider.name'], 'openai-compatible');
    assert.equal(attributes['gen_ai.request.model'], MODEL);
    assert.equal(attributes['gen_ai.request.stream'], true);
    assert.equal(attributes['gen_ai.usage.input_tokens'], 11);
    assert.equal(attributes['gen_ai.usage.output_tokens'], 7);
    assert.equal(server.resource['service.name'], 'gateway-under-test');
    assert.equal(server.resource['deployment.environment.name'], 'test');
    assert.equal(JSON.stringify(server.resource).includes('command'), false);

    const [first] = answered.events;
    assert.equal(first?.name, 'olla.first_token');
    const moments = [server.startMs, failed.startMs, failed.endMs, answered.startMs, first.atMs];
    moments.push(answered.endMs, server.endMs);
    assert.deepEqual(
      moments,
      moments.toSorted((a, b) => a - b),
    );
    assert.deepEqual(collector.contentTypes, ['application/x-protobuf']);

    const sent = serving.requests.at(-1)!;
    assert.deepEqual(
      sent.headers.filter(([name]) => name.toLowerCase() === 'traceparent').map(([, value]) => value),
      [`00-${CALLER_TRACE}-${answered.spanId}-01`],
    );
    assert.equal(header(sent, 'tracestate'), 'vendor=1');
  });

  test('does not trace an unsampled caller, and passes its context on', async () => {
    const seen = collector.spans.length;
    const context = `00-${CALLER_TRACE}-${CALLER_SPAN}-00`;
    await (await sendChat(gateway, { traceparent: context })).text();
    assert.equal(header(serving.requests.at(-1)!, 'traceparent'), context);
    // When the spans of a later, sampled request arrive, those of this request would have arrived too.
    await (await sendChat(gateway)).text();
    await waitFor(() => collector.spans.length > seen, { describe: 'the spans of the next request' });
    assert.ok(collector.spans.slice(seen).every(({ traceId }) => traceId !== CALLER_TRACE));
  });

  test('starts a new trace when the context is not valid', async () => {
    const seen = collector.spans.length;
    await (
      await sendChat(gateway, { traceparent: `00-${'0'.repeat(32)}-${CALLER_SPAN}-01`, tracestate: 'x=1' })
    ).text();
    const sent = serving.requests.at(-1)!;
    const traceId = header(sent, 'traceparent')?.split('-')[1];
    assert.equal(header(sent, 'tracestate'), undefined);
    const server = await waitFor(
      () => collector.spans.slice(seen).find((span) => span.traceId === traceId && span.kind === 'server'),
      { describe: 'the new trace' },
    );
    assert.equal(server.parentSpanId, '');
  });
});

describe('traces while the collector is down', () => {
  let backend: RawBackend;
  let gateway: Gateway;
  let port: number;
  const started = new Started();
  before(async () => {
    backend = started.add(await startRawBackend({ models: [MODEL], respond: streamed }));
    port = await freePort();
    gateway = started.add(
      await startGatewayFor({
        workers: 1,
        endpoints: [endpointConfig('one', backend)],
        models: [MODEL],
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
          OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
          OTEL_EXPORTER_OTLP_TIMEOUT: '200',
          OTEL_BSP_SCHEDULE_DELAY: '20',
          OTEL_BSP_MAX_QUEUE_SIZE: '8',
        },
      }),
    );
  });
  after(() => started.stop());

  function linesWith(text: string): string[] {
    return gateway.process.stdout.split('\n').filter((line) => line.includes(text));
  }

  test('serves requests, counts every span as dropped and logs the cause once', async () => {
    for (let n = 0; n < 40; n += 1) assert.equal((await sendChat(gateway)).status, 200);
    await waitFor(async () => (await droppedSpans(gateway)) === 80, {
      describe: '80 dropped spans in the status',
    });
    const lines = linesWith('does not accept spans');
    assert.equal(lines.length, 1);
    assert.match(
      lines[0]!,
      new RegExp(`http://127.0.0.1:${port} .*ECONNREFUSED.*OTEL_EXPORTER_OTLP_ENDPOINT`),
    );
  });

  test('exports spans again when the collector is back, and logs that once', async () => {
    const collector = await startOtlpReceiver(port);
    try {
      await (await sendChat(gateway)).text();
      await waitFor(() => collector.spans.length === 2, { describe: 'two spans' });
      assert.equal(collector.contentTypes[0], 'application/json');
      await waitFor(() => linesWith('accepts spans again').length > 0, {
        describe: 'the log line of the recovery',
      });
      assert.equal(linesWith('accepts spans again').length, 1);
      assert.equal(await droppedSpans(gateway), 80);
    } finally {
      await collector.close();
    }
  });

  test('stops in time although the collector does not accept the last spans', async () => {
    await (await sendChat(gateway)).text();
    const startedAt = performance.now();
    gateway.process.child.kill('SIGTERM');
    assert.deepEqual(await gateway.process.waitForEnd(), { code: 0, signal: null });
    assert.ok(performance.now() - startedAt < 5_000);
  });
});

test('the bundle exports spans by gRPC without node_modules', async () => {
  const folder = tempFolder();
  needBundle();
  cpSync(dirname(OLLA_BUNDLE), folder, { recursive: true });
  const collector = await startOtlpGrpcReceiver();
  const backend = await startRawBackend({ models: [MODEL], respond: streamed });
  try {
    const gateway = await startGatewayFor({
      script: join(folder, basename(OLLA_BUNDLE)),
      workers: 1,
      endpoints: [endpointConfig('one', backend)],
      models: [MODEL],
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
    });
    await (await sendChat(gateway)).text();
    await waitFor(() => collector.spans.length === 2, {
      describe: `two spans\n${gateway.process.output}`,
    });
    await gateway.stop();
  } finally {
    await backend.close();
    await collector.close();
  }
});

/** Sorts the server span first and the attempts by their start. */
function inOrder(spans: readonly ReceivedSpan[]): [ReceivedSpan, ReceivedSpan, ReceivedSpan] {
  const sorted = spans.toSorted(
    (a, b) => Number(a.kind !== 'server') - Number(b.kind !== 'server') || a.startMs - b.startMs,
  );
  return sorted as [ReceivedSpan, ReceivedSpan, ReceivedSpan];
}
