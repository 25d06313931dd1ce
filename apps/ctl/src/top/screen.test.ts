import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { after, test, type TestContext } from 'node:test';
import { AdminError } from '@olla/admin-api/admin-error';
import type { AdminClient } from '@olla/admin-api/client';
import type { FakeCluster } from '@olla/gateway/testing/fake-cluster';
import xterm from '@xterm/headless';
import { busyCluster, listModels, takeSample, clusterOf } from '../../testing/fake-sample.ts';
import { loadTsx } from '../tsx-hook.ts';
import { readSample, TopSession } from './top-session.ts';
import type { Size } from './view.ts';

process.env['NODE_ENV'] = 'production';
loadTsx();
const [{ render }, { createElement }, { Screen }] = await Promise.all([
  import('ink'),
  import('react'),
  import('./screen.tsx'),
]);

/** Fails a test that waits for a screen that never appears. */
const OPTIONS = { timeout: 20_000 };

/** A terminal of a given size, which records all output. */
class FakeTerminal extends Socket {
  readonly fd = 1;
  readonly isTTY = true;
  columns: number;
  rows: number;
  readonly terminal: xterm.Terminal;
  readonly written: string[] = [];

  constructor(columns: number, rows: number) {
    super();
    this.columns = columns;
    this.rows = rows;
    this.terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(String(chunk));
    // A terminal in cooked mode writes a carriage return before each line feed.
    this.terminal.write(String(chunk).replaceAll(/(?<!\r)\n/g, '\r\n'), done);
  }

  /** A socket writes several chunks at once, which would need a connection. */
  override _writev(chunks: { chunk: string | Buffer }[], done: () => void): void {
    this._write(chunks.map(({ chunk }) => String(chunk)).join(''), 'utf8', done);
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.terminal.resize(columns, rows);
    this.emit('resize');
  }

  screen(): string {
    const { active } = this.terminal.buffer;
    return Array.from(
      { length: this.rows },
      (_, y) => active.getLine(active.baseY + y)?.translateToString(true) ?? '',
    ).join('\n');
  }
}

/** A keyboard whose input a test pushes. */
class FakeKeyboard extends Socket {
  readonly fd = 0;
  readonly isTTY = true;
  readonly isRaw = true;
  setRawMode(): this {
    return this;
  }
}

const SIZE: Size = { columns: 80, rows: 24 };

const actions: string[] = [];

/** A client of a fake cluster, whose reads fail while `isDown` is set. */
function clientOf(cluster: FakeCluster, state: { isDown: boolean }): AdminClient {
  const read = async <T>(pick: (sample: Awaited<ReturnType<typeof takeSample>>) => T): Promise<T> => {
    if (state.isDown)
      throw new AdminError('UNREACHABLE', 'no gateway answers at http://gw.test: connection refused');
    return pick(await takeSample(cluster, 0));
  };
  const unused = () => Promise.reject(new Error('this test does not use it'));
  return {
    gatewayUrl: 'http://gw.test',
    status: () => read((sample) => sample.status),
    statsModels: () => read((sample) => sample.stats),
    models: () => read(() => listModels(cluster)),
    drain: (endpoint, force) => {
      actions.push(`drain ${endpoint}${force ? ' force' : ''}`);
      cluster.control = {
        ...cluster.control,
        drained: { ...cluster.control.drained, [endpoint]: { by: 'me', at: 0 } },
      };
      return Promise.resolve({
        endpoint,
        action: 'drain',
        changed: true,
        drained: true,
        revision: 1,
        streams_left: 16,
        models_lost: [],
      });
    },
    resume: unused,
    refresh: unused,
    close: () => undefined,
  };
}

interface Running {
  readonly out: FakeTerminal;
  readonly state: { isDown: boolean };
  readonly type: (keys: string) => void;
  readonly shows: (pattern: RegExp) => Promise<string>;
  readonly quit: Promise<void>;
  readonly end: () => Promise<void>;
}

