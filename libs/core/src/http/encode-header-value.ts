/**
 * A text in a form that a header allows: everything except printable ASCII is percent-encoded as UTF-8, so that two
 * texts never look the same. `%` is not encoded, because it is common in names.
 */
export function encodeHeaderValue(text: string): string {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return encode(text);
  }
  return text;
}

function encode(text: string): string {
  let encoded = '';
  // A lone surrogate has no UTF-8.
  for (const char of text.toWellFormed()) {
    const code = char.codePointAt(0) ?? 0;
    encoded += code < 0x20 || code > 0x7e ? encodeURIComponent(char) : char;
  }
  return encoded;
}
