import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pressKey, type KeyPress, type KeyResult, type VisibleRows } from './press-key.ts';
import { initialUi, type UiState } from './ui-state.ts';

const SHOWN: VisibleRows = {
  names: ['a', 'b', 'c', 'd', 'e'],
  pageRows: 2,
  confirm: (action, endpoint) => ({ action, endpoint, text: `${action} ${endpoint}?` }),
};

function typed(ui: UiState, keys: string, shown = SHOWN): KeyResult {
  let pressed: KeyResult = { ui };
  for (const text of keys) pressed = pressKey(pressed.ui, { kind: 'text', text }, shown);
  return pressed;
}

const press = (ui: UiState, kind: Exclude<KeyPress['kind'], 'text'>, shown = SHOWN) =>
  pressKey(ui, { kind }, shown);
const start = initialUi(1_000);
const selected = (ui: UiState) => ui.screens.endpoints.selected;

test('keeps the selected name when rows move', () => {
  const { ui } = typed(start, 'jj');
  assert.equal(selected(ui), 'c');
  const reordered = { ...SHOWN, names: ['e', 'd', 'c', 'b', 'a'] };
  const { ui: asked } = typed(ui, 'd', reordered);
  assert.equal(asked.confirmation?.endpoint, 'c');
});

test('stays within the rows when the selection moves', () => {
  assert.equal(selected(typed(start, 'k').ui), 'a');
  assert.equal(selected(typed(start, 'Gj').ui), 'e');
  assert.equal(selected(press(typed(start, 'G').ui, 'pageUp').ui), 'c');
  assert.equal(selected(typed(start, 'Gg').ui), 'a');
  assert.equal(selected(press(start, 'down', { ...SHOWN, names: [] }).ui), null);
});

test('confirms with y, and cancels with any other key', () => {
  const { ui } = typed(start, 'd');
  assert.deepEqual(typed(ui, 'y').effect, { kind: 'drain', endpoint: 'a' });
  for (const no of ['n', 'd', ' ', 'q']) {
    const refused = typed(ui, no);
    assert.equal(refused.effect, undefined);
    assert.equal(refused.ui.confirmation, null);
  }
  assert.equal(press(ui, 'enter').effect, undefined);
  assert.deepEqual(press(ui, 'interrupt').effect, { kind: 'quit' });
});

test('adds every key to the filter until Enter or Escape', () => {
  const { ui, effect } = typed(start, '/qd?');
  assert.equal(effect, undefined);
  assert.equal(ui.filter, 'qd?');
  assert.equal(press(ui, 'backspace').ui.filter, 'qd');
  const kept = press(ui, 'enter').ui;
  assert.deepEqual([kept.typing, kept.filter], [false, 'qd?']);
  assert.equal(press(kept, 'escape').ui.filter, '');
  assert.equal(press(ui, 'escape').ui.filter, '');
});

test('changes the screen, the sort order, the pause and the interval', () => {
  assert.equal(typed(start, '2').ui.screen, 'models');
  assert.equal(press(press(start, 'tab').ui, 'tab').ui.screen, 'endpoints');
  assert.equal(typed(start, 's').ui.screens.endpoints.sort, 'name');
  assert.equal(typed(start, 'sssss').ui.screens.endpoints.sort, 'state');
  assert.equal(typed(start, 'S').ui.screens.endpoints.reversed, true);
  assert.equal(typed(start, ' ').ui.paused, true);
  assert.equal(typed(start, '+').ui.intervalMs, 500);
  assert.equal(typed(start, '++').ui.intervalMs, 500);
  assert.equal(typed(start, '-').ui.intervalMs, 2_000);
});

test('closes the help with any key, and quits with q', () => {
  const { ui } = typed(start, '?');
  assert.equal(typed(ui, 'x').ui.help, false);
  assert.deepEqual(typed(ui, 'q').effect, { kind: 'quit' });
});

test('does not offer to drain on the models screen', () => {
  assert.equal(typed(start, '2d').ui.confirmation, null);
});
