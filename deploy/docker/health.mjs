// HEALTHCHECK of the image: is this gateway alive? Whether it should get traffic is for the load balancer to ask
// (/internal/health/ready): a container that drains is not to be restarted.
import { existsSync, readFileSync } from 'node:fs';

const DEFAULT_FILES = ['config/config.local.yaml', 'config/config.yaml', 'config.yaml', 'default.yaml'];
const DEFAULT_PORT = 40_114;

const port = portOfVariable() ?? portOfFile() ?? DEFAULT_PORT;
try {
  const { status } = await fetch(`http://127.0.0.1:${port}/internal/health/live`, {
    signal: AbortSignal.timeout(2_000),
  });
  process.exitCode = status === 200 ? 0 : 1;
  if (status !== 200) process.stdout.write(`answered ${status}\n`);
} catch (error) {
  process.stdout.write(`${error.cause?.message ?? error.message}\n`);
  process.exitCode = 1;
}

/** Null also for the link to a Service, `tcp://10.0.0.1:40114`, which Kubernetes puts into this variable. */
function portOfVariable() {
  const text = process.env.OLLA_SERVER_PORT?.trim() ?? '';
  return /^\d+$/.test(text) ? Number(text) : null;
}

/** `server.port` of the file that the gateway reads. The image has no YAML parser beside the gateway's own bundle. */
function portOfFile() {
  const file = process.env.OLLA_CONFIG_FILE || DEFAULT_FILES.find((path) => existsSync(path));
  if (file === undefined || !existsSync(file)) return null;
  const text = readFileSync(file, 'utf8');
  const block = /^server:[ \t]*(?:#.*)?\r?\n((?:[ \t]+.*\r?\n?|[ \t]*(?:#.*)?\r?\n)*)/m.exec(text)?.[1];
  const flow = /^server:[ \t]*\{(.*)\}/m.exec(text)?.[1];
  const found =
    /^[ \t]+port:[ \t]*["']?(\d+)/m.exec(block ?? '') ?? /(?:^|,)\s*port:\s*["']?(\d+)/.exec(flow ?? '');
  return found === null ? null : Number(found[1]);
}
