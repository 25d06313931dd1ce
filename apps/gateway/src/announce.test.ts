import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settingsSchema } from '@olla/config/schema';
import type { CatalogModel, EndpointSnapshot, Snapshot } from '@olla/core/snapshot';
import { nextSteps, startLines, startRecord, type EndpointSource, type StartFacts } from './announce.ts';

function facts(endpoints: number, models: string[], source: EndpointSource): StartFacts {
  const snapshot = {
    endpoints: Array.from({ length: endpoints }, (_, i) => ({
      name: `gpu-${i}`,
      type: 'vllm',
      state: 'healthy',
      reason: '',
    })),
    catalog: { revision: 1, models: models.map((id) => ({ id, kind: 'llm', locations: [] })) },
  } as unknown as Snapshot & { endpoints: EndpointSnapshot[]; catalog: { models: CatalogModel[] } };
  return {
    version: '1.2.3',
    settings: settingsSchema.parse({}),
    source,
    snapshot,
    workers: 2,
    url: 'http://localhost:40114',
    adminTokenFile: null,
    tookMs: 321.4,
  };
}

describe('startLines', () => {
  test('a start of a large fleet fits on a dozen lines, with a request to paste', () => {
    const lines = startLines(facts(50, ['llama3.1:8b'], { kind: 'file', file: 'config.yaml' }));
    assert.ok(lines.length <= 12, `${lines.length} lines`);
    assert.match(lines.join('\n'), /curl .*"model":"llama3\.1:8b"/);
    assert.match(lines.join('\n'), /and 45 more/);
  });

  test('the demo gives two requests, on a terminal and in the record of a pipe', () => {
    const demo = facts(2, ['m'], { kind: 'demo' });
    assert.match(
      nextSteps(demo).join('\n'),
      /curl [^]*new OpenAI\(\{ baseURL: 'http:\/\/localhost:40114\/olla\/openai\/v1'/,
    );
    assert.equal(startRecord(demo)['openai_base_url'], 'http://localhost:40114/olla/openai/v1');
    assert.match(String(startRecord(demo)['next']), /^curl /);
  });

  test('names the next step when no server was found', () => {
    const nothing = facts(0, [], { kind: 'detected', count: 0, ports: [11434, 1234] });
    const text = startLines(nothing).join('\n');
    assert.match(text, /no backend answered on this machine \(ports 11434 1234\)/);
    assert.match(text, /olla serve --demo/);
    assert.match(text, /olla config init/);
    assert.match(String(startRecord(nothing)['next']), /--demo/);
  });
});
