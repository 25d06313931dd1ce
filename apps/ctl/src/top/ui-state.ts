/** What the person at the screen has chosen. */
export type ScreenName = 'endpoints' | 'models';

export const SCREENS: readonly ScreenName[] = ['endpoints', 'models'];

/** What a screen can be sorted by; the first is how it starts. */
export const SORTS: Readonly<Record<ScreenName, readonly string[]>> = {
  endpoints: ['state', 'name', 'in flight', 'tok/s', 'ttft95'],
  models: ['name', 'req/s', 'tok/s', 'ttft95', 'loaded'],
};

export interface ScreenState {
  readonly sort: string;
  readonly reversed: boolean;
  /** The selected row by its name, because rows change places. */
  readonly selected: string | null;
}

/** A question that the next key answers. */
export interface Question {
  readonly action: 'drain' | 'resume';
  readonly endpoint: string;
  readonly text: string;
}

export interface Notice {
  readonly text: string;
  readonly tone: 'ok' | 'error';
}

export interface UiState {
  readonly screen: ScreenName;
  readonly screens: Readonly<Record<ScreenName, ScreenState>>;
  readonly paused: boolean;
  readonly help: boolean;
  readonly filter: string;
  readonly typing: boolean;
  readonly question: Question | null;
  readonly notice: Notice | null;
  readonly intervalMs: number;
}

export function initialUi(intervalMs: number): UiState {
  const start = (screen: ScreenName): ScreenState => ({
    sort: SORTS[screen][0] ?? 'name',
    reversed: false,
    selected: null,
  });
  return {
    screen: 'endpoints',
    screens: { endpoints: start('endpoints'), models: start('models') },
    paused: false,
    help: false,
    filter: '',
    typing: false,
    question: null,
    notice: null,
    intervalMs,
  };
}
