import { createServer } from 'node:net';

export interface Claim {
  /** Addresses that workers bind: both loopbacks for `localhost`, else the host as configured. */
  readonly hosts: readonly string[];
  readonly port: number;
}

/** The gateway cannot start. The message is for the operator. */
export class StartupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartupError';
  }
}

/**
 * Finds out before anything else starts whether the address can be had, and which port 0 became. Binds it and lets
 * it go again; the workers bind it through the cluster.
 *
 * @throws StartupError that names the key to change
 */
export async function claimPort(host: string, port: number): Promise<Claim> {
  if (host !== 'localhost') return { hosts: [host], port: await tryBind(host, port) };
  const bound = await tryBind('127.0.0.1', port);
  // A machine without IPv6 has no ::1; that is no reason not to serve.
  const second = await tryBind('::1', bound).catch((error: unknown) => {
    const cause = error instanceof StartupError ? error.cause : null;
    const code = cause instanceof Error && 'code' in cause ? cause.code : null;
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL') return null;
    throw error;
  });
  return { hosts: second === null ? ['127.0.0.1'] : ['127.0.0.1', '::1'], port: bound };
}

function tryBind(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => resolve(bound));
    });
  });
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): StartupError {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const because = {
    EADDRINUSE: `port ${port} is taken on ${host}. Stop the program that has it, or set another server.port (--port)`,
    EACCES: `this user may not listen on ${where}. Choose a server.port above 1023 (--port)`,
    EADDRNOTAVAIL: `this machine has no address ${host}. Correct server.host (--host)`,
    ENOTFOUND: `the host name ${host} is unknown. Correct server.host (--host)`,
    EAI_AGAIN: `the host name ${host} cannot be resolved. Correct server.host (--host)`,
  }[error.code ?? ''];
  return new StartupError(
    because ?? `cannot listen on ${where} (server.host, server.port): ${error.message}`,
    {
      cause: error,
    },
  );
}
