import { createHash } from 'node:crypto';

/** A Lua script that Redis runs as one transaction. */
export interface Script<Reply> {
  /** Names it in messages. */
  readonly name: string;
  readonly lua: string;
  /** Its name in Redis's cache. */
  readonly sha: string;
  /** Only for its type, which the script's own comment describes; never set. */
  readonly reply?: Reply;
}

export function script<Reply>(name: string, body: string): Script<Reply> {
  const lua = `-- olla: ${name}, format v1\n${body}`;
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}
