import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { settingsSchema } from '@olla/config/schema';
import { AgentStartError, startStandaloneAgent } from './main.ts';

describe('startStandaloneAgent', () => {
  test('rejects with AGENT_START and names redis.url when it is not set', async () => {
    await assert.rejects(startStandaloneAgent(settingsSchema.parse({})), (error: unknown) => {
      assert.ok(error instanceof AgentStartError);
      assert.equal(error.code, 'AGENT_START');
      assert.match(error.message, /Set redis\.url \(or OLLA_REDIS_URL\)/);
      return true;
    });
  });
});
