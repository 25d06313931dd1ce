import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import { waitFor } from './wait-for.ts';

/** A Redis server for one test, which may kill, pause and empty it. */
export interface TestRedis {
  readonly port: number;
  /** `redis://127.0.0.1:PORT` */
  readonly url: string;
  /** Ends it as SIGKILL does. */
  kill(): Promise<void>;
  /** Stops its process; connections stay open and silent. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same port. It is empty then, because it stores nothing on disk. */
  restart(): Promise<void>;
  flush(): Promise<void>;
  /** Sends one inline command (`INFO commandstats`) and returns the raw reply. */
  send(command: string): Promise<string>;
  stop(): Promise<void>;
}

const INSTALL = ['install', '-y', '--no-install-recommends', 'redis-server'];

/**
 * Starts a `redis-server` on a free port of 127.0.0.1. Without the program, root installs Debian's package.
 *
 * @throws Error with the command to run if the program is missing and this user cannot install it
 */
export async function startRedis(): Promise<TestRedis> {
  requireRedisServer();
  const port = await findFreePort();
  let server = await startServer(port);
  const end = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exited = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await exited;
  };
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill: end,
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    async restart() {
      await end();
      server = await startServer(port);
    },
    async flush() {
      await send(port, 'FLUSHALL');
    },
    send: (command) => send(port, command),
    stop: end,
  };
}

function requireRedisServer(): void {
  if (spawnSync('redis-server', ['--version']).error === undefined) return;
  if (process.getuid?.() === 0) {
    process.stderr.write("redis-server is missing: installing Debian's package redis-server\n");
    spawnSync('apt-get', ['update'], { stdio: 'ignore' });
    spawnSync('apt-get', INSTALL, {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (spawnSync('redis-server', ['--version']).error === undefined) return;
  }
  throw new Error('these tests need redis-server: run `apt-get install -y redis-server` as root');
}

async function startServer(port: number): Promise<ChildProcess> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = spawn('redis-server', options, { stdio: 'ignore', cwd: '/' });
  // The server must end with the test run, even if no test stops it.
  const killServer = (): void => void server.kill('SIGKILL');
  process.once('exit', killServer);
  server.once('exit', () => process.removeListener('exit', killServer));
  await waitFor(async () => (await send(port, 'PING')).startsWith('+PONG'), {
    describe: `redis-server on port ${port}`,
  });
  return server;
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Sends one inline command and reads until Redis closes the connection. */
function send(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let reply = '';
    socket.setEncoding('utf8');
    socket.on('data', (data: string) => (reply += data));
    socket.on('error', reject);
    socket.on('close', () => resolve(reply));
    socket.write(`${command}\r\nQUIT\r\n`);
  });
}