async function run(t: TestContext, cluster: FakeCluster, { columns, rows }: Size): Promise<Running> {
  const out = new FakeTerminal(columns, rows);
  const keyboard = new FakeKeyboard();
  const state = { isDown: false };
  const client = clientOf(cluster, state);
  const quit = Promise.withResolvers<void>();
  const session = new TopSession({
    client,
    admin: () => client,
    intervalMs: 30,
    ascii: false,
    onQuit: () => quit.resolve(),
    onSuspend: () => undefined,
  });
  session.start(await readSample(client, true));
  const app = render(createElement(Screen, { session, suspend: { current: () => undefined } }), {
    stdout: out,
    stdin: keyboard,
    alternateScreen: true,
    incrementalRendering: true,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true,
    maxFps: 60,
  });
  const end = async (): Promise<void> => {
    session.stop();
    app.unmount();
    await app.waitUntilExit();
  };
  t.after(end);
  return {
    out,
    state,
    type: (keys) => void keyboard.push(keys),
    shows: async (pattern) => {
      const deadline = performance.now() + 5_000;
      while (!pattern.test(out.screen())) {
        if (performance.now() > deadline)
          throw new assert.AssertionError({
            message: `the screen did not show ${String(pattern)}:\n${out.screen()}`,
          });
        await new Promise((resolve) => setImmediate(resolve));
      }
      return out.screen();
    },
    quit: quit.promise,
    end,
  };
}

for (const [columns, rows] of [
  [80, 24],
  [140, 40],
  [60, 16],
] as const) {
  test(
    `fills the screen, repaints only changes and restores the terminal at ${columns}x${rows}`,
    OPTIONS,
    async (t) => {
      const cluster = busyCluster(100);
      const { out, shows, end } = await run(t, cluster, { columns, rows });
      const shown = await shows(/gpu-a/);
      assert.equal(shown.split('\n').length, rows);
      assert.match(shown.split('\n').at(-1) ?? '', /^q quit/);
      assert.equal(out.terminal.buffer.active.type, 'alternate');
      const frames = out.written.length;
      cluster.now += 1_000;
      cluster.health = { ...cluster.health, latencyMs: 7.7 };
      await shows(/memory 7\.7ms/);
      const later = out.written.slice(frames).join('');
      assert.doesNotMatch(later, /\u001b\[[0-3]?J/, 'the whole screen was erased again');
      await end();
      assert.equal(out.terminal.buffer.active.type, 'normal');
      assert.match(out.written.join(''), /\u001b\[\?25h/);
    },
  );
}

test('handles each key of a text, and quits with q', OPTIONS, async (t) => {
  const { shows, type, quit } = await run(t, busyCluster(100), SIZE);
  await shows(/▶ old box/);
  type('jj');
  await shows(/▶ gpu-a/);
  type('2');
  await shows(/by name[^]*▶ only-a/);
  type('\t/gpu\r');
  await shows(/2 of 3 match "gpu"/);
  type('q');
  await quit;
});

test(
  'asks for confirmation before a drain, names the lost models, and shows the result',
  OPTIONS,
  async (t) => {
    actions.length = 0;
    const { shows, type } = await run(t, busyCluster(100), SIZE);
    await shows(/▶ old box/);
    type('jjd');
    await shows(/Drain gpu-a \(healthy, 16 in flight\)\? No other endpoint has only-a, shared/);
    type('n');
    await shows(/nothing was changed/);
    type('dy');
    await shows(/gpu-a gets no new requests, 16 are in flight/);
    assert.deepEqual(actions, ['drain gpu-a force']);
    await shows(/gpu-a {10}○ drain/);
  },
);

test(
  'keeps the last screen while the gateway is down, and updates it when the gateway is back',
  OPTIONS,
  async (t) => {
    const { shows, state, type } = await run(t, busyCluster(100), SIZE);
    await shows(/gpu-a/);
    state.isDown = true;
    const old = await shows(/DATA \ds OLD[^]*connection refused. Trying again/);
    assert.match(old, /gpu-a {10}● healthy/);
    state.isDown = false;
    await shows(/every 0\.03s/);
    type(' ');
    await shows(/PAUSED/);
  },
);

test('follows a resize, and shows a message when the terminal is too small', OPTIONS, async (t) => {
  const { out, shows } = await run(t, busyCluster(100), SIZE);
  await shows(/gpu-a/);
  out.resize(140, 40);
  await shows(/REQUESTS/);
  out.resize(50, 10);
  await shows(/needs 60x16/);
  out.resize(80, 24);
  await shows(/gpu-a/);
});

test('does not let an endpoint’s name move the cursor', OPTIONS, async (t) => {
  const { out, shows } = await run(t, clusterOf(['\u001b[2J\u001b[1;1Howned', 'fine']), SIZE);
  const shown = await shows(/fine/);
  assert.match(shown.split('\n')[0] ?? '', /^olla/);
  assert.match(shown, /owned/);
  assert.doesNotMatch(out.written.join(''), /\u001b\[1;1H/);
});

after(() => {
  // Ink must release its timers when it is unmounted: a timer that is left keeps the process alive.
  assert.ok(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length < 5);
});
