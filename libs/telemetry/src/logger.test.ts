import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chooseFormat, createLogger } from './logger.ts';

function capture(level: 'debug' | 'info' | 'warn' | 'error', format: 'json' | 'pretty') {
  const written: string[] = [];
  return {
    written,
    logger: createLogger({ level, format, base: { role: 'worker' }, write: (text) => written.push(text) }),
  };
}

describe('the logger', () => {
  test('writes one JSON object for each line, with the base fields', () => {
    const { written, logger } = capture('info', 'json');
    logger.error('lost', { endpoint: 'gpu-a' });
    const line = JSON.parse(written[0] ?? '') as Record<string, unknown>;
    assert.equal(line['level'], 'error');
    assert.equal(line['role'], 'worker');
    assert.equal(line['endpoint'], 'gpu-a');
    assert.equal(line['msg'], 'lost');
  });

  test('writes several lines of level info together', () => {
    const { written, logger } = capture('info', 'json');
    logger.info('one');
    logger.info('two');
    assert.deepEqual(written, []);
    logger.flush();
    assert.equal(written.length, 1);
    assert.equal((written[0] ?? '').trim().split('\n').length, 2);
  });

  test('writes a warning at once, after the lines before it', () => {
    const { written, logger } = capture('info', 'pretty');
    logger.info('first');
    logger.warn('second', { key: 'two words' });
    assert.equal(written.length, 1);
    assert.match(written[0] ?? '', /INFO\s+first\n.*WARN\s+second key="two words"\n$/);
  });

  test('writes no line below its level', () => {
    const { written, logger } = capture('warn', 'json');
    logger.info('quiet');
    logger.debug('quieter');
    logger.flush();
    assert.deepEqual(written, []);
    assert.equal(logger.enabled('info'), false);
    assert.equal(logger.enabled('error'), true);
  });

  test('chooses pretty for a terminal, and the configured format for a pipe', () => {
    assert.equal(chooseFormat(null, { isTTY: true }), 'pretty');
    assert.equal(chooseFormat(null, { isTTY: false }), 'json');
    assert.equal(chooseFormat('json', { isTTY: true }), 'json');
    assert.equal(chooseFormat('json', { isTTY: false }), 'json');
    assert.equal(chooseFormat('text', { isTTY: false }), 'pretty');
  });
});

describe('a control character in a message, a field or a raw line', () => {
  const evil = 'a\u009b2J\u001b[31m\u202eb\u007f\r\nc';
  for (const format of ['json', 'pretty'] as const)
    test(`is escaped: ${format}`, () => {
      let written = '';
      const logger = createLogger({ level: 'info', format, write: (text) => (written += text) });
      logger.info(evil, { model: evil });
      logger.raw(JSON.stringify({ msg: evil }));
      logger.flush();
      const lines = written.split('\n');
      assert.equal(lines.length, 3);
      for (const line of lines) assert.match(line, /^[\x20-\x7e]*$/);
      assert.deepEqual(JSON.parse(lines[1] ?? ''), { msg: evil });
    });
});
