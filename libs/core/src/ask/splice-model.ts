/** What stands in the body for another model: a JSON string, or the raw text of a multipart form's field. */
export function modelToken(name: string, body: 'json' | 'multipart'): Buffer {
  return Buffer.from(body === 'json' ? JSON.stringify(name) : name, 'utf8');
}

/** By how much the body's length changes. */
export function spliceDelta(start: number, end: number, token: Uint8Array): number {
  return token.length - (end - start);
}

/** The body with its bytes from `start` to `end` replaced by `token`, in one copy. */
export function spliceModel(body: Uint8Array, start: number, end: number, token: Uint8Array): Buffer {
  const spliced = Buffer.allocUnsafe(body.length + spliceDelta(start, end, token));
  spliced.set(body.subarray(0, start), 0);
  spliced.set(token, start);
  spliced.set(body.subarray(end), start + token.length);
  return spliced;
}

/**
 * The same for a body in chunks, without copying: the chunks that the token stands in are cut. `start` and `end` count
 * from the first byte of the first chunk, and `end` lies within the chunks.
 */
export function spliceChunks(
  chunks: readonly Uint8Array[],
  start: number,
  end: number,
  token: Uint8Array,
): Uint8Array[] {
  const spliced: Uint8Array[] = [];
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
