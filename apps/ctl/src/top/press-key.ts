import { SCREENS, SORTS, type ScreenState, type UiState } from './ui-state.ts';

/** A key, freed of how Ink tells it. */
export type Press =
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

/** What is on the screen, as far as keys need it. */
export interface Shown {
  /** Names of all rows in their order. */
  readonly names: readonly string[];
  readonly pageRows: number;
  /** The question that `d` or `u` ask about the selected endpoint; null where there is nothing to do. */
  readonly ask: (action: 'drain' | 'resume', endpoint: string) => UiState['question'];
}

export type Effect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'read-now' }
  | { readonly kind: 'drain' | 'resume'; readonly endpoint: string };

export interface Pressed {
  readonly ui: UiState;
  readonly effect?: Effect;
}

const INTERVALS_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];
const LONGEST_FILTER = 60;

/** What a key does. Pure: effects are returned, not run. */
export function pressKey(ui: UiState, press: Press, shown: Shown): Pressed {
  if (press.kind === 'interrupt') return { ui, effect: { kind: 'quit' } };
  if (press.kind === 'suspend') return { ui, effect: { kind: 'suspend' } };
  if (ui.question !== null) return answer(ui, press);
  if (ui.typing) return typeFilter(ui, press);
  const calm = ui.notice === null ? ui : { ...ui, notice: null };
  if (calm.help)
    return {
      ui: { ...calm, help: false },
      ...(press.kind === 'text' && press.text === 'q' ? { effect: { kind: 'quit' } } : {}),
    };
  if (press.kind === 'text') return command(calm, press.text, shown);
  return { ui: move(calm, press.kind, shown) };
}

/** Only `y` is a yes; whatever else is pressed leaves things as they are. */
function answer(ui: UiState, press: Press): Pressed {
  const { question } = ui;
  const closed = { ...ui, question: null };
  if (question === null || press.kind !== 'text' || press.text.toLowerCase() !== 'y') {
    return { ui: { ...closed, notice: { text: 'nothing was changed', tone: 'ok' } } };
  }
  return { ui: closed, effect: { kind: question.action, endpoint: question.endpoint } };
}

function typeFilter(ui: UiState, press: Press): Pressed {
  switch (press.kind) {
    case 'enter':
      return { ui: { ...ui, typing: false } };
    case 'escape':
      return { ui: { ...ui, typing: false, filter: '' } };
    case 'backspace':
      return { ui: { ...ui, filter: [...ui.filter].slice(0, -1).join('') } };
    case 'text':
      return { ui: { ...ui, filter: (ui.filter + press.text).slice(0, LONGEST_FILTER) } };
    default:
      return { ui };
  }
}

function command(ui: UiState, key: string, shown: Shown): Pressed {
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
      return { ui: { ...ui, question: askAbout(ui, key === 'd' ? 'drain' : 'resume', shown) } };
    default:
      return { ui };
  }
}

function askAbout(ui: UiState, action: 'drain' | 'resume', shown: Shown): UiState['question'] {
  if (ui.screen !== 'endpoints') return null;
  const name = shown.names[selectedIndex(ui.screens.endpoints, shown.names)];
  return name === undefined ? null : shown.ask(action, name);
}

function move(ui: UiState, kind: Press['kind'], { names, pageRows }: Shown): UiState {
  if (kind === 'tab') return { ...ui, screen: next(SCREENS, ui.screen) };
  if (kind === 'escape') return { ...ui, filter: '' };
  const from = selectedIndex(ui.screens[ui.screen], names);
  const steps: Partial<Record<Press['kind'], number>> = {
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

/** Where the selected name is now; the first row if it is gone. */
export function selectedIndex({ selected }: ScreenState, names: readonly string[]): number {
  return Math.max(0, selected === null ? 0 : names.indexOf(selected));
}

function withScreen(ui: UiState, change: (screen: ScreenState) => ScreenState): UiState {
  return { ...ui, screens: { ...ui.screens, [ui.screen]: change(ui.screens[ui.screen]) } };
}

function next<T>(all: readonly T[], current: T): T {
  return all[(all.indexOf(current) + 1) % all.length] ?? current;
}

/** `+` reads more often, `-` less. */
function changeInterval(intervalMs: number, key: '+' | '-'): number {
  const faster = INTERVALS_MS.findLast((each) => each < intervalMs) ?? INTERVALS_MS[0];
  const slower = INTERVALS_MS.find((each) => each > intervalMs) ?? INTERVALS_MS.at(-1);
  return (key === '+' ? faster : slower) ?? intervalMs;
}
