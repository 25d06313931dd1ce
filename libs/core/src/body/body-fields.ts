/** How far a scan has come. After anything but `need-more`, further chunks change nothing. */
export type ScanState =
  | 'need-more'
  /** The object or form has ended, or stopped being one: what follows need not be read. */
  | 'over'
  /** The body is the client's fault: see `error`. */
  | 'invalid';

/** Bytes of a body, counted from its first one; `end` is behind the last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A place of the body that names the model for some server. Its range is the whole token. */
export interface ModelEntry extends ByteRange {
  /** Null for JSON's `null`; undefined for what cannot be a name, which only some servers would read. */
  readonly model: string | null | undefined;
  /** Spelt `model`. Servers in Go read `Model` and `MODEL` too. */
  readonly isExact: boolean;
}

/** What a body asks for. */
export interface BodyFields {
  readonly state: ScanState;
  /** The model by the entries that are spelt `model`; null while there is none, and where it is null or empty. */
  readonly model: string | null;
  /** In their order. Those that are spelt `model` agree. */
  readonly entries: readonly ModelEntry[];
  /** Where a field can be put into the object: behind its opening brace; -1 where the body is none. */
  readonly insertAt: number;
  /** The object has other fields, or the model. */
  readonly hasFields: boolean;
  /** It stopped being what it is said to be, so that a server may read in it what was not found. */
  readonly isBroken: boolean;
  readonly error: 'INVALID_JSON' | 'INVALID_MODEL' | null;
  /** For the client, when there is an error. */
  readonly reason: string;
}

/** Longest token that is taken for a model's name, in bytes of the body. */
export const MAX_MODEL_TOKEN_BYTES = 1_024;

/** A body that names its model more often is refused. */
const MAX_ENTRIES = 16;

/** What the scanners of all kinds of bodies find, and by which rules. */
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
  /** The body is over. */
  abstract end(): ScanState;

  protected add(entry: ModelEntry): void {
    const { isExact } = entry;
    const model = entry.model || null;
    const earlier = this.entries.find((one) => one.isExact);
    // Some servers take the first and some the last: what two names mean depends on who reads them.
    if (isExact && earlier !== undefined && (earlier.model || null) !== model)
      this.refuse('INVALID_MODEL', '`model` stands in the body twice, with two names');
    else if (this.entries.length === MAX_ENTRIES)
      this.refuse('INVALID_MODEL', `\`model\` stands in the body more than ${String(MAX_ENTRIES)} times`);
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
