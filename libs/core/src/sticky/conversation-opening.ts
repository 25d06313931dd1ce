const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
/** `[` and `{` differ in this bit only, and so do `]` and `}`. */
const BRACKET_BIT = 0x20;
const CLOSE_BRACE = 0x7d;

/** Fields that hold a conversation: of chats, and of OpenAI's responses. */
const CONVERSATIONS: ReadonlySet<string> = new Set(['messages', 'input']);
/** Of a user's message, so much tells its conversation apart, however large the images in it are. */
export const MAX_MESSAGE_BYTES = 16 * 1024;

/**
 * What the turns of one conversation have in common and no other has: its messages up to the end of the first one of
 * the user, of that at most MAX_MESSAGE_BYTES.
 *
 * @param body a JSON object, or its beginning
 * @returns null where the body holds no such messages, or ends before them
 */
export function conversationOpening(body: Buffer): Buffer | null {
  let at = skipSpace(body, 0);
  if (body[at] !== OPEN_BRACE) return null;
  do {
    const key = skipSpace(body, at + 1);
    const keyEnd = skipString(body, key);
    const colon = keyEnd < 0 ? -1 : skipSpace(body, keyEnd);
    if (colon < 0 || body[colon] !== COLON) return null;
    const value = skipSpace(body, colon + 1);
    if (CONVERSATIONS.has(body.toString('latin1', key + 1, keyEnd - 1))) return openingAt(body, value);
    const end = skipValue(body, value);
    if (end < 0) return null;
    at = skipSpace(body, end);
  } while (body[at] === COMMA);
  return null;
}

function openingAt(body: Buffer, list: number): Buffer | null {
  if (body[list] !== OPEN_BRACKET) return null;
  let at = list;
  do {
    const message = skipSpace(body, at + 1);
    const { end, isUser } = readMessage(body, message);
    if (isUser && (end >= 0 || body.length - message >= MAX_MESSAGE_BYTES)) {
      const stop = end < 0 ? Infinity : end;
      return body.subarray(list, Math.min(stop, message + MAX_MESSAGE_BYTES));
    }
    if (end < 0) return null;
    at = skipSpace(body, end);
  } while (body[at] === COMMA);
  return null;
}

/** @returns the index behind the message, -1 if it is not whole, and whether its role was seen to be the user's */
function readMessage(body: Buffer, start: number): { end: number; isUser: boolean } {
  if (body[start] !== OPEN_BRACE) return { end: skipValue(body, start), isUser: false };
  let isUser = false;
  let at = start;
  do {
    const key = skipSpace(body, at + 1);
    if (body[key] === CLOSE_BRACE) return { end: key + 1, isUser };
    const keyEnd = skipString(body, key);
    const colon = keyEnd < 0 ? -1 : skipSpace(body, keyEnd);
    if (colon < 0 || body[colon] !== COLON) return { end: -1, isUser };
    const value = skipSpace(body, colon + 1);
    const end = skipValue(body, value);
    if (end < 0) return { end, isUser };
    if (spells(body, key, keyEnd, '"role"')) isUser = spells(body, value, end, '"user"');
    at = skipSpace(body, end);
  } while (body[at] === COMMA);
  return { end: body[at] === CLOSE_BRACE ? at + 1 : -1, isUser };
}

function spells(body: Buffer, start: number, end: number, text: string): boolean {
  return end - start === text.length && body.toString('latin1', start, end) === text;
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at += 1;
  return at;
}

/** @returns the index behind the closing quote, or -1 if there is none */
function skipString(body: Buffer, start: number): number {
  if (body[start] !== QUOTE) return -1;
  let from = start + 1;
  for (;;) {
    const quote = body.indexOf(QUOTE, from);
    if (quote < 0) return -1;
    let first = quote;
    while (first > from && body[first - 1] === BACKSLASH) first -= 1;
    if (((quote - first) & 1) === 0) return quote + 1;
    from = quote + 1;
  }
}

/** @returns the index behind the value, or -1 if it is not whole */
function skipValue(body: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < body.length) {
    const byte = body[at] as number;
    if (byte === QUOTE) {
      at = skipString(body, at);
      if (at < 0) return -1;
      if (depth === 0) return at;
      continue;
    }
    const isClose = (byte | BRACKET_BIT) === CLOSE_BRACE;
    if (depth === 0 && (byte === COMMA || isClose)) return at;
    at += 1;
    if ((byte | BRACKET_BIT) === OPEN_BRACE) depth += 1;
    else if (isClose) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}
