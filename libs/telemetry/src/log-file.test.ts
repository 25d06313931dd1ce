import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { LogFile, type LogFileSettings } from './log-file.ts';

const MB = 1_048_576;
const NOON = Date.UTC(2026, 0, 15, 12);

function open(t: TestContext, limits: Partial<LogFileSettings> = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'olla-logs-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const errors: unknown[] = [];
  const settings = { dir: join(dir, 'logs'), max_size_mb: 1, max_backups: 0, max_age_days: 0, ...limits };
  const file = new LogFile(settings, 'olla', (error) => errors.push(error));
  return { file, folder: settings.dir, errors };
}

const rethrow = (error: unknown): void => {
  throw error;
};
const isBackup = (name: string): boolean => name !== 'olla.log';

describe('a log file', () => {
  test('is created with its folder and has the lines without colours', (t) => {
    const { file } = open(t);
    file.append('\u001b[90m12:00:00\u001b[0m one\n');
    file.append('two\n');
    assert.equal(readFileSync(file.path, 'utf8'), '12:00:00 one\ntwo\n');
  });

  test('is renamed when it is full, while the writers of all processes continue in a new one', (t) => {
    const { file, folder } = open(t);
    const other = new LogFile(
      { dir: folder, max_size_mb: 1, max_backups: 0, max_age_days: 0 },
      'olla',
      rethrow,
    );
    file.append('x'.repeat(MB - 1));
    file.rotate(NOON);
    assert.deepEqual(readdirSync(folder), ['olla.log']);
    other.append('y');
    file.rotate(NOON);
    assert.deepEqual(readdirSync(folder), ['olla-2026-01-15T12-00-00.000Z.log']);
    other.append('new');
    file.append('er\n');
    assert.equal(readFileSync(file.path, 'utf8'), 'newer\n');
  });

  test('keeps the newest backups within the age, and foreign files', (t) => {
    const { file, folder } = open(t, { max_backups: 2, max_age_days: 7 });
    writeFileSync(join(folder, 'olla-notes.log'), '');
    const aged = (name: string, days: number): void => {
      writeFileSync(join(folder, name), '');
      utimesSync(join(folder, name), new Date(NOON - days * 86_400_000), new Date(NOON - days * 86_400_000));
    };
    aged('olla-2026-01-14T12-00-00.000Z.log', 1);
    aged('olla-2026-01-13T12-00-00.000Z.log', 2);
    file.append('x'.repeat(MB));
    file.rotate(NOON);
    assert.deepEqual(readdirSync(folder).filter(isBackup).sort(), [
      'olla-2026-01-14T12-00-00.000Z.log',
      'olla-2026-01-15T12-00-00.000Z.log',
      'olla-notes.log',
    ]);
    utimesSync(join(folder, 'olla-2026-01-15T12-00-00.000Z.log'), new Date(NOON), new Date(NOON));
    file.append('x'.repeat(MB));
    file.rotate(NOON + 10 * 86_400_000);
    assert.deepEqual(readdirSync(folder).filter(isBackup).sort(), [
      'olla-2026-01-25T12-00-00.000Z.log',
      'olla-notes.log',
    ]);
  });

  test('that cannot be written is reported once, and written again when it can be', (t) => {
    const { file, folder, errors } = open(t);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'in the way');
    file.append('lost');
    file.append('lost');
    assert.equal(errors.length, 1);
    rmSync(folder);
    const again = new LogFile(
      { dir: folder, max_size_mb: 1, max_backups: 0, max_age_days: 0 },
      'olla',
      rethrow,
    );
    again.append('kept');
    file.append(' too');
    assert.equal(readFileSync(file.path, 'utf8'), 'kept too');
  });
});
