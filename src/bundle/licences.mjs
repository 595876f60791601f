import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const TEXT = /^(licen[cs]e|copying|notice)|\.licen[cs]e\.txt$/i;

/** The licences of the packages to which files belong, one after the other: name, version, kind, and the texts that come with it. */
export function licences(root, files) {
  const folders = files.flatMap((file) => PACKAGE.exec(file.replaceAll('\\', '/'))?.[1] ?? []);
  const sections = [...new Set(folders)].sort().map((folder) => section(join(root, folder)));
  return ['Code of these packages is in the files beside this one.\n', ...sections].join('\n');
}

function section(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder).filter((file) => TEXT.test(file));
  if (license === undefined && texts.length === 0) throw new Error(`${name} says nothing of its licence`);
  const by = typeof author === 'object' ? author.name : author;
  const heading = `${name} ${version}, ${license}${by === undefined ? '' : `, by ${by}`}`;
  return [
    heading,
    '='.repeat(heading.length),
    '',
    ...texts.map((file) => `${readFileSync(join(folder, file), 'utf8').trim()}\n`),
  ].join('\n');
}
