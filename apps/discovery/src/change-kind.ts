/** What changed at an endpoint: models (a new catalogue), a state, or figures only, which can wait. */
export type ChangeKind = 'models' | 'state' | 'figures';
