import { printTable, type Column } from '../view/table.ts';
import type { CtlFlags, OutputFormat } from './ctl-flags.ts';

export interface Printable<Row> {
  /** The whole answer, for programs. */
  readonly body: unknown;
  /** One object a line in jsonl. */
  readonly items: readonly unknown[];
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly name: (row: Row) => string;
  /** Words above the table, for people. */
  readonly lead?: string;
}

export function outputFormat(flags: CtlFlags): OutputFormat {
  return flags.json ? 'json' : flags.output;
}

/** Prints data to stdout in the form that was asked for. */
export async function print<Row>(flags: CtlFlags, printable: Printable<Row>): Promise<void> {
  process.stdout.write(await render(outputFormat(flags), useColor(flags), printable));
}

async function render<Row>(format: OutputFormat, color: boolean, printable: Printable<Row>): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(printable.body, null, 2)}\n`;
    case 'jsonl':
      return printable.items.map((item) => `${JSON.stringify(item)}\n`).join('');
    case 'yaml': {
      const { default: yaml } = await import('yaml'); // CommonJS: no named exports in the bundle
      return yaml.stringify(printable.body, { aliasDuplicateObjects: false, lineWidth: 0 });
    }
    case 'name':
      return printable.rows.map((row) => `${printable.name(row)}\n`).join('');
    default: {
      const columns = printable.columns.filter((column) => format === 'wide' || !column.wide);
      return (printable.lead ?? '') + printTable(columns, printable.rows, color);
    }
  }
}

/** Colour only repeats what a word says: none for pipes, NO_COLOR and dumb terminals, unless it was asked for. */
export function useColor(flags: CtlFlags): boolean {
  if (flags.color !== 'auto') return flags.color === 'always';
  const { NO_COLOR, TERM } = process.env;
  return process.stdout.isTTY === true && !NO_COLOR && TERM !== 'dumb';
}
