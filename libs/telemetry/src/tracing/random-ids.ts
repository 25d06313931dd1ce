import { randomFillSync } from 'node:crypto';

/** Random bytes are fetched in blocks, because a call for each id would cost more than the rest of making one. */
const block = Buffer.allocUnsafe(4_096);
let used = block.length;

function randomHex(bytes: number): string {
  if (used + bytes > block.length) {
    randomFillSync(block);
    used = 0;
  }
  const text = block.toString('hex', used, used + bytes);
  used += bytes;
  return text;
}

/** A trace id: 32 hex digits. */
export function newTraceId(): string {
  return randomHex(16);
}

/** A span id: 16 hex digits. */
export function newSpanId(): string {
  return randomHex(8);
}
