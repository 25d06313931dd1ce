import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { measureCpu } from '@olla/testing/measure-cpu';
import { OLLA_BUNDLE, startGateway } from '@olla/testing/olla-process';
import { StartedProcess } from '@olla/testing/started-process';
import { tempFolder } from '@olla/testing/temp-folder';
import OpenAI from 'openai';

const root = join(import.meta.dirname, '../..');
const launcher = join(root, 'olla');
const version = '0.1.0';

/** Runs a command to its end. */
async function run(
  command: string,
  args: readonly string[],
  cwd: string = tempFolder(),
): Promise<{ process: StartedProcess; code: number | null }> {
  const process = await StartedProcess.start(command, args, { cwd });
  return { process, code: (await process.waitForEnd()).code };
}

describe('first start', () => {
  for (const script of [undefined, OLLA_BUNDLE]) {
    const which = script === undefined ? 'from source' : 'from the bundle';
    test(`serve --demo ${which} serves chats, whole and streaming`, async () => {
      const gateway = await startGateway({ args: ['--demo'], ...(script === undefined ? {} : { script }) });
      const client = new OpenAI({ baseURL: `${gateway.url}/olla/openai/v1`, apiKey: 'none', maxRetries: 0 });
      const models = (await client.models.list()).data.map(({ id }) => id);
      const model = models.find((id) => id.includes('llama')) ?? assert.fail(models.join(' '));
      const messages = [{ role: 'user' as const, content: 'Hello!' }];
      const whole = await client.chat.completions.create({ model, messages, max_tokens: 8 });
      assert.ok(whole.choices[0]?.message.content);
      let text = '';
      for await (const event of await client.chat.completions.create({
        model,
        messages,
        max_tokens: 8,
        stream: true,
      }))
        text += event.choices[0]?.delta.content ?? '';
      assert.ok(text.length > 0);
      assert.equal(gateway.children().workers.length, 2);
      assert.notEqual(gateway.children().agent, undefined);
      await gateway.stop();
    });
  }

  test('serve starts without a configuration file and without backends', async () => {
    const gateway = await startGateway();
    assert.equal(gateway.started['config'], 'detected');
    const response = await fetch(`${gateway.url}/olla/openai/v1/chat/completions`, {
      method: 'POST',
      body: '{"model":"any"}',
    });
    assert.ok([404, 503].includes(response.status));
    await gateway.stop();
  });
});

describe('the launcher ./olla', () => {
  test('runs by its path, from another folder and through links', async () => {
    const folder = tempFolder();
    const link = join(folder, 'olla-link');
    symlinkSync(launcher, link);
    symlinkSync('olla-link', join(folder, 'link-to-link'));
    for (const path of [launcher, link, join(folder, 'link-to-link')]) {
      const { process, code } = await run(path, ['--version'], folder);
      assert.deepEqual([code, process.stdout.trim()], [0, version], process.output);
    }
  });

  test('names npm ci when the pinned runtime is missing', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'clone'));
    cpSync(launcher, join(folder, 'clone/olla'));
    const { process, code } = await run(join(folder, 'clone/olla'), ['--version']);
    assert.equal(code, 1);
    assert.match(process.stderr, /npm ci/);
  });
});

describe('the bundle', () => {
  test('prints version and help with less than 500 ms of CPU time, without node_modules', async () => {
    assert.ok(existsSync(OLLA_BUNDLE), 'the bundle is missing. Run nx build ctl');
    const folder = tempFolder();
    cpSync(join(root, 'dist/olla'), join(folder, 'olla'), { recursive: true });
    for (const flag of ['--version', '--help']) {
      const args = [join(folder, 'olla/olla.js'), flag];
      const { process, code, cpuMs } = await measureCpu(globalThis.process.execPath, args, { cwd: folder });
      assert.equal(code, 0, process.output);
      assert.match(process.stdout, flag === '--version' ? /^0\.1\.0$/m : /serve/);
      assert.ok(cpuMs < 500, `${flag} took ${cpuMs} ms of CPU time`);
    }
  });
});
