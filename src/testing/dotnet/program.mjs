import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';

/** A package that carries a whole .NET runtime beside its program; `.ci/run` installs it here. */
const PACKAGE = resolve('node_modules/.cache/dotnet/node_modules/@azure/mcp-linux-x64');
const FOLDER = resolve('node_modules/.cache/dotnet/game');
const SOURCE = resolve('src/testing/dotnet/SampleGame.cs');
/** The name of the package's program, which its host looks for. */
const NAME = 'azmcp';

/** Files without which the program cannot be made. */
export const COMPILER = '/usr/bin/mcs';
export const RUNTIME = join(PACKAGE, 'libcoreclr.so');

/** The path of `SampleGame.cs` as a program, with the runtime beside it; compiled when its source is newer. */
export function dotnetProgram() {
  const program = join(FOLDER, NAME);
  if (existsSync(program) && statSync(join(FOLDER, `${NAME}.dll`)).mtimeMs > statSync(SOURCE).mtimeMs)
    return program;
  rmSync(FOLDER, { recursive: true, force: true });
  // Two files of tests may make it at the same time: each in a folder of its own.
  const folder = `${FOLDER}-${process.pid}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const { runtimeTarget, targets } = readJson('deps');
  const target = runtimeTarget.name;
  const [runtime, parts] = Object.entries(targets[target]).find(([name]) =>
    /^runtimepack.*NETCore\.App/.test(name),
  );
  for (const file of Object.keys({ ...parts.runtime, ...parts.native }))
    linkSync(join(PACKAGE, basename(file)), join(folder, basename(file)));
  const own = `${NAME}/1.0.0`;
  const library = { type: 'project', serviceable: false, sha512: '' };
  writeJson(folder, 'deps', {
    runtimeTarget,
    targets: { [target]: { [own]: { runtime: { [`${NAME}.dll`]: {} } }, [runtime]: parts } },
    libraries: { [own]: library, [runtime]: library },
  });
  const { tfm, includedFrameworks } = readJson('runtimeconfig').runtimeOptions;
  writeJson(folder, 'runtimeconfig', {
    runtimeOptions: {
      tfm,
      includedFrameworks: includedFrameworks.filter(({ name }) => name === 'Microsoft.NETCore.App'),
      // The package has no ICU, and the machine need not have it.
      configProperties: { 'System.Globalization.Invariant': true },
    },
  });
  const compiled = join(folder, 'game.exe');
  execFileSync(COMPILER, ['-target:exe', '-optimize', `-out:${compiled}`, SOURCE], { stdio: 'inherit' });
  renameSync(compiled, join(folder, `${NAME}.dll`));
  linkSync(join(PACKAGE, NAME), join(folder, NAME));
  try {
    renameSync(folder, FOLDER);
  } catch (error) {
    // The other was quicker; its program is the same.
    if (!existsSync(program)) throw error;
    rmSync(folder, { recursive: true });
  }
  return program;
}

function readJson(kind) {
  return JSON.parse(readFileSync(join(PACKAGE, `${NAME}.${kind}.json`), 'utf8'));
}

function writeJson(folder, kind, content) {
  writeFileSync(join(folder, `${NAME}.${kind}.json`), JSON.stringify(content));
}
