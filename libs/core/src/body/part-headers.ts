/** The headers of one part of a form, as far as they matter. */
export interface PartHeaders {
  /** Each name that some server would take as the part's name. */
  readonly names: readonly string[];
  /** Some servers decode the value, others do not. */
  readonly isEncoded: boolean;
}

/** Transfer encodings that leave the value as it is. */
const PLAIN: ReadonlySet<string> = new Set(['', '7bit', '8bit', 'binary']);

/** Made once: `localeCompare` with options makes one for each comparison. */
const BY_NUMBER = new Intl.Collator('en', { numeric: true });

/** @param text the header lines, one character a byte */
export function partHeaders(text: string): PartHeaders {
  const names: string[] = [];
  let isEncoded = false;
  // A line that begins with a space continues the line before.
  for (const line of text.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    const value = line.slice(colon + 1);
    if (name === 'content-disposition') names.push(...namesIn(value));
    if (name === 'content-transfer-encoding') isEncoded ||= !PLAIN.has(value.trim().toLowerCase());
  }
  return { names, isEncoded };
}

/** A parameter of a header value such as `form-data; name="model"`, quoted or not; null if it is absent. */
export function headerParameter(value: string, wanted: string): string | null {
  return parameters(value).find(([name]) => name === wanted)?.[1] ?? null;
}

/** The plain name, and the name of RFC 2231, which RFC 7578 §4.2 forbids in forms but servers in Python and Go read. */
function namesIn(disposition: string): string[] {
  const all = parameters(disposition);
  const plain = all.filter(([name]) => name === 'name').map(([, text]) => text);
  const extended = all
    .filter(([name]) => name.startsWith('name*'))
    .sort(([a], [b]) => BY_NUMBER.compare(a, b));
  if (extended.length > 0) plain.push(extended.map(([name, text]) => extendedText(name, text)).join(''));
  return plain;
}

/** `utf-8''m%6fdel`: only the first piece has a character set. */
function extendedText(name: string, text: string): string {
  if (!name.endsWith('*')) return text;
  const encoded = text.slice(text.lastIndexOf("'") + 1);
  return encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** In order, names in lower case. */
function parameters(value: string): [name: string, text: string][] {
  const found: [string, string][] = [];
  let at = value.indexOf(';');
  while (at >= 0) {
    const equals = value.indexOf('=', at + 1);
    if (equals < 0) break;
    const name = value
      .slice(at + 1, equals)
      .trim()
      .toLowerCase();
    const [text, end] = parameterValue(value, equals + 1);
    found.push([name, text]);
    at = value.indexOf(';', end);
  }
  return found;
}

function parameterValue(value: string, from: number): [text: string, end: number] {
  let at = from;
  while (value[at] === ' ' || value[at] === '\t') at += 1;
  if (value[at] !== '"') {
    const end = value.indexOf(';', at);
    const stop = end < 0 ? value.length : end;
    return [value.slice(at, stop).trim(), stop];
  }
  let text = '';
  for (at += 1; at < value.length && value[at] !== '"'; at += 1) {
    // In Content-Disposition a backslash quotes the quote only: old browsers send paths with bare backslashes.
    if (value[at] === '\\' && value[at + 1] === '"') at += 1;
    text += value[at] ?? '';
  }
  return [text, at + 1];
}
