/**
 * The public modules of each project: exactly the modules that other projects import. `exports` of its package.json
 * lists them, so that Node and the compiler refuse any other import. `node tools/public-modules.ts` writes the lists.
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');

export interface Project {
  readonly name: string;
  /** Its package.json, from the root of the repository. */
  readonly manifest: string;
  readonly exports: Readonly<Record<string, string>>;
}

/** All projects that others may import, with the `exports` that their package.json has. */
export function readProjects(): Project[] {
  return globSync('{apps,libs}/*/package.json', { cwd: root })
    .sort()
    .map((manifest) => {
      const text = readFileSync(join(root, manifest), 'utf8');
      const { name, exports = {} } = JSON.parse(text) as { name: string; exports?: Project['exports'] };
      return { name, manifest, exports };
    });
}

/** The `exports` that each project should have, by its name. */
export function findPublicModules(projects: readonly Project[]): Map<string, Record<string, string>> {
  const used = new Map(projects.map(({ name }) => [name, new Set<string>()]));
  for (const file of globSync('{apps,libs,e2e,tools}/**/*.{ts,tsx}', { cwd: root })) {
    if (file.includes('node_modules/')) continue;
    const own = projects.find(({ manifest }) => !relative(dirname(manifest), file).startsWith('..'))?.name;
    for (const { fileName } of ts.preProcessFile(readFileSync(join(root, file), 'utf8')).importedFiles) {
      const [, name, module] = /^(@olla\/[^/]+)\/(.+)$/.exec(fileName) ?? [];
      if (name !== undefined && module !== undefined && name !== own) used.get(name)?.add(module);
    }
  }
  return new Map(
    projects.map(({ name }) => {
      const modules = [...(used.get(name) ?? [])].sort();
      return [name, Object.fromEntries(modules.map((module) => [`./${module}`, pathOf(module)]))];
    }),
  );
}

/** Test helpers are beside `src`, because they do not ship. */
function pathOf(module: string): string {
  return module.startsWith('testing/') ? `./${module}.ts` : `./src/${module}.ts`;
}

if (import.meta.main) {
  const projects = readProjects();
  const wanted = findPublicModules(projects);
  for (const { name, manifest } of projects) {
    const path = join(root, manifest);
    const content = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, `${JSON.stringify({ ...content, exports: wanted.get(name) }, null, 2)}\n`);
  }
}
