import { escapeControls, escapeControlsInLines, hasControls } from '@olla/core/control-characters';
import { printTable, type Column } from '../view/table.ts';
import { safeText } from '../view/text.ts';
import type { CtlFlags, OutputFormat } from './ctl-flags.ts';

export interface Printable<Row> {
  /** The object for json and yaml. */
  readonly body: unknown;
  /** The objects for jsonl, one per line. */
  readonly items: readonly unknown[];
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly name: (row: Row) => string;
  /** Text above the table. */
  readonly lead?: string;
}

export function outputFormat(flags: CtlFlags): OutputFormat {
  return flags.json ? 'json' : flags.output;
}

/** Prints data to stdout in the format of the flags. */
export async function print<Row>(flags: CtlFlags, printable: Printable<Row>): Promise<void> {
  process.stdout.write(await render(outputFormat(flags), useColor(flags), printable));
}

async function render<Row>(format: OutputFormat, color: boolean, printable: Printable<Row>): Promise<string> {
  switch (format) {
    case 'json':
      return `${escapeControlsInLines(JSON.stringify(printable.body, null, 2))}\n`;
    case 'jsonl':
      return printable.items.map((item) => `${escapeControls(JSON.stringify(item))}\n`).join('');
    case 'yaml': {
      const { default: yaml } = await import('yaml'); // a CommonJS module has no named exports in the bundle
      // JSON is YAML too, and its strings have an escape for every control character.
      const options = { aliasDuplicateObjects: false, lineWidth: 0 };
      const text = yaml.stringify(printable.body, options);
      return hasControls(text.replaceAll('\n', ''))
        ? escapeControlsInLines(
            yaml.stringify(printable.body, { ...options, defaultStringType: 'QUOTE_DOUBLE' }),
          )
        : text;
    }
    case 'name':
      return printable.rows.map((row) => `${safeText(printable.name(row))}\n`).join('');
    default: {
      const columns = printable.columns.filter((column) => format === 'wide' || !column.wide);
      return (printable.lead ?? '') + printTable(columns, printable.rows, color);
    }
  }
}

/** Colour only repeats a word, so it is off for pipes, NO_COLOR (https://no-color.org) and dumb terminals. */
export function useColor(flags: CtlFlags): boolean {
  if (flags.color !== 'auto') return flags.color === 'always';
  const { NO_COLOR, TERM } = process.env;
  return process.stdout.isTTY === true && !NO_COLOR && TERM !== 'dumb';
}
