import { cutLine, span, type Line } from './line.ts';

const HELP = [
  '1 2 Tab        endpoints, models',
  'up down j k    move    g G PgUp PgDn  further',
  '/              filter: a part of a name, or state:offline; Esc clears',
  's S            sort by the next column, reverse',
  'space          pause, go on',
  '+ -            read more often, less often',
  'd u            drain the selected endpoint, resume it',
  'R              probe all endpoints and list their models again',
  'q Ctrl+C       quit',
] as const;

export function helpLines(width: number): Line[] {
  return HELP.map((text) => cutLine([span(`  ${text}`)], width, true));
}
