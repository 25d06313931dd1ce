import { createHash } from 'node:crypto';

/** A Lua script that Redis runs as one transaction. */
export interface Script<Reply> {
  /** Its name in messages. */
  readonly name: string;
  readonly lua: string;
  /** Its SHA-1, under which Redis caches it. */
  readonly sha: string;
  /** Declares the type of the reply, which the script's comment describes; never set. */
  readonly reply?: Reply;
}

export function script<Reply>(name: string, body: string): Script<Reply> {
  const lua = `-- olla: ${name}, format v1\n${body}`;
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}
