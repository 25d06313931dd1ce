import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { versionSchema } from '@olla/admin-api/schema/version';
import { versionBody } from './version-body.ts';

describe('GET /version', () => {
  test('reports version, commit and date of the build', () => {
    const { version, build } = versionBody({
      version: '1.2.3',
      commit: 'f00df00d-dirty',
      builtAt: '2026-11-30T12:00:00.000Z',
    });
    assert.equal(version, '1.2.3');
    assert.equal(build.commit, 'f00df00d-dirty');
    assert.equal(build.date, '2026-11-30T12:00:00.000Z');
    assert.equal(build.node_version, process.version);
  });

  test('reports unknown commit and date as such', () => {
    const body = versionBody({ version: '1.2.3', commit: null, builtAt: null });
    assert.deepEqual([body.build.commit, body.build.date], ['none', 'unknown']);
    versionSchema.parse(body);
  });
});
