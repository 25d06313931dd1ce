/**
 * `nx build ctl`: bundles the `olla` command into dist/olla, to run with `node dist/olla/olla.js` without node_modules.
 * Code splitting keeps optional parts (Ink, OpenTelemetry, the simulator) out of a command's start. Workers and the
 * agent run the same file again. The folder is a package too: `npm pack` makes an archive of it for `npm install`
 * (tools/release.ts).
 *
 * OLLA_COMMIT and OLLA_BUILT_AT set the commit and the time of the build (ISO 8601) where git cannot, as in an image's
 * build. The defaults are git's commit and the current time.
 */
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readBuildInfo } from '@olla/admin-api/build-info';
import { build, type BuildOptions } from 'esbuild';

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: Record<string, string>;
  readonly dependencies: { readonly node: string };
}

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'dist/olla');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const { version, description, license, engines } = manifest;
const commit = process.env['OLLA_COMMIT'] || (await readBuildInfo()).commit;
const builtAt = process.env['OLLA_BUILT_AT'] || new Date().toISOString();

rmSync(outdir, { recursive: true, force: true });
const options: BuildOptions & { metafile: true } = {
  absWorkingDir: root,
  entryPoints: { olla: 'apps/ctl/src/main.ts' },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  chunkNames: 'chunks/[name]-[hash]',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  sourcemap: 'external',
  metafile: true,
  logLevel: 'warning',
  define: {
    'process.env.NODE_ENV': '"production"',
    OLLA_VERSION: JSON.stringify(version),
    OLLA_COMMIT: JSON.stringify(commit),
    OLLA_BUILT_AT: JSON.stringify(builtAt),
  },
  // The source sets NODE_ENV for runs without a bundle; the bundle has it as a constant.
  logOverride: { 'assign-to-define': 'silent' },
  // CommonJS dependencies call require() for Node's own modules, which an ES module does not have.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  // Its ES modules load gRPC by a require() that a bundler does not recognise.
  alias: {
    '@opentelemetry/otlp-grpc-exporter-base':
      './node_modules/@opentelemetry/otlp-grpc-exporter-base/dist/index.cjs',
  },
  // Ink loads the devtools only under DEV=true; they are not installed.
  external: ['react-devtools-core'],
};
const { metafile } = await build(options).catch(() => process.exit(1)); // esbuild has printed each error
const packageManifest = {
  name: 'olla',
  version,
  description,
  license,
  type: 'module',
  bin: { olla: 'olla' },
  files: ['olla', 'olla.js', 'chunks/*.js'],
  engines,
  dependencies: { node: manifest.dependencies.node },
  // `npm rebuild node` inside an installed package may run the script that fetches the runtime.
  allowScripts: { node: true },
};
writeFileSync(join(outdir, 'package.json'), `${JSON.stringify(packageManifest, null, 2)}\n`);
for (const file of ['deploy/npm/olla', 'deploy/npm/README.md', 'LICENSE'])
  cpSync(join(root, file), join(outdir, basename(file)));

const scripts = Object.keys(metafile.outputs).filter((path) => path.endsWith('.js'));
const kib = scripts.reduce((bytes, path) => bytes + statSync(join(root, path)).size, 0) / 1024;
process.stdout.write(`dist/olla/olla.js and ${scripts.length - 1} chunks: ${kib.toFixed(0)} KiB\n`);
