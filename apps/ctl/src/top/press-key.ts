import { SCREENS, SORTS, type Confirmation, type ScreenState, type UiState } from './ui-state.ts';

/** One key press, independent of Ink. */
export type KeyPress =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind:
        | 'up'
        | 'down'
        | 'pageUp'
        | 'pageDown'
        | 'home'
        | 'end'
        | 'tab'
        | 'enter'
        | 'escape'
        | 'backspace'
        | 'interrupt'
        | 'suspend';
    };

/** The rows of the screen that keys act on. */
export interface VisibleRows {
  /** Names of all rows in order. */
  readonly names: readonly string[];
  readonly pageRows: number;
  /** The confirmation that `d` or `u` needs for an endpoint; null when there is nothing to change. */
  readonly confirm: (action: 'drain' | 'resume', endpoint: string) => Confirmation | null;
}

export type Effect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'read-now' }
  | { readonly kind: 'drain' | 'resume'; readonly endpoint: string };

export interface KeyResult {
  readonly ui: UiState;
  readonly effect?: Effect;
}

const INTERVALS_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];
const MAX_FILTER_LENGTH = 60;

/** Applies a key press to the state. Pure: the effect is returned, not run. */
export function pressKey(ui: UiState, press: KeyPress, shown: VisibleRows): KeyResult {
  if (press.kind === 'interrupt') return { ui, effect: { kind: 'quit' } };
  if (press.kind === 'suspend') return { ui, effect: { kind: 'suspend' } };
  if (ui.confirmation !== null) return confirmOrCancel(ui, press);
  if (ui.typing) return typeFilter(ui, press);
  const current = ui.notice === null ? ui : { ...ui, notice: null };
  if (current.help)
    return {
      ui: { ...current, help: false },
      ...(press.kind === 'text' && press.text === 'q' ? { effect: { kind: 'quit' } } : {}),
    };
  if (press.kind === 'text') return command(current, press.text, shown);
  return { ui: move(current, press.kind, shown) };
}

/** `y` confirms; any other key cancels. */
function confirmOrCancel(ui: UiState, press: KeyPress): KeyResult {
  const { confirmation } = ui;
  const closed = { ...ui, confirmation: null };
  if (confirmation === null || press.kind !== 'text' || press.text.toLowerCase() !== 'y') {
    return { ui: { ...closed, notice: { text: 'nothing was changed', tone: 'ok' } } };
  }
  return { ui: closed, effect: { kind: confirmation.action, endpoint: confirmation.endpoint } };
}

function typeFilter(ui: UiState, press: KeyPress): KeyResult {
  switch (press.kind) {
    case 'enter':
      return { ui: { ...ui, typing: false } };
    case 'escape':
      return { ui: { ...ui, typing: false, filter: '' } };
    case 'backspace':
      return { ui: { ...ui, filter: [...ui.filter].slice(0, -1).join('') } };
    case 'text':
      return { ui: { ...ui, filter: (ui.filter + press.text).slice(0, MAX_FILTER_LENGTH) } };
    default:
      return { ui };
  }
}

function command(ui: UiState, key: string, shown: VisibleRows): KeyResult {
  switch (key) {
    case 'q':
      return { ui, effect: { kind: 'quit' } };
    case '1':
    case '2':
      return { ui: { ...ui, screen: SCREENS[Number(key) - 1] ?? ui.screen }, effect: { kind: 'read-now' } };
    case 'j':
      return { ui: move(ui, 'down', shown) };
    case 'k':
      return { ui: move(ui, 'up', shown) };
    case 'g':
      return { ui: move(ui, 'home', shown) };
    case 'G':
      return { ui: move(ui, 'end', shown) };
    case '/':
      return { ui: { ...ui, typing: true } };
    case 's':
      return { ui: withScreen(ui, (screen) => ({ ...screen, sort: next(SORTS[ui.screen], screen.sort) })) };
    case 'S':
      return { ui: withScreen(ui, (screen) => ({ ...screen, reversed: !screen.reversed })) };
    case ' ':
      return { ui: { ...ui, paused: !ui.paused } };
    case '+':
    case '-':
      return { ui: { ...ui, intervalMs: changeInterval(ui.intervalMs, key) }, effect: { kind: 'read-now' } };
    case '?':
      return { ui: { ...ui, help: true } };
    case 'R':
      return { ui, effect: { kind: 'refresh' } };
    case 'd':
    case 'u':
      return { ui: { ...ui, confirmation: confirmFor(ui, key === 'd' ? 'drain' : 'resume', shown) } };
    default:
      return { ui };
  }
}

function confirmFor(ui: UiState, action: 'drain' | 'resume', shown: VisibleRows): Confirmation | null {
  if (ui.screen !== 'endpoints') return null;
  const name = shown.names[selectedIndex(ui.screens.endpoints, shown.names)];
  return name === undefined ? null : shown.confirm(action, name);
}

function move(ui: UiState, kind: KeyPress['kind'], { names, pageRows }: VisibleRows): UiState {
  if (kind === 'tab') return { ...ui, screen: next(SCREENS, ui.screen) };
  if (kind === 'escape') return { ...ui, filter: '' };
  const from = selectedIndex(ui.screens[ui.screen], names);
  const steps: Partial<Record<KeyPress['kind'], number>> = {
    up: -1,
    down: 1,
    pageUp: -pageRows,
    pageDown: pageRows,
    home: -names.length,
    end: names.length,
  };
  const step = steps[kind];
  if (step === undefined || names.length === 0) return ui;
  const to = Math.min(names.length - 1, Math.max(0, from + step));
  return withScreen(ui, (screen) => ({ ...screen, selected: names[to] ?? null }));
}

/** The index of the selected name, or of the first row when that name is gone. */
export function selectedIndex({ selected }: ScreenState, names: readonly string[]): number {
  return Math.max(0, selected === null ? 0 : names.indexOf(selected));
}

function withScreen(ui: UiState, change: (screen: ScreenState) => ScreenState): UiState {
  return { ...ui, screens: { ...ui.screens, [ui.screen]: change(ui.screens[ui.screen]) } };
}

function next<T>(all: readonly T[], current: T): T {
  return all[(all.indexOf(current) + 1) % all.length] ?? current;
}

/** The next interval: `+` is shorter, `-` is longer. */
function changeInterval(intervalMs: number, key: '+' | '-'): number {
  const faster = INTERVALS_MS.findLast((each) => each < intervalMs) ?? INTERVALS_MS[0];
  const slower = INTERVALS_MS.find((each) => each > intervalMs) ?? INTERVALS_MS.at(-1);
  return (key === '+' ? faster : slower) ?? intervalMs;
}
