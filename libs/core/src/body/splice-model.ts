/** What stands in the body for another model: a JSON string, or the raw text of a multipart form's field. */
export function modelToken(name: string, body: 'json' | 'multipart'): Buffer {
  return Buffer.from(body === 'json' ? JSON.stringify(name) : name, 'utf8');
}

/** By how much the body's length changes. */
export function spliceDelta(start: number, end: number, token: Uint8Array): number {
  return token.length - (end - start);
}

/**
 * A body with its bytes from `start` to `end` replaced by `token`, without copying: the chunks that they stand in are
 * cut. `start` and `end` count from the first byte of the first chunk, and `end` lies within the chunks.
 */
export function spliceChunks(chunks: readonly Buffer[], start: number, end: number, token: Buffer): Buffer[] {
  const spliced: Buffer[] = [];
  let offset = 0;
  let placed = false;
  for (const chunk of chunks) {
    const from = offset;
    const to = offset + chunk.length;
    offset = to;
    if (to <= start || from >= end) {
      spliced.push(chunk);
      continue;
    }
    if (from < start) spliced.push(chunk.subarray(0, start - from));
    if (!placed) spliced.push(token);
    placed = true;
    if (to > end) spliced.push(chunk.subarray(end - from));
  }
  return spliced;
}
