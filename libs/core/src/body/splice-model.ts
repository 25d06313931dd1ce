import type { ByteRange } from './body-fields.ts';

/** The replacement for a model in the body: a JSON string, or the raw text of a multipart form's field. */
export function modelToken(name: string, body: 'json' | 'multipart'): Buffer {
  return Buffer.from(body === 'json' ? JSON.stringify(name) : name, 'utf8');
}

/** What is inserted at the beginning of a JSON object that names no model. */
export function modelField(name: string, hasFields: boolean): Buffer {
  return Buffer.from(`"model":${JSON.stringify(name)}${hasFields ? ',' : ''}`, 'utf8');
}

/** The change of the body's length. */
export function spliceDelta(ranges: readonly ByteRange[], token: Uint8Array): number {
  return ranges.reduce((sum, { start, end }) => sum + token.length - (end - start), 0);
}

/**
 * A body with the bytes of each range replaced by `token`, without copying: chunks are cut at the ranges. Ranges are in
 * order, do not overlap, lie within the chunks, and count from the first byte of the first chunk.
 */
export function spliceChunks(
  chunks: readonly Buffer[],
  ranges: readonly ByteRange[],
  token: Buffer,
): readonly Buffer[] {
  return ranges.reduceRight((spliced, range) => spliceOne(spliced, range, token), chunks);
}

function spliceOne(chunks: readonly Buffer[], { start, end }: ByteRange, token: Buffer): readonly Buffer[] {
  const spliced: Buffer[] = [];
  let offset = 0;
  let placed = false;
  const place = (): void => {
    if (!placed) spliced.push(token);
    placed = true;
  };
  for (const chunk of chunks) {
    const from = offset;
    const to = offset + chunk.length;
    offset = to;
    if (to <= start || from >= end) {
      if (from >= end) place();
      spliced.push(chunk);
      continue;
    }
    if (from < start) spliced.push(chunk.subarray(0, start - from));
    place();
    if (to > end) spliced.push(chunk.subarray(end - from));
  }
  place();
  return spliced;
}
