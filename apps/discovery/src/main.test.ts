import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsSchema } from '@olla/config/schema';
import { AgentStartError, startStandaloneAgent } from './main.ts';

test('an agent on its own without Redis does not start, and names the key', async () => {
  await assert.rejects(startStandaloneAgent(settingsSchema.parse({})), (error: unknown) => {
    assert.ok(error instanceof AgentStartError);
    assert.equal(error.code, 'AGENT_START');
    assert.match(error.message, /set redis\.url \(or OLLA_REDIS_URL\)/);
    return true;
  });
});
