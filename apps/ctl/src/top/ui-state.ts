export type ScreenName = 'endpoints' | 'models';

export const SCREENS: readonly ScreenName[] = ['endpoints', 'models'];

/** The sort keys of each screen. The first is the default. */
export const SORTS: Readonly<Record<ScreenName, readonly string[]>> = {
  endpoints: ['state', 'name', 'in flight', 'tok/s', 'ttft95'],
  models: ['name', 'req/s', 'tok/s', 'ttft95', 'loaded'],
};

export interface ScreenState {
  readonly sort: string;
  readonly reversed: boolean;
  /** The name of the selected row, because rows move; null for the first row. */
  readonly selected: string | null;
}

/** An action that the next key confirms or cancels. */
export interface Confirmation {
  readonly action: 'drain' | 'resume';
  readonly endpoint: string;
  readonly text: string;
}

export interface Notice {
  readonly text: string;
  readonly tone: 'ok' | 'error';
}

/** The choices of the user. */
export interface UiState {
  readonly screen: ScreenName;
  readonly screens: Readonly<Record<ScreenName, ScreenState>>;
  readonly paused: boolean;
  readonly help: boolean;
  readonly filter: string;
  readonly typing: boolean;
  readonly confirmation: Confirmation | null;
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
    confirmation: null,
    notice: null,
    intervalMs,
  };
}
