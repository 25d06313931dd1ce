import { cpSync, existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { needProgram } from '@olla/testing/debian';
import { copyInto, makeDebianRoot } from './debian-root.ts';
import { importImage } from './import-image.ts';

/** The requirements of npm and deploy/docker/make-root.sh. */
const BUILD_TOOLS =
  'sh bash cat chmod cp dirname env find grep ldd ln ls mkdir mv readlink rm sed sort uname'.split(' ');
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/**
 * Makes the images that deploy/docker/Dockerfile and deploy/compose/compose.yaml take from a registry, under their
 * names there: from Debian's packages, in the versions of this machine's Debian, and from the project's runtime.
 */
export async function importBaseImages(socketPath: string): Promise<void> {
  await importImage(socketPath, makeNodeRoot(), 'node:26-trixie-slim', [
    'ENV PATH=/usr/local/bin:/usr/bin:/bin npm_config_prefer_offline=true',
    ...(existsSync(CERTIFICATES) ? [`ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}`] : []),
  ]);
  const redis = [needProgram('redis-server'), needProgram('redis-cli', 'redis-tools')];
  await importImage(socketPath, makeDebianRoot(['/bin/sh', ...redis]), 'redis:8', [
    'WORKDIR /data',
    // The image of the registry has protected mode off too, so that other containers can connect.
    'ENTRYPOINT ["/bin/sh", "-c", "exec \\"$@\\" --protected-mode no", "redis"]',
    'CMD ["redis-server"]',
  ]);
  const haproxy = needProgram('haproxy');
  await importImage(socketPath, makeDebianRoot([haproxy]), 'haproxy:3.2', [
    `CMD ["${haproxy}", "-W", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]`,
  ]);
}

/** Node and npm, with this machine's certificates, and with npm's cache so that a build fetches little. */
function makeNodeRoot(): string {
  const root = makeDebianRoot([...BUILD_TOOLS.map((name) => needProgram(name)), process.execPath]);
  const bin = join(root, 'usr/local/bin');
  mkdirSync(bin, { recursive: true });
  cpSync(process.execPath, join(bin, 'node'));
  const npm = realpathSync(needProgram('npm'));
  copyInto(root, join(npm, '../..'));
  symlinkSync(npm, join(bin, 'npm'));
  const cache = join(homedir(), '.npm/_cacache');
  if (existsSync(cache)) cpSync(cache, join(root, 'root/.npm/_cacache'), { recursive: true });
  if (existsSync(CERTIFICATES)) copyInto(root, CERTIFICATES);
  return root;
}
