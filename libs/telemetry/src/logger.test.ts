import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseFormat, createLogger } from './logger.ts';

function capture(level: 'debug' | 'info' | 'warn' | 'error', format: 'json' | 'pretty') {
  const written: string[] = [];
  return {
    written,
    logger: createLogger({ level, format, base: { role: 'worker' }, write: (text) => written.push(text) }),
  };
}

test('writes one JSON object a line, with the base fields', () => {
  const { written, logger } = capture('info', 'json');
  logger.error('lost', { endpoint: 'gpu-a' });
  const line = JSON.parse(written[0] ?? '') as Record<string, unknown>;
  assert.equal(line['level'], 'error');
  assert.equal(line['role'], 'worker');
  assert.equal(line['endpoint'], 'gpu-a');
  assert.equal(line['msg'], 'lost');
});

test('gathers lines of information and writes them together', () => {
  const { written, logger } = capture('info', 'json');
  logger.info('one');
  logger.info('two');
  assert.deepEqual(written, []);
  logger.flush();
  assert.equal(written.length, 1);
  assert.equal((written[0] ?? '').trim().split('\n').length, 2);
});

test('a warning takes the lines before it along, in their order', () => {
  const { written, logger } = capture('info', 'pretty');
  logger.info('first');
  logger.warn('second', { key: 'two words' });
  assert.equal(written.length, 1);
  assert.match(written[0] ?? '', /INFO\s+first\n.*WARN\s+second key="two words"\n$/);
});

test('leaves out what is below its level', () => {
  const { written, logger } = capture('warn', 'json');
  logger.info('quiet');
  logger.debug('quieter');
  logger.flush();
  assert.deepEqual(written, []);
  assert.equal(logger.enabled('info'), false);
  assert.equal(logger.enabled('error'), true);
});

test('a terminal gets the form for people whatever is configured', () => {
  assert.equal(chooseFormat('json', { isTTY: true }), 'pretty');
  assert.equal(chooseFormat('json', { isTTY: false }), 'json');
  assert.equal(chooseFormat('text', { isTTY: false }), 'pretty');
});
