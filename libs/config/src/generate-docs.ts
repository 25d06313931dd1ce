import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderJsonSchema, renderMarkdown } from './docs.ts';

/** The generated files, by their paths from this folder. */
export const GENERATED = [
  { path: '../../../docs/config.md', render: renderMarkdown },
  { path: '../../../docs/config.schema.json', render: renderJsonSchema },
] as const;

/** Where a generated file is on this machine. */
export function generatedPath(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

if (import.meta.main) {
  for (const { path, render } of GENERATED) writeFileSync(generatedPath(path), render());
}
