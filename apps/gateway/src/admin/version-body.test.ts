import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { versionSchema } from '@olla/admin-api/schema/version';
import { versionBody } from './version-body.ts';

describe('GET /version', () => {
  test('tells version, commit and date of the build', () => {
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

  test('says that commit and date are not known when they are not', () => {
    const body = versionBody({ version: '1.2.3', commit: null, builtAt: null });
    assert.deepEqual([body.build.commit, body.build.date], ['none', 'unknown']);
    versionSchema.parse(body);
  });
});
