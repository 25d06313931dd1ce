/**
 * A change at an endpoint: of its models (the catalog must be built again), of its state, or of figures, which can
 * wait.
 */
export type ChangeKind = 'models' | 'state' | 'figures';
