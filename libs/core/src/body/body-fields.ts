/** How far a scan has come. Further chunks change nothing unless it is `need-more`. */
export type ScanState =
  | 'need-more'
  /** The object or form has ended, or is not one: the rest need not be read. */
  | 'over'
  /** The client sent a wrong body: see `error`. */
  | 'invalid';

/** Bytes of a body, counted from its first one; `end` is behind the last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A place in the body that names the model for some server. Its range covers the whole token. */
export interface ModelEntry extends ByteRange {
  /** Null for JSON's `null`; undefined for a value that cannot be a name and that only some servers would read. */
  readonly model: string | null | undefined;
  /** Spelt `model`. Servers in Go read `Model` and `MODEL` too. */
  readonly isExact: boolean;
}

/** The facts of a body that routing needs. */
export interface BodyFields {
  readonly state: ScanState;
  /** The model by the entries spelt `model`. Null if there are none, or if the value is null or empty. */
  readonly model: string | null;
  /** In order of appearance. Those spelt `model` have equal values. */
  readonly entries: readonly ModelEntry[];
  /** Where a field can be inserted into the object: behind its opening brace. -1 if the body is no object. */
  readonly insertAt: number;
  /** The object has other fields, or the model. */
  readonly hasFields: boolean;
  /** The body is malformed, so a server may read something in it that the scan did not find. */
  readonly isBroken: boolean;
  readonly error: 'INVALID_JSON' | 'INVALID_MODEL' | null;
  /** For the client, when there is an error. */
  readonly reason: string;
}

/** Longest token that is taken for a model's name, in bytes of the body. */
export const MAX_MODEL_TOKEN_BYTES = 1_024;

/** A body that names its model more often is refused. */
const MAX_ENTRIES = 16;

/** What the scanners of all kinds of bodies find, and their common rules. */
export abstract class FoundFields implements BodyFields {
  state: ScanState = 'need-more';
  model: string | null = null;
  entries: readonly ModelEntry[] = NONE;
  insertAt = -1;
  hasFields = false;
  isBroken = false;
  error: 'INVALID_JSON' | 'INVALID_MODEL' | null = null;
  reason = '';

  abstract push(chunk: Uint8Array): ScanState;
  /** The body has ended. */
  abstract end(): ScanState;

  protected add(entry: ModelEntry): void {
    const { isExact } = entry;
    const model = entry.model || null;
    const earlier = this.entries.find((one) => one.isExact);
    // Some servers take the first name and some the last, so two names are ambiguous.
    if (isExact && earlier !== undefined && (earlier.model || null) !== model)
      this.refuse('INVALID_MODEL', '`model` is in the body twice, with two names');
    else if (this.entries.length === MAX_ENTRIES)
      this.refuse('INVALID_MODEL', `\`model\` is in the body more than ${String(MAX_ENTRIES)} times`);
    else {
      this.entries = [...this.entries, entry];
      if (isExact) this.model = model;
    }
  }

  protected refuse(error: 'INVALID_JSON' | 'INVALID_MODEL', reason: string): void {
    this.state = 'invalid';
    this.error = error;
    this.reason = reason;
    this.model = null;
    this.entries = NONE;
  }

  protected finish(isBroken: boolean): void {
    this.isBroken ||= isBroken;
    this.state = 'over';
  }
}

const NONE: readonly ModelEntry[] = [];
