import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { runOlla } from '@olla/testing/olla-process';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');

interface Service {
  image: string;
  build?: { context: string; dockerfile: string };
  command?: string[];
  environment?: Record<string, string>;
  healthcheck?: { disable?: boolean };
  stop_grace_period?: string;
  volumes?: string[];
}

describe('the compose file', () => {
  const folder = join(root, 'deploy/compose');
  const { services } = parse(readFileSync(join(folder, 'compose.yaml'), 'utf8'), { merge: true }) as {
    services: Record<string, Service>;
  };

  test('starts Redis, two gateways, an agent and a load balancer', () => {
    assert.deepEqual(Object.keys(services), ['redis', 'gateway-1', 'gateway-2', 'agent', 'haproxy']);
    const { agent } = services;
    assert.deepEqual(services['gateway-1'], services['gateway-2']);
    assert.deepEqual(agent?.command, ['agent']);
    assert.equal(agent?.environment?.['OLLA_REDIS_URL'], 'redis://redis:6379');
    assert.equal(agent?.healthcheck?.disable, true);
  });

  test('names only files that exist', () => {
    const { build, volumes = [] } = services['gateway-1']!;
    assert.equal(join(folder, build!.context), root);
    const files = [build!.dockerfile, ...[...volumes, ...services['haproxy']!.volumes!].map(hostSide)];
    for (const file of files) assert.ok(globSync(file, { cwd: root }).length === 1, file);

    function hostSide(volume: string): string {
      return join('deploy/compose', volume.split(':')[0]!);
    }
  });

  test('has a valid configuration and a grace period longer than shutdown_timeout', async () => {
    const config = join(folder, 'olla.yaml');
    const olla = await runOlla(['serve', '--validate-config', '-c', config], {
      env: { OLLA_REDIS_URL: 'redis://redis:6379', OLLA_ADMIN_TOKEN: 'some-token-of-an-operator' },
    });
    assert.equal((await olla.waitForEnd()).code, 0, olla.output);
    const { server } = parse(readFileSync(config, 'utf8')) as { server: { shutdown_timeout: string } };
    const grace = services['gateway-1']!.stop_grace_period!;
    assert.ok(Number.parseInt(grace) > Number.parseInt(server.shutdown_timeout));
  });

  test("names the gateways as the load balancer's configuration does", () => {
    const proxy = readFileSync(join(root, 'deploy/haproxy/haproxy.cfg'), 'utf8');
    for (const name of Object.keys(services).filter((service) => service.startsWith('gateway')))
      assert.ok(proxy.includes(`server ${name} ${name}:40114`), name);
  });
});

test('the Dockerfile copies the manifest of every workspace', () => {
  const dockerfile = readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8');
  const manifests = globSync(['{apps,libs}/*/package.json', 'e2e/package.json', 'tools/package.json'], {
    cwd: root,
  });
  assert.ok(manifests.length > 10);
  for (const manifest of manifests)
    assert.ok(dockerfile.includes(`COPY ${manifest} ${dirname(manifest)}/\n`), manifest);
});
