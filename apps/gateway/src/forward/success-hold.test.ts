import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { UpstreamListener } from '@olla/upstream/upstream';
import { SuccessHold } from './success-hold.ts';

interface Played {
  /** The events at the client's side, in order; the texts of data joined. */
  readonly events: readonly string[];
  readonly text: string;
  readonly succeeded: boolean;
  /** The text that had been sent when the success was reported. */
  readonly before: string;
}

interface PlayOptions {
  readonly status?: number;
  readonly headers?: readonly string[];
  readonly fails?: boolean;
}

/** Plays a response whose success settles at once. */
async function play(
  pieces: readonly string[],
  { status = 200, headers = ['Content-Type', 'application/x-ndjson'], fails = false }: PlayOptions = {},
): Promise<Played> {
  const events: string[] = [];
  let text = '';
  let before: string | null = null;
  const relay: UpstreamListener = {
    onHead: (got) => void events.push(`head ${got}`),
    onQuiet: () => void events.push('quiet'),
    onData(chunk) {
      text += chunk.toString();
      return true;
    },
    onEnd: () => void events.push('end'),
    onFailure: () => void events.push('failure'),
  };
  const hold = new SuccessHold({
    relay,
    onSuccess: () => {
      before = text;
      return Promise.resolve();
    },
    onFault: (fault) => assert.fail(String(fault)),
  });
  hold.onHead(status, [...headers]);
  hold.onQuiet();
  for (const piece of pieces) hold.onData(Buffer.from(piece));
  if (fails) hold.onFailure({ kind: 'truncated', reused: false, code: 'X', cause: null });
  else hold.onEnd();
  await setImmediate();
  return { events, text, succeeded: before !== null, before: before ?? '' };
}

const SUCCESS = '{"status":"success"}\n';
const PROGRESS = '{"status":"pulling 8f","total":10}\n';

describe('SuccessHold', () => {
  test('passes progress on and holds back the line with success, for pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(60), { maxLength: 6 }), async (cuts) => {
        const whole = PROGRESS + PROGRESS + SUCCESS;
        const at = [0, ...[...cuts].sort((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, n) => whole.slice(at[n], end));
        const played = await play(pieces.filter((piece) => piece !== ''));
        assert.deepEqual([played.text, played.succeeded, played.events.at(-1)], [whole, true, 'end']);
        assert.ok(!played.before.includes('"success"'));
      }),
      { numRuns: 100 },
    );
  });

  for (const [what, pieces, options] of [
    ['no body', [], { headers: [] }],
    ['an empty object', ['{}'], { headers: ['Content-Type', 'application/json'] }],
    ['success in one object', ['{"status":"success"}'], { headers: ['Content-Type', 'application/json'] }],
    ['text that is no JSON', ['done'], { headers: [] }],
    ['success behind empty lines', [SUCCESS, '\n\n'], {}],
    ['a body that cannot be read', ['\u001f\u0008'], { headers: ['Content-Encoding', 'gzip'] }],
  ] as const)
    test(`treats 2xx with ${what} as success, and holds it back`, async () => {
      const played = await play(pieces, options);
      assert.deepEqual([played.succeeded, played.text, played.events.at(-1)], [true, pieces.join(''), 'end']);
      if (what !== 'success behind empty lines') assert.ok(!played.events.includes('quiet'));
      assert.equal(played.before, '');
    });

  for (const [what, pieces, options] of [
    ['another status', ['{}'], { status: 404 }],
    ['an error in the last line', [PROGRESS, '{"error":"no such file"}\n'], {}],
    ['an error in its body', ['{"error":"no"}'], { headers: ['Content-Type', 'application/json'] }],
    ['a last line that is progress', [PROGRESS], {}],
    ['a connection that breaks off behind success', [SUCCESS], { fails: true }],
  ] as const)
    test(`treats a response with ${what} as no success, and passes it on completely`, async () => {
      const played = await play(pieces, options);
      assert.deepEqual([played.succeeded, played.text], [false, pieces.join('')]);
      assert.equal(played.events.at(-1), 'fails' in options ? 'failure' : 'end');
    });

  test('holds back only a bounded part of a body', async () => {
    const large = 'x'.repeat(100_000);
    const played = await play([large], { headers: ['Content-Type', 'application/json'] });
    assert.deepEqual([played.succeeded, played.before], [true, large]);
  });

  test('reports a fault after the success, and leaves no unhandled rejection', async () => {
    const faults: unknown[] = [];
    const relay: UpstreamListener = {
      onHead: () => undefined,
      onQuiet: () => undefined,
      onData: () => true,
      onEnd: () => assert.fail('its client would take it for a success'),
      onFailure: () => undefined,
    };
    const fault = new Error('the fault');
    const hold = new SuccessHold({
      relay,
      onSuccess: () => Promise.reject(fault),
      onFault: (one) => void faults.push(one),
    });
    hold.onHead(200, []);
    hold.onEnd();
    await setImmediate();
    assert.deepEqual(faults, [fault]);
  });
});
