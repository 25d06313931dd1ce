/**
 * The headers of a response by their source, each a flat list `[name, value, …]` that is replaced as a whole and never
 * changed.
 */
export interface ResponseHeaders {
  /** Of every response: the request's id. */
  base: readonly string[];
  /** See cors.ts. */
  cors: readonly string[];
  /** Of the limits that the request fell under. */
  limits: readonly string[];
  /** How its endpoint was chosen. */
  routing: readonly string[];
  /** Whether the conversation stayed at its endpoint. */
  session: readonly string[];
}

/** Appends all of them to the headers that only this response has. */
export function appendHeaders(
  own: string[],
  { base, cors, limits, routing, session }: ResponseHeaders,
): string[] {
  own.push(...session, ...base, ...cors, ...limits, ...routing);
  return own;
}
