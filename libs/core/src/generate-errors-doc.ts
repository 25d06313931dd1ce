import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERRORS, errorBody } from './errors.ts';

/** Where the page is. */
export const ERRORS_PAGE = fileURLToPath(new URL('../../../docs/errors.md', import.meta.url));

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries(ERRORS)
    .sort(([, a], [, b]) => a.status - b.status)
    .map(
      ([code, { status, type, meaning }]) => `| \`${code}\` | ${String(status)} | \`${type}\` | ${meaning} |`,
    );
  return `# Errors

<!-- Generated from libs/core/src/errors.ts by \`node libs/core/src/generate-errors-doc.ts\`. -->

Every error of the gateway itself has a JSON body. \`code\` is stable, and made for programs; \`message\` is for people,
names what was asked for and what to do, and may change.

\`\`\`json
${errorBody('MODEL_NOT_FOUND', 'no endpoint has the model "llama9". GET /olla/models lists the models that are known')}
\`\`\`

\`X-Olla-Request-ID\` is on every answer; the gateway's log has the request under the same id. \`Retry-After\` is set where
another try makes sense after a known time. Answers of a backend, errors included, are passed on as they come. A backend
that breaks off after its answer has begun cannot be told by a status: an event stream ends with an \`error\` event,
NDJSON with a line \`{"error": …}\`, and the connection is closed before the end of the body.

| code | status | type | what it means, and what to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

if (import.meta.main) writeFileSync(ERRORS_PAGE, errorsPage());
