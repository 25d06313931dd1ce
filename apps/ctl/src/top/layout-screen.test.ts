import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { busyCluster, setRequestCount, takeSample, clusterOf } from '../../testing/fake-sample.ts';
import { addSample, EMPTY_HISTORY, type History } from './history.ts';
import { layoutScreen } from './layout-screen.ts';
import { lineWidth, type Line } from './line.ts';
import { initialUi, type UiState } from './ui-state.ts';
import type { View } from './view.ts';

async function busyHistory(): Promise<History> {
  const cluster = busyCluster(100);
  let history = addSample(EMPTY_HISTORY, await takeSample(cluster, 0));
  for (const step of [1, 2, 3]) {
    cluster.now += 1_000;
    setRequestCount(cluster, 100 + step * 30, step);
    history = addSample(history, await takeSample(cluster, step * 1_000));
  }
  return history;
}

function viewOf(history: History, more: Partial<Omit<View, 'ui'>> & { ui?: Partial<UiState> } = {}): View {
  const { ui, ...rest } = more;
  return {
    history,
    failure: null,
    nowMs: history.receivedMs,
    clock: '12:04:31',
    ascii: false,
    gatewayUrl: 'http://localhost:40114',
    ...rest,
    ui: { ...initialUi(1_000), ...ui },
  };
}

const text = (line: Line) => line.map((piece) => piece.text).join('');
const screen = (view: View, columns = 80, rows = 24) =>
  layoutScreen(view, { columns, rows }).lines.map(text).join('\n');

test('shows header, alerts and endpoints in 80x24', async () => {
  const shown = screen(viewOf(await busyHistory()));
  assert.match(shown, /^olla 0\.1\.0 {2}gw 1 {2}wk 2 {2}● memory 0\.4ms +12:04:31 every 1s/);
  assert.match(shown, /req\/s 30\.0 .*tok\/s 1,500 .*errors 3\.3%/);
  assert.match(shown, /✖ old box offline: connection refused {2}○ gpu-b draining/);
  assert.match(shown, /gpu-a {10}● healthy {3}███░{7} {2}16\/64/);
  assert.match(shown, /global limit .* 1800\/1000 rpm/);
});

test('sorts endpoints that need attention first, and keeps the selection by name', async () => {
  const history = await busyHistory();
  const screens = {
    ...initialUi(1).screens,
    endpoints: { sort: 'state', reversed: false, selected: 'gpu-a' },
  };
  const frame = layoutScreen(viewOf(history, { ui: { screens } }), { columns: 80, rows: 24 });
  assert.deepEqual(frame.names, ['old box', 'gpu-b', 'gpu-a']);
  assert.match(frame.lines.map(text).join('\n'), /▶ gpu-a/);
});

test('omits columns from the right when they do not fit', async () => {
  const history = await busyHistory();
  assert.doesNotMatch(screen(viewOf(history), 80), /REQ\/S +MODELS/);
  assert.match(screen(viewOf(history), 140, 40), /TYPE +ERR +TTFT50 +REQ\/S +MODELS/);
  assert.match(screen(viewOf(history), 60, 16), /ENDPOINT +STATE +IN FLIGHT +QUE +TOK\/S *\n/);
});

test('shows the age of old data and the error', async () => {
  const history = await busyHistory();
  const view = viewOf(history, {
    failure: 'connection refused. Trying again',
    nowMs: history.receivedMs + 37_000,
  });
  assert.match(screen(view), /DATA 37s OLD/);
  assert.match(screen(view), /connection refused. Trying again/);
  assert.match(screen(viewOf(history, { nowMs: history.receivedMs + 60_000 })), /DATA 1m0s OLD/);
});

test('shows a pause, and a gap for a missing sample', async () => {
  const history = await busyHistory();
  assert.match(screen(viewOf(history, { ui: { paused: true } })), /PAUSED/);
  assert.match(screen(viewOf(history)), / ███ {2}tok/);
});

test('shows since when the shared state is unavailable, and the fallback of the limits', async () => {
  const cluster = busyCluster(1);
  cluster.health = { ...cluster.health, connected: false };
  const shown = screen(viewOf(addSample(EMPTY_HISTORY, await takeSample(cluster, 0))));
  assert.match(shown, /✖ memory down 1m0s/);
  assert.match(shown, /limits fall back: local/);
});

test('filters by state and by name', async () => {
  const history = await busyHistory();
  const names = (filter: string) =>
    layoutScreen(viewOf(history, { ui: { filter } }), { columns: 80, rows: 24 }).names;
  assert.deepEqual(names('state:off'), ['old box']);
  assert.deepEqual(names('GPU'), ['gpu-b', 'gpu-a']);
  assert.deepEqual(names('nothing'), []);
});

test('joins model list and traffic on the models screen', async () => {
  const shown = screen(viewOf(await busyHistory(), { ui: { screen: 'models' } }));
  assert.match(shown, /shared +2\/2 +30\.0 +1,500 .*gpu-a gpu-b/);
});

test('shows one message in a terminal that is too small', async () => {
  const shown = screen(viewOf(await busyHistory()), 40, 10);
  assert.match(shown.replaceAll('\n', ''), /needs 60x16, this terminal has 40x10/);
});

test('draws only ASCII characters with --ascii', async () => {
  const history = await busyHistory();
  for (const name of ['endpoints', 'models'] as const) {
    assert.match(screen(viewOf(history, { ascii: true, ui: { screen: name } })), /^[\x20-\x7e\n]*$/);
  }
});

test('never draws a frame higher or wider than the terminal', async () => {
  const hostile = [
    '\u001b[2Jwiped',
    '日本語の端点'.repeat(4),
    'e\u0301'.repeat(40),
    '👩‍👩‍👧'.repeat(9),
    '\u202eevil',
    'a\nb',
    '',
  ];
  const many = Array.from({ length: 500 }, (_, index) => `endpoint-${index}`);
  const histories = await Promise.all(
    [hostile, many, []].map(async (names) => addSample(EMPTY_HISTORY, await takeSample(clusterOf(names), 0))),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...histories, EMPTY_HISTORY),
      fc.integer({ min: 1, max: 220 }),
      fc.integer({ min: 1, max: 60 }),
      fc.record({
        screen: fc.constantFrom('endpoints' as const, 'models' as const),
        help: fc.boolean(),
        filter: fc.constantFrom('', 'endpoint', 'x'.repeat(60)),
        typing: fc.boolean(),
      }),
      (history, columns, rows, ui) => {
        const { lines } = layoutScreen(viewOf(history, { ui }), { columns, rows });
        assert.ok(lines.length <= rows, `${lines.length} lines in ${rows} rows`);
        for (const line of lines) {
          assert.ok(lineWidth(line) <= columns, `${lineWidth(line)} columns of ${columns}: ${text(line)}`);
          assert.doesNotMatch(text(line), /\p{Cc}|\u202e/u);
        }
      },
    ),
    { numRuns: 300 },
  );
});
