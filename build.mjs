/**
 * Builds the program into dist/: one file for each part that is loaded when it is first needed. Loading the same code from
 * its several hundred source files takes Node longer than most runs.
 *
 * The small packages that every command reads are built in (they are `devDependencies`); those that draw or solve stay
 * packages of their own (`dependencies`) and are loaded by what draws or solves.
 *
 * Of the package's YAML files it keeps what they say, since parsing them again takes as long as a run.
 *
 *   node build.mjs
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

await build({
  input: {
    cli: 'cli.ts',
    caseWorker: 'cli/caseWorker.ts',
    mapWorker: 'cli/mapWorker.ts',
    yamlFiles: 'input/yamlFiles.ts',
    ...eachFile('reports/charts', 'charts'),
    ...eachFile('workloads/importers', 'importers'),
  },
  platform: 'node',
  // The ES modules of yaml, of which only what is used is built in; Node is given its CommonJS, which goes in whole.
  resolve: {
    alias: { yaml: fileURLToPath(new URL('browser/dist/index.js', import.meta.resolve('yaml/package.json'))) },
  },
  external: Object.keys(dependencies).map((name) => new RegExp(`^${name}(/|$)`)),
  preserveEntrySignatures: 'allow-extension',
  // No module of ours does anything by being loaded, so that an index file costs no more than what is taken from it.
  treeshake: { moduleSideEffects: (id) => !/\.ts$/.test(id) },
  plugins: [licencesOfPackages()],
  output: {
    dir: 'dist',
    cleanDir: true,
    // All in one folder, so that `new URL('charts/', import.meta.url)` means the same as in the source tree.
    chunkFileNames: '[name].js',
    comments: { jsdoc: false },
    minifyInternalExports: false,
    // Each file costs Node a millisecond, so that what every command needs, and then what every run needs, is one.
    codeSplitting: {
      groups: [
        { name: 'start', test: /cli\/main\.ts$/, priority: 2 },
        { name: 'run', test: /cli\/run\.ts$/, priority: 1 },
      ],
    },
  },
});

const { keepYaml } = await import('./dist/yamlFiles.js');
keepYaml(['hardware/catalogue', 'workloads', 'policies/presets', 'studies']);

/** An entry for each module of a folder that is found by its name when the program runs. */
function eachFile(folder, built) {
  const names = readdirSync(folder).filter((name) => /^[a-z-]+\.ts$/.test(name));
  return Object.fromEntries(names.map((name) => [`${built}/${name.slice(0, -3)}`, `${folder}/${name}`]));
}

/** Writes the licences of the packages whose code is in the build beside it. */
function licencesOfPackages() {
  return {
    name: 'licences-of-packages',
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
      const folders = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []);
      const texts = [...new Set(folders)].sort().map((folder) => {
        const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
        const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
        if (file === undefined) throw new Error(`${name} has no licence file`);
        return `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
      });
      this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: texts.join(`\n${'-'.repeat(80)}\n\n`) });
    },
  };
}
