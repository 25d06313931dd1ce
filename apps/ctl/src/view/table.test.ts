import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printTable, type Column } from './table.ts';

const COLUMNS: Column<{ name: string; count: number }>[] = [
  { title: 'NAME', value: (row) => row.name },
  { title: 'COUNT', align: 'right', value: (row) => String(row.count), color: () => 'red' },
];

test('makes columns as wide as their cells, and does not pad line ends', () => {
  const text = printTable(
    COLUMNS,
    [
      { name: '日本', count: 7 },
      { name: 'a\u001b[2Jb', count: 12_345 },
    ],
    false,
  );
  assert.equal(text, 'NAME  COUNT\n日本      7\nab    12345\n');
});

test('colours only the cell', () => {
  assert.equal(
    printTable(COLUMNS, [{ name: 'a', count: 1 }], true),
    'NAME  COUNT\na     \u001b[31m    1\u001b[39m\n',
  );
});
