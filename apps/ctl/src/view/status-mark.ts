/** The glyph, word and colour of an endpoint's status. The colour only repeats the word. */
export interface StatusMark {
  readonly glyph: string;
  readonly asciiGlyph: string;
  readonly word: string;
  readonly color: 'green' | 'yellow' | 'red' | 'gray';
  /** Sort order: a status that needs attention has a low rank. */
  readonly rank: number;
}

const OTHER: StatusMark = { glyph: '?', asciiGlyph: '?', word: 'unknown', color: 'gray', rank: 1 };

const MARKS: ReadonlyMap<string, StatusMark> = new Map(
  Object.entries({
    healthy: { glyph: '●', asciiGlyph: '*', word: 'healthy', color: 'green', rank: 5 },
    busy: { glyph: '▲', asciiGlyph: '!', word: 'busy', color: 'yellow', rank: 2 },
    warming: { glyph: '▲', asciiGlyph: '!', word: 'warming', color: 'yellow', rank: 3 },
    rate_limited: { glyph: '▲', asciiGlyph: '!', word: 'limited', color: 'yellow', rank: 1 },
    unhealthy: { glyph: '✖', asciiGlyph: 'x', word: 'unhealthy', color: 'red', rank: 0 },
    offline: { glyph: '✖', asciiGlyph: 'x', word: 'offline', color: 'red', rank: 0 },
    ejected: { glyph: '✖', asciiGlyph: 'x', word: 'ejected', color: 'red', rank: 0 },
    config_error: { glyph: '✖', asciiGlyph: 'x', word: 'auth', color: 'red', rank: 0 },
    draining: { glyph: '○', asciiGlyph: 'o', word: 'draining', color: 'gray', rank: 4 },
    unknown: OTHER,
  }),
);

/** @param status the word of the admin API; a word that this version does not know is shown as unknown */
export function statusMark(status: string): StatusMark {
  return MARKS.get(status) ?? OTHER;
}

export function showStatusMark(mark: StatusMark, ascii: boolean): string {
  return `${ascii ? mark.asciiGlyph : mark.glyph} ${mark.word}`;
}
