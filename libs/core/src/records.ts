/**
 * An empty object that serves as a map, for what crosses a process as JSON. It has no prototype: keys come from clients
 * and backends, and `constructor` and `__proto__` are names like any other. Elsewhere a Map is the better choice.
 */
export function newRecord<Value>(): Record<string, Value> {
  return Object.create(null) as Record<string, Value>;
}
