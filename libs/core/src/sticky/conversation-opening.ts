import { skipSpace, skipValue, spells, walkObject } from '../body/json-walk.ts';

const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;

/** Bytes of a user's message that are compared. Images make messages large. */
export const MAX_MESSAGE_BYTES = 16 * 1024;

/**
 * The part of a body that is the same in all turns of a conversation and differs from other conversations: the messages
 * up to the first one of the user, of that at most MAX_MESSAGE_BYTES. Reads `messages` of chats and `input` of OpenAI's
 * responses.
 *
 * @param body a JSON object, or its beginning
 * @returns null where the body holds no such messages, or ends before them
 */
export function conversationOpening(body: Buffer): Buffer | null {
  let list = -1;
  walkObject(body, skipSpace(body, 0), ({ keyStart, keyEnd, valueStart }) => {
    if (!spells(body, keyStart, keyEnd, '"messages"') && !spells(body, keyStart, keyEnd, '"input"'))
      return false;
    list = valueStart;
    return true;
  });
  return list < 0 ? null : openingAt(body, list);
}

function openingAt(body: Buffer, list: number): Buffer | null {
  if (body[list] !== OPEN_BRACKET) return null;
  let at = list;
  do {
    const message = skipSpace(body, at + 1);
    let isUser = false;
    const objectEnd = walkObject(body, message, ({ keyStart, keyEnd, valueStart, valueEnd }) => {
      if (spells(body, keyStart, keyEnd, '"role"')) isUser = spells(body, valueStart, valueEnd, '"user"');
      return false;
    });
    if (isUser && (objectEnd >= 0 || body.length - message >= MAX_MESSAGE_BYTES)) {
      const end = objectEnd < 0 ? Infinity : objectEnd;
      return body.subarray(list, Math.min(end, message + MAX_MESSAGE_BYTES));
    }
    const end = objectEnd < 0 ? skipValue(body, message) : objectEnd;
    if (end < 0) return null;
    at = skipSpace(body, end);
  } while (body[at] === COMMA);
  return null;
}
