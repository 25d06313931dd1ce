/**
 * Characters that no text of a client, a backend or an operator may bring to a terminal or into a line of a log: controls
 * of C0 and C1 and DEL, line and paragraph separators, the byte order mark, and marks that change the direction of
 * writing (Unicode TR 36, section 3.2).
 */
const CONTROLS = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;
const CONTROLS_BUT_LINE_ENDS = /(?!\n)[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;
const PLAIN = /^[\x20-\x7e]*$/;
const PLAIN_LINES = /^[\x20-\x7e\n]*$/;

/** Takes control characters out of a text. */
export function removeControls(text: string): string {
  return PLAIN.test(text) ? text : text.replace(CONTROLS, '');
}

/** Writes control characters as `\u009b`, which means the same character within JSON. */
export function escapeControls(text: string): string {
  return PLAIN.test(text) ? text : text.replace(CONTROLS, escaped);
}

/** The same for a text of several lines. It keeps line ends. */
export function escapeControlsInLines(text: string): string {
  return PLAIN_LINES.test(text) ? text : text.replace(CONTROLS_BUT_LINE_ENDS, escaped);
}

export function hasControls(text: string): boolean {
  return !PLAIN.test(text) && text.search(CONTROLS) !== -1;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
