import type { Key } from 'ink';
import type { Press } from './press-key.ts';

const NAMED: readonly (readonly [keyof Key, Exclude<Press['kind'], 'text'>])[] = [
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

/** What Ink tells of a key as presses: keys typed fast come as one text, and are one press each. */
export function toPresses(input: string, key: Key): Press[] {
  if (key.ctrl) {
    if (input === 'c') return [{ kind: 'interrupt' }];
    return input === 'z' ? [{ kind: 'suspend' }] : [];
  }
  const named = NAMED.find(([name]) => key[name] === true);
  if (named !== undefined) return [{ kind: named[1] }];
  if (key.meta) return [];
  return [...input].flatMap(pressOf);
}

/** Within a text that arrived at once, keys with a name are still control characters. */
const CONTROLS: Readonly<Record<string, Exclude<Press['kind'], 'text'>>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\u007f': 'backspace',
  '\u001b': 'escape',
  '\u0003': 'interrupt',
};

function pressOf(text: string): Press[] {
  const kind = CONTROLS[text];
  if (kind !== undefined) return [{ kind }];
  return text >= ' ' ? [{ kind: 'text', text }] : [];
}
