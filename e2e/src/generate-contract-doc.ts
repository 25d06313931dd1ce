import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONTRACT_LINES } from './contract-lines.ts';

/** The path of the page. */
export const CONTRACT_PAGE = fileURLToPath(new URL('../../docs/contract.md', import.meta.url));

/** Finds the file of each line's test in the sources. @throws RangeError when a line has two tests */
export function testedLines(): Map<string, string> {
  const files = new Map<string, string>();
  for (const file of readdirSync(import.meta.dirname)) {
    if (!/^contract-.*\.test\.ts$/.test(file)) continue;
    const source = readFileSync(join(import.meta.dirname, file), 'utf8');
    for (const [, line = ''] of source.matchAll(/^  test\('([^']+)', /gm)) {
      if (files.has(line)) throw new RangeError(`${line} has two tests`);
      files.set(line, file);
    }
  }
  return files;
}

/** The path of a test file of CONTRACT_LINES, from the root of the repository. */
export function testPath(file: string): string {
  return file.startsWith('in-process/') ? `apps/gateway/src/${file}` : `e2e/src/${file}`;
}

const link = (file: string): string => `[${file}](../${testPath(file)})`;

/** The text of docs/contract.md. */
export function contractPage(): string {
  const tests = testedLines();
  const rows = CONTRACT_LINES.map(({ section, line, also = [] }) => {
    const file = tests.get(line);
    return `| ${section} | \`${line}\` | ${[...(file === undefined ? [] : [file]), ...also].map(link).join(' ')} |`;
  });
  return `# The API contract and its tests

<!-- Generated from e2e/src/contract-lines.ts by \`node e2e/src/generate-contract-doc.ts\`. -->

Each line of the API contract has a test against a real gateway. The test has the line as its title and is in the first file
of the row; the other files test more cases of it, those of \`in-process/\` with a worker inside the test's process.
[errors.md](errors.md) lists the errors.

## Decided exceptions

- Errors of the gateway on Ollama's own API (\`/olla/ollama/api/…\`) have Ollama's form, \`{"error": "text"}\`, with the code in
  \`X-Olla-Error-Code\`: Ollama's clients read \`error\` as a text. Everywhere else they have the form of the contract.
- Clients that are known to fail on a trailer section get no \`X-Olla-Response-Time\` trailer unless they send \`TE: trailers\`:
  Dart's \`HttpClient\`, fasthttp, cpp-httplib and http-kit, by their user agent. A known \`Content-Length\` is kept for them, and
  the time is a header beside it. \`server.response_time_trailer\` decides otherwise.

## Lines

| section | line, which is the title of its test | tested by |
| --- | --- | --- |
${rows.join('\n')}
`;
}

if (import.meta.main) writeFileSync(CONTRACT_PAGE, contractPage());
