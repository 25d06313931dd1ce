import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROMISES } from './promises.ts';

/** Root of the repository. */
export const REPOSITORY = join(import.meta.dirname, '../..');
/** The path of the page. */
export const PROMISES_PAGE = join(REPOSITORY, 'docs/promises.md');

/** The sentences of README.md on what Olla does: those under "Use it with your own servers", and the feature list. */
export function readmeSentences(): string[] {
  const readme = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
  const from = readme.indexOf('\n## Use it with your own servers');
  const to = readme.indexOf('\n## Documentation');
  const paragraphs = readme
    .slice(from, to)
    .replaceAll(/^```[^]*?^```$/gm, '')
    .split(/\n\n|\n(?=- )/)
    .filter((paragraph) => !/^\s*(#|\||$)/.test(paragraph))
    .map((paragraph) =>
      paragraph
        .replace(/^\s*- \*\*.*?\*\*/, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    );
  const sentences = paragraphs.flatMap((paragraph) => paragraph.split(/(?<=[.?!])\s+(?=[A-Z`[])/));
  // A sentence about another page is that page's promise.
  return sentences.filter((sentence) => !sentence.startsWith('[docs/performance.md]'));
}

/** The text of docs/promises.md. */
export function promisesPage(): string {
  const rows = PROMISES.map(({ sentence, tests }) => {
    const shown = tests.map(([file, title]) => `[${title.replaceAll('|', '\\|')}](../${file})`);
    return `| ${sentence.replaceAll('](docs/', '](')} | ${shown.join('<br>')} |`;
  });
  return `# What the README promises, and the tests that show it

<!-- Generated from e2e/src/promises.ts by \`node e2e/src/generate-promises-doc.ts\`. -->

Each sentence of the README on what Olla does names the tests that show it, by their titles. A test fails when a sentence
has none, or names one that does not exist. The lines of the API have a page of their own: [contract.md](contract.md).

| sentence | tests |
| --- | --- |
${rows.join('\n')}
`;
}

if (import.meta.main) writeFileSync(PROMISES_PAGE, promisesPage());
