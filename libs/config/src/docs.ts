import * as z from 'zod';
import { choicesOf } from './choices.ts';
import { OTHER_VARIABLES } from './env.ts';
import { HISTORIC_KEYS } from './historic-keys.ts';
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

\`olla serve --config FILE\` reads a YAML file. Without \`--config\` it reads the file that \`OLLA_CONFIG_FILE\` names. Without
that it reads the first of \`config/config.local.yaml\`, \`config/config.yaml\`, \`config.yaml\` and \`default.yaml\` that exists
in the working directory, or no file. Flags override environment variables, these override the file, and the file
overrides the defaults.

\`olla config check\` lists all mistakes of a file with line, column and the nearest valid key. \`olla serve\` does not start
with a mistake. \`olla config explain\` prints each key with its value and the line, variable or flag that set it. Editors
that support JSON Schema complete the keys from \`docs/config.schema.json\`.

## Values

- A duration is written as \`300ms\`, \`30s\`, \`5m\` or \`1h30m\`. A number without a unit is nanoseconds, as in the original
  Olla. One below 1000000, which is 1ms, is an error, except 0.
- The words of a choice may be written in any case, and with \`_\` for \`-\`.
- A size is a number of bytes, or text such as \`64KB\`, \`50MB\` or \`1GB\`. 1 KB is 1024 bytes.
- A key without a value is not set. Zero, \`false\` and an empty list are values.
- In a list of names, \`*\` matches any characters and \`?\` matches one. Case is ignored.
- \`\${NAME}\` in a text is replaced by the environment variable. A variable that is unset or empty is an error. \`$\${\`  means the text \`\${\`. Any other \`$\` stays.
- A secret can be in a file. The key that ends in \`_file\` then names the file; a relative path starts at the working
  directory. Line ends after the secret are dropped. It is an error if the secret is set too, or if the file is missing or
  empty.
- In an environment variable, commas separate the items of a list. An empty variable sets nothing. Neither does
  \`OLLA_SERVER_PORT=tcp://…\`, with which Kubernetes names a Service \`olla-server\`.
- A file is text in UTF-8 or UTF-16, with or without a byte order mark.

## Endpoints

\`url\` is the address of a server, \`http://host:11434\`, or the base URL that a provider documents for OpenAI's clients,
such as \`https://host/api/v1\`, \`https://host/api/paas/v4\` or \`https://host/v1beta/openai\`. What follows \`/v1\` in a
request then follows that URL. Any other path of \`url\` is dropped, which a notice reports, or put before each path
with \`preserve_path: true\`.

Without \`discovery.static.endpoints\`, \`olla serve\` looks for servers on their default ports on this machine. An empty list
switches that off.

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

/** The text of docs/config.md. */
export function renderMarkdown(): string {
  const effective = KEY_ROWS.filter(({ noEffect }) => noEffect === null);
  const withoutEffect = KEY_ROWS.filter(({ noEffect }) => noEffect !== null);
  const sections = Map.groupBy(effective, ({ path }) => path[0] ?? '');
  const tables = [...sections].map(([section, rows]) => `\n## ${section}\n\n${keyTable(rows)}`);
  return `${INTRODUCTION}${tables.join('')}
## Keys without effect

The configuration of the original Olla has these keys. They are accepted and their values are checked, but they have no
effect here. A notice names each one that is set.

${noEffectTable(withoutEffect)}
Files and documents of the original Olla contain these keys too, which it ignores. They are accepted with any content, and a notice names each one. Keys of the file whose names begin with \`x-\` may hold anchors.

${historicTable()}
| environment variable without a key | why |
|---|---|
${noEffectVariableRows()}`;
}

function keyTable(rows: readonly KeyRow[]): string {
  const lines = rows.map((row) => {
    const env = row.env.map((name) => `\`${name}\``).join(', ');
    return `| \`${row.key}\` | ${typeOf(row)} | ${defaultOf(row)} | ${env} | ${cell(row.about)} |\n`;
  });
  return `| key | type | default | environment variable | meaning |\n|---|---|---|---|---|\n${lines.join('')}`;
}

function noEffectTable(rows: readonly KeyRow[]): string {
  const lines = rows.map((row) => {
    const env = row.env.map((name) => `\`${name}\``).join(', ');
    return `| \`${row.key}\` | ${typeOf(row)} | ${env} | ${cell(row.noEffect ?? '')} |\n`;
  });
  return `| key | type | environment variable | why |\n|---|---|---|---|\n${lines.join('')}`;
}

function historicTable(): string {
  const rows = Object.entries(HISTORIC_KEYS).map(([key, why]) => `| \`${key}\` | ${cell(why)} |\n`);
  return `| key | why |\n|---|---|\n${rows.join('')}`;
}

function noEffectVariableRows(): string {
  const withoutEffect = Object.entries(OTHER_VARIABLES).filter(([, why]) => why !== null);
  return withoutEffect.map(([name, why]) => `| \`${name}\` | ${cell(why ?? '')} |\n`).join('');
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
