import * as z from 'zod';
import { choicesOf } from './check.ts';
import { OTHER_VARIABLES } from './env.ts';
import { KEY_ROWS, type KeyRow } from './key-table.ts';
import { LEAVES } from './leaf.ts';
import { settingsSchema } from './schema.ts';

/** The JSON Schema of a configuration file, for editors that complete and check YAML. */
export function renderJsonSchema(): string {
  const schema = z.toJSONSchema(settingsSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      const leaf = zodSchema instanceof z.ZodType ? LEAVES.get(zodSchema) : undefined;
      if (leaf === undefined) return;
      jsonSchema.description = plain(leaf.about);
      if (leaf.noEffect !== null) jsonSchema.deprecated = true;
    },
  });
  return `${JSON.stringify({ title: 'Configuration of Olla', ...schema }, null, 2)}\n`;
}

const INTRODUCTION = `# Configuration

<!-- Generated from the schema by libs/config/src/generate-docs.ts. -->

\`olla serve --config FILE\` reads a YAML file. Without \`--config\` it is the file that \`OLLA_CONFIG_FILE\` names, else the
first of \`config/config.local.yaml\`, \`config/config.yaml\`, \`config.yaml\` and \`default.yaml\` in the working directory,
else none. Flags win over environment variables, these over the file, and the file over the defaults.

\`olla config check\` tells everything that is wrong with a file, with line, column and the nearest right key, and
\`olla serve\` does not start before it is corrected. \`olla config explain\` prints each key with its value and the line,
variable or flag that set it.
Editors that know JSON Schema complete the keys from \`docs/config.schema.json\`.

**Values.**
- A duration is written \`300ms\`, \`30s\`, \`5m\` or \`1h30m\`; a number without a unit is an error, except 0.
- A size is a number of bytes, or \`64KB\`, \`50MB\`, \`1GB\` (1 KB is 1024 bytes).
- A key with nothing behind it is not set. Zero, \`false\` and an empty list are values of their own.
- In a list of names, \`*\` stands for any characters and \`?\` for one; upper and lower case are the same.
- \`\${NAME}\` in a text is replaced by the environment variable; one that is unset or empty is an error. \`$\${\` stands for
  the text \`\${\`, and every other \`$\` for itself.
- A secret can be given by the path of a file instead, in the key that ends in \`_file\`. Line ends after the secret are
  dropped. A secret together with its file, and a file that is missing or empty, are errors. A relative path starts at
  the working directory.
- In an environment variable a list is separated by commas, and an empty variable sets nothing.

**Endpoints.** Without \`discovery.static.endpoints\`, \`olla serve\` looks for servers on the usual ports of this machine.
An empty list switches that off.

\`\`\`yaml
server:
  host: 0.0.0.0
proxy:
  load_balancer: least-connections
discovery:
  static:
    endpoints:
      - name: workstation
        url: http://10.0.0.4:11434
        type: ollama
        priority: 200
      - name: gpu
        url: https://gpu.example.com
        type: vllm
        model_filter: { exclude: ['*-draft'] }
        auth: { type: bearer, token: '\${GPU_TOKEN}' }
model_aliases:
  assistant: [llama3.3:70b, llama-3.3-70b-instruct]
\`\`\`
`;

/** docs/config.md */
export function renderMarkdown(): string {
  const effective = KEY_ROWS.filter(({ noEffect }) => noEffect === null);
  const idle = KEY_ROWS.filter(({ noEffect }) => noEffect !== null);
  const sections = Map.groupBy(effective, ({ path }) => path[0] ?? '');
  const tables = [...sections].map(([section, rows]) => `\n## ${section}\n\n${keyTable(rows)}`);
  return `${INTRODUCTION}${tables.join('')}
## Accepted without effect

Keys of existing Olla configuration files that mean nothing here. Their values are checked, and a notice names each one
that is set.

${idleTable(idle)}
| environment variable without a key | why |
|---|---|
${idleVariableRows()}`;
}

function keyTable(rows: readonly KeyRow[]): string {
  const lines = rows.map((row) => {
    const env = row.env.map((name) => `\`${name}\``).join(', ');
    return `| \`${row.key}\` | ${typeOf(row)} | ${defaultOf(row)} | ${env} | ${cell(row.about)} |\n`;
  });
  return `| key | type | default | environment variable | meaning |\n|---|---|---|---|---|\n${lines.join('')}`;
}

function idleTable(rows: readonly KeyRow[]): string {
  const lines = rows.map((row) => {
    const env = row.env.map((name) => `\`${name}\``).join(', ');
    return `| \`${row.key}\` | ${typeOf(row)} | ${env} | ${cell(row.noEffect ?? '')} |\n`;
  });
  return `| key | type | environment variable | why |\n|---|---|---|---|\n${lines.join('')}`;
}

function idleVariableRows(): string {
  const idle = Object.entries(OTHER_VARIABLES).filter(([, why]) => why !== null);
  return idle.map(([name, why]) => `| \`${name}\` | ${cell(why ?? '')} |\n`).join('');
}

function typeOf(row: KeyRow): string {
  return row.kind === 'choice'
    ? choicesOf(row.schema)
        .map((word) => `\`${word}\``)
        .join(' ')
    : row.kind;
}

function defaultOf({ schema }: KeyRow): string {
  const value = z.toJSONSchema(schema, { io: 'input' }).default;
  if (value === undefined || value === null) return '';
  if (Array.isArray(value))
    return value.length === 0 ? 'empty' : value.map((item) => `\`${String(item)}\``).join(' ');
  if (typeof value === 'object') return 'empty';
  return `\`${String(value)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function plain(text: string): string {
  return text.replaceAll('`', '');
}
