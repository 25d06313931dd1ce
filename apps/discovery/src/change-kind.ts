/** What changed at an endpoint: its models (the catalog must be built again), its state, or only figures, which can wait. */
export type ChangeKind = 'models' | 'state' | 'figures';
