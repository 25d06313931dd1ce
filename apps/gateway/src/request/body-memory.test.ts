import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { waitFor } from '@olla/testing/wait-for';
import { BodyMemory, copyOf, LARGE_BYTES } from './body-memory.ts';

const HELD_BYTES = 4 * LARGE_BYTES;

/** Holds memory for a body as the caller's only reference to it. */
function hold(): { body: Buffer | null } {
  return { body: copyOf(Buffer.alloc(HELD_BYTES, 1)) };
}

describe('the memory of bodies', () => {
  test('is collected once much of it was freed and no more arrives', async () => {
    const memory = new BodyMemory(() => 0);
    const holder = hold();
    const before = process.memoryUsage().arrayBuffers;
    assert.ok(before >= HELD_BYTES);
    holder.body = null;
    memory.freed(HELD_BYTES);
    await waitFor(() => before - process.memoryUsage().arrayBuffers >= HELD_BYTES, {
      describe: 'the memory of the body to be collected',
    });
  });

  test('is copied with the same bytes', () => {
    const piece = Buffer.from('some bytes');
    assert.deepEqual(copyOf(piece), piece);
  });
});
