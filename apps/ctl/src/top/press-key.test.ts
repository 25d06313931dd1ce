import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pressKey, type Press, type Pressed, type Shown } from './press-key.ts';
import { initialUi, type UiState } from './ui-state.ts';

const SHOWN: Shown = {
  names: ['a', 'b', 'c', 'd', 'e'],
  pageRows: 2,
  ask: (action, endpoint) => ({ action, endpoint, text: `${action} ${endpoint}?` }),
};

function typed(ui: UiState, keys: string, shown = SHOWN): Pressed {
  let pressed: Pressed = { ui };
  for (const text of keys) pressed = pressKey(pressed.ui, { kind: 'text', text }, shown);
  return pressed;
}

const press = (ui: UiState, kind: Exclude<Press['kind'], 'text'>, shown = SHOWN) =>
  pressKey(ui, { kind }, shown);
const start = initialUi(1_000);
const selected = (ui: UiState) => ui.screens.endpoints.selected;

test('the selection follows its name when rows change places', () => {
  const { ui } = typed(start, 'jj');
  assert.equal(selected(ui), 'c');
  const reordered = { ...SHOWN, names: ['e', 'd', 'c', 'b', 'a'] };
  const { ui: asked } = typed(ui, 'd', reordered);
  assert.equal(asked.question?.endpoint, 'c');
});

test('moves stay within the rows', () => {
  assert.equal(selected(typed(start, 'k').ui), 'a');
  assert.equal(selected(typed(start, 'Gj').ui), 'e');
  assert.equal(selected(press(typed(start, 'G').ui, 'pageUp').ui), 'c');
  assert.equal(selected(typed(start, 'Gg').ui), 'a');
  assert.equal(selected(press(start, 'down', { ...SHOWN, names: [] }).ui), null);
});

test('only y is a yes', () => {
  const { ui } = typed(start, 'd');
  assert.deepEqual(typed(ui, 'y').effect, { kind: 'drain', endpoint: 'a' });
  for (const no of ['n', 'd', ' ', 'q']) {
    const refused = typed(ui, no);
    assert.equal(refused.effect, undefined);
    assert.equal(refused.ui.question, null);
  }
  assert.equal(press(ui, 'enter').effect, undefined);
  assert.deepEqual(press(ui, 'interrupt').effect, { kind: 'quit' });
});

test('a filter takes every key until Enter or Escape', () => {
  const { ui, effect } = typed(start, '/qd?');
  assert.equal(effect, undefined);
  assert.equal(ui.filter, 'qd?');
  assert.equal(press(ui, 'backspace').ui.filter, 'qd');
  const kept = press(ui, 'enter').ui;
  assert.deepEqual([kept.typing, kept.filter], [false, 'qd?']);
  assert.equal(press(kept, 'escape').ui.filter, '');
  assert.equal(press(ui, 'escape').ui.filter, '');
});

test('screens, sorting, pausing, intervals', () => {
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

test('help closes with any key and quits with q', () => {
  const { ui } = typed(start, '?');
  assert.equal(typed(ui, 'x').ui.help, false);
  assert.deepEqual(typed(ui, 'q').effect, { kind: 'quit' });
});

test('models cannot be drained', () => {
  assert.equal(typed(start, '2d').ui.question, null);
});
