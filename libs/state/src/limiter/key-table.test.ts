import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KeyTable, MAX_KEYS } from './key-table.ts';

describe('key table', () => {
  test('stays bounded in a flood of addresses, and keeps those in use', () => {
    const table = new KeyTable();
    const inUse = Array.from({ length: 1_000 }, (_, i) => table.open(`used:${i}`, 0));
    for (const entry of inUse) entry.waiting = 1;
    const startedMs = performance.now();
    for (let i = 0; i < MAX_KEYS + 20_000; i += 1) table.open(`ip:${i}`, 0);
    // A search through the table for each address would take minutes.
    assert.ok(performance.now() - startedMs < 5_000);
    assert.ok(table.size <= MAX_KEYS + inUse.length, `${table.size}`);
    for (const entry of inUse) assert.equal(table.get(entry.key), entry);
    assert.equal(table.get('ip:0'), undefined);
  });

  test('drops only keys that are idle and have nothing pending', () => {
    const table = new KeyTable();
    const refused = table.open('refused', 0);
    refused.noUntilMs = 60_000;
    table.open('idle', 0);
    table.open('fresh', 15_000);
    table.sweep(20_000);
    assert.deepEqual(
      ['refused', 'idle', 'fresh'].map((key) => table.get(key) !== undefined),
      [true, false, true],
    );
  });
});
