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
  return [...input]
    .filter((text) => text >= ' ' && text !== '\u007f')
    .map((text) => ({ kind: 'text', text }));
}
