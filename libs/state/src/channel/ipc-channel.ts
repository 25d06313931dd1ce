/**
 * The methods that both ends of Node's IPC have: `process` in a forked child, and a ChildProcess or a cluster worker's
 * `process` in the parent.
 */
export interface IpcChannel {
  send?(message: object, callback?: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect' | 'exit', listener: () => void): unknown;
  off(event: 'message', listener: (message: unknown) => void): unknown;
  off(event: 'disconnect' | 'exit', listener: () => void): unknown;
}
