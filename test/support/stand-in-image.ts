import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Debian's packages that a slim image has and that a build runs. */
const PACKAGES = ['apt', 'bash', 'coreutils', 'dash', 'findutils', 'grep', 'sed', 'tini', 'libstdc++6'];
/** Of Debian's package ca-certificates, in which this machine may have its own. */
export const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

const output = (program: string, args: string[]) =>
  execFileSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });

/** What npm is told on this machine. */
export const npmConfig = (name: string): string => output('npm', ['config', 'get', name]).trim();

/**
 * Fills a folder with a small Debian made of this machine's own files: its Node and npm where the official image has
 * them, the user `node`, and an apt that knows the packages which are there, and asks no server for others.
 */
export function fillStandInRoot(root: string): void {
  const at = (path: string) => join(root, path);
  const folders = [
    'usr/bin',
    'usr/sbin',
    'usr/lib',
    'usr/lib64',
    'usr/local/bin',
    'etc/apt/apt.conf.d',
    'etc/apt/preferences.d',
    'etc/apt/sources.list.d',
    'root',
  ];
  for (const path of [
    ...folders,
    'var/lib/dpkg/info',
    'var/lib/dpkg/updates',
    'var/lib/apt/lists/partial',
    'var/cache/apt/archives/partial',
    'var/log/apt',
  ]) {
    mkdirSync(at(path), { recursive: true });
  }
  for (const path of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${path}`, at(path));
  mkdirSync(at('tmp'));
  chmodSync(at('tmp'), 0o1777);

  const list = at('tmp/files');
  writeFileSync(list, filesOf(withDependencies(PACKAGES)).join('\n'));
  execFileSync('sh', ['-c', 'tar -cf - -C / -T "$0" | tar -xf - -C "$1"', list, root]);
  cpSync('/etc/alternatives', at('etc/alternatives'), { recursive: true, verbatimSymlinks: true });
  copyFileSync('/var/lib/dpkg/status', at('var/lib/dpkg/status'));
  execFileSync('ldconfig', ['-r', root]);

  copyFileSync(process.execPath, at('usr/local/bin/node'));
  const npm = join(output('npm', ['root', '--global']).trim(), 'npm');
  cpSync(npm, at('usr/local/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', at('usr/local/bin/npm'));
  if (existsSync(CERTIFICATES)) {
    mkdirSync(at(dirname(CERTIFICATES)), { recursive: true });
    copyFileSync(CERTIFICATES, at(CERTIFICATES));
  }
  const users = ['root:x:0:0::/root:/bin/sh', '_apt:x:42:65534::/nonexistent:/bin/false'];
  writeFileSync(at('etc/passwd'), [...users, 'node:x:1000:1000::/home/node:/bin/sh', ''].join('\n'));
  writeFileSync(at('etc/group'), 'root:x:0:\nnogroup:x:65534:\nnode:x:1000:\n');
}

function withDependencies(packages: string[]): string[] {
  const without = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (kind) => `--no-${kind}`,
  );
  const lines = output('apt-cache', ['depends', '--recurse', '--installed', ...without, ...packages]).split(
    '\n',
  );
  const installed = new Set(
    output('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Package}\n']).split('\n'),
  );
  // The list has alternatives as well, of which one is there.
  return lines.filter((name) => installed.has(`installed ${name}`));
}

/** Files of installed packages, relative to the root; what is there for people to read is left out. */
function filesOf(packages: string[]): string[] {
  const paths = output('dpkg-query', ['-L', ...packages]).split('\n');
  const files = paths
    .filter((path) => path !== '' && !/^\/usr\/share\/(doc|man|locale|info)\b/.test(path))
    .map((path) => path.replace(/^\/(s?bin|lib(64)?)\//, '/usr/$1/'))
    // A folder would bring all that is in it.
    .filter(
      (path) => existsSync(path) && (lstatSync(path).isSymbolicLink() || !statSync(path).isDirectory()),
    );
  return [...new Set(files)].map((path) => path.slice(1));
}
