import { registerHooks } from 'node:module';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';

let registered = false;

/**
 * Makes this process able to import `.tsx`, which Node's type stripping is not. For work in the source tree only: in
 * a bundle the screens are JavaScript already, and esbuild is not installed.
 */
export function loadTsx(): void {
  if (registered) return;
  registered = true;
  registerHooks({
    load(url, context, nextLoad) {
      if (!url.endsWith('.tsx')) return nextLoad(url, context);
      const { code } = transformSync(readFileSync(fileURLToPath(url), 'utf8'), {
        loader: 'tsx',
        jsx: 'automatic',
        format: 'esm',
        target: 'es2024',
        sourcemap: 'inline',
        sourcefile: fileURLToPath(url),
      });
      return { format: 'module', source: code, shortCircuit: true };
    },
  });
}
