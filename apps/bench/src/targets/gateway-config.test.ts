import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadSettings } from '@olla/config/load';
import { gatewayEnvironment, renderGatewayConfig } from './gateway-config.ts';
import { GATEWAY_VARIANTS, REDIS_VARIANT } from './gateway.ts';

let folder: string;
before(async () => (folder = await mkdtemp(join(tmpdir(), 'olla-config-test-'))));
after(() => rm(folder, { recursive: true, force: true }));

async function load(text: string) {
  const file = join(folder, 'olla.yaml');
  await writeFile(file, text);
  const result = loadSettings({ file, env: {}, cwd: folder });
  assert.ok(result.ok, JSON.stringify(result));
  return result.settings;
}

const BASE = { port: 8080, backendPort: 9090, redisUrl: 'redis://127.0.0.1:6379' };

for (const variant of [...GATEWAY_VARIANTS, REDIS_VARIANT]) {
  test(`writes a configuration for ${variant.name} that the gateway accepts`, async () => {
    const settings = await load(renderGatewayConfig({ ...BASE, variant, rejecting: false }));
    assert.equal(settings.server.workers, variant.workers);
    assert.equal(settings.server.request_logging, variant.requestLog);
    assert.equal(settings.server.rate_limits.per_ip_requests_per_minute > 0, variant.limits === 'high');
    assert.equal(settings.redis.url !== null, variant.redis);
  });
}

test('allows one request a minute when the gateway is to refuse', async () => {
  const settings = await load(
    renderGatewayConfig({ ...BASE, variant: GATEWAY_VARIANTS[0]!, rejecting: true }),
  );
  assert.equal(settings.server.rate_limits.per_ip_requests_per_minute, 1);
  assert.equal(settings.server.rate_limits.burst_size, 1);
});

const WITHOUT_PROFILE = { backendPort: 9, profileFolder: undefined };

test('removes variables of olla, OpenTelemetry and Node that are set in the shell', () => {
  const own = { PATH: '/bin', OLLA_SERVER_PORT: '1', OTEL_TRACES_EXPORTER: 'console', NODE_OPTIONS: '--x' };
  const [plain] = GATEWAY_VARIANTS;
  assert.deepEqual(gatewayEnvironment(own, { variant: plain!, ...WITHOUT_PROFILE }), {
    OLLA_SERVER_PORT: undefined,
    OTEL_TRACES_EXPORTER: undefined,
    NODE_OPTIONS: undefined,
  });
  const traced = GATEWAY_VARIANTS.find(({ name }) => name === 'olla-traces-10')!;
  assert.deepEqual(gatewayEnvironment({}, { variant: traced, ...WITHOUT_PROFILE }), {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.1',
  });
});
