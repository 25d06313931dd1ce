import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Draft } from './draft.ts';
import { readText } from './find-file.ts';
import type { Path } from './problem.ts';
import { isTree, setAt } from './tree.ts';

/** A bundle of all public CAs has 250 KB. */
const MAX_BYTES = 1_048_576;

/**
 * Reads each file that a key such as `token_file` or `ca_file` names and sets the key of its content, such as `token`. A
 * content that is set twice and a file that cannot be used become problems of the draft.
 *
 * @returns the keys that are still unset because their file has a problem, which is reported already
 */
export function readSecretFiles(draft: Draft, cwd: string): Path[] {
  const unfilled: Path[] = [];
  for (const section of sectionsWithFiles(draft)) {
    const entries = draft.get(section);
    if (!isTree(entries)) continue;
    for (const [key, file] of Object.entries(entries)) {
      if (!key.endsWith('_file') || typeof file !== 'string' || file === '') continue;
      const name = key.slice(0, -'_file'.length);
      if (entries[name] !== undefined) {
        draft.report(
          'SECRET_TWICE',
          [...section, key],
          `is set together with ${name}. Remove one of the two`,
          {
            part: 'key',
          },
        );
        continue;
      }
      const secret = readSecret(resolve(cwd, file));
      if ('text' in secret) setAt(draft.root, [...section, name], secret.text);
      else {
        draft.report('SECRET_FILE', [...section, key], `${file} cannot be used: ${secret.reason}`);
        unfilled.push([...section, name]);
      }
    }
  }
  return unfilled;
}

function sectionsWithFiles(draft: Draft): Path[] {
  const endpoints = draft.get(['discovery', 'static', 'endpoints']);
  const count = Array.isArray(endpoints) ? endpoints.length : 0;
  const ofEndpoints = Array.from({ length: count }, (_, index) => {
    const endpoint = ['discovery', 'static', 'endpoints', index];
    return [endpoint, [...endpoint, 'auth']];
  });
  return [['admin'], ...ofEndpoints.flat()];
}

function readSecret(path: string): { text: string } | { reason: string } {
  const stat = statSync(path, { throwIfNoEntry: false });
  // A pipe is empty when the settings are loaded a second time.
  if (stat !== undefined && !stat.isFile()) return { reason: 'it is not a regular file' };
  if (stat !== undefined && stat.size > MAX_BYTES) return { reason: `it is larger than ${MAX_BYTES} bytes` };
  const content = readText(path);
  if ('reason' in content) return content;
  const text = content.text.replace(/[\r\n]+$/, '');
  return text === '' ? { reason: 'it is empty' } : { text };
}
