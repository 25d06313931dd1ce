import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderJsonSchema, renderMarkdown } from './docs.ts';

/** The files that are generated from the schema, with their paths relative to this folder. */
export const GENERATED = [
  { path: '../../../docs/config.md', render: renderMarkdown },
  { path: '../../../docs/config.schema.json', render: renderJsonSchema },
] as const;

/** The absolute path of a file that is named relative to this folder. */
export function generatedPath(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

if (import.meta.main) {
  for (const { path, render } of GENERATED) writeFileSync(generatedPath(path), render());
}
