import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ResponseError } from './response-error.ts';
import { ResponseParser } from './response-parser.ts';

interface Seen {
  status: number;
  headers: string[];
  body: string;
  ends: number;
  keepAlive: boolean;
  keepAliveS: number | null;
}

/** Parses a response in the pieces given; `closed` is the peer closing after them. */
function parse(pieces: readonly string[], { method = 'POST', closed = false } = {}): Seen {
  const seen: Seen = { status: 0, headers: [], body: '', ends: 0, keepAlive: false, keepAliveS: null };
  const parser = new ResponseParser({
    onHead: (status, headers) => Object.assign(seen, { status, headers }),
    onBody: (bytes) => (seen.body += bytes.toString('latin1')),
    onEnd: () => (seen.ends += 1),
  });
  parser.expect(method);
  for (const piece of pieces) parser.push(Buffer.from(piece, 'latin1'));
  if (closed) assert.ok(parser.finish(), 'the response is complete');
  seen.keepAlive = parser.keepAlive;
  seen.keepAliveS = parser.keepAliveS;
  return seen;
}

function split(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places]
    .map((from, i) => text.slice(from, places[i] ?? text.length))
    .filter((piece) => piece !== '');
}

describe('the response parser', () => {
  test('reports status, headers and body of a response with a length', () => {
    const seen = parse(['HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello']);
    assert.deepEqual(seen.headers, ['Content-Length', '5', 'X-A', 'b']);
    assert.equal(seen.body, 'hello');
    assert.equal(seen.ends, 1);
    assert.equal(seen.keepAlive, true);
  });

  test('reports the same for a chunked response, however its bytes are split', () => {
    const text =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5, max=100\r\n\r\n' +
      '5\r\nhello\r\n9;ext="x"\r\n, world\r\n\r\n0\r\nX-Trailer: t\r\n\r\n';
    const whole = parse([text]);
    assert.equal(whole.body, 'hello, world\r\n');
    assert.equal(whole.ends, 1);
    assert.equal(whole.keepAliveS, 5);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        assert.deepEqual(parse(split(text, cuts)), whole);
      }),
      { numRuns: 300 },
    );
    assert.deepEqual(parse([...text]), whole);
  });

  test('reports bodies unchanged, however they are chunked and split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, maxLength: 40 }), { maxLength: 8 }),
        fc.array(fc.nat(2_000), { maxLength: 10 }),
        (parts, cuts) => {
          const bytes = parts.map((part) => Buffer.from(part, 'utf8').toString('latin1'));
          const chunks = bytes.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
          const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;
          const seen = parse(split(text, cuts));
          assert.equal(seen.body, bytes.join(''));
          assert.equal(seen.ends, 1);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('takes all bytes for the body until the connection closes when there is neither length nor coding', () => {
    const seen = parse(['HTTP/1.1 200 OK\r\n\r\nab', 'cd'], { closed: true });
    assert.equal(seen.body, 'abcd');
    assert.equal(seen.ends, 1);
    assert.equal(seen.keepAlive, false);
  });

  test('expects no body after HEAD, 204 and 304, with any headers', () => {
    assert.equal(parse(['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n'], { method: 'HEAD' }).ends, 1);
    assert.equal(parse(['HTTP/1.1 204 No Content\r\n\r\n']).ends, 1);
    assert.equal(parse(['HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n']).ends, 1);
  });

  test('keeps a connection of HTTP/1.1 unless it says close, and one of HTTP/1.0 only if it says keep-alive', () => {
    const keepAlive = (head: string) => parse([`${head}\r\nContent-Length: 0\r\n\r\n`]).keepAlive;
    assert.equal(keepAlive('HTTP/1.1 200 OK'), true);
    assert.equal(keepAlive('HTTP/1.1 200 OK\r\nConnection: close'), false);
    assert.equal(keepAlive('HTTP/1.0 200 OK'), false);
    assert.equal(keepAlive('HTTP/1.0 200 OK\r\nConnection: Keep-Alive'), true);
  });

  test('reports an incomplete response when it breaks off', () => {
    for (const text of [
      'HTTP/1.1 200',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n',
    ]) {
      const parser = new ResponseParser({
        onHead: () => undefined,
        onBody: () => undefined,
        onEnd: () => undefined,
      });
      parser.expect('POST');
      parser.push(Buffer.from(text));
      assert.equal(parser.finish(), false, text);
    }
  });

  test('reads a body that names `chunked` twice, and one with the coding `identity`, and does not keep the connection', () => {
    const chunks = '5\r\nhello\r\n0\r\n\r\n';
    for (const [head, body] of [
      ['Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', chunks],
      ['Transfer-Encoding: chunked, chunked', chunks],
      ['Transfer-Encoding: identity, chunked', chunks],
      ['Transfer-Encoding: identity\r\nContent-Length: 5', 'hello'],
      ['Content-Length: 5\r\nTransfer-Encoding: Identity', 'hello'],
    ] as const) {
      const text = `HTTP/1.1 200 OK\r\n${head}\r\n\r\n${body}`;
      for (const pieces of [[text], [...text]]) {
        const seen = parse(pieces);
        assert.deepEqual([seen.body, seen.ends, seen.keepAlive], ['hello', 1, false], head);
      }
    }
    const closed = parse(['HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello'], { closed: true });
    assert.equal(closed.body, 'hello');
    assert.equal(parse([`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`]).keepAlive, true);
  });

  test('names the header that is wrong, and why', () => {
    const head = 'HTTP/1.1 200 OK\r\n';
    for (const [text, message] of [
      [`${head}Transfer-Encoding: gzip, chunked\r\n\r\n`, /^Transfer-Encoding is "gzip, chunked"/],
      [`${head}Content-Length: -1\r\n\r\n`, /^Content-Length is "-1"/],
      [`${head}Content-Length: 5, 5\r\n\r\n`, /^Content-Length is "5, 5"/],
      [`${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, /^Content-Length is both 5 and 6$/],
      [
        `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
        /^Content-Length and Transfer-Encoding/,
      ],
      [`${head}A: b\r\nX-A : b\r\nC: d\r\n\r\n`, /^the header line "X-A : b" is not valid$/],
      [`${head}A: b\r\nX-B: a\u0001b\r\nC: d\r\n\r\n`, /^the header line "X-B: a\\u0001b" is not valid$/],
      ['SSH-2.0-OpenSSH_9.2\r\n', /^the response begins with "SSH-2/],
    ] as const)
      assert.throws(() => parse([text]), { message }, text);
  });

  test('throws at the first line that ends in LF alone, before the head ends', () => {
    const text = 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok';
    for (const pieces of [[text], [text.slice(0, 16)], [...text], ['HTTP/1.1 200 OK\r\nA: b\n']])
      assert.throws(() => parse(pieces), { code: 'HPE_CR_EXPECTED' });
  });

  test('finds the same fault, or none, however the bytes are split', () => {
    const line = fc.constantFrom(
      ...['Content-Length: 5', 'Content-Length: 05', 'Content-Length: x', 'Transfer-Encoding: chunked'],
      ...[
        'Transfer-Encoding: identity',
        'Transfer-Encoding: gzip',
        'Connection: close',
        'A : b',
        'A',
        ' folded',
      ],
      ...['A: \u0001', 'A: b\r', 'A: b\nC: d'],
    );
    const body = fc.constantFrom('hello', '5\r\nhello\r\n0\r\n\r\n', '5\nhello\n0\n\n', '', '5\r\nhello');
    const outcome = (pieces: readonly string[]): unknown => {
      try {
        return parse(pieces);
      } catch (error) {
        assert.ok(error instanceof ResponseError);
        return 'refused';
      }
    };
    const cuts = fc.array(fc.nat(200), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 4 }), body, cuts, (lines, rest, places) => {
        const text = `${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n${rest}`;
        assert.deepEqual(outcome(split(text, places)), outcome([text]));
        assert.deepEqual(outcome([...text]), outcome([text]));
      }),
      { numRuns: 500 },
    );
  });

  test('throws for a response that another parser could read differently', () => {
    const head = 'HTTP/1.1 200 OK\r\n';
    const bad: Record<string, string> = {
      'not HTTP': 'SSH-2.0-OpenSSH_9.2\r\n',
      'no status': 'HTTP/1.1 OK\r\n\r\n',
      'HTTP/2': 'HTTP/2.0 200 OK\r\n\r\n',
      'length and chunks': `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'two lengths': `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`,
      'a length that is none': `${head}Content-Length: +5\r\n\r\n`,
      'an unknown coding': `${head}Transfer-Encoding: gzip, chunked\r\n\r\n`,
      'space before the colon': `${head}X-A : b\r\n\r\n`,
      'a folded line': `${head}X-A: b\r\n c\r\n\r\n`,
      'a control character': `${head}X-A: b\u0001\r\n\r\n`,
      'a chunk size that is none': `${head}Transfer-Encoding: chunked\r\n\r\n-1\r\n`,
      'a chunk longer than its size': `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n`,
      'a line without CR': `${head}Transfer-Encoding: chunked\r\n\r\n2\nab`,
      'an unasked protocol': 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
      'bytes after the end': `${head}Content-Length: 2\r\n\r\nabc`,
      'a head without end': `${head}${'X-A: b\r\n'.repeat(10_000)}`,
      'interim responses without end': 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(3_000),
    };
    for (const [what, text] of Object.entries(bad)) {
      assert.throws(() => parse([text]), ResponseError, what);
      assert.throws(() => parse([...text]), ResponseError, `${what}, byte by byte`);
    }
  });

  test('throws only ResponseError, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, afterHead) => {
        const parser = new ResponseParser({
          onHead: () => undefined,
          onBody: () => undefined,
          onEnd: () => undefined,
        });
        parser.expect('POST');
        try {
          if (afterHead) parser.push(Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'));
          parser.push(Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof ResponseError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
