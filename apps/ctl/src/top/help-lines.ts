import { cutLine, span, type Line } from './line.ts';

const HELP = [
  '1 2 Tab        show endpoints, models',
  'up down j k    move the selection    g G PgUp PgDn  move further',
  '/              filter by a part of a name, or by state:offline; Esc clears it',
  's S            sort by the next column, reverse the order',
  'space          pause, continue',
  '+ -            read more often, less often',
  'd u            drain, resume the selected endpoint',
  'R              probe all endpoints and list their models again',
  'q Ctrl+C       quit',
] as const;

export function helpLines(width: number): Line[] {
  return HELP.map((text) => cutLine([span(`  ${text}`)], width, true));
}
