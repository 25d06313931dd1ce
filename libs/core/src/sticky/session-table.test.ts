import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SessionTable } from './session-table.ts';

describe('SessionTable', () => {
  test('drops a session by its idle time, not by its age', () => {
    const table = new SessionTable(10, 100);
    table.place('s', 'a', 0);
    table.place('t', 'a', 10);
    table.place('s', 'a', 90);
    assert.equal(table.find('s', 190), 'a');
    assert.equal(table.find('t', 111), null);
    assert.equal(table.size(111), 1);
    assert.equal(table.find('s', 191), null);
    assert.equal(table.evictions, 0);
  });

  test('drops sessions without an idle time only if the table is full, the least recently used first', () => {
    const table = new SessionTable(2, 0);
    table.place('s', 'a', 0);
    table.place('t', 'b', 1);
    table.place('s', 'a', 1e12);
    table.place('u', 'c', 1e12);
    assert.deepEqual([table.find('s', 2e12), table.find('t', 2e12), table.find('u', 2e12)], ['a', null, 'c']);
    assert.equal(table.evictions, 1);
  });

  test('reports a changed place, and again before other processes would drop it', () => {
    const table = new SessionTable(10, 100);
    assert.equal(table.place('s', 'a', 0), true);
    assert.equal(table.place('s', 'a', 20), false);
    assert.equal(table.place('s', 'b', 21), true);
    assert.equal(table.place('s', 'b', 40), false);
    assert.equal(table.place('s', 'b', 60), true);
  });
});
