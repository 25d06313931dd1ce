/** How a state looks: a glyph and a word carry it, the colour only repeats it. */
export interface StateMark {
  readonly glyph: string;
  readonly asciiGlyph: string;
  readonly word: string;
  readonly color: 'green' | 'yellow' | 'red' | 'gray';
  /** Sorts what needs attention first. */
  readonly rank: number;
}

const MARKS: Readonly<Record<string, StateMark>> = {
  healthy: { glyph: '●', asciiGlyph: '*', word: 'healthy', color: 'green', rank: 5 },
  busy: { glyph: '▲', asciiGlyph: '!', word: 'busy', color: 'yellow', rank: 2 },
  warming: { glyph: '▲', asciiGlyph: '!', word: 'warming', color: 'yellow', rank: 3 },
  rate_limited: { glyph: '▲', asciiGlyph: '!', word: 'limited', color: 'yellow', rank: 1 },
  unhealthy: { glyph: '✖', asciiGlyph: 'x', word: 'unhealthy', color: 'red', rank: 0 },
  offline: { glyph: '✖', asciiGlyph: 'x', word: 'offline', color: 'red', rank: 0 },
  config_error: { glyph: '✖', asciiGlyph: 'x', word: 'auth', color: 'red', rank: 0 },
  unknown: { glyph: '?', asciiGlyph: '?', word: 'unknown', color: 'gray', rank: 1 },
};

const DRAIN: StateMark = { glyph: '○', asciiGlyph: 'o', word: 'drain', color: 'gray', rank: 4 };
const OTHER: StateMark = { glyph: '?', asciiGlyph: '?', word: 'unknown', color: 'gray', rank: 1 };

/** A drained endpoint is shown as drained, unless it is also away. */
export function stateMark(state: string, drained: boolean): StateMark {
  const mark = MARKS[state] ?? OTHER;
  return drained && mark.color !== 'red' ? DRAIN : mark;
}

export function showState(mark: StateMark, ascii: boolean): string {
  return `${ascii ? mark.asciiGlyph : mark.glyph} ${mark.word}`;
}
