/** How far a scan has come. After anything but `need-more`, further chunks change nothing. */
export type ScanState =
  | 'need-more'
  /** The model is known, and what follows need not be read. */
  | 'done'
  /** The body is the client's fault: see `error`. */
  | 'invalid'
  /** The object ended, or stopped being JSON, without a `model`: the backend judges it. */
  | 'no-model';

/** What a body asks for. Offsets count bytes of the whole body. */
export interface BodyFields {
  readonly state: ScanState;
  readonly model: string | null;
  /** First byte of the token that holds the model, and the one after its last; -1 while there is none. */
  readonly modelStart: number;
  readonly modelEnd: number;
  readonly error: 'INVALID_JSON' | 'INVALID_MODEL' | null;
  /** For the client, when there is an error. */
  readonly reason: string;
}

export interface ScanOptions {
  /**
   * Look for a second `model` to the end of the object. For bodies that are kept whole in memory, because the rest of
   * a chunk is; without it the scan is over when the model is known.
   */
  readonly untilEnd?: boolean;
}

/** Longest token that is taken for a model's name, in bytes of the body. */
export const MAX_MODEL_TOKEN_BYTES = 1_024;
