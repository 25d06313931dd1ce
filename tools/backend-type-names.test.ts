import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

const root = join(import.meta.dirname, '..');
const typesFolder = 'libs/backends/src/types';

const sources = (pattern: string): string[] =>
  globSync(pattern, { cwd: root }).filter((file) => !/\.test\.tsx?$|\/(testing|node_modules)\//.test(file));

/** Each type with the file that defines it. */
const types = new Map(
  sources(`${typesFolder}/*.ts`).map((file) => {
    const name = /^ {2}type: '([^']+)',$/m.exec(readFileSync(join(root, file), 'utf8'))?.[1];
    assert.ok(name !== undefined, `${file} has no line with type: '…'`);
    return [name, file];
  }),
);

const COMMENT = /^\s*(\/?\*|\/\/)/;

/** Lines of code that name a backend type, in a text or as a key. */
function linesThatName(type: string, file: string): string[] {
  const named = new RegExp(`(['"\`])${type}\\1|^\\s*${type}:`);
  return readFileSync(join(root, file), 'utf8')
    .split('\n')
    .flatMap((line, at) =>
      named.test(line) && !COMMENT.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : [],
    );
}

describe('the name of a backend type', () => {
  // The simulator, the bench and the end-to-end tests name the servers that they start, and fakes do too.
  const files = sources('{apps/{gateway,discovery,ctl},libs/*}/src/**/*.{ts,tsx}').filter(
    (file) => !file.startsWith(`${typesFolder}/`) && !file.includes('/fake-'),
  );

  for (const [type, ownFile] of types) {
    test(`is only in its own file, its test and generated docs: ${type}`, () => {
      const elsewhere = files.flatMap((file) => linesThatName(type, file));
      assert.deepEqual(elsewhere, [], `move the facts about ${type} to ${ownFile}`);
    });
  }
});
