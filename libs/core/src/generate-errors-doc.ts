import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERRORS, errorBody } from './errors.ts';

/** The path of docs/errors.md. */
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

Every error of the gateway itself has a JSON body. \`code\` is stable; programs should decide by it. \`message\` is for people:
it names what was requested and what to do, and it may change.

\`\`\`json
${errorBody('MODEL_NOT_FOUND', 'not found: no endpoint has the model "llama9". GET /olla/models lists the models that are known')}
\`\`\`

Every response has an \`X-Olla-Request-ID\`, under which the gateway's log has the request. \`Retry-After\` is set if a later
request can succeed after a known time. Responses of a backend, also its errors, are relayed unchanged.

If a backend breaks off after its response has begun, no status can report it. An event stream then ends with an \`error\` event
and NDJSON with a line \`{"error": …}\`, and the gateway closes the connection before the end of the body.

| code | status | type | what it means and what to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

if (import.meta.main) writeFileSync(ERRORS_PAGE, errorsPage());
