import type { Key } from 'ink';
import type { KeyPress } from './press-key.ts';

const NAMED: readonly (readonly [keyof Key, Exclude<KeyPress['kind'], 'text'>])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['pageUp', 'pageUp'],
  ['pageDown', 'pageDown'],
  ['home', 'home'],
  ['end', 'end'],
  ['tab', 'tab'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['backspace', 'backspace'],
  ['delete', 'backspace'],
];

/** Converts an input event of Ink. Keys that are typed fast arrive as one text; each becomes a press of its own. */
export function toKeyPresses(input: string, key: Key): KeyPress[] {
  if (key.ctrl) {
    if (input === 'c') return [{ kind: 'interrupt' }];
    return input === 'z' ? [{ kind: 'suspend' }] : [];
  }
  const named = NAMED.find(([name]) => key[name] === true);
  if (named !== undefined) return [{ kind: named[1] }];
  if (key.meta) return [];
  return [...input].flatMap(toKeyPress);
}

/** Named keys inside a text of several keys arrive as control characters. */
const CONTROLS: Readonly<Record<string, Exclude<KeyPress['kind'], 'text'>>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\u007f': 'backspace',
  '\u001b': 'escape',
  '\u0003': 'interrupt',
};

function toKeyPress(text: string): KeyPress[] {
  const kind = CONTROLS[text];
  if (kind !== undefined) return [{ kind }];
  return text >= ' ' ? [{ kind: 'text', text }] : [];
}
