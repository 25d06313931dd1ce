import { createHash } from 'node:crypto';

export type SessionSource = 'session_header' | 'prefix_hash' | 'auth_header' | 'ip';

/** The parts of a request that can identify its session. */
export interface SessionMarks {
  /** Value of X-Olla-Session-ID. */
  readonly sessionId: string | undefined;
  readonly authorization: string | undefined;
  readonly address: string;
  /** A conversation with another model is another session, because that model may be on another endpoint. */
  readonly model: string;
  /** A hash of the beginning of its conversation (see opening-scanner.ts); null if its body has none. */
  readonly opening: string | null;
}

export interface SessionKey {
  /** A hash, because its input may be secret or large. */
  readonly key: string;
  readonly source: SessionSource;
}

/** Whether the opening of the conversation may identify the session: no source before it has a key. */
export function needsOpening(
  marks: Pick<SessionMarks, 'sessionId' | 'authorization'>,
  sources: readonly SessionSource[],
): boolean {
  for (const source of sources) {
    if (source === 'prefix_hash') return true;
    if (source === 'ip' || (source === 'session_header' ? marks.sessionId : marks.authorization))
      return false;
  }
  return false;
}

/** The key of the first source that has one; null if none has. */
export function sessionKey(marks: SessionMarks, sources: readonly SessionSource[]): SessionKey | null {
  for (const source of sources) {
    const mark = markOf(marks, source);
    if (mark !== null && mark.length > 0) return { key: hash(source, marks.model, mark), source };
  }
  return null;
}

function markOf(marks: SessionMarks, source: SessionSource): string | null {
  switch (source) {
    case 'session_header':
      return marks.sessionId ?? null;
    case 'auth_header':
      return marks.authorization ?? null;
    case 'ip':
      return marks.address;
    case 'prefix_hash':
      return marks.opening;
  }
}

/** Characters of base64url, for 132 bits. Clients could make only their own sessions collide. */
const KEY_LENGTH = 22;

function hash(source: SessionSource, model: string, mark: string): string {
  const sum = createHash('sha256').update(`${source}\n${model}\n${mark}`).digest('base64url');
  return sum.slice(0, KEY_LENGTH);
}
