import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findProgram, needProgram } from './debian.ts';
import { freePort } from './free-port.ts';
import { childrenOf, environmentOf, isRunning } from './process-tree.ts';
import { StartedProcess } from './started-process.ts';
import { waitFor } from './wait-for.ts';

describe('a started process', () => {
  test('keeps output and exit code', async () => {
    const started = await StartedProcess.start('sh', ['-c', 'echo out; echo err >&2; exit 3']);
    assert.deepEqual(await started.waitForEnd(), { code: 3, signal: null });
    assert.deepEqual([started.stdout, started.stderr], ['out\n', 'err\n']);
  });

  test('reports its output when it ends before it is ready', async () => {
    const started = await StartedProcess.start('sh', ['-c', 'echo port taken; exit 1']);
    await assert.rejects(
      started.until('it listens', () => false),
      /ended \(1\) before it listens[^]*port taken/,
    );
  });

  test('is killed with its children when it does not end in time', async () => {
    const started = await StartedProcess.start('sh', ['-c', 'sleep 600 & echo $!; wait'], {
      env: { MARK: 'x' },
    });
    const child = Number(await started.until('the child runs', () => started.stdout.trim()));
    assert.deepEqual(childrenOf(started.pid), [child]);
    assert.equal(environmentOf(child)['MARK'], 'x');
    await assert.rejects(started.waitForEnd(50), /did not end within 50 ms/);
    await waitFor(() => !isRunning(child), { describe: 'the child to be gone' });
  });

  test('is waited for until a condition holds, and the error names the condition and the last error', async () => {
    await assert.rejects(
      waitFor(() => Promise.reject(new Error('not there')), { describe: 'a port', timeoutMs: 30 }),
      /waited 30 ms for a port: not there/,
    );
    let looks = 0;
    assert.equal(await waitFor(() => (looks += 1) === 3 && 'seen', { describe: 'a third look' }), 'seen');
  });

  test('is found on the PATH', async () => {
    assert.equal(findProgram('no-such-program-at-all'), null);
    assert.match(needProgram('sh', 'dash'), /\/sh$/);
    assert.notEqual(await freePort(), 0);
  });
});
