import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OPENAI_MANAGEMENT, OPENAI_USE } from './openai-paths.ts';
import type { PathRule } from './path-rule.ts';
import { PROFILES } from './table.ts';

/** The path of docs/management.md. */
export const MANAGEMENT_PAGE = fileURLToPath(new URL('../../../docs/management.md', import.meta.url));

/** The text of docs/management.md. */
export function managementPage(): string {
  const sections = PROFILES.map(
    ({ label, type, usePaths, managementPaths }) => `### ${label} (\`${type}\`)

Inference and reading: ${listed(usePaths, ['GET /', ...OPENAI_USE])}

Management: ${listed(managementPaths, OPENAI_MANAGEMENT)}
`,
  );
  return `# Who may manage the servers

<!-- Generated from libs/backends/src/types by \`node libs/backends/src/generate-management-doc.ts\`. -->

The gateway sends each endpoint's own credentials, and is inside the network of its servers. Web pages must not misuse
either. A request is one of three kinds, by its method and its decoded and normalised path:

- **Inference and reading**: open to every client and, as far as \`server.cors.allowed_origins\` goes, to every page.
- **Management**: it changes models, caches, keys or the configuration of a server. The lists of all types count for every
  endpoint, because a server may be of another type than configured; letter case and a version (\`/v1\`, \`/api/v1\`) at the start do
  not matter.
- **Everything else** is relayed, but counts as management at an endpoint that has credentials of its own.

An endpoint has credentials of its own if it has \`auth\`, or \`headers\` whose name or value marks credentials, such as
\`Authorization\`, \`X-Api-Key\` or \`Cookie\`.

## When management is refused

| condition | answer |
| --- | --- |
| \`proxy.model_management: false\` | 403 \`MANAGEMENT_DISABLED\` |
| a browser sent it (it has an \`Origin\`) to an unknown host | 403 \`FORBIDDEN_HOST\` |
| a page of another origin sent it, and \`server.cors.allowed_origins\` does not name the origin | 403 \`FORBIDDEN_ORIGIN\` |
| the endpoint has credentials of its own without \`management: true\` | 403 \`MANAGEMENT_DISABLED\`, which names the endpoint |

A request with the admin token (\`Authorization: Bearer …\`) passes the two conditions for browsers. The admin token is never
relayed to a server. If several endpoints could take a request, those that refuse it are left out. Management that no endpoint
has begun to answer is not repeated at another one.

### Known hosts

A page whose own name leads to the gateway's address (DNS rebinding) looks like a page of the gateway itself: its \`Origin\` and
its \`Host\` are the same. So the \`Host\` must be one that no other party can own: an IP address, \`localhost\`, the name of the
machine, a name without a dot, a name that ends in \`.localhost\`, \`.local\`, \`.internal\` or \`.svc\`, or one of
\`server.allowed_hosts\`. The \`X-Forwarded-Host\` of a trusted proxy is known too, and a page of that host is of the same
origin. Command-line tools send no \`Origin\` and need no known host.

Changes through the admin API (\`/internal\`) need the admin token in any case. Reads of it that come from pages of other
origins, or under an unknown \`Host\`, are answered without the URLs of the servers and without process ids, unless they carry
the admin token.

### What stays open

Inference is open to every page that \`server.cors.allowed_origins\` allows, by default to all: such a page can use an endpoint
with the endpoint's credentials, and at its owner's cost. The gateway logs a notice about it at its start. Name the origins of your
pages there to prevent it.

## The lists

\`*\` is one segment of a path, \`**\` one or more; a rule without a method is for all. A path that a server has behind several
bases (\`/v1\`, \`/api/v1\`, none) is listed once. Every type has these:

Inference and reading: ${listed(['GET /', ...OPENAI_USE])}

Management: ${listed(OPENAI_MANAGEMENT)}

${sections.join('\n')}`;
}

/** Each rule once for all bases of the API, without the rules of every type. */
function listed(rules: readonly PathRule[], ofAll: readonly PathRule[] = []): string {
  const seen = new Set(ofAll.map(withoutBase));
  const own = rules.filter((rule) => {
    const key = withoutBase(rule);
    return !seen.has(key) && seen.add(key);
  });
  return own.length === 0 ? 'nothing further.' : `${own.map((rule) => `\`${rule}\``).join(', ')}.`;
}

function withoutBase(rule: PathRule): string {
  return rule.replace(/(^| )\/(?:(?:api|engines(?:\/\*)?)\/)?v\d\//, '$1/');
}

if (import.meta.main) writeFileSync(MANAGEMENT_PAGE, managementPage());
