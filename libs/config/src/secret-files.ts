import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Draft } from './draft.ts';
import { readText } from './find-file.ts';
import type { Path } from './problem.ts';
import { isTree, setAt } from './tree.ts';

const MAX_SECRET_BYTES = 65_536;

/**
 * Reads each file that a key such as `token_file` names and sets the secret's own key, such as `token`. A secret that is
 * set twice and a file that cannot be used become problems of the draft.
 *
 * @returns the keys that are still unset because their file has a problem, which is reported already
 */
export function readSecretFiles(draft: Draft, cwd: string): Path[] {
  const unfilled: Path[] = [];
  for (const section of sectionsWithSecrets(draft)) {
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

function sectionsWithSecrets(draft: Draft): Path[] {
  const endpoints = draft.get(['discovery', 'static', 'endpoints']);
  const count = Array.isArray(endpoints) ? endpoints.length : 0;
  const ofEndpoints = Array.from({ length: count }, (_, index) => [
    'discovery',
    'static',
    'endpoints',
    index,
    'auth',
  ]);
  return [['admin'], ...ofEndpoints];
}

function readSecret(path: string): { text: string } | { reason: string } {
  const stat = statSync(path, { throwIfNoEntry: false });
  // A pipe is empty when the settings are loaded a second time.
  if (stat !== undefined && !stat.isFile()) return { reason: 'it is not a regular file' };
  if (stat !== undefined && stat.size > MAX_SECRET_BYTES)
    return { reason: `it is larger than ${MAX_SECRET_BYTES} bytes` };
  const content = readText(path);
  if ('reason' in content) return content;
  const text = content.text.replace(/[\r\n]+$/, '');
  return text === '' ? { reason: 'it is empty' } : { text };
}
